"""Answers calls with kept responses, as far as the method's contract and the caller allow it.

Stands before the codec: requests and responses are bytes here.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache, partial
from typing import Any

from switchyard.options.v1 import options_pb2

from interceptors.cache.answer_cache import AnswerCache, Outcome
from interceptors.cache.apart import apart
from interceptors.cache.directives import CACHE_CONTROL, NO_DIRECTIVES, read_directives
from interceptors.cache.key import key_of, prefix_of
from interceptors.cache.tags import tags_of
from interceptors.cache.terms import Terms
from interceptors.call import Call
from interceptors.chain import Method, StreamHandler, UnaryHandler

ANSWERED_BY = "x-switchyard-cache"
MOST_CALLERS = 1024  # whose part of the keys, and whose tags, are made once

METADATA: dict[Outcome, tuple[str, str]] = {
    "hit": (ANSWERED_BY, "hit"),
    "miss": (ANSWERED_BY, "miss"),
    "stale": (ANSWERED_BY, "stale"),
    "coalesced": (ANSWERED_BY, "coalesced"),
}


async def _nowhere(_tenant: str) -> None:
    """What `generation_of` does not know, nobody does."""


class ResponseCache:
    """Caches the methods whose policy has a cache, within a tenant or for one caller.

    `generation_of` names the state of a tenant that its answers depend on, `find_generation` finds
    it out where that is not known yet; None: leave the cache alone. `version` changes when answers
    of older software must not be given any more.
    """

    def __init__(
        self,
        cache: AnswerCache,
        policies: Mapping[str, options_pb2.MethodPolicy],
        generation_of: Callable[[str], str | None],
        version: str,
        find_generation: Callable[[str], Awaitable[str | None]] = _nowhere,
    ) -> None:
        self._cache = cache
        self._generation_of = generation_of
        self._find_generation = find_generation
        self._version = version
        self._policies = {
            name: policy.cache for name, policy in policies.items() if policy.HasField("cache")
        }
        for name, policy in self._policies.items():
            cache.register(name, longest_s=policy.ttl.ToTimedelta().total_seconds())

    def wrap_unary(self, method: Method, handler: UnaryHandler) -> UnaryHandler:
        """Answers in place of `handler` where it can; a method without a cache is left as it is."""
        policy = self._policies.get(method.name)
        if policy is None or method.request_streaming:
            return handler
        cache = self._cache
        generation_of, find_generation = self._generation_of, self._find_generation
        terms = cache.terms[method.name]
        is_per_tenant = policy.scope == options_pb2.CACHE_SCOPE_TENANT
        make_prefix = lru_cache(MOST_CALLERS)(partial(prefix_of, method.name, self._version))
        make_tags = lru_cache(MOST_CALLERS)(partial(tags_of, method.name))

        async def answer(request: bytes, call: Call) -> Any:
            caller = call.caller
            tenant, subject = caller.tenant, "" if is_per_tenant else caller.subject
            if not (is_per_tenant or subject) or not terms.is_enabled:
                return await handler(request, call)
            asked = call.metadata.get(CACHE_CONTROL)
            directives = NO_DIRECTIVES if asked is None else read_directives(asked)
            if directives.no_store:
                return await handler(request, call)
            generation = generation_of(tenant)
            if generation is None:
                generation = await find_generation(tenant)
            if generation is None:
                return await handler(request, call)
            work = _CallWork(
                key_of(make_prefix(tenant, subject, generation), request),
                terms,
                make_tags(tenant),
                directives.most_age_s,
                handler,
                request,
                call,
                lambda: generation_of(tenant) == generation,
            )
            find = cache.answer_anew if directives.no_cache else cache.answer
            response, call.cache = await find(work)
            call.answer_with(METADATA[call.cache])
            return response

        return answer

    def wrap_stream(self, method: Method, handler: StreamHandler) -> StreamHandler:
        """`handler` itself: streams are not kept."""
        del method
        return handler


class _CallWork:
    """One call and its handler, as a question to the cache."""

    __slots__ = (
        "_call",
        "_handler",
        "_is_current",
        "_request",
        "key",
        "most_age_s",
        "tags",
        "terms",
    )

    def __init__(
        self,
        key: bytes,
        terms: Terms,
        tags: tuple[str, ...],
        most_age_s: float,
        handler: UnaryHandler,
        request: bytes,
        call: Call,
        is_current: Callable[[], bool],
    ) -> None:
        self.key = key
        self.terms = terms
        self.tags = tags
        self.most_age_s = most_age_s
        self._is_current = is_current
        self._handler = handler
        self._request = request
        self._call = call

    @property
    def answer_tags(self) -> tuple[str, ...]:
        return self._call.answer_tags

    def run(self) -> Any:
        return self._handler(self._request, self._call)

    async def run_apart(self) -> bytes:
        self._call = apart(self._call)
        response: bytes = await self._handler(self._request, self._call)
        return response

    def is_current(self) -> bool:
        return self._call.may_be_kept and self._is_current()
