import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from switchyard.experiment.v1 import experiment_pb2 as _experiment_pb2
from switchyard.experiment.v1 import metric_pb2 as _metric_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class InferenceMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INFERENCE_METHOD_UNSPECIFIED: _ClassVar[InferenceMethod]
    INFERENCE_METHOD_SEQUENCE: _ClassVar[InferenceMethod]
    INFERENCE_METHOD_SEQUENCE_AIPW: _ClassVar[InferenceMethod]
    INFERENCE_METHOD_SEQUENCE_QUANTILE: _ClassVar[InferenceMethod]

class GuardrailVerdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GUARDRAIL_VERDICT_UNSPECIFIED: _ClassVar[GuardrailVerdict]
    GUARDRAIL_VERDICT_OPEN: _ClassVar[GuardrailVerdict]
    GUARDRAIL_VERDICT_PASSED: _ClassVar[GuardrailVerdict]
    GUARDRAIL_VERDICT_BROKEN: _ClassVar[GuardrailVerdict]
INFERENCE_METHOD_UNSPECIFIED: InferenceMethod
INFERENCE_METHOD_SEQUENCE: InferenceMethod
INFERENCE_METHOD_SEQUENCE_AIPW: InferenceMethod
INFERENCE_METHOD_SEQUENCE_QUANTILE: InferenceMethod
GUARDRAIL_VERDICT_UNSPECIFIED: GuardrailVerdict
GUARDRAIL_VERDICT_OPEN: GuardrailVerdict
GUARDRAIL_VERDICT_PASSED: GuardrailVerdict
GUARDRAIL_VERDICT_BROKEN: GuardrailVerdict

class ExperimentResults(_message.Message):
    __slots__ = ("experiment", "time", "exposures", "variants", "metrics", "winner", "confidence", "is_significant", "sample_ratio", "warnings", "history", "configurations")
    EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    EXPOSURES_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    WINNER_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    IS_SIGNIFICANT_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_RATIO_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FIELD_NUMBER: _ClassVar[int]
    CONFIGURATIONS_FIELD_NUMBER: _ClassVar[int]
    experiment: _experiment_pb2.Experiment
    time: _timestamp_pb2.Timestamp
    exposures: int
    variants: _containers.RepeatedCompositeFieldContainer[VariantSummary]
    metrics: _containers.RepeatedCompositeFieldContainer[MetricResults]
    winner: str
    confidence: float
    is_significant: bool
    sample_ratio: SampleRatio
    warnings: _containers.RepeatedScalarFieldContainer[str]
    history: _containers.RepeatedCompositeFieldContainer[ResultsMoment]
    configurations: _containers.RepeatedCompositeFieldContainer[_experiment_pb2.Configuration]
    def __init__(self, experiment: _Optional[_Union[_experiment_pb2.Experiment, _Mapping]] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., exposures: _Optional[int] = ..., variants: _Optional[_Iterable[_Union[VariantSummary, _Mapping]]] = ..., metrics: _Optional[_Iterable[_Union[MetricResults, _Mapping]]] = ..., winner: _Optional[str] = ..., confidence: _Optional[float] = ..., is_significant: bool = ..., sample_ratio: _Optional[_Union[SampleRatio, _Mapping]] = ..., warnings: _Optional[_Iterable[str]] = ..., history: _Optional[_Iterable[_Union[ResultsMoment, _Mapping]]] = ..., configurations: _Optional[_Iterable[_Union[_experiment_pb2.Configuration, _Mapping]]] = ...) -> None: ...

class VariantSummary(_message.Message):
    __slots__ = ("variant", "exposures", "weight")
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    EXPOSURES_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    variant: str
    exposures: int
    weight: float
    def __init__(self, variant: _Optional[str] = ..., exposures: _Optional[int] = ..., weight: _Optional[float] = ...) -> None: ...

class MetricResults(_message.Message):
    __slots__ = ("metric", "kind", "role", "variants", "method", "fixed_horizon")
    METRIC_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    FIXED_HORIZON_FIELD_NUMBER: _ClassVar[int]
    metric: str
    kind: _metric_pb2.MetricKind
    role: _metric_pb2.MetricRole
    variants: _containers.RepeatedCompositeFieldContainer[VariantResults]
    method: InferenceMethod
    fixed_horizon: FixedHorizon
    def __init__(self, metric: _Optional[str] = ..., kind: _Optional[_Union[_metric_pb2.MetricKind, str]] = ..., role: _Optional[_Union[_metric_pb2.MetricRole, str]] = ..., variants: _Optional[_Iterable[_Union[VariantResults, _Mapping]]] = ..., method: _Optional[_Union[InferenceMethod, str]] = ..., fixed_horizon: _Optional[_Union[FixedHorizon, _Mapping]] = ...) -> None: ...

class VariantResults(_message.Message):
    __slots__ = ("variant", "units", "conversions", "value", "interval", "lift", "lift_interval", "relative_lift", "p_value", "adjusted_p_value", "log_e_value", "guardrail", "probability_best", "expected_loss", "standard_error")
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    CONVERSIONS_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    LIFT_FIELD_NUMBER: _ClassVar[int]
    LIFT_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    RELATIVE_LIFT_FIELD_NUMBER: _ClassVar[int]
    P_VALUE_FIELD_NUMBER: _ClassVar[int]
    ADJUSTED_P_VALUE_FIELD_NUMBER: _ClassVar[int]
    LOG_E_VALUE_FIELD_NUMBER: _ClassVar[int]
    GUARDRAIL_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_BEST_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_LOSS_FIELD_NUMBER: _ClassVar[int]
    STANDARD_ERROR_FIELD_NUMBER: _ClassVar[int]
    variant: str
    units: int
    conversions: int
    value: float
    interval: Interval
    lift: float
    lift_interval: Interval
    relative_lift: float
    p_value: float
    adjusted_p_value: float
    log_e_value: float
    guardrail: GuardrailVerdict
    probability_best: float
    expected_loss: float
    standard_error: float
    def __init__(self, variant: _Optional[str] = ..., units: _Optional[int] = ..., conversions: _Optional[int] = ..., value: _Optional[float] = ..., interval: _Optional[_Union[Interval, _Mapping]] = ..., lift: _Optional[float] = ..., lift_interval: _Optional[_Union[Interval, _Mapping]] = ..., relative_lift: _Optional[float] = ..., p_value: _Optional[float] = ..., adjusted_p_value: _Optional[float] = ..., log_e_value: _Optional[float] = ..., guardrail: _Optional[_Union[GuardrailVerdict, str]] = ..., probability_best: _Optional[float] = ..., expected_loss: _Optional[float] = ..., standard_error: _Optional[float] = ...) -> None: ...

class Interval(_message.Message):
    __slots__ = ("lower", "upper")
    LOWER_FIELD_NUMBER: _ClassVar[int]
    UPPER_FIELD_NUMBER: _ClassVar[int]
    lower: float
    upper: float
    def __init__(self, lower: _Optional[float] = ..., upper: _Optional[float] = ...) -> None: ...

class FixedHorizon(_message.Message):
    __slots__ = ("z_p_value", "t_p_value", "chi_square", "chi_square_p_value")
    Z_P_VALUE_FIELD_NUMBER: _ClassVar[int]
    T_P_VALUE_FIELD_NUMBER: _ClassVar[int]
    CHI_SQUARE_FIELD_NUMBER: _ClassVar[int]
    CHI_SQUARE_P_VALUE_FIELD_NUMBER: _ClassVar[int]
    z_p_value: float
    t_p_value: float
    chi_square: float
    chi_square_p_value: float
    def __init__(self, z_p_value: _Optional[float] = ..., t_p_value: _Optional[float] = ..., chi_square: _Optional[float] = ..., chi_square_p_value: _Optional[float] = ...) -> None: ...

class SampleRatio(_message.Message):
    __slots__ = ("p_value", "is_mismatched")
    P_VALUE_FIELD_NUMBER: _ClassVar[int]
    IS_MISMATCHED_FIELD_NUMBER: _ClassVar[int]
    p_value: float
    is_mismatched: bool
    def __init__(self, p_value: _Optional[float] = ..., is_mismatched: bool = ...) -> None: ...

class ResultsMoment(_message.Message):
    __slots__ = ("time", "units", "variants")
    TIME_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    time: _timestamp_pb2.Timestamp
    units: int
    variants: _containers.RepeatedCompositeFieldContainer[VariantMoment]
    def __init__(self, time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., units: _Optional[int] = ..., variants: _Optional[_Iterable[_Union[VariantMoment, _Mapping]]] = ...) -> None: ...

class VariantMoment(_message.Message):
    __slots__ = ("weight", "units", "value", "lift", "lift_interval")
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    LIFT_FIELD_NUMBER: _ClassVar[int]
    LIFT_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    weight: float
    units: int
    value: float
    lift: float
    lift_interval: Interval
    def __init__(self, weight: _Optional[float] = ..., units: _Optional[int] = ..., value: _Optional[float] = ..., lift: _Optional[float] = ..., lift_interval: _Optional[_Union[Interval, _Mapping]] = ...) -> None: ...
