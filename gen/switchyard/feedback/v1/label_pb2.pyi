import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from switchyard.triage.v1 import result_pb2 as _result_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class LabelSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LABEL_SOURCE_UNSPECIFIED: _ClassVar[LabelSource]
    LABEL_SOURCE_CORRECTION: _ClassVar[LabelSource]
    LABEL_SOURCE_CONFIRMATION: _ClassVar[LabelSource]
    LABEL_SOURCE_IMPORT: _ClassVar[LabelSource]

class ExportFormat(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXPORT_FORMAT_UNSPECIFIED: _ClassVar[ExportFormat]
    EXPORT_FORMAT_JSONL: _ClassVar[ExportFormat]
    EXPORT_FORMAT_CSV: _ClassVar[ExportFormat]
    EXPORT_FORMAT_OPENAI_CHAT: _ClassVar[ExportFormat]
LABEL_SOURCE_UNSPECIFIED: LabelSource
LABEL_SOURCE_CORRECTION: LabelSource
LABEL_SOURCE_CONFIRMATION: LabelSource
LABEL_SOURCE_IMPORT: LabelSource
EXPORT_FORMAT_UNSPECIFIED: ExportFormat
EXPORT_FORMAT_JSONL: ExportFormat
EXPORT_FORMAT_CSV: ExportFormat
EXPORT_FORMAT_OPENAI_CHAT: ExportFormat

class Label(_message.Message):
    __slots__ = ("subject", "body", "category", "priority", "sentiment", "requires_human_escalation", "resolution_time", "time")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    SENTIMENT_FIELD_NUMBER: _ClassVar[int]
    REQUIRES_HUMAN_ESCALATION_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_TIME_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    subject: str
    body: str
    category: str
    priority: _result_pb2.Priority
    sentiment: _result_pb2.Sentiment
    requires_human_escalation: bool
    resolution_time: _duration_pb2.Duration
    time: _timestamp_pb2.Timestamp
    def __init__(self, subject: _Optional[str] = ..., body: _Optional[str] = ..., category: _Optional[str] = ..., priority: _Optional[_Union[_result_pb2.Priority, str]] = ..., sentiment: _Optional[_Union[_result_pb2.Sentiment, str]] = ..., requires_human_escalation: bool = ..., resolution_time: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class LabelError(_message.Message):
    __slots__ = ("index", "field", "description")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    index: int
    field: str
    description: str
    def __init__(self, index: _Optional[int] = ..., field: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...
