import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ModelState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MODEL_STATE_UNSPECIFIED: _ClassVar[ModelState]
    MODEL_STATE_ACTIVE: _ClassVar[ModelState]
    MODEL_STATE_READY: _ClassVar[ModelState]
    MODEL_STATE_OUTDATED: _ClassVar[ModelState]
MODEL_STATE_UNSPECIFIED: ModelState
MODEL_STATE_ACTIVE: ModelState
MODEL_STATE_READY: ModelState
MODEL_STATE_OUTDATED: ModelState

class Model(_message.Message):
    __slots__ = ("name", "version", "create_time", "creator", "state", "taxonomy_revision", "digest", "data_digest", "size_bytes", "embedding_model", "figures", "comparison", "lineage")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    TAXONOMY_REVISION_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    DATA_DIGEST_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_MODEL_FIELD_NUMBER: _ClassVar[int]
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    COMPARISON_FIELD_NUMBER: _ClassVar[int]
    LINEAGE_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: int
    create_time: _timestamp_pb2.Timestamp
    creator: str
    state: ModelState
    taxonomy_revision: int
    digest: str
    data_digest: str
    size_bytes: int
    embedding_model: str
    figures: TrainingFigures
    comparison: ModelComparison
    lineage: int
    def __init__(self, name: _Optional[str] = ..., version: _Optional[int] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., creator: _Optional[str] = ..., state: _Optional[_Union[ModelState, str]] = ..., taxonomy_revision: _Optional[int] = ..., digest: _Optional[str] = ..., data_digest: _Optional[str] = ..., size_bytes: _Optional[int] = ..., embedding_model: _Optional[str] = ..., figures: _Optional[_Union[TrainingFigures, _Mapping]] = ..., comparison: _Optional[_Union[ModelComparison, _Mapping]] = ..., lineage: _Optional[int] = ...) -> None: ...

class TrainingFigures(_message.Message):
    __slots__ = ("labels", "skipped", "held_out", "accuracy", "macro_f1", "calibration_error", "coverage", "confusions", "categories", "learns_priority", "resolution_categories", "duration")
    LABELS_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    HELD_OUT_FIELD_NUMBER: _ClassVar[int]
    ACCURACY_FIELD_NUMBER: _ClassVar[int]
    MACRO_F1_FIELD_NUMBER: _ClassVar[int]
    CALIBRATION_ERROR_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    CONFUSIONS_FIELD_NUMBER: _ClassVar[int]
    CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    LEARNS_PRIORITY_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    labels: int
    skipped: _containers.RepeatedCompositeFieldContainer[SkippedLabels]
    held_out: int
    accuracy: float
    macro_f1: float
    calibration_error: float
    coverage: _containers.RepeatedCompositeFieldContainer[CoveragePoint]
    confusions: _containers.RepeatedCompositeFieldContainer[Confusion]
    categories: _containers.RepeatedCompositeFieldContainer[CategoryFigures]
    learns_priority: bool
    resolution_categories: int
    duration: _duration_pb2.Duration
    def __init__(self, labels: _Optional[int] = ..., skipped: _Optional[_Iterable[_Union[SkippedLabels, _Mapping]]] = ..., held_out: _Optional[int] = ..., accuracy: _Optional[float] = ..., macro_f1: _Optional[float] = ..., calibration_error: _Optional[float] = ..., coverage: _Optional[_Iterable[_Union[CoveragePoint, _Mapping]]] = ..., confusions: _Optional[_Iterable[_Union[Confusion, _Mapping]]] = ..., categories: _Optional[_Iterable[_Union[CategoryFigures, _Mapping]]] = ..., learns_priority: bool = ..., resolution_categories: _Optional[int] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class SkippedLabels(_message.Message):
    __slots__ = ("reason", "labels")
    REASON_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    reason: str
    labels: int
    def __init__(self, reason: _Optional[str] = ..., labels: _Optional[int] = ...) -> None: ...

class CoveragePoint(_message.Message):
    __slots__ = ("confidence", "coverage", "accuracy")
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    ACCURACY_FIELD_NUMBER: _ClassVar[int]
    confidence: float
    coverage: float
    accuracy: float
    def __init__(self, confidence: _Optional[float] = ..., coverage: _Optional[float] = ..., accuracy: _Optional[float] = ...) -> None: ...

class Confusion(_message.Message):
    __slots__ = ("category", "answered", "labels")
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    category: str
    answered: str
    labels: int
    def __init__(self, category: _Optional[str] = ..., answered: _Optional[str] = ..., labels: _Optional[int] = ...) -> None: ...

class CategoryFigures(_message.Message):
    __slots__ = ("category", "labels", "precision", "recall")
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    PRECISION_FIELD_NUMBER: _ClassVar[int]
    RECALL_FIELD_NUMBER: _ClassVar[int]
    category: str
    labels: int
    precision: float
    recall: float
    def __init__(self, category: _Optional[str] = ..., labels: _Optional[int] = ..., precision: _Optional[float] = ..., recall: _Optional[float] = ...) -> None: ...

class ModelComparison(_message.Message):
    __slots__ = ("other_version", "labels", "both_right", "only_this_right", "only_other_right", "difference", "lower", "margin", "is_no_worse")
    OTHER_VERSION_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    BOTH_RIGHT_FIELD_NUMBER: _ClassVar[int]
    ONLY_THIS_RIGHT_FIELD_NUMBER: _ClassVar[int]
    ONLY_OTHER_RIGHT_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    LOWER_FIELD_NUMBER: _ClassVar[int]
    MARGIN_FIELD_NUMBER: _ClassVar[int]
    IS_NO_WORSE_FIELD_NUMBER: _ClassVar[int]
    other_version: int
    labels: int
    both_right: int
    only_this_right: int
    only_other_right: int
    difference: float
    lower: float
    margin: float
    is_no_worse: bool
    def __init__(self, other_version: _Optional[int] = ..., labels: _Optional[int] = ..., both_right: _Optional[int] = ..., only_this_right: _Optional[int] = ..., only_other_right: _Optional[int] = ..., difference: _Optional[float] = ..., lower: _Optional[float] = ..., margin: _Optional[float] = ..., is_no_worse: bool = ...) -> None: ...

class TrainingProgress(_message.Message):
    __slots__ = ("stage", "done", "finding")
    STAGE_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    FINDING_FIELD_NUMBER: _ClassVar[int]
    stage: str
    done: float
    finding: str
    def __init__(self, stage: _Optional[str] = ..., done: _Optional[float] = ..., finding: _Optional[str] = ...) -> None: ...
