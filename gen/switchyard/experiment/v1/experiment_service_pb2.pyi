import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from switchyard.experiment.v1 import experiment_pb2 as _experiment_pb2
from switchyard.experiment.v1 import metric_pb2 as _metric_pb2
from switchyard.experiment.v1 import results_pb2 as _results_pb2
from switchyard.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Enrollment(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENROLLMENT_UNSPECIFIED: _ClassVar[Enrollment]
    ENROLLMENT_ENROLLED: _ClassVar[Enrollment]
    ENROLLMENT_NOT_RUNNING: _ClassVar[Enrollment]
    ENROLLMENT_HELD_OUT: _ClassVar[Enrollment]
    ENROLLMENT_ELSEWHERE: _ClassVar[Enrollment]
    ENROLLMENT_NOT_TARGETED: _ClassVar[Enrollment]
    ENROLLMENT_OUTSIDE_TRAFFIC: _ClassVar[Enrollment]
ENROLLMENT_UNSPECIFIED: Enrollment
ENROLLMENT_ENROLLED: Enrollment
ENROLLMENT_NOT_RUNNING: Enrollment
ENROLLMENT_HELD_OUT: Enrollment
ENROLLMENT_ELSEWHERE: Enrollment
ENROLLMENT_NOT_TARGETED: Enrollment
ENROLLMENT_OUTSIDE_TRAFFIC: Enrollment

class CreateExperimentRequest(_message.Message):
    __slots__ = ("experiment_id", "experiment", "validate_only")
    EXPERIMENT_ID_FIELD_NUMBER: _ClassVar[int]
    EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    experiment_id: str
    experiment: _experiment_pb2.Experiment
    validate_only: bool
    def __init__(self, experiment_id: _Optional[str] = ..., experiment: _Optional[_Union[_experiment_pb2.Experiment, _Mapping]] = ..., validate_only: bool = ...) -> None: ...

class CreateExperimentResponse(_message.Message):
    __slots__ = ("experiment",)
    EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    experiment: _experiment_pb2.Experiment
    def __init__(self, experiment: _Optional[_Union[_experiment_pb2.Experiment, _Mapping]] = ...) -> None: ...

class GetExperimentRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class GetExperimentResponse(_message.Message):
    __slots__ = ("experiment",)
    EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    experiment: _experiment_pb2.Experiment
    def __init__(self, experiment: _Optional[_Union[_experiment_pb2.Experiment, _Mapping]] = ...) -> None: ...

class ListExperimentsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "state", "layer")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    LAYER_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    state: _experiment_pb2.ExperimentState
    layer: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., state: _Optional[_Union[_experiment_pb2.ExperimentState, str]] = ..., layer: _Optional[str] = ...) -> None: ...

class ListExperimentsResponse(_message.Message):
    __slots__ = ("experiments", "next_page_token")
    EXPERIMENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    experiments: _containers.RepeatedCompositeFieldContainer[_experiment_pb2.Experiment]
    next_page_token: str
    def __init__(self, experiments: _Optional[_Iterable[_Union[_experiment_pb2.Experiment, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateExperimentRequest(_message.Message):
    __slots__ = ("experiment", "update_mask", "validate_only")
    EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    experiment: _experiment_pb2.Experiment
    update_mask: _field_mask_pb2.FieldMask
    validate_only: bool
    def __init__(self, experiment: _Optional[_Union[_experiment_pb2.Experiment, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., validate_only: bool = ...) -> None: ...

class UpdateExperimentResponse(_message.Message):
    __slots__ = ("experiment",)
    EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    experiment: _experiment_pb2.Experiment
    def __init__(self, experiment: _Optional[_Union[_experiment_pb2.Experiment, _Mapping]] = ...) -> None: ...

class StartExperimentRequest(_message.Message):
    __slots__ = ("name", "etag")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    name: str
    etag: str
    def __init__(self, name: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class StartExperimentResponse(_message.Message):
    __slots__ = ("experiment",)
    EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    experiment: _experiment_pb2.Experiment
    def __init__(self, experiment: _Optional[_Union[_experiment_pb2.Experiment, _Mapping]] = ...) -> None: ...

class PauseExperimentRequest(_message.Message):
    __slots__ = ("name", "etag")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    name: str
    etag: str
    def __init__(self, name: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class PauseExperimentResponse(_message.Message):
    __slots__ = ("experiment",)
    EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    experiment: _experiment_pb2.Experiment
    def __init__(self, experiment: _Optional[_Union[_experiment_pb2.Experiment, _Mapping]] = ...) -> None: ...

class StopExperimentRequest(_message.Message):
    __slots__ = ("name", "etag", "reason")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    name: str
    etag: str
    reason: str
    def __init__(self, name: _Optional[str] = ..., etag: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class StopExperimentResponse(_message.Message):
    __slots__ = ("experiment",)
    EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    experiment: _experiment_pb2.Experiment
    def __init__(self, experiment: _Optional[_Union[_experiment_pb2.Experiment, _Mapping]] = ...) -> None: ...

class ArchiveExperimentRequest(_message.Message):
    __slots__ = ("name", "etag")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    name: str
    etag: str
    def __init__(self, name: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class ArchiveExperimentResponse(_message.Message):
    __slots__ = ("experiment",)
    EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    experiment: _experiment_pb2.Experiment
    def __init__(self, experiment: _Optional[_Union[_experiment_pb2.Experiment, _Mapping]] = ...) -> None: ...

class ApplyWinnerRequest(_message.Message):
    __slots__ = ("name", "etag", "variant")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    name: str
    etag: str
    variant: str
    def __init__(self, name: _Optional[str] = ..., etag: _Optional[str] = ..., variant: _Optional[str] = ...) -> None: ...

class ApplyWinnerResponse(_message.Message):
    __slots__ = ("experiment",)
    EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    experiment: _experiment_pb2.Experiment
    def __init__(self, experiment: _Optional[_Union[_experiment_pb2.Experiment, _Mapping]] = ...) -> None: ...

class RollBackWinnerRequest(_message.Message):
    __slots__ = ("name", "etag")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    name: str
    etag: str
    def __init__(self, name: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class RollBackWinnerResponse(_message.Message):
    __slots__ = ("experiment",)
    EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    experiment: _experiment_pb2.Experiment
    def __init__(self, experiment: _Optional[_Union[_experiment_pb2.Experiment, _Mapping]] = ...) -> None: ...

class AssignVariantRequest(_message.Message):
    __slots__ = ("experiment", "layer", "unit_id", "attributes", "pre_period_values", "validate_only")
    class AttributesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class PrePeriodValuesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    LAYER_FIELD_NUMBER: _ClassVar[int]
    UNIT_ID_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    PRE_PERIOD_VALUES_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    experiment: str
    layer: str
    unit_id: str
    attributes: _containers.ScalarMap[str, str]
    pre_period_values: _containers.ScalarMap[str, float]
    validate_only: bool
    def __init__(self, experiment: _Optional[str] = ..., layer: _Optional[str] = ..., unit_id: _Optional[str] = ..., attributes: _Optional[_Mapping[str, str]] = ..., pre_period_values: _Optional[_Mapping[str, float]] = ..., validate_only: bool = ...) -> None: ...

class AssignVariantResponse(_message.Message):
    __slots__ = ("enrollment", "experiment", "variant", "parameters", "propensity", "configuration_version", "phase", "is_first_exposure")
    class ParametersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _experiment_pb2.ParameterValue
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_experiment_pb2.ParameterValue, _Mapping]] = ...) -> None: ...
    ENROLLMENT_FIELD_NUMBER: _ClassVar[int]
    EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    PROPENSITY_FIELD_NUMBER: _ClassVar[int]
    CONFIGURATION_VERSION_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    IS_FIRST_EXPOSURE_FIELD_NUMBER: _ClassVar[int]
    enrollment: Enrollment
    experiment: str
    variant: str
    parameters: _containers.MessageMap[str, _experiment_pb2.ParameterValue]
    propensity: float
    configuration_version: int
    phase: int
    is_first_exposure: bool
    def __init__(self, enrollment: _Optional[_Union[Enrollment, str]] = ..., experiment: _Optional[str] = ..., variant: _Optional[str] = ..., parameters: _Optional[_Mapping[str, _experiment_pb2.ParameterValue]] = ..., propensity: _Optional[float] = ..., configuration_version: _Optional[int] = ..., phase: _Optional[int] = ..., is_first_exposure: bool = ...) -> None: ...

class Outcome(_message.Message):
    __slots__ = ("experiment", "unit_id", "metric", "outcome_id", "success", "value", "denominator", "time", "metadata")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    UNIT_ID_FIELD_NUMBER: _ClassVar[int]
    METRIC_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_ID_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    DENOMINATOR_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    experiment: str
    unit_id: str
    metric: str
    outcome_id: str
    success: bool
    value: float
    denominator: float
    time: _timestamp_pb2.Timestamp
    metadata: _containers.ScalarMap[str, str]
    def __init__(self, experiment: _Optional[str] = ..., unit_id: _Optional[str] = ..., metric: _Optional[str] = ..., outcome_id: _Optional[str] = ..., success: bool = ..., value: _Optional[float] = ..., denominator: _Optional[float] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., metadata: _Optional[_Mapping[str, str]] = ...) -> None: ...

class RecordOutcomeRequest(_message.Message):
    __slots__ = ("outcome",)
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    outcome: Outcome
    def __init__(self, outcome: _Optional[_Union[Outcome, _Mapping]] = ...) -> None: ...

class RecordOutcomeResponse(_message.Message):
    __slots__ = ("variant", "is_repeated")
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    IS_REPEATED_FIELD_NUMBER: _ClassVar[int]
    variant: str
    is_repeated: bool
    def __init__(self, variant: _Optional[str] = ..., is_repeated: bool = ...) -> None: ...

class RecordOutcomesRequest(_message.Message):
    __slots__ = ("outcome",)
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    outcome: Outcome
    def __init__(self, outcome: _Optional[_Union[Outcome, _Mapping]] = ...) -> None: ...

class RecordOutcomesResponse(_message.Message):
    __slots__ = ("recorded", "repeated_before", "failed", "failures")
    RECORDED_FIELD_NUMBER: _ClassVar[int]
    REPEATED_BEFORE_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    recorded: int
    repeated_before: int
    failed: int
    failures: _containers.RepeatedCompositeFieldContainer[FailedOutcome]
    def __init__(self, recorded: _Optional[int] = ..., repeated_before: _Optional[int] = ..., failed: _Optional[int] = ..., failures: _Optional[_Iterable[_Union[FailedOutcome, _Mapping]]] = ...) -> None: ...

class FailedOutcome(_message.Message):
    __slots__ = ("index", "error")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    index: int
    error: _status_pb2.Status
    def __init__(self, index: _Optional[int] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class GetExperimentResultsRequest(_message.Message):
    __slots__ = ("name", "with_history")
    NAME_FIELD_NUMBER: _ClassVar[int]
    WITH_HISTORY_FIELD_NUMBER: _ClassVar[int]
    name: str
    with_history: bool
    def __init__(self, name: _Optional[str] = ..., with_history: bool = ...) -> None: ...

class GetExperimentResultsResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _results_pb2.ExperimentResults
    def __init__(self, results: _Optional[_Union[_results_pb2.ExperimentResults, _Mapping]] = ...) -> None: ...

class WatchExperimentResultsRequest(_message.Message):
    __slots__ = ("name", "min_interval")
    NAME_FIELD_NUMBER: _ClassVar[int]
    MIN_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    name: str
    min_interval: _duration_pb2.Duration
    def __init__(self, name: _Optional[str] = ..., min_interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class WatchExperimentResultsResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _results_pb2.ExperimentResults
    def __init__(self, results: _Optional[_Union[_results_pb2.ExperimentResults, _Mapping]] = ...) -> None: ...

class EstimateSampleSizeRequest(_message.Message):
    __slots__ = ("planned", "experiment", "min_effect", "power", "alpha", "variants", "units_per_day")
    PLANNED_FIELD_NUMBER: _ClassVar[int]
    EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    MIN_EFFECT_FIELD_NUMBER: _ClassVar[int]
    POWER_FIELD_NUMBER: _ClassVar[int]
    ALPHA_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    UNITS_PER_DAY_FIELD_NUMBER: _ClassVar[int]
    planned: PlannedMetric
    experiment: str
    min_effect: float
    power: float
    alpha: float
    variants: int
    units_per_day: float
    def __init__(self, planned: _Optional[_Union[PlannedMetric, _Mapping]] = ..., experiment: _Optional[str] = ..., min_effect: _Optional[float] = ..., power: _Optional[float] = ..., alpha: _Optional[float] = ..., variants: _Optional[int] = ..., units_per_day: _Optional[float] = ...) -> None: ...

class PlannedMetric(_message.Message):
    __slots__ = ("kind", "baseline", "deviation")
    KIND_FIELD_NUMBER: _ClassVar[int]
    BASELINE_FIELD_NUMBER: _ClassVar[int]
    DEVIATION_FIELD_NUMBER: _ClassVar[int]
    kind: _metric_pb2.MetricKind
    baseline: float
    deviation: float
    def __init__(self, kind: _Optional[_Union[_metric_pb2.MetricKind, str]] = ..., baseline: _Optional[float] = ..., deviation: _Optional[float] = ...) -> None: ...

class EstimateSampleSizeResponse(_message.Message):
    __slots__ = ("fixed_horizon_units", "sequential_units", "median_units", "units_so_far", "duration", "remaining_duration", "baseline", "deviation")
    FIXED_HORIZON_UNITS_FIELD_NUMBER: _ClassVar[int]
    SEQUENTIAL_UNITS_FIELD_NUMBER: _ClassVar[int]
    MEDIAN_UNITS_FIELD_NUMBER: _ClassVar[int]
    UNITS_SO_FAR_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    REMAINING_DURATION_FIELD_NUMBER: _ClassVar[int]
    BASELINE_FIELD_NUMBER: _ClassVar[int]
    DEVIATION_FIELD_NUMBER: _ClassVar[int]
    fixed_horizon_units: int
    sequential_units: int
    median_units: int
    units_so_far: int
    duration: _duration_pb2.Duration
    remaining_duration: _duration_pb2.Duration
    baseline: float
    deviation: float
    def __init__(self, fixed_horizon_units: _Optional[int] = ..., sequential_units: _Optional[int] = ..., median_units: _Optional[int] = ..., units_so_far: _Optional[int] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., remaining_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., baseline: _Optional[float] = ..., deviation: _Optional[float] = ...) -> None: ...
