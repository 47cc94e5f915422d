import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EscalationPolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ESCALATION_POLICY_UNSPECIFIED: _ClassVar[EscalationPolicy]
    ESCALATION_POLICY_BY_RULES: _ClassVar[EscalationPolicy]
    ESCALATION_POLICY_ALWAYS: _ClassVar[EscalationPolicy]
ESCALATION_POLICY_UNSPECIFIED: EscalationPolicy
ESCALATION_POLICY_BY_RULES: EscalationPolicy
ESCALATION_POLICY_ALWAYS: EscalationPolicy

class Taxonomy(_message.Message):
    __slots__ = ("etag", "revision", "update_time", "categories")
    ETAG_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    etag: str
    revision: int
    update_time: _timestamp_pb2.Timestamp
    categories: _containers.RepeatedCompositeFieldContainer[Category]
    def __init__(self, etag: _Optional[str] = ..., revision: _Optional[int] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., categories: _Optional[_Iterable[_Union[Category, _Mapping]]] = ...) -> None: ...

class Category(_message.Message):
    __slots__ = ("name", "title", "description", "examples", "escalation_policy", "estimated_resolution", "reply_text")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    EXAMPLES_FIELD_NUMBER: _ClassVar[int]
    ESCALATION_POLICY_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    REPLY_TEXT_FIELD_NUMBER: _ClassVar[int]
    name: str
    title: str
    description: str
    examples: _containers.RepeatedScalarFieldContainer[str]
    escalation_policy: EscalationPolicy
    estimated_resolution: _duration_pb2.Duration
    reply_text: str
    def __init__(self, name: _Optional[str] = ..., title: _Optional[str] = ..., description: _Optional[str] = ..., examples: _Optional[_Iterable[str]] = ..., escalation_policy: _Optional[_Union[EscalationPolicy, str]] = ..., estimated_resolution: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., reply_text: _Optional[str] = ...) -> None: ...
