"""Designs and experiments for tests, each of the least that it needs."""

from datetime import UTC, datetime, timedelta
from typing import Any

from server.experiments.experiment import (
    Algorithm,
    Allocation,
    Design,
    Experiment,
    Metric,
    MetricKind,
    Role,
    Variant,
)
from server.experiments.lifecycle import drafted, started

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)

RATE = Metric("solved", MetricKind.BINARY, Role.PRIMARY)
THOMPSON = Allocation(Algorithm.THOMPSON)


def design(weights: tuple[float, ...] = (0.5, 0.5), **fields: Any) -> Design:
    """Variants a, b, ... with these weights, and one binary metric."""
    variants = tuple(Variant(chr(ord("a") + at), weight) for at, weight in enumerate(weights))
    return Design(**{"variants": variants, "metrics": (RATE,), **fields})


def draft(experiment_id: str = "prompt-2", wanted: Design | None = None) -> Experiment:
    """A draft of tenant "acme"."""
    return drafted("acme", experiment_id, wanted or design(), NOW)


def running(experiment_id: str = "prompt-2", wanted: Design | None = None) -> Experiment:
    """In its first phase, alone in its layer."""
    return started(draft(experiment_id, wanted), [], NOW)
