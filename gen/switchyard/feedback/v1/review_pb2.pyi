import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from switchyard.triage.v1 import run_pb2 as _run_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReviewReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REVIEW_REASON_UNSPECIFIED: _ClassVar[ReviewReason]
    REVIEW_REASON_UNCERTAIN: _ClassVar[ReviewReason]
    REVIEW_REASON_NEW_CLUSTER: _ClassVar[ReviewReason]
    REVIEW_REASON_AUDIT: _ClassVar[ReviewReason]
    REVIEW_REASON_DISAGREEMENT: _ClassVar[ReviewReason]
REVIEW_REASON_UNSPECIFIED: ReviewReason
REVIEW_REASON_UNCERTAIN: ReviewReason
REVIEW_REASON_NEW_CLUSTER: ReviewReason
REVIEW_REASON_AUDIT: ReviewReason
REVIEW_REASON_DISAGREEMENT: ReviewReason

class ReviewItem(_message.Message):
    __slots__ = ("run", "reasons", "value", "similar_waiting", "reviewer", "lease_expire_time")
    RUN_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    SIMILAR_WAITING_FIELD_NUMBER: _ClassVar[int]
    REVIEWER_FIELD_NUMBER: _ClassVar[int]
    LEASE_EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    run: _run_pb2.TriageRun
    reasons: _containers.RepeatedScalarFieldContainer[ReviewReason]
    value: float
    similar_waiting: int
    reviewer: str
    lease_expire_time: _timestamp_pb2.Timestamp
    def __init__(self, run: _Optional[_Union[_run_pb2.TriageRun, _Mapping]] = ..., reasons: _Optional[_Iterable[_Union[ReviewReason, str]]] = ..., value: _Optional[float] = ..., similar_waiting: _Optional[int] = ..., reviewer: _Optional[str] = ..., lease_expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
