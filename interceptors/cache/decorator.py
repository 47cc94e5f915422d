"""Keeps the answers of any coroutine function, by the same machinery as those of calls."""

from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import orjson

from interceptors.cache.answer_cache import AnswerCache
from interceptors.cache.key import key_of, prefix_of
from interceptors.cache.tags import ALL, tag_of
from interceptors.cache.work import FunctionWork

P = ParamSpec("P")
T = TypeVar("T")


def cached(
    cache: AnswerCache,
    *,
    ttl_s: float,
    key: Callable[P, str],
    stale_ttl_s: float = 0.0,
    dumps: Callable[[Any], bytes] = orjson.dumps,
    loads: Callable[[bytes], Any] = orjson.loads,
) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Coroutine[Any, Any, T]]]:
    """A decorator. `key` tells from the arguments what the answer depends on, the tenant included.

    Every value has been through `dumps` and `loads`, a new one too: all callers get the like.
    """

    def decorate(function: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
        name = f"{function.__module__}.{function.__qualname__}"
        terms = cache.register(name, longest_s=ttl_s + stale_ttl_s)
        terms.change(ttl_s=ttl_s, stale_ttl_s=stale_ttl_s)
        prefix, tags = prefix_of(name), (ALL, tag_of(name))

        @wraps(function)
        async def answer(*args: P.args, **kwargs: P.kwargs) -> T:
            async def run() -> bytes:
                return dumps(await function(*args, **kwargs))

            if terms.is_enabled:
                digest = key_of(prefix, key(*args, **kwargs).encode())
                data, _ = await cache.answer(FunctionWork(digest, terms, tags, run))
            else:
                data = await run()
            value: T = loads(data)
            return value

        return answer

    return decorate
