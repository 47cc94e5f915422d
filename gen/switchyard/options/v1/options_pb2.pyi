import datetime

from google.protobuf import descriptor_pb2 as _descriptor_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CacheScope(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CACHE_SCOPE_UNSPECIFIED: _ClassVar[CacheScope]
    CACHE_SCOPE_TENANT: _ClassVar[CacheScope]
    CACHE_SCOPE_CALLER: _ClassVar[CacheScope]

class Urgency(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    URGENCY_UNSPECIFIED: _ClassVar[Urgency]
    URGENCY_BATCH: _ClassVar[Urgency]
    URGENCY_INTERACTIVE: _ClassVar[Urgency]
    URGENCY_CRITICAL: _ClassVar[Urgency]
CACHE_SCOPE_UNSPECIFIED: CacheScope
CACHE_SCOPE_TENANT: CacheScope
CACHE_SCOPE_CALLER: CacheScope
URGENCY_UNSPECIFIED: Urgency
URGENCY_BATCH: Urgency
URGENCY_INTERACTIVE: Urgency
URGENCY_CRITICAL: Urgency
POLICY_FIELD_NUMBER: _ClassVar[int]
policy: _descriptor.FieldDescriptor

class MethodPolicy(_message.Message):
    __slots__ = ("permission", "cost_units", "cache", "idempotent", "default_deadline", "max_deadline", "urgency", "max_request_bytes")
    PERMISSION_FIELD_NUMBER: _ClassVar[int]
    COST_UNITS_FIELD_NUMBER: _ClassVar[int]
    CACHE_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENT_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_DEADLINE_FIELD_NUMBER: _ClassVar[int]
    MAX_DEADLINE_FIELD_NUMBER: _ClassVar[int]
    URGENCY_FIELD_NUMBER: _ClassVar[int]
    MAX_REQUEST_BYTES_FIELD_NUMBER: _ClassVar[int]
    permission: str
    cost_units: int
    cache: CachePolicy
    idempotent: bool
    default_deadline: _duration_pb2.Duration
    max_deadline: _duration_pb2.Duration
    urgency: Urgency
    max_request_bytes: int
    def __init__(self, permission: _Optional[str] = ..., cost_units: _Optional[int] = ..., cache: _Optional[_Union[CachePolicy, _Mapping]] = ..., idempotent: bool = ..., default_deadline: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., max_deadline: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., urgency: _Optional[_Union[Urgency, str]] = ..., max_request_bytes: _Optional[int] = ...) -> None: ...

class CachePolicy(_message.Message):
    __slots__ = ("ttl", "scope")
    TTL_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    ttl: _duration_pb2.Duration
    scope: CacheScope
    def __init__(self, ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., scope: _Optional[_Union[CacheScope, str]] = ...) -> None: ...
