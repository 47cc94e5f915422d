"""How the answers of one method are kept, and what came of it. Both may change as calls run."""

from collections.abc import Iterable
from dataclasses import dataclass, field


class InvalidTerms(ValueError):
    """Terms that the contract does not allow: which field, and what it must be."""

    def __init__(self, field_name: str, description: str) -> None:
        super().__init__(f"{field_name} {description}")
        self.field = field_name
        self.description = description


@dataclass(slots=True)
class Figures:
    """Counts since the process started."""

    hits: int = 0  # answered with a fresh kept answer
    misses: int = 0  # had to be worked on
    stale_hits: int = 0  # answered with an answer past its time, while a new one was made
    coalesced: int = 0  # shared the work of an identical call
    failed_refreshes: int = 0  # works in the background that raised

    @property
    def hit_rate(self) -> float:
        """Share of calls answered without work of their own, 0 to 1; 0 where there were none."""
        without_work = self.hits + self.stale_hits + self.coalesced
        return without_work / ((without_work + self.misses) or 1)


@dataclass(slots=True)
class Terms:
    """How long the answers of `name` are kept: fresh for `ttl_s`, then stale for `stale_ttl_s`."""

    name: str  # "package.Service/Method", or of a function
    longest_s: float  # what the contract allows for both together
    ttl_s: float
    stale_ttl_s: float = 0.0
    is_enabled: bool = True
    figures: Figures = field(default_factory=Figures)

    @property
    def life_s(self) -> float:
        """How long an answer may be given, fresh or stale."""
        return self.ttl_s + self.stale_ttl_s

    def change(
        self,
        *,
        is_enabled: bool | None = None,
        ttl_s: float | None = None,
        stale_ttl_s: float | None = None,
    ) -> None:
        """Put new terms in force at once, for kept answers too. None leaves one as it is.

        Raises InvalidTerms, and then nothing has changed.
        """
        is_enabled = self.is_enabled if is_enabled is None else is_enabled
        ttl_s = self.ttl_s if ttl_s is None else ttl_s
        stale_ttl_s = self.stale_ttl_s if stale_ttl_s is None else stale_ttl_s
        if not 0 < ttl_s <= self.longest_s:
            raise InvalidTerms("ttl", f"must be greater than 0 s and at most {self.longest_s:g} s")
        if not ttl_s <= ttl_s + stale_ttl_s <= self.longest_s:
            rule = (
                f"must be 0 to {self.longest_s - ttl_s:g} s: with ttl at most {self.longest_s:g} s"
            )
            raise InvalidTerms("stale_ttl", rule)
        self.is_enabled, self.ttl_s, self.stale_ttl_s = is_enabled, ttl_s, stale_ttl_s


def total(figures: Iterable[Figures]) -> Figures:
    """The sum of the figures of several methods."""
    summed = Figures()
    for one in figures:
        summed.hits += one.hits
        summed.misses += one.misses
        summed.stale_hits += one.stale_hits
        summed.coalesced += one.coalesced
        summed.failed_refreshes += one.failed_refreshes
    return summed
