"""An experiment: what is compared, on whom, by which figures, and how it ends. Values alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from server.experiments.condition import Condition

Parameter = str | float | int | bool
Parameters = Mapping[str, Parameter]

DEFAULT_WINDOW_S = 7 * 86_400.0
DEFAULT_STICKY_S = 30 * 86_400.0
TRIAGE_LAYER = "triage"


class State(IntEnum):
    """Where an experiment stands; the numbers are those of the contract."""

    DRAFT = 1
    RUNNING = 2
    PAUSED = 3
    STOPPED = 4
    ARCHIVED = 5


class UnitKind(IntEnum):
    """What variants are assigned to; the numbers are those of the contract."""

    TICKET = 1
    CUSTOMER = 2
    OTHER = 3


class MetricKind(IntEnum):
    """Kinds of figures; the numbers are those of the contract."""

    BINARY = 1
    MEAN = 2
    RATIO = 3
    QUANTILE = 4


class Role(IntEnum):
    """What a metric is there for; the numbers are those of the contract."""

    PRIMARY = 1
    SECONDARY = 2
    GUARDRAIL = 3


class Aggregation(IntEnum):
    """How the outcomes of one unit make one value; the numbers are those of the contract."""

    SUM = 1
    MEAN = 2
    MAX = 3
    LAST = 4


class Source(IntEnum):
    """Where outcomes come from; the numbers are those of the contract."""

    CALLER = 1
    TRIAGE_SECONDS = 2
    TRIAGE_COST = 3
    TRIAGE_AUTOMATIC = 4
    TRIAGE_CONFIDENCE = 5
    FEEDBACK_OVERTURNED = 6
    FEEDBACK_RATING = 7
    FEEDBACK_RESOLVED = 8

    @property
    def is_feedback(self) -> bool:
        """Whether people say it, who may think better of it."""
        return self >= Source.FEEDBACK_OVERTURNED

    @property
    def is_binary(self) -> bool:
        """Whether it happens or not."""
        return self in {
            Source.TRIAGE_AUTOMATIC,
            Source.FEEDBACK_OVERTURNED,
            Source.FEEDBACK_RESOLVED,
        }


class Algorithm(IntEnum):
    """Who decides on the weights; the numbers are those of the contract."""

    FIXED = 1
    EPSILON_GREEDY = 2
    EPSILON_DECAYING = 3
    UCB1 = 4
    THOMPSON = 5
    TOP_TWO = 6


class Cause(IntEnum):
    """Why a configuration began; the numbers are those of the contract."""

    START = 1
    UPDATE = 2
    ALGORITHM = 3


class Ending(IntEnum):
    """How an experiment ended; the numbers are those of the contract."""

    WINNER = 1
    HARM = 2
    INCONCLUSIVE = 3
    BY_HAND = 4


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the ways that are compared."""

    name: str
    weight: float  # share of the enrolled units that it starts with
    parameters: Parameters = field(default_factory=dict)
    title: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure by which variants are compared."""

    name: str
    kind: MetricKind
    role: Role = Role.SECONDARY
    title: str = ""
    is_minimized: bool = False
    aggregation: Aggregation = Aggregation.SUM
    quantile: float = 0.0  # in (0, 1), of quantile metrics
    margin: float = 0.0  # of guardrails, in the metric's unit
    winsorize_lower: float | None = None
    winsorize_upper: float | None = None
    uses_pre_period: bool = False
    window_s: float = DEFAULT_WINDOW_S
    missing_is_failure: bool = False
    source: Source = Source.CALLER

    @property
    def awaits_window(self) -> bool:
        """Whether a unit counts when its window has passed, and not before.

        Early successes alone would flatter the newest units. A last value is another one at every
        look: bounds that hold at every look are for values that stay.
        """
        return self.missing_is_failure or self.aggregation is Aggregation.LAST

    def gain(self, difference: float) -> float:
        """A difference as seen by who wants the better value: above 0 is better."""
        return -difference if self.is_minimized else difference


@dataclass(frozen=True, slots=True)
class Allocation:
    """How units are shared out between the variants."""

    algorithm: Algorithm = Algorithm.FIXED
    epsilon: float = 0.1
    floor: float = 0.02  # least weight under an algorithm
    discount: float = 1.0  # of older configurations, for each that came after
    batch_units: int = 100
    sticky_s: float = DEFAULT_STICKY_S

    @property
    def is_adaptive(self) -> bool:
        """Whether weights follow outcomes."""
        return self.algorithm is not Algorithm.FIXED


@dataclass(frozen=True, slots=True)
class StoppingRule:
    """When an experiment ends by itself."""

    alpha: float = 0.05
    min_units: int = 250  # of each variant
    min_duration_s: float = 0.0
    max_units: int = 0  # of all variants; 0: no maximum
    max_duration_s: float = 0.0  # 0: no maximum
    continues_after_winner: bool = False
    continues_after_harm: bool = False


@dataclass(frozen=True)  # no slots: what follows from the fields is kept
class Design:
    """What a person decides about an experiment."""

    variants: tuple[Variant, ...]  # the control first
    metrics: tuple[Metric, ...]
    title: str = ""
    hypothesis: str = ""
    allocation: Allocation = field(default_factory=Allocation)
    stopping: StoppingRule = field(default_factory=StoppingRule)
    unit: UnitKind = UnitKind.TICKET
    layer: str = ""  # "": a layer of its own
    layer_share: float = 1.0
    holdout: float = 0.0
    traffic: float = 1.0
    targeting: Condition | None = None

    @cached_property
    def metric_named(self) -> Mapping[str, Metric]:
        """Metrics by name."""
        return {metric.name: metric for metric in self.metrics}

    @cached_property
    def primary(self) -> Metric:
        """The metric that decides."""
        return next(metric for metric in self.metrics if metric.role is Role.PRIMARY)

    @property
    def weights(self) -> tuple[float, ...]:
        """What each variant starts with."""
        return tuple(variant.weight for variant in self.variants)


@dataclass(frozen=True)  # no slots: what follows from the fields is kept
class Configuration:
    """Weights in force from a time on."""

    version: int  # 1, 2, ... through all phases
    weights: tuple[float, ...]  # [n_variants], sums to 1
    traffic: float
    cause: Cause
    start_time: datetime

    @cached_property
    def drawn(self) -> tuple[int, ...]:
        """Variants that get units, by their index: all with a weight above 0."""
        return tuple(index for index, weight in enumerate(self.weights) if weight > 0)

    @cached_property
    def bounds(self) -> tuple[float, ...]:
        """[len(drawn) - 1], rising: where the share of one of them ends and the next begins."""
        return tuple(accumulate(self.weights[index] for index in self.drawn))[:-1]


@dataclass(frozen=True, slots=True)
class Conclusion:
    """How an experiment ended; what is seen later does not change it."""

    ending: Ending
    variant: str  # that won or does harm; "": none
    explanation: str
    time: datetime
    units: int = 0
    lift: float = 0.0
    lift_lower: float = 0.0
    lift_upper: float = 0.0


@dataclass(frozen=True, slots=True)
class Slice:
    """The part of a layer that an experiment has for itself: [start, end) of [0, 1)."""

    start: float
    end: float


class Salts(NamedTuple):
    """What the hashes of an experiment's units begin with: they make them independent."""

    layer: str
    holdout: str
    inclusion: str
    variant: str


@dataclass(frozen=True)  # no slots: what follows from the fields is kept
class Experiment:
    """An experiment and where it stands."""

    tenant: str
    experiment_id: str
    design: Design
    state: State
    revision: int  # 1, 2, ...: every change of the experiment is one
    create_time: datetime
    update_time: datetime
    phase: int = 0  # 0: never started
    start_time: datetime | None = None  # of the phase
    slice: Slice | None = None  # None: never started
    configuration: Configuration | None = None  # in force; None: never started
    conclusion: Conclusion | None = None  # of the phase
    is_applied: bool = False

    @cached_property
    def name(self) -> str:
        """Its resource name."""
        return f"experiments/{self.experiment_id}"

    @property
    def etag(self) -> str:
        """Names this version of it."""
        return str(self.revision)

    @cached_property
    def layer(self) -> str:
        """The layer that it is in."""
        return self.design.layer or self.name

    @cached_property
    def salts(self) -> Salts:
        """Of its present phase. They never change, or units would change their variant."""
        layer = f"{self.tenant}/{self.layer}"
        phase = f"{self.tenant}/{self.experiment_id}/{self.phase}"
        return Salts(layer, f"{layer}/holdout", f"{phase}/inclusion", f"{phase}/variant")

    def changed(self, **changes: object) -> "Experiment":
        """The same experiment with other values of some fields."""
        return replace(self, **changes)  # type: ignore[arg-type]  # dataclasses checks the names
