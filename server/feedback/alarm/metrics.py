"""Counters of overturn alarms."""

from prometheus_client import CollectorRegistry, Counter

from server.feedback.alarm.subjects import Kind


class AlarmMetrics:
    """Counts alarms by the kind of what was flagged."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._alarms = Counter(
            "switchyard_overturn_alarms",
            "Models, prompts and variants that were flagged: people overturn them too often.",
            ["kind"],
            registry=registry,
        )

    def raised(self, kind: Kind) -> None:
        """Count an alarm."""
        self._alarms.labels(kind.value).inc()
