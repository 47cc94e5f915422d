import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from switchyard.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CircuitBreakerState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CIRCUIT_BREAKER_STATE_UNSPECIFIED: _ClassVar[CircuitBreakerState]
    CIRCUIT_BREAKER_STATE_CLOSED: _ClassVar[CircuitBreakerState]
    CIRCUIT_BREAKER_STATE_OPEN: _ClassVar[CircuitBreakerState]
    CIRCUIT_BREAKER_STATE_HALF_OPEN: _ClassVar[CircuitBreakerState]

class CircuitBreakerMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CIRCUIT_BREAKER_MODE_UNSPECIFIED: _ClassVar[CircuitBreakerMode]
    CIRCUIT_BREAKER_MODE_AUTOMATIC: _ClassVar[CircuitBreakerMode]
    CIRCUIT_BREAKER_MODE_FORCED_OPEN: _ClassVar[CircuitBreakerMode]
    CIRCUIT_BREAKER_MODE_DISABLED: _ClassVar[CircuitBreakerMode]
    CIRCUIT_BREAKER_MODE_METRICS_ONLY: _ClassVar[CircuitBreakerMode]

class DeadLetterSeverity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEAD_LETTER_SEVERITY_UNSPECIFIED: _ClassVar[DeadLetterSeverity]
    DEAD_LETTER_SEVERITY_WARNING: _ClassVar[DeadLetterSeverity]
    DEAD_LETTER_SEVERITY_ERROR: _ClassVar[DeadLetterSeverity]
    DEAD_LETTER_SEVERITY_CRITICAL: _ClassVar[DeadLetterSeverity]

class DeadLetterState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEAD_LETTER_STATE_UNSPECIFIED: _ClassVar[DeadLetterState]
    DEAD_LETTER_STATE_WAITING: _ClassVar[DeadLetterState]
    DEAD_LETTER_STATE_REPLAYED: _ClassVar[DeadLetterState]
    DEAD_LETTER_STATE_PURGED: _ClassVar[DeadLetterState]
CIRCUIT_BREAKER_STATE_UNSPECIFIED: CircuitBreakerState
CIRCUIT_BREAKER_STATE_CLOSED: CircuitBreakerState
CIRCUIT_BREAKER_STATE_OPEN: CircuitBreakerState
CIRCUIT_BREAKER_STATE_HALF_OPEN: CircuitBreakerState
CIRCUIT_BREAKER_MODE_UNSPECIFIED: CircuitBreakerMode
CIRCUIT_BREAKER_MODE_AUTOMATIC: CircuitBreakerMode
CIRCUIT_BREAKER_MODE_FORCED_OPEN: CircuitBreakerMode
CIRCUIT_BREAKER_MODE_DISABLED: CircuitBreakerMode
CIRCUIT_BREAKER_MODE_METRICS_ONLY: CircuitBreakerMode
DEAD_LETTER_SEVERITY_UNSPECIFIED: DeadLetterSeverity
DEAD_LETTER_SEVERITY_WARNING: DeadLetterSeverity
DEAD_LETTER_SEVERITY_ERROR: DeadLetterSeverity
DEAD_LETTER_SEVERITY_CRITICAL: DeadLetterSeverity
DEAD_LETTER_STATE_UNSPECIFIED: DeadLetterState
DEAD_LETTER_STATE_WAITING: DeadLetterState
DEAD_LETTER_STATE_REPLAYED: DeadLetterState
DEAD_LETTER_STATE_PURGED: DeadLetterState

class CircuitBreakerSettings(_message.Message):
    __slots__ = ("consecutive_failures", "failure_rate", "slow_call_rate", "slow_call", "window_calls", "window", "minimum_calls", "open", "half_open_calls", "successes_to_close")
    CONSECUTIVE_FAILURES_FIELD_NUMBER: _ClassVar[int]
    FAILURE_RATE_FIELD_NUMBER: _ClassVar[int]
    SLOW_CALL_RATE_FIELD_NUMBER: _ClassVar[int]
    SLOW_CALL_FIELD_NUMBER: _ClassVar[int]
    WINDOW_CALLS_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_CALLS_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    HALF_OPEN_CALLS_FIELD_NUMBER: _ClassVar[int]
    SUCCESSES_TO_CLOSE_FIELD_NUMBER: _ClassVar[int]
    consecutive_failures: int
    failure_rate: float
    slow_call_rate: float
    slow_call: _duration_pb2.Duration
    window_calls: int
    window: _duration_pb2.Duration
    minimum_calls: int
    open: _duration_pb2.Duration
    half_open_calls: int
    successes_to_close: int
    def __init__(self, consecutive_failures: _Optional[int] = ..., failure_rate: _Optional[float] = ..., slow_call_rate: _Optional[float] = ..., slow_call: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., window_calls: _Optional[int] = ..., window: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., minimum_calls: _Optional[int] = ..., open: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., half_open_calls: _Optional[int] = ..., successes_to_close: _Optional[int] = ...) -> None: ...

class CircuitBreaker(_message.Message):
    __slots__ = ("breaker", "state", "mode", "settings", "calls", "failure_rate", "slow_call_rate", "refused", "change_time")
    BREAKER_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    FAILURE_RATE_FIELD_NUMBER: _ClassVar[int]
    SLOW_CALL_RATE_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    CHANGE_TIME_FIELD_NUMBER: _ClassVar[int]
    breaker: str
    state: CircuitBreakerState
    mode: CircuitBreakerMode
    settings: CircuitBreakerSettings
    calls: int
    failure_rate: float
    slow_call_rate: float
    refused: int
    change_time: _timestamp_pb2.Timestamp
    def __init__(self, breaker: _Optional[str] = ..., state: _Optional[_Union[CircuitBreakerState, str]] = ..., mode: _Optional[_Union[CircuitBreakerMode, str]] = ..., settings: _Optional[_Union[CircuitBreakerSettings, _Mapping]] = ..., calls: _Optional[int] = ..., failure_rate: _Optional[float] = ..., slow_call_rate: _Optional[float] = ..., refused: _Optional[int] = ..., change_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Performance(_message.Message):
    __slots__ = ("kind", "subject", "calls", "errors", "total", "minimum", "maximum", "p50", "p95", "p99")
    KIND_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_FIELD_NUMBER: _ClassVar[int]
    MAXIMUM_FIELD_NUMBER: _ClassVar[int]
    P50_FIELD_NUMBER: _ClassVar[int]
    P95_FIELD_NUMBER: _ClassVar[int]
    P99_FIELD_NUMBER: _ClassVar[int]
    kind: str
    subject: str
    calls: int
    errors: int
    total: _duration_pb2.Duration
    minimum: _duration_pb2.Duration
    maximum: _duration_pb2.Duration
    p50: _duration_pb2.Duration
    p95: _duration_pb2.Duration
    p99: _duration_pb2.Duration
    def __init__(self, kind: _Optional[str] = ..., subject: _Optional[str] = ..., calls: _Optional[int] = ..., errors: _Optional[int] = ..., total: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., minimum: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., maximum: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., p50: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., p95: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., p99: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class RecentError(_message.Message):
    __slots__ = ("time", "method", "code", "reason", "tenant", "call_id", "duration")
    TIME_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    time: _timestamp_pb2.Timestamp
    method: str
    code: str
    reason: str
    tenant: str
    call_id: str
    duration: _duration_pb2.Duration
    def __init__(self, time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., method: _Optional[str] = ..., code: _Optional[str] = ..., reason: _Optional[str] = ..., tenant: _Optional[str] = ..., call_id: _Optional[str] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Provider(_message.Message):
    __slots__ = ("provider", "model", "breaker", "state", "success_share", "p95", "input_micro_usd_per_million_tokens", "output_micro_usd_per_million_tokens", "drilled")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    BREAKER_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_SHARE_FIELD_NUMBER: _ClassVar[int]
    P95_FIELD_NUMBER: _ClassVar[int]
    INPUT_MICRO_USD_PER_MILLION_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_MICRO_USD_PER_MILLION_TOKENS_FIELD_NUMBER: _ClassVar[int]
    DRILLED_FIELD_NUMBER: _ClassVar[int]
    provider: str
    model: str
    breaker: str
    state: CircuitBreakerState
    success_share: float
    p95: _duration_pb2.Duration
    input_micro_usd_per_million_tokens: int
    output_micro_usd_per_million_tokens: int
    drilled: bool
    def __init__(self, provider: _Optional[str] = ..., model: _Optional[str] = ..., breaker: _Optional[str] = ..., state: _Optional[_Union[CircuitBreakerState, str]] = ..., success_share: _Optional[float] = ..., p95: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., input_micro_usd_per_million_tokens: _Optional[int] = ..., output_micro_usd_per_million_tokens: _Optional[int] = ..., drilled: bool = ...) -> None: ...

class FailedAttempt(_message.Message):
    __slots__ = ("provider", "model", "reason", "http_status", "duration")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    HTTP_STATUS_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    provider: str
    model: str
    reason: str
    http_status: int
    duration: _duration_pb2.Duration
    def __init__(self, provider: _Optional[str] = ..., model: _Optional[str] = ..., reason: _Optional[str] = ..., http_status: _Optional[int] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class DeadLetter(_message.Message):
    __slots__ = ("name", "create_time", "function", "severity", "reason", "attempts", "request", "state", "replay_run")
    NAME_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    FUNCTION_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REPLAY_RUN_FIELD_NUMBER: _ClassVar[int]
    name: str
    create_time: _timestamp_pb2.Timestamp
    function: str
    severity: DeadLetterSeverity
    reason: str
    attempts: _containers.RepeatedCompositeFieldContainer[FailedAttempt]
    request: str
    state: DeadLetterState
    replay_run: str
    def __init__(self, name: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., function: _Optional[str] = ..., severity: _Optional[_Union[DeadLetterSeverity, str]] = ..., reason: _Optional[str] = ..., attempts: _Optional[_Iterable[_Union[FailedAttempt, _Mapping]]] = ..., request: _Optional[str] = ..., state: _Optional[_Union[DeadLetterState, str]] = ..., replay_run: _Optional[str] = ...) -> None: ...

class DeadLetterFilter(_message.Message):
    __slots__ = ("names", "function", "severity", "state", "start_time", "end_time")
    NAMES_FIELD_NUMBER: _ClassVar[int]
    FUNCTION_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    names: _containers.RepeatedScalarFieldContainer[str]
    function: str
    severity: DeadLetterSeverity
    state: DeadLetterState
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, names: _Optional[_Iterable[str]] = ..., function: _Optional[str] = ..., severity: _Optional[_Union[DeadLetterSeverity, str]] = ..., state: _Optional[_Union[DeadLetterState, str]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListCircuitBreakersRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListCircuitBreakersResponse(_message.Message):
    __slots__ = ("circuit_breakers",)
    CIRCUIT_BREAKERS_FIELD_NUMBER: _ClassVar[int]
    circuit_breakers: _containers.RepeatedCompositeFieldContainer[CircuitBreaker]
    def __init__(self, circuit_breakers: _Optional[_Iterable[_Union[CircuitBreaker, _Mapping]]] = ...) -> None: ...

class ResetCircuitBreakerRequest(_message.Message):
    __slots__ = ("breaker",)
    BREAKER_FIELD_NUMBER: _ClassVar[int]
    breaker: str
    def __init__(self, breaker: _Optional[str] = ...) -> None: ...

class ResetCircuitBreakerResponse(_message.Message):
    __slots__ = ("circuit_breaker",)
    CIRCUIT_BREAKER_FIELD_NUMBER: _ClassVar[int]
    circuit_breaker: CircuitBreaker
    def __init__(self, circuit_breaker: _Optional[_Union[CircuitBreaker, _Mapping]] = ...) -> None: ...

class UpdateCircuitBreakerRequest(_message.Message):
    __slots__ = ("breaker", "settings")
    BREAKER_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    breaker: str
    settings: CircuitBreakerSettings
    def __init__(self, breaker: _Optional[str] = ..., settings: _Optional[_Union[CircuitBreakerSettings, _Mapping]] = ...) -> None: ...

class UpdateCircuitBreakerResponse(_message.Message):
    __slots__ = ("circuit_breaker",)
    CIRCUIT_BREAKER_FIELD_NUMBER: _ClassVar[int]
    circuit_breaker: CircuitBreaker
    def __init__(self, circuit_breaker: _Optional[_Union[CircuitBreaker, _Mapping]] = ...) -> None: ...

class SetCircuitBreakerModeRequest(_message.Message):
    __slots__ = ("breaker", "mode")
    BREAKER_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    breaker: str
    mode: CircuitBreakerMode
    def __init__(self, breaker: _Optional[str] = ..., mode: _Optional[_Union[CircuitBreakerMode, str]] = ...) -> None: ...

class SetCircuitBreakerModeResponse(_message.Message):
    __slots__ = ("circuit_breaker",)
    CIRCUIT_BREAKER_FIELD_NUMBER: _ClassVar[int]
    circuit_breaker: CircuitBreaker
    def __init__(self, circuit_breaker: _Optional[_Union[CircuitBreaker, _Mapping]] = ...) -> None: ...

class GetPerformanceRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetPerformanceResponse(_message.Message):
    __slots__ = ("performance", "recent_errors", "measuring")
    PERFORMANCE_FIELD_NUMBER: _ClassVar[int]
    RECENT_ERRORS_FIELD_NUMBER: _ClassVar[int]
    MEASURING_FIELD_NUMBER: _ClassVar[int]
    performance: _containers.RepeatedCompositeFieldContainer[Performance]
    recent_errors: _containers.RepeatedCompositeFieldContainer[RecentError]
    measuring: bool
    def __init__(self, performance: _Optional[_Iterable[_Union[Performance, _Mapping]]] = ..., recent_errors: _Optional[_Iterable[_Union[RecentError, _Mapping]]] = ..., measuring: bool = ...) -> None: ...

class ListProvidersRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListProvidersResponse(_message.Message):
    __slots__ = ("providers",)
    PROVIDERS_FIELD_NUMBER: _ClassVar[int]
    providers: _containers.RepeatedCompositeFieldContainer[Provider]
    def __init__(self, providers: _Optional[_Iterable[_Union[Provider, _Mapping]]] = ...) -> None: ...

class SetProviderDrillRequest(_message.Message):
    __slots__ = ("provider", "drilled")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    DRILLED_FIELD_NUMBER: _ClassVar[int]
    provider: str
    drilled: bool
    def __init__(self, provider: _Optional[str] = ..., drilled: bool = ...) -> None: ...

class SetProviderDrillResponse(_message.Message):
    __slots__ = ("provider",)
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    provider: Provider
    def __init__(self, provider: _Optional[_Union[Provider, _Mapping]] = ...) -> None: ...

class ListDeadLettersRequest(_message.Message):
    __slots__ = ("tenant", "filter", "page_size", "page_token")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    filter: DeadLetterFilter
    page_size: int
    page_token: str
    def __init__(self, tenant: _Optional[str] = ..., filter: _Optional[_Union[DeadLetterFilter, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListDeadLettersResponse(_message.Message):
    __slots__ = ("dead_letters", "next_page_token")
    DEAD_LETTERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    dead_letters: _containers.RepeatedCompositeFieldContainer[DeadLetter]
    next_page_token: str
    def __init__(self, dead_letters: _Optional[_Iterable[_Union[DeadLetter, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetDeadLetterStatsRequest(_message.Message):
    __slots__ = ("tenant", "filter")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    filter: DeadLetterFilter
    def __init__(self, tenant: _Optional[str] = ..., filter: _Optional[_Union[DeadLetterFilter, _Mapping]] = ...) -> None: ...

class GetDeadLetterStatsResponse(_message.Message):
    __slots__ = ("total", "by_function", "by_severity")
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    BY_FUNCTION_FIELD_NUMBER: _ClassVar[int]
    BY_SEVERITY_FIELD_NUMBER: _ClassVar[int]
    total: int
    by_function: _containers.RepeatedCompositeFieldContainer[FunctionCount]
    by_severity: _containers.RepeatedCompositeFieldContainer[SeverityCount]
    def __init__(self, total: _Optional[int] = ..., by_function: _Optional[_Iterable[_Union[FunctionCount, _Mapping]]] = ..., by_severity: _Optional[_Iterable[_Union[SeverityCount, _Mapping]]] = ...) -> None: ...

class FunctionCount(_message.Message):
    __slots__ = ("function", "letters")
    FUNCTION_FIELD_NUMBER: _ClassVar[int]
    LETTERS_FIELD_NUMBER: _ClassVar[int]
    function: str
    letters: int
    def __init__(self, function: _Optional[str] = ..., letters: _Optional[int] = ...) -> None: ...

class SeverityCount(_message.Message):
    __slots__ = ("severity", "letters")
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    LETTERS_FIELD_NUMBER: _ClassVar[int]
    severity: DeadLetterSeverity
    letters: int
    def __init__(self, severity: _Optional[_Union[DeadLetterSeverity, str]] = ..., letters: _Optional[int] = ...) -> None: ...

class ReplayDeadLettersRequest(_message.Message):
    __slots__ = ("tenant", "filter", "most")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    MOST_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    filter: DeadLetterFilter
    most: int
    def __init__(self, tenant: _Optional[str] = ..., filter: _Optional[_Union[DeadLetterFilter, _Mapping]] = ..., most: _Optional[int] = ...) -> None: ...

class ReplayDeadLettersResponse(_message.Message):
    __slots__ = ("name", "run", "failure")
    NAME_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    name: str
    run: str
    failure: str
    def __init__(self, name: _Optional[str] = ..., run: _Optional[str] = ..., failure: _Optional[str] = ...) -> None: ...

class PurgeDeadLettersRequest(_message.Message):
    __slots__ = ("tenant", "filter")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    filter: DeadLetterFilter
    def __init__(self, tenant: _Optional[str] = ..., filter: _Optional[_Union[DeadLetterFilter, _Mapping]] = ...) -> None: ...

class PurgeDeadLettersResponse(_message.Message):
    __slots__ = ("purged",)
    PURGED_FIELD_NUMBER: _ClassVar[int]
    purged: int
    def __init__(self, purged: _Optional[int] = ...) -> None: ...
