"""What the cache must know of a question."""

import math
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from interceptors.cache.terms import Terms


class Work(Protocol):
    """One question and the work that answers it."""

    @property
    def key(self) -> bytes:
        """Equal only where answers may stand for each other."""

    @property
    def terms(self) -> Terms:
        """How its answers are kept."""

    @property
    def tags(self) -> tuple[str, ...]:
        """What its answer belongs to."""

    @property
    def answer_tags(self) -> tuple[str, ...]:
        """What else it belongs to, as its work has found; asked for when that is done."""

    @property
    def most_age_s(self) -> float:
        """The oldest kept answer that will do."""

    def run(self) -> Awaitable[bytes]:
        """Answer it, for the caller who asks."""

    def run_apart(self) -> Coroutine[Any, Any, bytes]:
        """Answer it in a task that may outlive the caller."""

    def is_current(self) -> bool:
        """Whether the answer may be given to others: what was true when the question was asked is
        still true.
        """


@dataclass(frozen=True, slots=True)
class FunctionWork:
    """A work that one coroutine function does, whoever waits for it."""

    key: bytes
    terms: Terms
    tags: tuple[str, ...]
    run_apart: Callable[[], Coroutine[Any, Any, bytes]]
    most_age_s: float = math.inf
    answer_tags: tuple[str, ...] = ()

    def run(self) -> Awaitable[bytes]:
        """Do it."""
        return self.run_apart()

    def is_current(self) -> bool:
        """Always: the key says all that the answer depends on."""
        return True
