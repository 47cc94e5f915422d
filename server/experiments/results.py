"""What an experiment has shown so far, as values. None: it cannot be told yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from server.experiments.experiment import Configuration, MetricKind, Role
from server.statistics.moments import Moments


class Method(IntEnum):
    """Which bound intervals are; the numbers are those of the contract."""

    SEQUENCE = 1
    SEQUENCE_AIPW = 2
    SEQUENCE_QUANTILE = 3


class GuardrailVerdict(IntEnum):
    """What is known of a guardrail; the numbers are those of the contract."""

    OPEN = 1
    PASSED = 2
    BROKEN = 3


@dataclass(frozen=True, slots=True)
class Interval:
    """From where to where; both ends are finite."""

    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class MetricSums:
    """What is on record of one metric: cells by configuration and variant."""

    cells: tuple[tuple[Moments, ...], ...]  # [n_configurations][n_variants], units that count
    sketches: tuple[dict[int, int], ...] = ()  # [n_variants], of quantile metrics: units by bucket


@dataclass(frozen=True, slots=True)
class Tally:
    """All that is on record of a phase, enough to tell its results. The store reads it."""

    configurations: tuple[Configuration, ...]  # oldest first
    exposures: tuple[tuple[int, ...], ...]  # [n_configurations][n_variants], units
    metrics: dict[str, MetricSums]  # by name; a metric without any outcome has empty cells


@dataclass(frozen=True, slots=True)
class VariantResult:
    """One variant in one metric."""

    variant: str
    units: int
    conversions: int | None = None  # of binary metrics
    value: float | None = None
    standard_error: float | None = None  # of `value`, at one look; None of quantiles, too
    interval: Interval | None = None
    lift: float | None = None  # None for the control, too
    lift_interval: Interval | None = None
    relative_lift: float | None = None
    p_value: float | None = None  # anytime-valid
    adjusted_p_value: float | None = None
    log_e_value: float | None = None
    guardrail: GuardrailVerdict | None = None
    probability_best: float | None = None
    expected_loss: float | None = None


@dataclass(frozen=True, slots=True)
class FixedHorizon:
    """Figures that are right at one planned look alone; z and t of the first challenger."""

    z_p_value: float | None = None
    t_p_value: float | None = None
    chi_square: float | None = None
    chi_square_p_value: float | None = None


@dataclass(frozen=True, slots=True)
class MetricResult:
    """One metric."""

    metric: str
    kind: MetricKind
    role: Role
    method: Method
    variants: tuple[VariantResult, ...]
    fixed_horizon: FixedHorizon


@dataclass(frozen=True, slots=True)
class VariantMoment:
    """One variant at one time, in the primary metric."""

    weight: float
    units: int
    value: float | None = None
    lift: float | None = None
    lift_interval: Interval | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """The results as they were at one time."""

    time: datetime
    units: int  # that counted in the primary metric
    variants: tuple[VariantMoment, ...]


def contenders_of(weights: Sequence[float]) -> tuple[int, ...]:
    """Places of the variants that get units, the control first; a weight of 0 takes one out."""
    return (0, *(at for at, weight in enumerate(weights) if at and weight > 0))


@dataclass(frozen=True, slots=True)
class Results:
    """What an experiment has shown so far."""

    time: datetime
    exposures: tuple[int, ...]  # [n_variants]
    weights: tuple[float, ...]  # [n_variants], now
    metrics: tuple[MetricResult, ...]
    winner: str  # "": none
    confidence: float  # in [0, 1): 1 - the smallest alpha that shows the leader to be better
    is_significant: bool
    mismatch_p_value: float
    is_mismatched: bool
    warnings: tuple[str, ...]

    @property
    def primary(self) -> MetricResult:
        """The metric that decides."""
        return next(metric for metric in self.metrics if metric.role is Role.PRIMARY)

    @property
    def contenders(self) -> tuple[int, ...]:
        """Places of the variants that get units, the control first."""
        return contenders_of(self.weights)
