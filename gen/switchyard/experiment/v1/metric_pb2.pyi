import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MetricKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    METRIC_KIND_UNSPECIFIED: _ClassVar[MetricKind]
    METRIC_KIND_BINARY: _ClassVar[MetricKind]
    METRIC_KIND_MEAN: _ClassVar[MetricKind]
    METRIC_KIND_RATIO: _ClassVar[MetricKind]
    METRIC_KIND_QUANTILE: _ClassVar[MetricKind]

class MetricRole(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    METRIC_ROLE_UNSPECIFIED: _ClassVar[MetricRole]
    METRIC_ROLE_PRIMARY: _ClassVar[MetricRole]
    METRIC_ROLE_SECONDARY: _ClassVar[MetricRole]
    METRIC_ROLE_GUARDRAIL: _ClassVar[MetricRole]

class Direction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DIRECTION_UNSPECIFIED: _ClassVar[Direction]
    DIRECTION_MAXIMIZE: _ClassVar[Direction]
    DIRECTION_MINIMIZE: _ClassVar[Direction]

class Aggregation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AGGREGATION_UNSPECIFIED: _ClassVar[Aggregation]
    AGGREGATION_SUM: _ClassVar[Aggregation]
    AGGREGATION_MEAN: _ClassVar[Aggregation]
    AGGREGATION_MAX: _ClassVar[Aggregation]
    AGGREGATION_LAST: _ClassVar[Aggregation]

class MissingOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MISSING_OUTCOME_UNSPECIFIED: _ClassVar[MissingOutcome]
    MISSING_OUTCOME_IGNORED: _ClassVar[MissingOutcome]
    MISSING_OUTCOME_FAILURE: _ClassVar[MissingOutcome]

class OutcomeSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTCOME_SOURCE_UNSPECIFIED: _ClassVar[OutcomeSource]
    OUTCOME_SOURCE_CALLER: _ClassVar[OutcomeSource]
    OUTCOME_SOURCE_TRIAGE_SECONDS: _ClassVar[OutcomeSource]
    OUTCOME_SOURCE_TRIAGE_COST: _ClassVar[OutcomeSource]
    OUTCOME_SOURCE_TRIAGE_AUTOMATIC: _ClassVar[OutcomeSource]
    OUTCOME_SOURCE_TRIAGE_CONFIDENCE: _ClassVar[OutcomeSource]
    OUTCOME_SOURCE_FEEDBACK_OVERTURNED: _ClassVar[OutcomeSource]
    OUTCOME_SOURCE_FEEDBACK_RATING: _ClassVar[OutcomeSource]
    OUTCOME_SOURCE_FEEDBACK_RESOLVED: _ClassVar[OutcomeSource]
METRIC_KIND_UNSPECIFIED: MetricKind
METRIC_KIND_BINARY: MetricKind
METRIC_KIND_MEAN: MetricKind
METRIC_KIND_RATIO: MetricKind
METRIC_KIND_QUANTILE: MetricKind
METRIC_ROLE_UNSPECIFIED: MetricRole
METRIC_ROLE_PRIMARY: MetricRole
METRIC_ROLE_SECONDARY: MetricRole
METRIC_ROLE_GUARDRAIL: MetricRole
DIRECTION_UNSPECIFIED: Direction
DIRECTION_MAXIMIZE: Direction
DIRECTION_MINIMIZE: Direction
AGGREGATION_UNSPECIFIED: Aggregation
AGGREGATION_SUM: Aggregation
AGGREGATION_MEAN: Aggregation
AGGREGATION_MAX: Aggregation
AGGREGATION_LAST: Aggregation
MISSING_OUTCOME_UNSPECIFIED: MissingOutcome
MISSING_OUTCOME_IGNORED: MissingOutcome
MISSING_OUTCOME_FAILURE: MissingOutcome
OUTCOME_SOURCE_UNSPECIFIED: OutcomeSource
OUTCOME_SOURCE_CALLER: OutcomeSource
OUTCOME_SOURCE_TRIAGE_SECONDS: OutcomeSource
OUTCOME_SOURCE_TRIAGE_COST: OutcomeSource
OUTCOME_SOURCE_TRIAGE_AUTOMATIC: OutcomeSource
OUTCOME_SOURCE_TRIAGE_CONFIDENCE: OutcomeSource
OUTCOME_SOURCE_FEEDBACK_OVERTURNED: OutcomeSource
OUTCOME_SOURCE_FEEDBACK_RATING: OutcomeSource
OUTCOME_SOURCE_FEEDBACK_RESOLVED: OutcomeSource

class Metric(_message.Message):
    __slots__ = ("name", "title", "kind", "role", "direction", "aggregation", "quantile", "margin", "winsorize_lower", "winsorize_upper", "uses_pre_period", "attribution_window", "missing", "source")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    AGGREGATION_FIELD_NUMBER: _ClassVar[int]
    QUANTILE_FIELD_NUMBER: _ClassVar[int]
    MARGIN_FIELD_NUMBER: _ClassVar[int]
    WINSORIZE_LOWER_FIELD_NUMBER: _ClassVar[int]
    WINSORIZE_UPPER_FIELD_NUMBER: _ClassVar[int]
    USES_PRE_PERIOD_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTION_WINDOW_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    name: str
    title: str
    kind: MetricKind
    role: MetricRole
    direction: Direction
    aggregation: Aggregation
    quantile: float
    margin: float
    winsorize_lower: float
    winsorize_upper: float
    uses_pre_period: bool
    attribution_window: _duration_pb2.Duration
    missing: MissingOutcome
    source: OutcomeSource
    def __init__(self, name: _Optional[str] = ..., title: _Optional[str] = ..., kind: _Optional[_Union[MetricKind, str]] = ..., role: _Optional[_Union[MetricRole, str]] = ..., direction: _Optional[_Union[Direction, str]] = ..., aggregation: _Optional[_Union[Aggregation, str]] = ..., quantile: _Optional[float] = ..., margin: _Optional[float] = ..., winsorize_lower: _Optional[float] = ..., winsorize_upper: _Optional[float] = ..., uses_pre_period: bool = ..., attribution_window: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., missing: _Optional[_Union[MissingOutcome, str]] = ..., source: _Optional[_Union[OutcomeSource, str]] = ...) -> None: ...
