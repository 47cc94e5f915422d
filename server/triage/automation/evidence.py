"""What judged answers say about a gate: the threshold they allow, and whether they became worse.

The judged answers stand for those that nobody judged. Who judges easy tickets alone makes the rest
look better than it is; so a gate opens, or opens further, only while LEAST_JUDGED of what went to
review is judged. What is still assumed: among answers of like confidence, whether one is judged
does not depend on whether it is right.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf, log

from server.statistics.drift import MEAN_RUN, add_drift, drift_gain, has_drifted, is_doubtful
from server.statistics.risk_control import (
    CLOSED,
    Coverage,
    Observation,
    RiskPolicy,
    Ruling,
    observe,
    risk_coverage,
    rule,
)
from server.triage.automation.budget import Passage, Terms

Evidence = Counter[Observation]

# Tried, strictest first; stored evidence counts by them.
THRESHOLDS = (0.995, *(percent / 100 for percent in range(99, 29, -1)))
LEAST_JUDGED = 0.5  # share of the reviewed answers
BUDGETS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2)  # that the risk-coverage curve shows


@dataclass(frozen=True, slots=True)
class GateState:
    """A gate on record."""

    era: int  # grows when all evidence is void
    start_time: datetime  # of the era
    threshold: float | None = None  # None: closed
    error_bound: float = 1.0  # of the share of wrong answers at the threshold
    drift: float = 0.0
    judged: int = 0  # answers that are evidence
    audited: int = 0  # of them, decided automatically
    wrong: int = 0  # of the judged
    answers: int = 0
    automated: int = 0
    reviewed: int = 0  # answers that went to review, and are evidence once they are judged

    @property
    def judged_reviews(self) -> int:
        """Reviewed answers that are evidence by now."""
        return self.judged - self.audited

    @property
    def may_widen(self) -> bool:
        """Whether enough of the reviewed answers are judged to let more of them pass."""
        return self.judged_reviews >= LEAST_JUDGED * self.reviewed

    @property
    def eligible_share(self) -> float:
        """Share of the answers that some threshold lets pass: neither escalated nor below all."""
        return (self.reviewed + self.automated) / self.answers if self.answers else 1.0

    @property
    def has_drifted(self) -> bool:
        """Whether answers became worse than they were: what they showed is void."""
        return has_drifted(self.drift)

    @property
    def is_doubted(self) -> bool:
        """Whether answers may have become worse: some are looked at before they are acted on."""
        return is_doubtful(self.drift)

    @property
    def drift_share(self) -> float:
        """Evidence that answers became worse, as a share of what closes the gate."""
        return min(1.0, max(0.0, self.drift / log(MEAN_RUN)))

    def anew(self, now: datetime) -> "GateState":
        """The gate without evidence."""
        return GateState(self.era + 1, now)

    def ruled(self, terms: Terms | None, evidence: Evidence) -> "GateState":
        """The gate as the evidence has it; closed where nothing is promised."""
        ruling = CLOSED if terms is None else rule(policy_of(terms), evidence, self._lowest)
        return replace(self, threshold=ruling.threshold, error_bound=ruling.error_bound)

    @property
    def _lowest(self) -> float:
        """The lowest threshold that may be in force next."""
        if self.may_widen:
            return 0.0
        return inf if self.threshold is None else self.threshold

    def counted(self, changes: Mapping[Observation, int], *, is_automatic: bool) -> "GateState":
        """The gate with these more observations of an answer, or less.

        is_automatic  whether the answer was acted on, and looked at by an audit afterwards
        """
        judged = sum(changes.values())
        return replace(
            self,
            judged=self.judged + judged,
            audited=self.audited + judged * is_automatic,
            wrong=self.wrong + sum(n * seen.is_wrong for seen, n in changes.items()),
        )

    def warned(
        self, terms: Terms, known: Evidence, changes: Mapping[Observation, int]
    ) -> "GateState":
        """The gate with the evidence of drift that an audit brings; `known` is from before it.

        An audit that is judged anew takes back what it brought.
        """
        policy = policy_of(terms)
        gain = sum(n * drift_gain(policy, known, seen) for seen, n in changes.items())
        return replace(self, drift=add_drift(self.drift, gain))


def policy_of(terms: Terms) -> RiskPolicy:
    """What is promised, as statistics know it."""
    return RiskPolicy(terms.max_error, THRESHOLDS, terms.audit_share, 1 - terms.confidence)


def observed(passage: Passage, *, is_wrong: bool) -> Observation | None:
    """What a judged answer is evidence of; None: its score is below every threshold."""
    policy = RiskPolicy(0.5, THRESHOLDS, passage.propensity)
    ruling = Ruling(passage.threshold, 1.0, is_guaranteed=False)
    seen = observe(policy, ruling, passage.score, is_wrong)
    # What another gate stopped was looked at for certain, but not because everything was.
    return None if seen is None else seen._replace(is_census=passage.threshold is None)


def is_eligible(passage: Passage) -> bool:
    """Whether some threshold lets the answer pass."""
    return passage.score >= THRESHOLDS[-1]


def risk_coverage_of(
    terms: Terms | None, evidence: Evidence, eligible_share: float
) -> list[Coverage]:
    """What would be automatic at this budget and others, else by the same terms; as a share of all
    answers, of which `eligible_share` can be.
    """
    if terms is None or not evidence:
        return []
    budgets = sorted({*BUDGETS, terms.max_error})
    points = risk_coverage(policy_of(terms), evidence, budgets)
    return [replace(point, share=point.share * eligible_share) for point in points]
