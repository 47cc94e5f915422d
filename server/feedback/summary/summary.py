"""Feedback in figures, as values. All intervals cover the truth in 95 of 100 cases."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from server.statistics.anytime import Interval
from server.statistics.intervals import student, wilson

MISSED = 0.05  # probability that an interval misses the truth
RATINGS = (1, 2, 3, 4, 5)
SATISFIED = 4  # the least rating of a satisfied customer


class Grouping(IntEnum):
    """Groups to tell feedback apart by; the numbers are those of the contract."""

    NONE = 0
    CATEGORY = 1
    LANGUAGE = 2
    MODEL = 3
    PROMPT = 4
    VARIANT = 5
    DAY = 6
    WEEK = 7
    REVIEWER = 8


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many."""

    count: int = 0
    total: int = 0

    @property
    def value(self) -> float:
        """In [0, 1]; 0.0 of none."""
        return self.count / self.total if self.total else 0.0

    @property
    def interval(self) -> Interval:
        """Wilson's; of none, all that a share can be."""
        return wilson(self.count, self.total, MISSED) or Interval(0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Ratings:
    """How many there are of each rating from 1 to 5."""

    counts: tuple[int, ...] = (0,) * len(RATINGS)

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self.counts)

    @property
    def mean(self) -> float | None:
        """None: there is none."""
        if not self.total:
            return None
        return sum(r * n for r, n in zip(RATINGS, self.counts, strict=True)) / self.total

    @property
    def interval(self) -> Interval | None:
        """Of the mean, within the scale; None: there are fewer than two."""
        mean, total = self.mean, self.total
        if mean is None or total < 2:
            return None
        squares = sum(n * (r - mean) ** 2 for r, n in zip(RATINGS, self.counts, strict=True))
        found = student(mean, squares / (total - 1), total, MISSED)
        return found and Interval(max(found.lower, RATINGS[0]), min(found.upper, RATINGS[-1]))

    @property
    def satisfied(self) -> Share:
        """Customer satisfaction: the share of ratings of 4 and 5."""
        return Share(sum(self.counts[RATINGS.index(SATISFIED) :]), self.total)


@dataclass(frozen=True, slots=True)
class ReviewerPair:
    """Two reviewers of the same runs."""

    reviewer: str
    other: str
    runs: int
    observed: float
    kappa: float | None
    interval: Interval | None  # of kappa


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far reviewers of the same runs agree on the category."""

    runs: int = 0
    observed: float | None = None
    alpha: float | None = None
    interval: Interval | None = None  # of alpha
    pairs: tuple[ReviewerPair, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """Feedback in figures."""

    runs: int = 0
    feedback: int = 0  # pieces in force
    fields: Mapping[str, Share] = field(default_factory=dict)  # overturned, by field
    overturned: Share = field(default_factory=Share)
    accepted: Share = field(default_factory=Share)
    ratings: Ratings = field(default_factory=Ratings)
    agreement: Agreement = field(default_factory=Agreement)
