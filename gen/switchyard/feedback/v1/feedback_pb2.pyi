import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from switchyard.triage.v1 import result_pb2 as _result_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Acceptance(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ACCEPTANCE_UNSPECIFIED: _ClassVar[Acceptance]
    ACCEPTANCE_ACCEPTED: _ClassVar[Acceptance]
    ACCEPTANCE_REJECTED: _ClassVar[Acceptance]

class LabelChange(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LABEL_CHANGE_UNSPECIFIED: _ClassVar[LabelChange]
    LABEL_CHANGE_ADDED: _ClassVar[LabelChange]
    LABEL_CHANGE_REPLACED: _ClassVar[LabelChange]
    LABEL_CHANGE_UNCHANGED: _ClassVar[LabelChange]

class BudgetField(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BUDGET_FIELD_UNSPECIFIED: _ClassVar[BudgetField]
    BUDGET_FIELD_CATEGORY: _ClassVar[BudgetField]
    BUDGET_FIELD_PRIORITY: _ClassVar[BudgetField]
    BUDGET_FIELD_SENTIMENT: _ClassVar[BudgetField]
ACCEPTANCE_UNSPECIFIED: Acceptance
ACCEPTANCE_ACCEPTED: Acceptance
ACCEPTANCE_REJECTED: Acceptance
LABEL_CHANGE_UNSPECIFIED: LabelChange
LABEL_CHANGE_ADDED: LabelChange
LABEL_CHANGE_REPLACED: LabelChange
LABEL_CHANGE_UNCHANGED: LabelChange
BUDGET_FIELD_UNSPECIFIED: BudgetField
BUDGET_FIELD_CATEGORY: BudgetField
BUDGET_FIELD_PRIORITY: BudgetField
BUDGET_FIELD_SENTIMENT: BudgetField

class Feedback(_message.Message):
    __slots__ = ("name", "run", "reviewer", "rating", "correction", "acceptance", "comment", "articles", "resolution", "create_time", "replaces", "in_force", "submitter")
    NAME_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    REVIEWER_FIELD_NUMBER: _ClassVar[int]
    RATING_FIELD_NUMBER: _ClassVar[int]
    CORRECTION_FIELD_NUMBER: _ClassVar[int]
    ACCEPTANCE_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    ARTICLES_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    REPLACES_FIELD_NUMBER: _ClassVar[int]
    IN_FORCE_FIELD_NUMBER: _ClassVar[int]
    SUBMITTER_FIELD_NUMBER: _ClassVar[int]
    name: str
    run: str
    reviewer: str
    rating: int
    correction: Correction
    acceptance: Acceptance
    comment: str
    articles: _containers.RepeatedCompositeFieldContainer[ArticleVerdict]
    resolution: Resolution
    create_time: _timestamp_pb2.Timestamp
    replaces: str
    in_force: bool
    submitter: str
    def __init__(self, name: _Optional[str] = ..., run: _Optional[str] = ..., reviewer: _Optional[str] = ..., rating: _Optional[int] = ..., correction: _Optional[_Union[Correction, _Mapping]] = ..., acceptance: _Optional[_Union[Acceptance, str]] = ..., comment: _Optional[str] = ..., articles: _Optional[_Iterable[_Union[ArticleVerdict, _Mapping]]] = ..., resolution: _Optional[_Union[Resolution, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., replaces: _Optional[str] = ..., in_force: bool = ..., submitter: _Optional[str] = ...) -> None: ...

class Correction(_message.Message):
    __slots__ = ("category", "priority", "sentiment", "requires_human_escalation", "reply")
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    SENTIMENT_FIELD_NUMBER: _ClassVar[int]
    REQUIRES_HUMAN_ESCALATION_FIELD_NUMBER: _ClassVar[int]
    REPLY_FIELD_NUMBER: _ClassVar[int]
    category: str
    priority: _result_pb2.Priority
    sentiment: _result_pb2.Sentiment
    requires_human_escalation: bool
    reply: str
    def __init__(self, category: _Optional[str] = ..., priority: _Optional[_Union[_result_pb2.Priority, str]] = ..., sentiment: _Optional[_Union[_result_pb2.Sentiment, str]] = ..., requires_human_escalation: bool = ..., reply: _Optional[str] = ...) -> None: ...

class ArticleVerdict(_message.Message):
    __slots__ = ("article", "is_helpful")
    ARTICLE_FIELD_NUMBER: _ClassVar[int]
    IS_HELPFUL_FIELD_NUMBER: _ClassVar[int]
    article: str
    is_helpful: bool
    def __init__(self, article: _Optional[str] = ..., is_helpful: bool = ...) -> None: ...

class Resolution(_message.Message):
    __slots__ = ("without_person", "time")
    WITHOUT_PERSON_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    without_person: bool
    time: _duration_pb2.Duration
    def __init__(self, without_person: bool = ..., time: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class FeedbackEffects(_message.Message):
    __slots__ = ("cached_answers_dropped", "reusable_answers_dropped", "label", "label_change", "budgets", "outcomes")
    CACHED_ANSWERS_DROPPED_FIELD_NUMBER: _ClassVar[int]
    REUSABLE_ANSWERS_DROPPED_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    LABEL_CHANGE_FIELD_NUMBER: _ClassVar[int]
    BUDGETS_FIELD_NUMBER: _ClassVar[int]
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    cached_answers_dropped: int
    reusable_answers_dropped: int
    label: str
    label_change: LabelChange
    budgets: _containers.RepeatedCompositeFieldContainer[BudgetEffect]
    outcomes: _containers.RepeatedCompositeFieldContainer[OutcomeEffect]
    def __init__(self, cached_answers_dropped: _Optional[int] = ..., reusable_answers_dropped: _Optional[int] = ..., label: _Optional[str] = ..., label_change: _Optional[_Union[LabelChange, str]] = ..., budgets: _Optional[_Iterable[_Union[BudgetEffect, _Mapping]]] = ..., outcomes: _Optional[_Iterable[_Union[OutcomeEffect, _Mapping]]] = ...) -> None: ...

class BudgetEffect(_message.Message):
    __slots__ = ("field", "was_right", "is_counted", "reason", "has_moved_gate", "threshold")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    WAS_RIGHT_FIELD_NUMBER: _ClassVar[int]
    IS_COUNTED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    HAS_MOVED_GATE_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    field: BudgetField
    was_right: bool
    is_counted: bool
    reason: str
    has_moved_gate: bool
    threshold: float
    def __init__(self, field: _Optional[_Union[BudgetField, str]] = ..., was_right: bool = ..., is_counted: bool = ..., reason: _Optional[str] = ..., has_moved_gate: bool = ..., threshold: _Optional[float] = ...) -> None: ...

class OutcomeEffect(_message.Message):
    __slots__ = ("experiment", "variant", "metric", "value")
    EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    METRIC_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    experiment: str
    variant: str
    metric: str
    value: float
    def __init__(self, experiment: _Optional[str] = ..., variant: _Optional[str] = ..., metric: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...

class FeedbackFilter(_message.Message):
    __slots__ = ("run", "reviewer", "category", "overturned", "start_time", "end_time")
    RUN_FIELD_NUMBER: _ClassVar[int]
    REVIEWER_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    OVERTURNED_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    run: str
    reviewer: str
    category: str
    overturned: bool
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, run: _Optional[str] = ..., reviewer: _Optional[str] = ..., category: _Optional[str] = ..., overturned: bool = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
