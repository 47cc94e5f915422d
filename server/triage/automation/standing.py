"""How a tenant's automation stands: its promises, its gates, and what confidences are worth."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from server.triage.assessment import Assessment
from server.triage.automation.budget import Field, Passage, Terms, prediction_of
from server.triage.automation.reliability import Reliability

DOUBT_SHARE = 0.5  # of what passes a gate in doubt, that a person looks at first; or more

Key = tuple[Field, str]  # the field and who answers: each has a gate of its own
Answerers = Mapping[Field, str]  # who answered each field


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate as decisions need it."""

    era: int = 0  # another one when all evidence is void
    threshold: float | None = None  # None: closed
    is_doubted: bool = False  # whether answers may have become worse


SHUT = Gate()


@dataclass(frozen=True)  # no slots: what follows from the fields is kept
class Standing:
    """What decisions of a tenant go by."""

    terms: Mapping[Field, Terms] = field(default_factory=dict)
    gates: Mapping[Key, Gate] = field(default_factory=dict)
    reliability: Mapping[Key, Reliability] = field(default_factory=dict)
    is_known: bool = True  # False: for too long it could not be read; every gate is closed

    @cached_property
    def generation(self) -> str:
        """Names what lets answers pass; empty where nothing is promised."""
        if not self.terms:
            return ""
        facts = repr((sorted(self.terms.items()), sorted(self.gates.items(), key=repr)))
        return hashlib.blake2b(facts.encode(), digest_size=8).hexdigest()

    def calibrate(self, assessment: Assessment, answerers: Answerers) -> Assessment:
        """The assessment with confidences that held so far."""
        if not self.reliability:
            return assessment
        better: dict[str, Any] = {}
        for one, answerer in answerers.items():
            known = self.reliability.get((one, answerer))
            prediction = prediction_of(assessment, one)
            if known is not None and prediction is not None:
                better[one.word] = known.calibrate(prediction)
        return replace(assessment, **better)

    def passages(self, assessment: Assessment, answerers: Answerers) -> tuple[Passage, ...]:
        """What becomes of each answered field at its gate; confidences as engines gave them."""
        return tuple(
            self._passage(one, answerer, prediction.confidence)
            for one, answerer in answerers.items()
            if (prediction := prediction_of(assessment, one)) is not None
        )

    def audited(
        self, passages: tuple[Passage, ...], draw: Callable[[], float]
    ) -> tuple[Passage, ...]:
        """The passages of an automatic decision, with the draw that may send it to a person.

        Whoever looks at a ticket sees all its fields, so that one draw is that of them all, at the
        largest of the shares. Where nothing is promised nobody is to look.
        """
        shares = [self.terms[one.field].audit_share for one in passages if one.is_gated]
        if not shares:
            return passages
        if self.is_doubted(passages):
            shares.append(DOUBT_SHARE)
        share = max(shares)
        is_audited = draw() < share
        return tuple(replace(one, propensity=share, is_audited=is_audited) for one in passages)

    def is_doubted(self, passages: Sequence[Passage]) -> bool:
        """Whether one of the gates is in doubt, so that audits come before the decision."""
        gates = [self._gate(one.field, one.answerer) for one in passages if one.is_gated]
        return any(gate.is_doubted for gate in gates)

    def explain(self, passage: Passage) -> str:
        """Why a gate let an answer pass, or not, in one plain sentence."""
        word, budget = passage.field.word, percent(self.terms[passage.field].max_error)
        if not self.is_known:
            return f"Whether the {word} may be automatic cannot be read just now."
        if passage.threshold is None:
            return f"The error budget of the {word} is not backed by evidence yet."
        return (
            f"The {word} is {percent(passage.score)} sure;"
            f" the error budget of {budget} needs {percent(passage.threshold)}."
        )

    def _passage(self, one: Field, answerer: str, score: float) -> Passage:
        if one not in self.terms:
            return Passage(one, answerer, score)
        gate = self._gate(one, answerer)
        threshold = gate.threshold if self.is_known else None
        has_passed = threshold is not None and score >= threshold
        return Passage(one, answerer, score, gate.era, threshold, has_passed)

    def _gate(self, one: Field, answerer: str) -> Gate:
        return self.gates.get((one, answerer), SHUT)


def percent(share: float) -> str:
    """A share for people: "2%", "98.5%"."""
    return f"{share * 100:.4g}%"
