import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from switchyard.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CacheFigures(_message.Message):
    __slots__ = ("method", "hits", "misses", "stale_hits", "coalesced", "hit_rate")
    METHOD_FIELD_NUMBER: _ClassVar[int]
    HITS_FIELD_NUMBER: _ClassVar[int]
    MISSES_FIELD_NUMBER: _ClassVar[int]
    STALE_HITS_FIELD_NUMBER: _ClassVar[int]
    COALESCED_FIELD_NUMBER: _ClassVar[int]
    HIT_RATE_FIELD_NUMBER: _ClassVar[int]
    method: str
    hits: int
    misses: int
    stale_hits: int
    coalesced: int
    hit_rate: float
    def __init__(self, method: _Optional[str] = ..., hits: _Optional[int] = ..., misses: _Optional[int] = ..., stale_hits: _Optional[int] = ..., coalesced: _Optional[int] = ..., hit_rate: _Optional[float] = ...) -> None: ...

class CacheConfig(_message.Message):
    __slots__ = ("method", "enabled", "ttl", "stale_ttl")
    METHOD_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    TTL_FIELD_NUMBER: _ClassVar[int]
    STALE_TTL_FIELD_NUMBER: _ClassVar[int]
    method: str
    enabled: bool
    ttl: _duration_pb2.Duration
    stale_ttl: _duration_pb2.Duration
    def __init__(self, method: _Optional[str] = ..., enabled: bool = ..., ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., stale_ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class CachePart(_message.Message):
    __slots__ = ("part", "healthy", "latency", "problem")
    PART_FIELD_NUMBER: _ClassVar[int]
    HEALTHY_FIELD_NUMBER: _ClassVar[int]
    LATENCY_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    part: str
    healthy: bool
    latency: _duration_pb2.Duration
    problem: str
    def __init__(self, part: _Optional[str] = ..., healthy: bool = ..., latency: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., problem: _Optional[str] = ...) -> None: ...

class GetCacheStatsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetCacheStatsResponse(_message.Message):
    __slots__ = ("total", "methods", "configs", "entries", "bytes", "processes", "shared")
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    METHODS_FIELD_NUMBER: _ClassVar[int]
    CONFIGS_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    PROCESSES_FIELD_NUMBER: _ClassVar[int]
    SHARED_FIELD_NUMBER: _ClassVar[int]
    total: CacheFigures
    methods: _containers.RepeatedCompositeFieldContainer[CacheFigures]
    configs: _containers.RepeatedCompositeFieldContainer[CacheConfig]
    entries: int
    bytes: int
    processes: int
    shared: bool
    def __init__(self, total: _Optional[_Union[CacheFigures, _Mapping]] = ..., methods: _Optional[_Iterable[_Union[CacheFigures, _Mapping]]] = ..., configs: _Optional[_Iterable[_Union[CacheConfig, _Mapping]]] = ..., entries: _Optional[int] = ..., bytes: _Optional[int] = ..., processes: _Optional[int] = ..., shared: bool = ...) -> None: ...

class ClearCacheRequest(_message.Message):
    __slots__ = ("method", "tenant")
    METHOD_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    method: str
    tenant: str
    def __init__(self, method: _Optional[str] = ..., tenant: _Optional[str] = ...) -> None: ...

class ClearCacheResponse(_message.Message):
    __slots__ = ("dropped",)
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    dropped: int
    def __init__(self, dropped: _Optional[int] = ...) -> None: ...

class UpdateCacheConfigRequest(_message.Message):
    __slots__ = ("config",)
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    config: CacheConfig
    def __init__(self, config: _Optional[_Union[CacheConfig, _Mapping]] = ...) -> None: ...

class UpdateCacheConfigResponse(_message.Message):
    __slots__ = ("config",)
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    config: CacheConfig
    def __init__(self, config: _Optional[_Union[CacheConfig, _Mapping]] = ...) -> None: ...

class SemanticCacheSettings(_message.Message):
    __slots__ = ("enabled", "error_budget", "audit_rate", "fixed_similarity")
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    ERROR_BUDGET_FIELD_NUMBER: _ClassVar[int]
    AUDIT_RATE_FIELD_NUMBER: _ClassVar[int]
    FIXED_SIMILARITY_FIELD_NUMBER: _ClassVar[int]
    enabled: bool
    error_budget: float
    audit_rate: float
    fixed_similarity: float
    def __init__(self, enabled: bool = ..., error_budget: _Optional[float] = ..., audit_rate: _Optional[float] = ..., fixed_similarity: _Optional[float] = ...) -> None: ...

class SemanticCacheGate(_message.Message):
    __slots__ = ("prompt_version", "engine", "open", "threshold", "error_bound", "guaranteed", "observed", "wrong")
    PROMPT_VERSION_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    ERROR_BOUND_FIELD_NUMBER: _ClassVar[int]
    GUARANTEED_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_FIELD_NUMBER: _ClassVar[int]
    WRONG_FIELD_NUMBER: _ClassVar[int]
    prompt_version: str
    engine: str
    open: bool
    threshold: float
    error_bound: float
    guaranteed: bool
    observed: int
    wrong: int
    def __init__(self, prompt_version: _Optional[str] = ..., engine: _Optional[str] = ..., open: bool = ..., threshold: _Optional[float] = ..., error_bound: _Optional[float] = ..., guaranteed: bool = ..., observed: _Optional[int] = ..., wrong: _Optional[int] = ...) -> None: ...

class TestCacheRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class TestCacheResponse(_message.Message):
    __slots__ = ("parts",)
    PARTS_FIELD_NUMBER: _ClassVar[int]
    parts: _containers.RepeatedCompositeFieldContainer[CachePart]
    def __init__(self, parts: _Optional[_Iterable[_Union[CachePart, _Mapping]]] = ...) -> None: ...

class GetSemanticCacheRequest(_message.Message):
    __slots__ = ("tenant",)
    TENANT_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    def __init__(self, tenant: _Optional[str] = ...) -> None: ...

class GetSemanticCacheResponse(_message.Message):
    __slots__ = ("available", "settings", "gates", "entries")
    AVAILABLE_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    GATES_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    available: bool
    settings: SemanticCacheSettings
    gates: _containers.RepeatedCompositeFieldContainer[SemanticCacheGate]
    entries: int
    def __init__(self, available: bool = ..., settings: _Optional[_Union[SemanticCacheSettings, _Mapping]] = ..., gates: _Optional[_Iterable[_Union[SemanticCacheGate, _Mapping]]] = ..., entries: _Optional[int] = ...) -> None: ...

class UpdateSemanticCacheRequest(_message.Message):
    __slots__ = ("settings",)
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    settings: SemanticCacheSettings
    def __init__(self, settings: _Optional[_Union[SemanticCacheSettings, _Mapping]] = ...) -> None: ...

class UpdateSemanticCacheResponse(_message.Message):
    __slots__ = ("settings",)
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    settings: SemanticCacheSettings
    def __init__(self, settings: _Optional[_Union[SemanticCacheSettings, _Mapping]] = ...) -> None: ...
