"""Business counters of triage."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter

from server.privacy.found import Kind
from server.triage.run import Decision, Run

MOST_CHILDREN = 2000  # label sets; tenants name their own categories without end


class TriageMetrics:
    """Counts runs by category, decision and engine, and what became of tickets on the way."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._runs = Counter(
            "switchyard_triage_runs",
            "Committed triage runs.",
            ["category", "decision", "engine"],
            registry=registry,
        )
        self._hidden = Counter(
            "switchyard_hidden",
            "Pieces of personal data that were hidden from language models.",
            ["kind"],
            registry=registry,
        )
        self._failed_looks = Counter(
            "switchyard_failed_look_ups",
            "Tickets for which no answer given before could be looked for.",
            ["reason"],
            registry=registry,
        )
        self._unserved = Counter(
            "switchyard_unserved_parameters",
            "Parameters that experiments, or their winners, set for a ticket and nobody can serve.",
            ["parameter"],
            registry=registry,
        )
        self._decisions = Counter(
            "switchyard_automation_decisions",
            "Decisions under an error budget.",
            ["outcome"],
            registry=registry,
        )
        self._gate_changes = Counter(
            "switchyard_automation_gate_changes",
            "Changes of the gates that keep error budgets, by the feedback that this process took.",
            ["cause"],
            registry=registry,
        )
        self._children: dict[tuple[str, str, str], Counter] = {}

    def hidden(self, counts: Mapping[Kind, int]) -> None:
        """Count what was hidden of one ticket."""
        for kind, count in counts.items():
            self._hidden.labels(kind.value).inc(count)

    def look_failed(self, reason: str) -> None:
        """Count a ticket for which no answer given before could be looked for."""
        self._failed_looks.labels(reason).inc()

    def unserved(self, parameter: str) -> None:
        """Count a parameter that a ticket was to be triaged by and could not."""
        self._unserved.labels(parameter).inc()

    def recorded(self, run: Run) -> None:
        """Count one committed run."""
        answer = run.answer
        key = (answer.category.label, answer.decision.name.lower(), answer.engine.engine)
        child = self._children.get(key)
        if child is None:
            if len(self._children) >= MOST_CHILDREN:
                key = ("other", *key[1:])
            child = self._children[key] = self._runs.labels(*key)
        child.inc()
        if any(passage.is_gated for passage in answer.gates):
            is_automatic = answer.decision is Decision.AUTOMATIC
            is_audited = is_automatic and any(passage.is_audited for passage in answer.gates)
            outcome = "audited" if is_audited else answer.decision.name.lower()
            self._decisions.labels(outcome).inc()

    def gate_moved(self, cause: str) -> None:
        """Count a change of a gate by feedback: by "evidence" or by "drift"."""
        self._gate_changes.labels(cause).inc()
