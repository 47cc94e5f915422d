"""One stream of tickets past the gate of an error budget, as the server keeps it."""

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from bench.budget_simulation.pools import Pool
from server.statistics.drift import add_drift, drift_gain, has_drifted, is_doubtful
from server.statistics.risk_control import CLOSED, Observation, RiskPolicy, observe, rule
from server.triage.automation.standing import DOUBT_SHARE

THRESHOLDS = (0.995, *(percent / 100 for percent in range(99, 29, -1)))
AUDIT_RATE = 0.1
LEAST_AUTOMATED = 500  # tickets: from then on a running error is judged
SUDDENLY_WRONG = 0.15  # of the automated tickets, after a drift
_REVIEW_EVERY = 50  # tickets


@dataclass(frozen=True, slots=True)
class Moment:
    """A stream so far."""

    tickets: int
    automated: int
    wrong: int  # of the automated


@dataclass(frozen=True, slots=True)
class Passed:
    """Tickets that the gate let pass."""

    automated: int
    audits: int  # of them
    looked_at_first: int  # beside them

    def since(self, before: "Passed") -> "Passed":
        """Those that came after."""
        return Passed(
            self.automated - before.automated,
            self.audits - before.audits,
            self.looked_at_first - before.looked_at_first,
        )


@dataclass
class Run:
    """What became of a stream."""

    budget: float
    oracle_share: float  # that the lowest threshold within the budget would have automated
    automated: int = 0
    wrong: int = 0
    audits: int = 0  # of automated tickets
    looked_at_first: int = 0  # tickets that the gate let pass, while it was in doubt
    closings: int = 0  # for drift
    was_ever_over: bool = False
    was_open_at_drift: bool = False
    until_closed: Passed | None = None  # after a drift; None: it went on
    moments: list[Moment] = field(default_factory=list)

    @property
    def keeps_budget(self) -> bool:
        """Whether few enough of the automated tickets were wrong in the end."""
        return self.wrong <= self.budget * self.automated

    @property
    def passed(self) -> Passed:
        """All that the gate let pass so far."""
        return Passed(self.automated, self.audits, self.looked_at_first)

    def automate(self, is_wrong: bool) -> None:
        """Count a ticket that was acted on."""
        self.automated += 1
        self.wrong += is_wrong
        if self.automated >= LEAST_AUTOMATED and not self.keeps_budget:
            self.was_ever_over = True


def oracle_share(stream: Pool, budget: float) -> float:
    """Share of the stream above the lowest threshold at which its errors keep the budget."""
    reached = stream.confidence >= np.array(THRESHOLDS)[:, None]  # [n_thresholds, n_tickets]
    keeps = (reached & stream.wrong).sum(axis=1) <= budget * reached.sum(axis=1)
    return float(reached.mean(axis=1)[keeps].max(initial=0.0))


def steady_run(stream: Pool, budget: float, rng: np.random.Generator) -> Run:
    """A stream in which nothing changes."""
    way = _Way(Run(budget, oracle_share(stream, budget)), rng)
    way.go(stream)
    return way.run


def drifting_run(stream: Pool, budget: float, rng: np.random.Generator) -> Run:
    """A stream in which, half-way, as many automated tickets become wrong as SUDDENLY_WRONG.

    It ends when the gate has closed. Of what does not reach the threshold nothing more is wrong:
    labels from reviews do not tell of the drift.
    """
    half = len(stream.wrong) // 2
    way = _Way(Run(budget, 0.0), rng)
    way.go(Pool(stream.confidence[:half], stream.wrong[:half]))
    way.begin_drift()
    way.go(Pool(stream.confidence[half:], stream.wrong[half:]))
    return way.run


class _Way:
    def __init__(self, run: Run, rng: np.random.Generator) -> None:
        self.run = run
        self._rng = rng
        self._policy = RiskPolicy(run.budget, THRESHOLDS, AUDIT_RATE)
        self._evidence: Counter[Observation] = Counter()
        self._ruling, self._drift = CLOSED, 0.0
        self._tickets = 0
        self._newly_wrong = 0.0
        self._before_drift: Passed | None = None

    def begin_drift(self) -> None:
        """From now on more of the automated tickets are wrong."""
        run = self.run
        usual = run.wrong / max(run.automated, 1)
        self._newly_wrong = max(0.0, (SUDDENLY_WRONG - usual) / (1 - usual))
        run.was_open_at_drift = self._ruling.threshold is not None
        self._before_drift = run.passed

    def go(self, stream: Pool) -> None:
        """Take in the tickets of a stream, or until the gate closes after a drift."""
        draws = self._rng.random((len(stream.wrong), 2))
        for score, is_wrong, (audit, new) in zip(
            stream.confidence.tolist(), stream.wrong.tolist(), draws.tolist(), strict=True
        ):
            self._tickets += 1
            if self._ruling.lets_pass(score):
                self._let_pass(score, is_wrong or new < self._newly_wrong, audit)
            else:
                self._learn(self._policy, score, is_wrong)
            if self._tickets % _REVIEW_EVERY == 0:
                self._review()
            if self.run.until_closed is not None:
                return

    def _let_pass(self, score: float, is_wrong: bool, draw: float) -> None:
        is_doubted = is_doubtful(self._drift)
        share = DOUBT_SHARE if is_doubted else AUDIT_RATE
        is_audited = draw < share
        if is_audited and is_doubted:
            self.run.looked_at_first += 1
        else:
            self.run.automate(is_wrong)
            self.run.audits += is_audited
        if is_audited:
            self._audit(replace(self._policy, audit_rate=share), score, is_wrong)

    def _audit(self, policy: RiskPolicy, score: float, is_wrong: bool) -> None:
        seen = observe(policy, self._ruling, score, is_wrong)
        if seen is not None:
            gain = drift_gain(policy, self._evidence, seen)
            self._drift = add_drift(self._drift, gain)
        self._learn(policy, score, is_wrong)
        if has_drifted(self._drift):
            self._evidence.clear()
            self._drift = 0.0
            self.run.closings += 1
            self._rule()

    def _learn(self, policy: RiskPolicy, score: float, is_wrong: bool) -> None:
        seen = observe(policy, self._ruling, score, is_wrong)
        if seen is not None:
            self._evidence[seen] += 1

    def _review(self) -> None:
        self._rule()
        self.run.moments.append(Moment(self._tickets, self.run.automated, self.run.wrong))

    def _rule(self) -> None:
        self._ruling = rule(self._policy, self._evidence)
        is_closed = self._ruling.threshold is None
        if self._before_drift is not None and self.run.was_open_at_drift and is_closed:
            self.run.until_closed = self.run.passed.since(self._before_drift)


Numbers = npt.NDArray[np.float64]


def course(runs: list[Run]) -> tuple[Numbers, Numbers, Numbers]:
    """Tickets [n_moments]; share automated and share wrong of them so far [n_runs, n_moments]."""
    seen = np.array([[(m.tickets, m.automated, m.wrong) for m in run.moments] for run in runs])
    tickets, automated, wrong = np.moveaxis(seen.astype(np.float64), -1, 0)
    errors = np.divide(wrong, automated, out=np.full_like(wrong, np.nan), where=automated > 0)
    return tickets[0], automated / tickets, errors
