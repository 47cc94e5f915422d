"""Whether an answer given before may be given again: the similarity needed, held by audits.

A hit is false when a fresh answer would name another category. While no threshold is in force,
every would-be hit is compared with the fresh answer, which is made anyway; so is, later, each that
stays below it. Of those that reach it a random share is audited: there the fresh answer is given.
An audit that fails teaches nothing: where one in fifty does, false hits look rarer by as much.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from server.statistics.drift import add_drift, drift_gain, has_drifted
from server.statistics.risk_control import (
    CLOSED,
    Observation,
    RiskPolicy,
    Ruling,
    observe,
    rule,
    rule_fixed,
)
from server.triage.reuse.facts import Facts, difference

SIMILARITIES = tuple(
    percent / 100 for percent in range(99, 59, -1)
)  # tried; stored evidence counts by them
NEIGHBOURS = 8  # entries that are looked at
RIVAL_MARGIN = 0.05  # a nearer entry with another answer makes the answer doubtful


@dataclass(frozen=True, slots=True)
class GateSettings:
    """What operators promise. `fixed_similarity` is one of SIMILARITIES and promises nothing."""

    error_budget: float = 0.02  # share of the hits given out that may be false, in (0, 1)
    audit_rate: float = 0.1  # of would-be hits once the gate is open, in (0, 1]
    fixed_similarity: float | None = None


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An entry near a text."""

    similarity: float  # cosine, in [-1, 1]
    category: str
    facts: Facts


def candidate(neighbours: Sequence[Neighbour], facts: Facts) -> int | None:
    """Which of the neighbours, nearest first, might answer a text with these facts; None: none.

    It is the nearest with the same facts, unless one with another answer is as near as that, less
    RIVAL_MARGIN.
    """
    chosen = next((at for at, n in enumerate(neighbours) if not difference(n.facts, facts)), None)
    if chosen is None:
        return None
    best = neighbours[chosen]
    for rival in neighbours:
        if rival.category != best.category and is_rival(best.similarity, rival.similarity):
            return None
    return chosen


def is_rival(similarity: float, other_similarity: float) -> bool:
    """Whether an entry with another answer is near enough to make the answer doubtful."""
    return other_similarity > similarity - RIVAL_MARGIN


class Verdict(Enum):
    """What to do with a would-be hit."""

    COMPARE = "compare"  # answer afresh, and learn from it
    AUDIT = "audit"  # likewise, although the gate would let it pass
    SERVE = "serve"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, and the terms under which it was given."""

    verdict: Verdict
    similarity: float
    ruling: Ruling
    policy: RiskPolicy


@dataclass(slots=True)
class Learned:
    """What would-be hits have shown: numbers that are added up over processes."""

    counts: Counter[Observation] = field(default_factory=Counter)
    drift: float = 0.0
    era: int = 0  # another one when all that was learned before is void


class Gate:
    """The gate of one partition: entries of one tenant, prompt version and engine."""

    def __init__(self, settings: GateSettings, draw: Callable[[], float]) -> None:
        self._draw = draw  # uniform in [0, 1)
        self._known = Learned()
        self._new = Learned()
        self.configure(settings)

    def configure(self, settings: GateSettings) -> None:
        """Go on with other settings; what was learned stays."""
        self._fixed = settings.fixed_similarity
        self._policy = RiskPolicy(settings.error_budget, SIMILARITIES, settings.audit_rate)
        self.review()

    def judge(self, similarity: float) -> Judgement:
        """What to do with a would-be hit. Report it to `learn`, unless the engine failed."""
        verdict = Verdict.COMPARE
        if self.ruling.lets_pass(similarity):
            is_audited = self._draw() < self._policy.audit_rate
            verdict = Verdict.AUDIT if is_audited else Verdict.SERVE
        return Judgement(verdict, similarity, self.ruling, self._policy)

    def learn(self, judgement: Judgement, is_false: bool | None) -> None:
        """Take in a would-be hit: whether the fresh answer was another; None when it was served."""
        policy, ruling = judgement.policy, judgement.ruling
        seen = observe(policy, ruling, judgement.similarity, is_false)
        if seen is None:
            return
        if judgement.verdict is Verdict.AUDIT:
            gain = drift_gain(policy, self._known.counts + self._new.counts, seen)
            self._new.drift = add_drift(self._new.drift, gain)
        self._new.counts[seen] += 1

    def review(self) -> None:
        """Put in force what the evidence allows now."""
        counts = self._known.counts + self._new.counts
        if self._fixed is not None:
            self.ruling = rule_fixed(self._policy, counts, self._fixed)
        else:
            self.ruling = CLOSED if self.has_drifted else rule(self._policy, counts)

    @property
    def era(self) -> int:
        """Of what the gate goes by."""
        return self._known.era

    @property
    def has_drifted(self) -> bool:
        """Whether hits have become false more often than the budget allows: start a new era."""
        return has_drifted(add_drift(self._known.drift, self._new.drift))

    def take_new(self) -> Learned:
        """What was learned since the last time, to be added to what all processes know."""
        new, self._new = self._new, Learned(era=self.era)
        self._known.counts += new.counts
        self._known.drift = add_drift(self._known.drift, new.drift)
        return new

    def follow(self, known: Learned) -> None:
        """Go on from what all processes know together; in another era nothing else counts."""
        if known.era != self.era:
            self._new = Learned(era=known.era)
        self._known = known
        self.review()
