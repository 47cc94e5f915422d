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

class Limits(_message.Message):
    __slots__ = ("per_second", "per_minute", "per_hour", "per_day")
    PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    PER_MINUTE_FIELD_NUMBER: _ClassVar[int]
    PER_HOUR_FIELD_NUMBER: _ClassVar[int]
    PER_DAY_FIELD_NUMBER: _ClassVar[int]
    per_second: int
    per_minute: int
    per_hour: int
    per_day: int
    def __init__(self, per_second: _Optional[int] = ..., per_minute: _Optional[int] = ..., per_hour: _Optional[int] = ..., per_day: _Optional[int] = ...) -> None: ...

class Tier(_message.Message):
    __slots__ = ("tier", "limits")
    TIER_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    tier: str
    limits: Limits
    def __init__(self, tier: _Optional[str] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ...) -> None: ...

class WindowStatus(_message.Message):
    __slots__ = ("window", "limit", "remaining", "reset", "method")
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    REMAINING_FIELD_NUMBER: _ClassVar[int]
    RESET_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    window: _duration_pb2.Duration
    limit: int
    remaining: int
    reset: _duration_pb2.Duration
    method: str
    def __init__(self, window: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., limit: _Optional[int] = ..., remaining: _Optional[int] = ..., reset: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., method: _Optional[str] = ...) -> None: ...

class CustomLimit(_message.Message):
    __slots__ = ("caller", "method", "limits")
    CALLER_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    caller: str
    method: str
    limits: Limits
    def __init__(self, caller: _Optional[str] = ..., method: _Optional[str] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ...) -> None: ...

class CallerUsage(_message.Message):
    __slots__ = ("caller", "admitted_units", "refused_units")
    CALLER_FIELD_NUMBER: _ClassVar[int]
    ADMITTED_UNITS_FIELD_NUMBER: _ClassVar[int]
    REFUSED_UNITS_FIELD_NUMBER: _ClassVar[int]
    caller: str
    admitted_units: int
    refused_units: int
    def __init__(self, caller: _Optional[str] = ..., admitted_units: _Optional[int] = ..., refused_units: _Optional[int] = ...) -> None: ...

class ListTiersRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListTiersResponse(_message.Message):
    __slots__ = ("tiers",)
    TIERS_FIELD_NUMBER: _ClassVar[int]
    tiers: _containers.RepeatedCompositeFieldContainer[Tier]
    def __init__(self, tiers: _Optional[_Iterable[_Union[Tier, _Mapping]]] = ...) -> None: ...

class SetTierRequest(_message.Message):
    __slots__ = ("api_key", "tier")
    API_KEY_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    api_key: str
    tier: str
    def __init__(self, api_key: _Optional[str] = ..., tier: _Optional[str] = ...) -> None: ...

class SetTierResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SetCustomLimitRequest(_message.Message):
    __slots__ = ("caller", "method", "limits")
    CALLER_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    caller: str
    method: str
    limits: Limits
    def __init__(self, caller: _Optional[str] = ..., method: _Optional[str] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ...) -> None: ...

class SetCustomLimitResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListCustomLimitsRequest(_message.Message):
    __slots__ = ("tenant", "page_size", "page_token")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    page_size: int
    page_token: str
    def __init__(self, tenant: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListCustomLimitsResponse(_message.Message):
    __slots__ = ("custom_limits", "next_page_token")
    CUSTOM_LIMITS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    custom_limits: _containers.RepeatedCompositeFieldContainer[CustomLimit]
    next_page_token: str
    def __init__(self, custom_limits: _Optional[_Iterable[_Union[CustomLimit, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetStatusRequest(_message.Message):
    __slots__ = ("caller",)
    CALLER_FIELD_NUMBER: _ClassVar[int]
    caller: str
    def __init__(self, caller: _Optional[str] = ...) -> None: ...

class GetStatusResponse(_message.Message):
    __slots__ = ("caller", "tier", "windows", "shared", "shadow")
    CALLER_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    WINDOWS_FIELD_NUMBER: _ClassVar[int]
    SHARED_FIELD_NUMBER: _ClassVar[int]
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    caller: str
    tier: str
    windows: _containers.RepeatedCompositeFieldContainer[WindowStatus]
    shared: bool
    shadow: bool
    def __init__(self, caller: _Optional[str] = ..., tier: _Optional[str] = ..., windows: _Optional[_Iterable[_Union[WindowStatus, _Mapping]]] = ..., shared: bool = ..., shadow: bool = ...) -> None: ...

class GetUsageRequest(_message.Message):
    __slots__ = ("tenant",)
    TENANT_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    def __init__(self, tenant: _Optional[str] = ...) -> None: ...

class GetUsageResponse(_message.Message):
    __slots__ = ("callers",)
    CALLERS_FIELD_NUMBER: _ClassVar[int]
    callers: _containers.RepeatedCompositeFieldContainer[CallerUsage]
    def __init__(self, callers: _Optional[_Iterable[_Union[CallerUsage, _Mapping]]] = ...) -> None: ...

class ListTopCallersRequest(_message.Message):
    __slots__ = ("page_size",)
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    def __init__(self, page_size: _Optional[int] = ...) -> None: ...

class ListTopCallersResponse(_message.Message):
    __slots__ = ("callers",)
    CALLERS_FIELD_NUMBER: _ClassVar[int]
    callers: _containers.RepeatedCompositeFieldContainer[CallerUsage]
    def __init__(self, callers: _Optional[_Iterable[_Union[CallerUsage, _Mapping]]] = ...) -> None: ...

class ResetLimitsRequest(_message.Message):
    __slots__ = ("caller",)
    CALLER_FIELD_NUMBER: _ClassVar[int]
    caller: str
    def __init__(self, caller: _Optional[str] = ...) -> None: ...

class ResetLimitsResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
