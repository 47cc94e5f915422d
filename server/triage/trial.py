"""The experiment that a ticket is in: what it changes, and what came of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from server.experiments.assigner import Assigned, Assigner, Units
from server.experiments.condition import Attributes
from server.experiments.experiment import (
    TRIAGE_LAYER,
    Experiment,
    Parameters,
    Source,
    UnitKind,
)
from server.experiments.records.outcome import Outcome
from server.experiments.records.record import Assignment, Exposure
from server.triage.parameters import Offer, TriageParameters, faults_of, read_parameters
from server.triage.run import Answer, Decision, Enrolled, Run
from server.triage.ticket import Ticket


@dataclass(frozen=True, slots=True)
class Trial:
    """What a ticket gets, and the experiment that says so."""

    parameters: TriageParameters = field(default_factory=TriageParameters)
    finding: str = ""  # in a few words for a person
    experiment: Experiment | None = None  # None: it is in none
    assignment: Assignment | None = None

    @property
    def enrolled(self) -> Enrolled | None:
        """What a run keeps of that."""
        if self.experiment is None or self.assignment is None:
            return None
        variant = self.experiment.design.variants[self.assignment.variant].name
        phase, configuration = self.assignment.phase, self.assignment.configuration
        return Enrolled(self.experiment.name, variant, phase, configuration)

    def exposure(self, run: Run, seconds: float) -> Exposure | None:
        """What the experiment counts once the run is committed; None: nothing.

        `seconds` are those from the ticket's arrival to the decision.
        """
        if self.experiment is None or self.assignment is None:
            return None
        if run.answer.is_degraded:  # the variant was meant to run, and did not
            return None
        values = _values(run.answer, seconds)
        outcomes = tuple(
            Outcome(metric.name, run.run_id, values[metric.source], run.create_time)
            for metric in self.experiment.design.metrics
            if metric.source in values
        )
        return Exposure(self.experiment, self.assignment, run.create_time, outcomes)


NO_TRIAL = Trial()


class Trials:
    """Assigns tickets to the experiments of triage."""

    def __init__(
        self, assigner: Assigner, offer: Offer, count_unserved: Callable[[str], None]
    ) -> None:
        self._assigner = assigner
        self._offer = offer
        self._count_unserved = count_unserved

    async def concern(self, tenant: str) -> bool:
        """Whether an experiment, or the winner of one, decides on the tenant's tickets.

        Raises StorageUnavailable.
        """
        running = await self._assigner.catalog.running(tenant)
        return running.concerns(TRIAGE_LAYER)

    async def assign(self, tenant: str, ticket: Ticket, language: str) -> Trial:
        """What a ticket gets, committed before anything is done by it.

        What this server cannot serve is as if it were not there. Raises StorageUnavailable.
        """
        units, attributes = _units(ticket), _attributes(ticket, language)
        assigned = await self._assigner.in_layer(
            tenant, TRIAGE_LAYER, units, attributes, is_exposed=False
        )
        finding = _describe(assigned)
        parameters = self._served(assigned.parameters)
        if parameters is not None:
            return Trial(parameters, finding, assigned.experiment, assigned.assignment)
        running = await self._assigner.catalog.running(tenant)
        defaults = self._served(running.defaults.get(TRIAGE_LAYER, {}))
        return Trial(defaults or TriageParameters(), f"{finding}: it cannot be served here")

    def _served(self, parameters: Parameters) -> TriageParameters | None:
        """How a ticket is triaged by them; None: this server cannot, which is counted."""
        faults = faults_of(parameters, self._offer)
        for name in faults:
            self._count_unserved(name)
        return None if faults else read_parameters(parameters)


def _describe(assigned: Assigned) -> str:
    if assigned.experiment is None:
        return f"in no experiment, {assigned.enrollment.name.lower().replace('_', ' ')}"
    return f"variant {assigned.variant} of {assigned.experiment.name}"


def _units(ticket: Ticket) -> Units:
    units = {UnitKind.TICKET: ticket.id}
    return units | {UnitKind.CUSTOMER: ticket.customer_id} if ticket.customer_id else units


def _attributes(ticket: Ticket, language: str) -> Attributes:
    """What conditions may test."""
    attributes = {f"attributes.{name}": text for name, text in ticket.attributes.items()}
    attributes["language"] = language
    if ticket.channel:
        attributes["channel"] = ticket.channel.name.lower()
    if ticket.customer_id:
        attributes["customer_id"] = ticket.customer_id
    return attributes


def _values(answer: Answer, seconds: float) -> Mapping[Source, float]:
    """What came of a ticket, by what metrics may ask for."""
    return {
        Source.TRIAGE_SECONDS: seconds,
        Source.TRIAGE_COST: sum(attempt.cost_micro_usd for attempt in answer.attempts) / 1e6,
        Source.TRIAGE_AUTOMATIC: float(answer.decision is Decision.AUTOMATIC),
        Source.TRIAGE_CONFIDENCE: answer.category.confidence,
    }
