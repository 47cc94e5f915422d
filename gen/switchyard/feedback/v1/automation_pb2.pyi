import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from switchyard.feedback.v1 import feedback_pb2 as _feedback_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ErrorBudget(_message.Message):
    __slots__ = ("field", "terms", "etag", "update_time", "gates")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    GATES_FIELD_NUMBER: _ClassVar[int]
    field: _feedback_pb2.BudgetField
    terms: BudgetTerms
    etag: str
    update_time: _timestamp_pb2.Timestamp
    gates: _containers.RepeatedCompositeFieldContainer[Gate]
    def __init__(self, field: _Optional[_Union[_feedback_pb2.BudgetField, str]] = ..., terms: _Optional[_Union[BudgetTerms, _Mapping]] = ..., etag: _Optional[str] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., gates: _Optional[_Iterable[_Union[Gate, _Mapping]]] = ...) -> None: ...

class BudgetTerms(_message.Message):
    __slots__ = ("max_error", "confidence", "audit_share")
    MAX_ERROR_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    AUDIT_SHARE_FIELD_NUMBER: _ClassVar[int]
    max_error: float
    confidence: float
    audit_share: float
    def __init__(self, max_error: _Optional[float] = ..., confidence: _Optional[float] = ..., audit_share: _Optional[float] = ...) -> None: ...

class Gate(_message.Message):
    __slots__ = ("answerer", "threshold", "reason", "error_bound", "judged", "audited", "wrong", "automated", "answers", "drift", "start_time", "curve", "history", "reviewed")
    ANSWERER_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ERROR_BOUND_FIELD_NUMBER: _ClassVar[int]
    JUDGED_FIELD_NUMBER: _ClassVar[int]
    AUDITED_FIELD_NUMBER: _ClassVar[int]
    WRONG_FIELD_NUMBER: _ClassVar[int]
    AUTOMATED_FIELD_NUMBER: _ClassVar[int]
    ANSWERS_FIELD_NUMBER: _ClassVar[int]
    DRIFT_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    CURVE_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FIELD_NUMBER: _ClassVar[int]
    REVIEWED_FIELD_NUMBER: _ClassVar[int]
    answerer: str
    threshold: float
    reason: str
    error_bound: float
    judged: int
    audited: int
    wrong: int
    automated: int
    answers: int
    drift: float
    start_time: _timestamp_pb2.Timestamp
    curve: _containers.RepeatedCompositeFieldContainer[RiskCoverage]
    history: _containers.RepeatedCompositeFieldContainer[GateMoment]
    reviewed: int
    def __init__(self, answerer: _Optional[str] = ..., threshold: _Optional[float] = ..., reason: _Optional[str] = ..., error_bound: _Optional[float] = ..., judged: _Optional[int] = ..., audited: _Optional[int] = ..., wrong: _Optional[int] = ..., automated: _Optional[int] = ..., answers: _Optional[int] = ..., drift: _Optional[float] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., curve: _Optional[_Iterable[_Union[RiskCoverage, _Mapping]]] = ..., history: _Optional[_Iterable[_Union[GateMoment, _Mapping]]] = ..., reviewed: _Optional[int] = ...) -> None: ...

class RiskCoverage(_message.Message):
    __slots__ = ("max_error", "threshold", "automated_share")
    MAX_ERROR_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    AUTOMATED_SHARE_FIELD_NUMBER: _ClassVar[int]
    max_error: float
    threshold: float
    automated_share: float
    def __init__(self, max_error: _Optional[float] = ..., threshold: _Optional[float] = ..., automated_share: _Optional[float] = ...) -> None: ...

class GateMoment(_message.Message):
    __slots__ = ("time", "threshold", "error_bound", "judged", "cause")
    TIME_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    ERROR_BOUND_FIELD_NUMBER: _ClassVar[int]
    JUDGED_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    time: _timestamp_pb2.Timestamp
    threshold: float
    error_bound: float
    judged: int
    cause: str
    def __init__(self, time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., threshold: _Optional[float] = ..., error_bound: _Optional[float] = ..., judged: _Optional[int] = ..., cause: _Optional[str] = ...) -> None: ...

class FeedbackSettings(_message.Message):
    __slots__ = ("etag", "train_after_labels", "train_every", "most_overturned", "roll_back", "update_time")
    ETAG_FIELD_NUMBER: _ClassVar[int]
    TRAIN_AFTER_LABELS_FIELD_NUMBER: _ClassVar[int]
    TRAIN_EVERY_FIELD_NUMBER: _ClassVar[int]
    MOST_OVERTURNED_FIELD_NUMBER: _ClassVar[int]
    ROLL_BACK_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    etag: str
    train_after_labels: int
    train_every: _duration_pb2.Duration
    most_overturned: float
    roll_back: bool
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, etag: _Optional[str] = ..., train_after_labels: _Optional[int] = ..., train_every: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., most_overturned: _Optional[float] = ..., roll_back: bool = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class OverturnAlarm(_message.Message):
    __slots__ = ("kind", "subject", "judged", "overturned", "evidence", "raise_time", "action")
    KIND_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    JUDGED_FIELD_NUMBER: _ClassVar[int]
    OVERTURNED_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    RAISE_TIME_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    kind: str
    subject: str
    judged: int
    overturned: int
    evidence: float
    raise_time: _timestamp_pb2.Timestamp
    action: str
    def __init__(self, kind: _Optional[str] = ..., subject: _Optional[str] = ..., judged: _Optional[int] = ..., overturned: _Optional[int] = ..., evidence: _Optional[float] = ..., raise_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., action: _Optional[str] = ...) -> None: ...
