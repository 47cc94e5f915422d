"""How often something that answers is overturned, and the evidence that it is too often. Pure.

A judgement has a number among those of its watch. Numbers go on for ever, so that it can be told
which of them the counts and the evidence still hold, and a verdict that changes can be corrected.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from math import log

from server.feedback.alarm.subjects import Subject, Weight
from server.statistics.betting import FloatArray
from server.statistics.excess import Attempt, gains

ALPHA = 0.01  # probability of ever flagging what keeps within the bound
ALARMING = -log(ALPHA)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was said of one run."""

    is_overturned: bool
    weight: Weight


@dataclass(frozen=True, slots=True)
class Watch:
    """What is known of a subject."""

    subject: Subject
    start_time: datetime
    number: int = 0  # of the newest judgement, or of the last before the watch began
    began_after: int = 0  # number of the last judgement before the watch began
    overturned: int = 0
    bound: float = 0.0  # share that may be overturned; 0.0: there is no bound
    attempt: Attempt = field(default_factory=Attempt)
    attempt_began_after: int = 0
    raise_time: datetime | None = None  # None: the alarm was not raised
    action: str = ""  # what was done about it, in one plain sentence; empty: nothing

    @property
    def judged(self) -> int:
        """Judgements since it began."""
        return self.number - self.began_after

    @property
    def evidence(self) -> float:
        """As a share of what raises the alarm, in [0, 1]."""
        if self.raise_time is not None:
            return 1.0
        return min(max(self.attempt.log_evidence / ALARMING, 0.0), 1.0)


def begun(subject: Subject, now: datetime) -> Watch:
    """Nothing has been judged. Numbers begin with the time: a watch that was forgotten and begins
    again gives none twice.
    """
    number = int(now.timestamp() * 1000)
    return Watch(subject, now, number, began_after=number, attempt_began_after=number)


def begun_anew(watch: Watch, now: datetime) -> Watch:
    """As if nothing had been judged."""
    number = watch.number
    return Watch(watch.subject, now, number, began_after=number, attempt_began_after=number)


def judged(watch: Watch, verdict: Verdict, bound: float, now: datetime) -> Watch:
    """With the verdict on one more run. Evidence against another bound begins anew."""
    if bound != watch.bound:
        watch = replace(watch, bound=bound, attempt=Attempt(), attempt_began_after=watch.number)
    overturned = watch.overturned + verdict.is_overturned
    watch = replace(watch, number=watch.number + 1, overturned=overturned)
    return _weighed(watch, _gains(watch, verdict), now) if bound else watch


def amended(watch: Watch, number: int, verdict: Verdict, now: datetime) -> Watch:
    """With this verdict for the judgement of that number, in place of its opposite."""
    if number <= watch.began_after:
        return watch
    change = 1 if verdict.is_overturned else -1
    watch = replace(watch, overturned=watch.overturned + change)
    if number <= watch.attempt_began_after or not watch.bound:
        return watch
    former = replace(verdict, is_overturned=not verdict.is_overturned)
    return _weighed(watch, _gains(watch, verdict) - _gains(watch, former), now)


def _gains(watch: Watch, verdict: Verdict) -> FloatArray:
    weight = verdict.weight
    return gains(watch.bound, verdict.is_overturned, weight.runs, weight.ceiling)


def _weighed(watch: Watch, gained: FloatArray, now: datetime) -> Watch:
    """With so much more evidence, and what follows from it."""
    attempt = watch.attempt.plus(gained)
    if attempt.is_lost:
        return replace(watch, attempt=attempt.after(), attempt_began_after=watch.number)
    is_raised = watch.raise_time is None and attempt.log_evidence >= ALARMING
    return replace(watch, attempt=attempt, raise_time=now if is_raised else watch.raise_time)
