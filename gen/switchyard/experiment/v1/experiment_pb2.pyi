import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from switchyard.experiment.v1 import condition_pb2 as _condition_pb2
from switchyard.experiment.v1 import metric_pb2 as _metric_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExperimentState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXPERIMENT_STATE_UNSPECIFIED: _ClassVar[ExperimentState]
    EXPERIMENT_STATE_DRAFT: _ClassVar[ExperimentState]
    EXPERIMENT_STATE_RUNNING: _ClassVar[ExperimentState]
    EXPERIMENT_STATE_PAUSED: _ClassVar[ExperimentState]
    EXPERIMENT_STATE_STOPPED: _ClassVar[ExperimentState]
    EXPERIMENT_STATE_ARCHIVED: _ClassVar[ExperimentState]

class UnitKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UNIT_KIND_UNSPECIFIED: _ClassVar[UnitKind]
    UNIT_KIND_TICKET: _ClassVar[UnitKind]
    UNIT_KIND_CUSTOMER: _ClassVar[UnitKind]
    UNIT_KIND_OTHER: _ClassVar[UnitKind]

class Algorithm(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ALGORITHM_UNSPECIFIED: _ClassVar[Algorithm]
    ALGORITHM_FIXED: _ClassVar[Algorithm]
    ALGORITHM_EPSILON_GREEDY: _ClassVar[Algorithm]
    ALGORITHM_EPSILON_DECAYING: _ClassVar[Algorithm]
    ALGORITHM_UCB1: _ClassVar[Algorithm]
    ALGORITHM_THOMPSON: _ClassVar[Algorithm]
    ALGORITHM_TOP_TWO: _ClassVar[Algorithm]

class ConfigurationCause(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONFIGURATION_CAUSE_UNSPECIFIED: _ClassVar[ConfigurationCause]
    CONFIGURATION_CAUSE_START: _ClassVar[ConfigurationCause]
    CONFIGURATION_CAUSE_UPDATE: _ClassVar[ConfigurationCause]
    CONFIGURATION_CAUSE_ALGORITHM: _ClassVar[ConfigurationCause]
EXPERIMENT_STATE_UNSPECIFIED: ExperimentState
EXPERIMENT_STATE_DRAFT: ExperimentState
EXPERIMENT_STATE_RUNNING: ExperimentState
EXPERIMENT_STATE_PAUSED: ExperimentState
EXPERIMENT_STATE_STOPPED: ExperimentState
EXPERIMENT_STATE_ARCHIVED: ExperimentState
UNIT_KIND_UNSPECIFIED: UnitKind
UNIT_KIND_TICKET: UnitKind
UNIT_KIND_CUSTOMER: UnitKind
UNIT_KIND_OTHER: UnitKind
ALGORITHM_UNSPECIFIED: Algorithm
ALGORITHM_FIXED: Algorithm
ALGORITHM_EPSILON_GREEDY: Algorithm
ALGORITHM_EPSILON_DECAYING: Algorithm
ALGORITHM_UCB1: Algorithm
ALGORITHM_THOMPSON: Algorithm
ALGORITHM_TOP_TWO: Algorithm
CONFIGURATION_CAUSE_UNSPECIFIED: ConfigurationCause
CONFIGURATION_CAUSE_START: ConfigurationCause
CONFIGURATION_CAUSE_UPDATE: ConfigurationCause
CONFIGURATION_CAUSE_ALGORITHM: ConfigurationCause

class Experiment(_message.Message):
    __slots__ = ("name", "title", "hypothesis", "variants", "metrics", "allocation", "stopping", "unit", "layer", "layer_share", "holdout", "traffic", "targeting", "state", "etag", "phase", "configuration", "conclusion", "is_applied", "create_time", "update_time", "start_time")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    HYPOTHESIS_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    ALLOCATION_FIELD_NUMBER: _ClassVar[int]
    STOPPING_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    LAYER_FIELD_NUMBER: _ClassVar[int]
    LAYER_SHARE_FIELD_NUMBER: _ClassVar[int]
    HOLDOUT_FIELD_NUMBER: _ClassVar[int]
    TRAFFIC_FIELD_NUMBER: _ClassVar[int]
    TARGETING_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    CONFIGURATION_FIELD_NUMBER: _ClassVar[int]
    CONCLUSION_FIELD_NUMBER: _ClassVar[int]
    IS_APPLIED_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    name: str
    title: str
    hypothesis: str
    variants: _containers.RepeatedCompositeFieldContainer[Variant]
    metrics: _containers.RepeatedCompositeFieldContainer[_metric_pb2.Metric]
    allocation: Allocation
    stopping: StoppingRule
    unit: UnitKind
    layer: str
    layer_share: float
    holdout: float
    traffic: float
    targeting: _condition_pb2.Condition
    state: ExperimentState
    etag: str
    phase: int
    configuration: Configuration
    conclusion: Conclusion
    is_applied: bool
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    start_time: _timestamp_pb2.Timestamp
    def __init__(self, name: _Optional[str] = ..., title: _Optional[str] = ..., hypothesis: _Optional[str] = ..., variants: _Optional[_Iterable[_Union[Variant, _Mapping]]] = ..., metrics: _Optional[_Iterable[_Union[_metric_pb2.Metric, _Mapping]]] = ..., allocation: _Optional[_Union[Allocation, _Mapping]] = ..., stopping: _Optional[_Union[StoppingRule, _Mapping]] = ..., unit: _Optional[_Union[UnitKind, str]] = ..., layer: _Optional[str] = ..., layer_share: _Optional[float] = ..., holdout: _Optional[float] = ..., traffic: _Optional[float] = ..., targeting: _Optional[_Union[_condition_pb2.Condition, _Mapping]] = ..., state: _Optional[_Union[ExperimentState, str]] = ..., etag: _Optional[str] = ..., phase: _Optional[int] = ..., configuration: _Optional[_Union[Configuration, _Mapping]] = ..., conclusion: _Optional[_Union[Conclusion, _Mapping]] = ..., is_applied: bool = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Variant(_message.Message):
    __slots__ = ("name", "title", "weight", "parameters")
    class ParametersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: ParameterValue
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[ParameterValue, _Mapping]] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    name: str
    title: str
    weight: float
    parameters: _containers.MessageMap[str, ParameterValue]
    def __init__(self, name: _Optional[str] = ..., title: _Optional[str] = ..., weight: _Optional[float] = ..., parameters: _Optional[_Mapping[str, ParameterValue]] = ...) -> None: ...

class ParameterValue(_message.Message):
    __slots__ = ("text", "number", "integer", "flag")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    INTEGER_FIELD_NUMBER: _ClassVar[int]
    FLAG_FIELD_NUMBER: _ClassVar[int]
    text: str
    number: float
    integer: int
    flag: bool
    def __init__(self, text: _Optional[str] = ..., number: _Optional[float] = ..., integer: _Optional[int] = ..., flag: bool = ...) -> None: ...

class Allocation(_message.Message):
    __slots__ = ("algorithm", "epsilon", "floor", "discount", "batch_units", "sticky_ttl")
    ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    EPSILON_FIELD_NUMBER: _ClassVar[int]
    FLOOR_FIELD_NUMBER: _ClassVar[int]
    DISCOUNT_FIELD_NUMBER: _ClassVar[int]
    BATCH_UNITS_FIELD_NUMBER: _ClassVar[int]
    STICKY_TTL_FIELD_NUMBER: _ClassVar[int]
    algorithm: Algorithm
    epsilon: float
    floor: float
    discount: float
    batch_units: int
    sticky_ttl: _duration_pb2.Duration
    def __init__(self, algorithm: _Optional[_Union[Algorithm, str]] = ..., epsilon: _Optional[float] = ..., floor: _Optional[float] = ..., discount: _Optional[float] = ..., batch_units: _Optional[int] = ..., sticky_ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class StoppingRule(_message.Message):
    __slots__ = ("alpha", "min_units", "min_duration", "max_units", "max_duration", "continues_after_winner", "continues_after_harm")
    ALPHA_FIELD_NUMBER: _ClassVar[int]
    MIN_UNITS_FIELD_NUMBER: _ClassVar[int]
    MIN_DURATION_FIELD_NUMBER: _ClassVar[int]
    MAX_UNITS_FIELD_NUMBER: _ClassVar[int]
    MAX_DURATION_FIELD_NUMBER: _ClassVar[int]
    CONTINUES_AFTER_WINNER_FIELD_NUMBER: _ClassVar[int]
    CONTINUES_AFTER_HARM_FIELD_NUMBER: _ClassVar[int]
    alpha: float
    min_units: int
    min_duration: _duration_pb2.Duration
    max_units: int
    max_duration: _duration_pb2.Duration
    continues_after_winner: bool
    continues_after_harm: bool
    def __init__(self, alpha: _Optional[float] = ..., min_units: _Optional[int] = ..., min_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., max_units: _Optional[int] = ..., max_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., continues_after_winner: bool = ..., continues_after_harm: bool = ...) -> None: ...

class Configuration(_message.Message):
    __slots__ = ("version", "weights", "traffic", "cause", "start_time")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    TRAFFIC_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    version: int
    weights: _containers.RepeatedScalarFieldContainer[float]
    traffic: float
    cause: ConfigurationCause
    start_time: _timestamp_pb2.Timestamp
    def __init__(self, version: _Optional[int] = ..., weights: _Optional[_Iterable[float]] = ..., traffic: _Optional[float] = ..., cause: _Optional[_Union[ConfigurationCause, str]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Conclusion(_message.Message):
    __slots__ = ("outcome", "variant", "explanation", "time", "units", "lift", "lift_lower", "lift_upper")
    class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        OUTCOME_UNSPECIFIED: _ClassVar[Conclusion.Outcome]
        OUTCOME_WINNER: _ClassVar[Conclusion.Outcome]
        OUTCOME_HARM: _ClassVar[Conclusion.Outcome]
        OUTCOME_INCONCLUSIVE: _ClassVar[Conclusion.Outcome]
        OUTCOME_BY_HAND: _ClassVar[Conclusion.Outcome]
    OUTCOME_UNSPECIFIED: Conclusion.Outcome
    OUTCOME_WINNER: Conclusion.Outcome
    OUTCOME_HARM: Conclusion.Outcome
    OUTCOME_INCONCLUSIVE: Conclusion.Outcome
    OUTCOME_BY_HAND: Conclusion.Outcome
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    LIFT_FIELD_NUMBER: _ClassVar[int]
    LIFT_LOWER_FIELD_NUMBER: _ClassVar[int]
    LIFT_UPPER_FIELD_NUMBER: _ClassVar[int]
    outcome: Conclusion.Outcome
    variant: str
    explanation: str
    time: _timestamp_pb2.Timestamp
    units: int
    lift: float
    lift_lower: float
    lift_upper: float
    def __init__(self, outcome: _Optional[_Union[Conclusion.Outcome, str]] = ..., variant: _Optional[str] = ..., explanation: _Optional[str] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., units: _Optional[int] = ..., lift: _Optional[float] = ..., lift_lower: _Optional[float] = ..., lift_upper: _Optional[float] = ...) -> None: ...
