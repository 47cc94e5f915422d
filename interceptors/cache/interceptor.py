"""Answers calls with kept responses, as far as the method's contract and the caller allow it.

Stands before the codec: requests and responses are bytes here.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from switchyard.options.v1 import options_pb2

from interceptors.cache.answer_cache import AnswerCache, Outcome
from interceptors.cache.apart import apart
from interceptors.cache.directives import CACHE_CONTROL, NO_DIRECTIVES, Directives, read_directives
from interceptors.cache.key import key_of, prefix_of
from interceptors.cache.tags import tags_of
from interceptors.cache.terms import Terms
from interceptors.cache.work import Work
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
        generation_of, find_generation = self._generation_of, self._find_generation
        terms = self._cache.terms[method.name]
        is_per_tenant = policy.scope == options_pb2.CACHE_SCOPE_TENANT
        scope_of = lru_cache(MOST_CALLERS)(partial(_scope, method.name, self._version))

        # Plain functions as far as nothing is waited for: a coroutine costs a microsecond.
        def answer(request: bytes, call: Call) -> Awaitable[Any]:
            caller = call.caller
            if not (is_per_tenant or caller.subject) or not terms.is_enabled:
                return handler(request, call)
            asked = call.metadata.get(CACHE_CONTROL)
            directives = NO_DIRECTIVES if asked is None else read_directives(asked)
            if directives.no_store:
                return handler(request, call)
            generation = generation_of(caller.tenant)
            if generation is None:
                return find_and_ask(request, call, directives)
            return ask(request, call, directives, generation)

        async def find_and_ask(request: bytes, call: Call, directives: Directives) -> Any:
            generation = await find_generation(call.caller.tenant)
            if generation is None:
                return await handler(request, call)
            return await ask(request, call, directives, generation)

        def ask(
            request: bytes, call: Call, directives: Directives, generation: str
        ) -> Awaitable[Any]:
            caller = call.caller
            subject = "" if is_per_tenant else caller.subject
            prefix, tags = scope_of(caller.tenant, subject, generation)
            work = _CallWork(
                key_of(prefix, request),
                terms,
                tags,
                directives.most_age_s,
                handler,
                request,
                call,
                generation_of,
                generation,
            )
            return self._answer(work, call, is_anew=directives.no_cache)

        return answer

    def wrap_stream(self, method: Method, handler: StreamHandler) -> StreamHandler:
        """`handler` itself: streams are not kept."""
        del method
        return handler

    async def _answer(self, work: Work, call: Call, *, is_anew: bool) -> bytes:
        cache = self._cache
        if is_anew:
            response, call.cache = await cache.answer_anew(work)
        else:
            response, call.cache = cache.recall(work) or await cache.find(work)
        call.answer_with(METADATA[call.cache])
        return response


def _scope(
    method: str, version: str, tenant: str, subject: str, generation: str
) -> tuple[bytes, tuple[str, ...]]:
    """The part of the keys that the calls of a caller have in common, and the tags."""
    return prefix_of(method, version, tenant, subject, generation), tags_of(method, tenant)


@dataclass(slots=True)
class _CallWork:
    """One call and its handler, as a question to the cache."""

    key: bytes
    terms: Terms
    tags: tuple[str, ...]
    most_age_s: float
    handler: UnaryHandler
    request: bytes
    call: Call
    generation_of: Callable[[str], str | None]
    generation: str  # of the caller's tenant when the question was asked

    @property
    def answer_tags(self) -> tuple[str, ...]:
        return self.call.answer_tags

    def run(self) -> Any:
        return self.handler(self.request, self.call)

    async def run_apart(self) -> bytes:
        self.call = apart(self.call)
        response: bytes = await self.handler(self.request, self.call)
        return response

    def is_current(self) -> bool:
        call = self.call
        return call.may_be_kept and self.generation_of(call.caller.tenant) == self.generation
