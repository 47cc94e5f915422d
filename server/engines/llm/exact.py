"""Answers to what a model was asked before, word for word: kept, and shared while one is made."""

from collections.abc import Callable, Coroutine
from functools import lru_cache
from typing import Any

from interceptors.cache.answer_cache import AnswerCache
from interceptors.cache.key import key_of, prefix_of
from interceptors.cache.tags import tags_of
from interceptors.cache.work import FunctionWork

NAME = "llm.exact"  # for operators, beside the methods that are cached
Ask = Callable[[], Coroutine[Any, Any, bytes]]
LONGEST_S = 24 * 3600.0
MOST_PLACES = 1024  # tenants' questions of one kind


class ExactAnswers:
    """Keeps answers as all that is cached is kept: in memory, in Redis, as operators set it."""

    def __init__(self, cache: AnswerCache) -> None:
        self._cache = cache
        self._terms = cache.register(NAME, longest_s=LONGEST_S)
        self._place_of = lru_cache(MOST_PLACES)(_place)

    async def answer(
        self,
        tenant: str,
        facts: tuple[str, ...],
        question: str,
        ask: Ask,
    ) -> tuple[bytes, bool]:
        """The answer, and whether it was given before. Raises what `ask` raises.

        `facts` are what it depends on beside the question; white space in that is folded.
        """
        if not self._terms.is_enabled:
            return await ask(), False
        prefix, tags = self._place_of(tenant, facts)
        key = key_of(prefix, " ".join(question.split()).encode())
        work = FunctionWork(key, self._terms, tags, ask)
        answer, outcome = await self._cache.answer(work)
        return answer, outcome != "miss"


def _place(tenant: str, facts: tuple[str, ...]) -> tuple[bytes, tuple[str, ...]]:
    """How the keys of a tenant's questions begin, and the tags of their answers."""
    return prefix_of(NAME, tenant, *facts), tags_of(NAME, tenant)
