from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FeedbackGrouping(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FEEDBACK_GROUPING_UNSPECIFIED: _ClassVar[FeedbackGrouping]
    FEEDBACK_GROUPING_CATEGORY: _ClassVar[FeedbackGrouping]
    FEEDBACK_GROUPING_LANGUAGE: _ClassVar[FeedbackGrouping]
    FEEDBACK_GROUPING_MODEL: _ClassVar[FeedbackGrouping]
    FEEDBACK_GROUPING_PROMPT: _ClassVar[FeedbackGrouping]
    FEEDBACK_GROUPING_VARIANT: _ClassVar[FeedbackGrouping]
    FEEDBACK_GROUPING_DAY: _ClassVar[FeedbackGrouping]
    FEEDBACK_GROUPING_WEEK: _ClassVar[FeedbackGrouping]
    FEEDBACK_GROUPING_REVIEWER: _ClassVar[FeedbackGrouping]
FEEDBACK_GROUPING_UNSPECIFIED: FeedbackGrouping
FEEDBACK_GROUPING_CATEGORY: FeedbackGrouping
FEEDBACK_GROUPING_LANGUAGE: FeedbackGrouping
FEEDBACK_GROUPING_MODEL: FeedbackGrouping
FEEDBACK_GROUPING_PROMPT: FeedbackGrouping
FEEDBACK_GROUPING_VARIANT: FeedbackGrouping
FEEDBACK_GROUPING_DAY: FeedbackGrouping
FEEDBACK_GROUPING_WEEK: FeedbackGrouping
FEEDBACK_GROUPING_REVIEWER: FeedbackGrouping

class FeedbackSummary(_message.Message):
    __slots__ = ("runs", "feedback", "fields", "overturned", "accepted", "ratings", "agreement")
    RUNS_FIELD_NUMBER: _ClassVar[int]
    FEEDBACK_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    OVERTURNED_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    RATINGS_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    runs: int
    feedback: int
    fields: _containers.RepeatedCompositeFieldContainer[FieldSummary]
    overturned: Share
    accepted: Share
    ratings: Ratings
    agreement: Agreement
    def __init__(self, runs: _Optional[int] = ..., feedback: _Optional[int] = ..., fields: _Optional[_Iterable[_Union[FieldSummary, _Mapping]]] = ..., overturned: _Optional[_Union[Share, _Mapping]] = ..., accepted: _Optional[_Union[Share, _Mapping]] = ..., ratings: _Optional[_Union[Ratings, _Mapping]] = ..., agreement: _Optional[_Union[Agreement, _Mapping]] = ...) -> None: ...

class FeedbackGroup(_message.Message):
    __slots__ = ("key", "summary")
    KEY_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    key: str
    summary: FeedbackSummary
    def __init__(self, key: _Optional[str] = ..., summary: _Optional[_Union[FeedbackSummary, _Mapping]] = ...) -> None: ...

class FieldSummary(_message.Message):
    __slots__ = ("field", "overturned")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    OVERTURNED_FIELD_NUMBER: _ClassVar[int]
    field: str
    overturned: Share
    def __init__(self, field: _Optional[str] = ..., overturned: _Optional[_Union[Share, _Mapping]] = ...) -> None: ...

class Share(_message.Message):
    __slots__ = ("total", "count", "share", "lower", "upper")
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    LOWER_FIELD_NUMBER: _ClassVar[int]
    UPPER_FIELD_NUMBER: _ClassVar[int]
    total: int
    count: int
    share: float
    lower: float
    upper: float
    def __init__(self, total: _Optional[int] = ..., count: _Optional[int] = ..., share: _Optional[float] = ..., lower: _Optional[float] = ..., upper: _Optional[float] = ...) -> None: ...

class Ratings(_message.Message):
    __slots__ = ("count", "mean", "lower", "upper", "satisfied", "counts")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    MEAN_FIELD_NUMBER: _ClassVar[int]
    LOWER_FIELD_NUMBER: _ClassVar[int]
    UPPER_FIELD_NUMBER: _ClassVar[int]
    SATISFIED_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    count: int
    mean: float
    lower: float
    upper: float
    satisfied: Share
    counts: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, count: _Optional[int] = ..., mean: _Optional[float] = ..., lower: _Optional[float] = ..., upper: _Optional[float] = ..., satisfied: _Optional[_Union[Share, _Mapping]] = ..., counts: _Optional[_Iterable[int]] = ...) -> None: ...

class Agreement(_message.Message):
    __slots__ = ("runs", "observed", "alpha", "alpha_lower", "alpha_upper", "pairs")
    RUNS_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_FIELD_NUMBER: _ClassVar[int]
    ALPHA_FIELD_NUMBER: _ClassVar[int]
    ALPHA_LOWER_FIELD_NUMBER: _ClassVar[int]
    ALPHA_UPPER_FIELD_NUMBER: _ClassVar[int]
    PAIRS_FIELD_NUMBER: _ClassVar[int]
    runs: int
    observed: float
    alpha: float
    alpha_lower: float
    alpha_upper: float
    pairs: _containers.RepeatedCompositeFieldContainer[ReviewerPair]
    def __init__(self, runs: _Optional[int] = ..., observed: _Optional[float] = ..., alpha: _Optional[float] = ..., alpha_lower: _Optional[float] = ..., alpha_upper: _Optional[float] = ..., pairs: _Optional[_Iterable[_Union[ReviewerPair, _Mapping]]] = ...) -> None: ...

class ReviewerPair(_message.Message):
    __slots__ = ("reviewer", "other", "runs", "observed", "kappa", "lower", "upper")
    REVIEWER_FIELD_NUMBER: _ClassVar[int]
    OTHER_FIELD_NUMBER: _ClassVar[int]
    RUNS_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_FIELD_NUMBER: _ClassVar[int]
    KAPPA_FIELD_NUMBER: _ClassVar[int]
    LOWER_FIELD_NUMBER: _ClassVar[int]
    UPPER_FIELD_NUMBER: _ClassVar[int]
    reviewer: str
    other: str
    runs: int
    observed: float
    kappa: float
    lower: float
    upper: float
    def __init__(self, reviewer: _Optional[str] = ..., other: _Optional[str] = ..., runs: _Optional[int] = ..., observed: _Optional[float] = ..., kappa: _Optional[float] = ..., lower: _Optional[float] = ..., upper: _Optional[float] = ...) -> None: ...
