"""Answers to what a model was asked before, word for word: kept, and shared while one is made."""

from collections.abc import Callable, Coroutine
from typing import Any

from interceptors.cache.answer_cache import AnswerCache
from interceptors.cache.key import key_of, prefix_of
from interceptors.cache.tags import tags_of
from interceptors.cache.work import FunctionWork

NAME = "llm.exact"  # for operators, beside the methods that are cached
Ask = Callable[[], Coroutine[Any, Any, bytes]]
LONGEST_S = 24 * 3600.0


class ExactAnswers:
    """Keeps answers as all that is cached is kept: in memory, in Redis, as operators set it."""

    def __init__(self, cache: AnswerCache) -> None:
        self._cache = cache
        self._terms = cache.register(NAME, longest_s=LONGEST_S)

    async def answer(
        self,
        tenant: str,
        facts: tuple[str, ...],
        ticket: str,
        ask: Callable[[], Coroutine[Any, Any, bytes]],
    ) -> tuple[bytes, bool]:
        """The answer, and whether it was given before. Raises what `ask` raises.

        `facts` are what it depends on beside the ticket; white space in that is folded.
        """
        if not self._terms.is_enabled:
            return await ask(), False
        key = key_of(prefix_of(NAME, tenant, *facts), " ".join(ticket.split()).encode())
        work = FunctionWork(key, self._terms, tags_of(NAME, tenant), ask)
        answer, outcome = await self._cache.answer(work)
        return answer, outcome != "miss"
