"""Answers to what a model was asked before, word for word: kept, and shared while one is made."""

import math
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from interceptors.cache.answer_cache import AnswerCache
from interceptors.cache.key import key_of, prefix_of
from interceptors.cache.tags import tags_of
from interceptors.cache.terms import Terms

NAME = "llm.exact"  # for operators, beside the methods that are cached
LONGEST_S = 24 * 3600.0


class ExactAnswers:
    """Keeps answers as all that is cached is kept: in memory, in Redis, as operators set it."""

    def __init__(self, cache: AnswerCache) -> None:
        self._cache = cache
        self._terms = cache.register(NAME, longest_s=LONGEST_S)

    async def answer(
        self, tenant: str, facts: tuple[str, ...], ticket: str, ask: Callable[[], Awaitable[bytes]]
    ) -> tuple[bytes, bool]:
        """The answer, and whether it was given before. Raises what `ask` raises.

        `facts` are what it depends on beside the ticket; white space in that is folded.
        """
        if not self._terms.is_enabled:
            return await ask(), False
        key = key_of(prefix_of(NAME, tenant, *facts), " ".join(ticket.split()).encode())
        work = _Question(key, self._terms, tags_of(NAME, tenant), ask)
        answer, outcome = await self._cache.answer(work)
        return answer, outcome != "miss"


@dataclass(frozen=True, slots=True)
class _Question:
    """A question to the cache."""

    key: bytes
    terms: Terms
    tags: tuple[str, ...]
    ask: Callable[[], Awaitable[bytes]]
    most_age_s: float = math.inf

    def run(self) -> Awaitable[bytes]:
        return self.ask()

    def run_apart(self) -> Coroutine[Any, Any, bytes]:
        return self._run()

    async def _run(self) -> bytes:
        return await self.ask()

    def is_current(self) -> bool:
        return True
