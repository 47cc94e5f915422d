import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from switchyard.feedback.v1 import automation_pb2 as _automation_pb2
from switchyard.feedback.v1 import feedback_pb2 as _feedback_pb2
from switchyard.feedback.v1 import label_pb2 as _label_pb2
from switchyard.feedback.v1 import model_pb2 as _model_pb2
from switchyard.feedback.v1 import review_pb2 as _review_pb2
from switchyard.feedback.v1 import summary_pb2 as _summary_pb2
from switchyard.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SubmitFeedbackRequest(_message.Message):
    __slots__ = ("feedback", "request_id", "validate_only")
    FEEDBACK_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    feedback: _feedback_pb2.Feedback
    request_id: str
    validate_only: bool
    def __init__(self, feedback: _Optional[_Union[_feedback_pb2.Feedback, _Mapping]] = ..., request_id: _Optional[str] = ..., validate_only: bool = ...) -> None: ...

class SubmitFeedbackResponse(_message.Message):
    __slots__ = ("feedback", "effects", "is_repeated")
    FEEDBACK_FIELD_NUMBER: _ClassVar[int]
    EFFECTS_FIELD_NUMBER: _ClassVar[int]
    IS_REPEATED_FIELD_NUMBER: _ClassVar[int]
    feedback: _feedback_pb2.Feedback
    effects: _feedback_pb2.FeedbackEffects
    is_repeated: bool
    def __init__(self, feedback: _Optional[_Union[_feedback_pb2.Feedback, _Mapping]] = ..., effects: _Optional[_Union[_feedback_pb2.FeedbackEffects, _Mapping]] = ..., is_repeated: bool = ...) -> None: ...

class GetFeedbackRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class GetFeedbackResponse(_message.Message):
    __slots__ = ("feedback",)
    FEEDBACK_FIELD_NUMBER: _ClassVar[int]
    feedback: _feedback_pb2.Feedback
    def __init__(self, feedback: _Optional[_Union[_feedback_pb2.Feedback, _Mapping]] = ...) -> None: ...

class ListFeedbackRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "filter")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    filter: _feedback_pb2.FeedbackFilter
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., filter: _Optional[_Union[_feedback_pb2.FeedbackFilter, _Mapping]] = ...) -> None: ...

class ListFeedbackResponse(_message.Message):
    __slots__ = ("feedback", "next_page_token")
    FEEDBACK_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    feedback: _containers.RepeatedCompositeFieldContainer[_feedback_pb2.Feedback]
    next_page_token: str
    def __init__(self, feedback: _Optional[_Iterable[_Union[_feedback_pb2.Feedback, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class SummarizeFeedbackRequest(_message.Message):
    __slots__ = ("filter", "group_by")
    FILTER_FIELD_NUMBER: _ClassVar[int]
    GROUP_BY_FIELD_NUMBER: _ClassVar[int]
    filter: _feedback_pb2.FeedbackFilter
    group_by: _summary_pb2.FeedbackGrouping
    def __init__(self, filter: _Optional[_Union[_feedback_pb2.FeedbackFilter, _Mapping]] = ..., group_by: _Optional[_Union[_summary_pb2.FeedbackGrouping, str]] = ...) -> None: ...

class SummarizeFeedbackResponse(_message.Message):
    __slots__ = ("summary", "groups")
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    summary: _summary_pb2.FeedbackSummary
    groups: _containers.RepeatedCompositeFieldContainer[_summary_pb2.FeedbackGroup]
    def __init__(self, summary: _Optional[_Union[_summary_pb2.FeedbackSummary, _Mapping]] = ..., groups: _Optional[_Iterable[_Union[_summary_pb2.FeedbackGroup, _Mapping]]] = ...) -> None: ...

class ListReviewItemsRequest(_message.Message):
    __slots__ = ("page_size", "reviewer", "lease", "reason", "category")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    REVIEWER_FIELD_NUMBER: _ClassVar[int]
    LEASE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    reviewer: str
    lease: _duration_pb2.Duration
    reason: _review_pb2.ReviewReason
    category: str
    def __init__(self, page_size: _Optional[int] = ..., reviewer: _Optional[str] = ..., lease: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., reason: _Optional[_Union[_review_pb2.ReviewReason, str]] = ..., category: _Optional[str] = ...) -> None: ...

class ListReviewItemsResponse(_message.Message):
    __slots__ = ("items", "waiting")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[_review_pb2.ReviewItem]
    waiting: int
    def __init__(self, items: _Optional[_Iterable[_Union[_review_pb2.ReviewItem, _Mapping]]] = ..., waiting: _Optional[int] = ...) -> None: ...

class StreamReviewItemsRequest(_message.Message):
    __slots__ = ("reviewer", "most_leased", "reason", "category")
    REVIEWER_FIELD_NUMBER: _ClassVar[int]
    MOST_LEASED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    reviewer: str
    most_leased: int
    reason: _review_pb2.ReviewReason
    category: str
    def __init__(self, reviewer: _Optional[str] = ..., most_leased: _Optional[int] = ..., reason: _Optional[_Union[_review_pb2.ReviewReason, str]] = ..., category: _Optional[str] = ...) -> None: ...

class StreamReviewItemsResponse(_message.Message):
    __slots__ = ("item", "waiting")
    ITEM_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    item: _review_pb2.ReviewItem
    waiting: int
    def __init__(self, item: _Optional[_Union[_review_pb2.ReviewItem, _Mapping]] = ..., waiting: _Optional[int] = ...) -> None: ...

class ReleaseReviewItemsRequest(_message.Message):
    __slots__ = ("runs", "reviewer")
    RUNS_FIELD_NUMBER: _ClassVar[int]
    REVIEWER_FIELD_NUMBER: _ClassVar[int]
    runs: _containers.RepeatedScalarFieldContainer[str]
    reviewer: str
    def __init__(self, runs: _Optional[_Iterable[str]] = ..., reviewer: _Optional[str] = ...) -> None: ...

class ReleaseReviewItemsResponse(_message.Message):
    __slots__ = ("released",)
    RELEASED_FIELD_NUMBER: _ClassVar[int]
    released: int
    def __init__(self, released: _Optional[int] = ...) -> None: ...

class ImportLabelsRequest(_message.Message):
    __slots__ = ("label", "replace", "validate_only")
    LABEL_FIELD_NUMBER: _ClassVar[int]
    REPLACE_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    label: _label_pb2.Label
    replace: bool
    validate_only: bool
    def __init__(self, label: _Optional[_Union[_label_pb2.Label, _Mapping]] = ..., replace: bool = ..., validate_only: bool = ...) -> None: ...

class ImportLabelsResponse(_message.Message):
    __slots__ = ("read", "added", "replaced", "unchanged", "failed", "errors")
    READ_FIELD_NUMBER: _ClassVar[int]
    ADDED_FIELD_NUMBER: _ClassVar[int]
    REPLACED_FIELD_NUMBER: _ClassVar[int]
    UNCHANGED_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    read: int
    added: int
    replaced: int
    unchanged: int
    failed: int
    errors: _containers.RepeatedCompositeFieldContainer[_label_pb2.LabelError]
    def __init__(self, read: _Optional[int] = ..., added: _Optional[int] = ..., replaced: _Optional[int] = ..., unchanged: _Optional[int] = ..., failed: _Optional[int] = ..., errors: _Optional[_Iterable[_Union[_label_pb2.LabelError, _Mapping]]] = ...) -> None: ...

class ExportLabelsRequest(_message.Message):
    __slots__ = ("format", "source", "category", "start_time")
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    format: _label_pb2.ExportFormat
    source: _label_pb2.LabelSource
    category: str
    start_time: _timestamp_pb2.Timestamp
    def __init__(self, format: _Optional[_Union[_label_pb2.ExportFormat, str]] = ..., source: _Optional[_Union[_label_pb2.LabelSource, str]] = ..., category: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ExportLabelsResponse(_message.Message):
    __slots__ = ("data", "labels")
    DATA_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    labels: int
    def __init__(self, data: _Optional[bytes] = ..., labels: _Optional[int] = ...) -> None: ...

class TrainModelRequest(_message.Message):
    __slots__ = ("activate", "validate_only")
    ACTIVATE_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    activate: bool
    validate_only: bool
    def __init__(self, activate: bool = ..., validate_only: bool = ...) -> None: ...

class TrainModelResponse(_message.Message):
    __slots__ = ("progress", "model")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    progress: _model_pb2.TrainingProgress
    model: _model_pb2.Model
    def __init__(self, progress: _Optional[_Union[_model_pb2.TrainingProgress, _Mapping]] = ..., model: _Optional[_Union[_model_pb2.Model, _Mapping]] = ...) -> None: ...

class ListModelsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListModelsResponse(_message.Message):
    __slots__ = ("models", "next_page_token")
    MODELS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    models: _containers.RepeatedCompositeFieldContainer[_model_pb2.Model]
    next_page_token: str
    def __init__(self, models: _Optional[_Iterable[_Union[_model_pb2.Model, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ActivateModelRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class ActivateModelResponse(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: _model_pb2.Model
    def __init__(self, model: _Optional[_Union[_model_pb2.Model, _Mapping]] = ...) -> None: ...

class GetErrorBudgetRequest(_message.Message):
    __slots__ = ("field",)
    FIELD_FIELD_NUMBER: _ClassVar[int]
    field: _feedback_pb2.BudgetField
    def __init__(self, field: _Optional[_Union[_feedback_pb2.BudgetField, str]] = ...) -> None: ...

class GetErrorBudgetResponse(_message.Message):
    __slots__ = ("error_budget",)
    ERROR_BUDGET_FIELD_NUMBER: _ClassVar[int]
    error_budget: _automation_pb2.ErrorBudget
    def __init__(self, error_budget: _Optional[_Union[_automation_pb2.ErrorBudget, _Mapping]] = ...) -> None: ...

class SetErrorBudgetRequest(_message.Message):
    __slots__ = ("error_budget",)
    ERROR_BUDGET_FIELD_NUMBER: _ClassVar[int]
    error_budget: _automation_pb2.ErrorBudget
    def __init__(self, error_budget: _Optional[_Union[_automation_pb2.ErrorBudget, _Mapping]] = ...) -> None: ...

class SetErrorBudgetResponse(_message.Message):
    __slots__ = ("error_budget",)
    ERROR_BUDGET_FIELD_NUMBER: _ClassVar[int]
    error_budget: _automation_pb2.ErrorBudget
    def __init__(self, error_budget: _Optional[_Union[_automation_pb2.ErrorBudget, _Mapping]] = ...) -> None: ...

class GetFeedbackSettingsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetFeedbackSettingsResponse(_message.Message):
    __slots__ = ("settings",)
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    settings: _automation_pb2.FeedbackSettings
    def __init__(self, settings: _Optional[_Union[_automation_pb2.FeedbackSettings, _Mapping]] = ...) -> None: ...

class UpdateFeedbackSettingsRequest(_message.Message):
    __slots__ = ("settings",)
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    settings: _automation_pb2.FeedbackSettings
    def __init__(self, settings: _Optional[_Union[_automation_pb2.FeedbackSettings, _Mapping]] = ...) -> None: ...

class UpdateFeedbackSettingsResponse(_message.Message):
    __slots__ = ("settings",)
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    settings: _automation_pb2.FeedbackSettings
    def __init__(self, settings: _Optional[_Union[_automation_pb2.FeedbackSettings, _Mapping]] = ...) -> None: ...

class ListOverturnAlarmsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListOverturnAlarmsResponse(_message.Message):
    __slots__ = ("alarms",)
    ALARMS_FIELD_NUMBER: _ClassVar[int]
    alarms: _containers.RepeatedCompositeFieldContainer[_automation_pb2.OverturnAlarm]
    def __init__(self, alarms: _Optional[_Iterable[_Union[_automation_pb2.OverturnAlarm, _Mapping]]] = ...) -> None: ...

class ResetOverturnAlarmRequest(_message.Message):
    __slots__ = ("kind", "subject")
    KIND_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    kind: str
    subject: str
    def __init__(self, kind: _Optional[str] = ..., subject: _Optional[str] = ...) -> None: ...

class ResetOverturnAlarmResponse(_message.Message):
    __slots__ = ("alarm",)
    ALARM_FIELD_NUMBER: _ClassVar[int]
    alarm: _automation_pb2.OverturnAlarm
    def __init__(self, alarm: _Optional[_Union[_automation_pb2.OverturnAlarm, _Mapping]] = ...) -> None: ...
