import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Priority(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PRIORITY_UNSPECIFIED: _ClassVar[Priority]
    PRIORITY_LOW: _ClassVar[Priority]
    PRIORITY_MEDIUM: _ClassVar[Priority]
    PRIORITY_HIGH: _ClassVar[Priority]
    PRIORITY_URGENT: _ClassVar[Priority]

class Sentiment(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SENTIMENT_UNSPECIFIED: _ClassVar[Sentiment]
    SENTIMENT_NEGATIVE: _ClassVar[Sentiment]
    SENTIMENT_NEUTRAL: _ClassVar[Sentiment]
    SENTIMENT_POSITIVE: _ClassVar[Sentiment]

class Decision(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DECISION_UNSPECIFIED: _ClassVar[Decision]
    DECISION_AUTOMATIC: _ClassVar[Decision]
    DECISION_REVIEW: _ClassVar[Decision]
    DECISION_ESCALATE: _ClassVar[Decision]

class Step(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STEP_UNSPECIFIED: _ClassVar[Step]
    STEP_DETECT_LANGUAGE: _ClassVar[Step]
    STEP_CLASSIFY: _ClassVar[Step]
    STEP_DRAFT: _ClassVar[Step]
    STEP_DECIDE: _ClassVar[Step]
    STEP_RECORD: _ClassVar[Step]
    STEP_REDACT: _ClassVar[Step]
    STEP_LOOK_UP: _ClassVar[Step]
    STEP_ASSIGN: _ClassVar[Step]
PRIORITY_UNSPECIFIED: Priority
PRIORITY_LOW: Priority
PRIORITY_MEDIUM: Priority
PRIORITY_HIGH: Priority
PRIORITY_URGENT: Priority
SENTIMENT_UNSPECIFIED: Sentiment
SENTIMENT_NEGATIVE: Sentiment
SENTIMENT_NEUTRAL: Sentiment
SENTIMENT_POSITIVE: Sentiment
DECISION_UNSPECIFIED: Decision
DECISION_AUTOMATIC: Decision
DECISION_REVIEW: Decision
DECISION_ESCALATE: Decision
STEP_UNSPECIFIED: Step
STEP_DETECT_LANGUAGE: Step
STEP_CLASSIFY: Step
STEP_DRAFT: Step
STEP_DECIDE: Step
STEP_RECORD: Step
STEP_REDACT: Step
STEP_LOOK_UP: Step
STEP_ASSIGN: Step

class TriageResult(_message.Message):
    __slots__ = ("run", "ticket_id", "category", "priority", "sentiment", "language", "summary", "requires_human_escalation", "escalation_reasons", "suggested_articles", "estimated_resolution", "drafted_reply", "decision", "decision_reason", "engine", "steps", "attempts", "degraded", "reuse", "experiment", "gates", "similar_labels")
    RUN_FIELD_NUMBER: _ClassVar[int]
    TICKET_ID_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    SENTIMENT_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    REQUIRES_HUMAN_ESCALATION_FIELD_NUMBER: _ClassVar[int]
    ESCALATION_REASONS_FIELD_NUMBER: _ClassVar[int]
    SUGGESTED_ARTICLES_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    DRAFTED_REPLY_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    DECISION_REASON_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    DEGRADED_FIELD_NUMBER: _ClassVar[int]
    REUSE_FIELD_NUMBER: _ClassVar[int]
    EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    GATES_FIELD_NUMBER: _ClassVar[int]
    SIMILAR_LABELS_FIELD_NUMBER: _ClassVar[int]
    run: str
    ticket_id: str
    category: CategoryPrediction
    priority: PriorityPrediction
    sentiment: SentimentPrediction
    language: LanguagePrediction
    summary: str
    requires_human_escalation: bool
    escalation_reasons: _containers.RepeatedCompositeFieldContainer[Reason]
    suggested_articles: _containers.RepeatedCompositeFieldContainer[ArticleSuggestion]
    estimated_resolution: _duration_pb2.Duration
    drafted_reply: str
    decision: Decision
    decision_reason: str
    engine: EngineVersion
    steps: _containers.RepeatedCompositeFieldContainer[StepReport]
    attempts: _containers.RepeatedCompositeFieldContainer[Attempt]
    degraded: bool
    reuse: Reuse
    experiment: ExperimentArm
    gates: _containers.RepeatedCompositeFieldContainer[GatePassage]
    similar_labels: _containers.RepeatedCompositeFieldContainer[SimilarLabel]
    def __init__(self, run: _Optional[str] = ..., ticket_id: _Optional[str] = ..., category: _Optional[_Union[CategoryPrediction, _Mapping]] = ..., priority: _Optional[_Union[PriorityPrediction, _Mapping]] = ..., sentiment: _Optional[_Union[SentimentPrediction, _Mapping]] = ..., language: _Optional[_Union[LanguagePrediction, _Mapping]] = ..., summary: _Optional[str] = ..., requires_human_escalation: bool = ..., escalation_reasons: _Optional[_Iterable[_Union[Reason, _Mapping]]] = ..., suggested_articles: _Optional[_Iterable[_Union[ArticleSuggestion, _Mapping]]] = ..., estimated_resolution: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., drafted_reply: _Optional[str] = ..., decision: _Optional[_Union[Decision, str]] = ..., decision_reason: _Optional[str] = ..., engine: _Optional[_Union[EngineVersion, _Mapping]] = ..., steps: _Optional[_Iterable[_Union[StepReport, _Mapping]]] = ..., attempts: _Optional[_Iterable[_Union[Attempt, _Mapping]]] = ..., degraded: bool = ..., reuse: _Optional[_Union[Reuse, _Mapping]] = ..., experiment: _Optional[_Union[ExperimentArm, _Mapping]] = ..., gates: _Optional[_Iterable[_Union[GatePassage, _Mapping]]] = ..., similar_labels: _Optional[_Iterable[_Union[SimilarLabel, _Mapping]]] = ...) -> None: ...

class GatePassage(_message.Message):
    __slots__ = ("field", "answerer", "confidence", "threshold", "passed", "audited", "propensity")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    ANSWERER_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    PASSED_FIELD_NUMBER: _ClassVar[int]
    AUDITED_FIELD_NUMBER: _ClassVar[int]
    PROPENSITY_FIELD_NUMBER: _ClassVar[int]
    field: str
    answerer: str
    confidence: float
    threshold: float
    passed: bool
    audited: bool
    propensity: float
    def __init__(self, field: _Optional[str] = ..., answerer: _Optional[str] = ..., confidence: _Optional[float] = ..., threshold: _Optional[float] = ..., passed: bool = ..., audited: bool = ..., propensity: _Optional[float] = ...) -> None: ...

class SimilarLabel(_message.Message):
    __slots__ = ("label", "category", "similarity")
    LABEL_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    SIMILARITY_FIELD_NUMBER: _ClassVar[int]
    label: str
    category: str
    similarity: float
    def __init__(self, label: _Optional[str] = ..., category: _Optional[str] = ..., similarity: _Optional[float] = ...) -> None: ...

class ExperimentArm(_message.Message):
    __slots__ = ("name", "variant", "phase", "configuration_version")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    CONFIGURATION_VERSION_FIELD_NUMBER: _ClassVar[int]
    name: str
    variant: str
    phase: int
    configuration_version: int
    def __init__(self, name: _Optional[str] = ..., variant: _Optional[str] = ..., phase: _Optional[int] = ..., configuration_version: _Optional[int] = ...) -> None: ...

class Attempt(_message.Message):
    __slots__ = ("provider", "model", "cause", "outcome", "duration", "input_tokens", "output_tokens", "cost_micro_usd")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COST_MICRO_USD_FIELD_NUMBER: _ClassVar[int]
    provider: str
    model: str
    cause: str
    outcome: str
    duration: _duration_pb2.Duration
    input_tokens: int
    output_tokens: int
    cost_micro_usd: int
    def __init__(self, provider: _Optional[str] = ..., model: _Optional[str] = ..., cause: _Optional[str] = ..., outcome: _Optional[str] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., input_tokens: _Optional[int] = ..., output_tokens: _Optional[int] = ..., cost_micro_usd: _Optional[int] = ...) -> None: ...

class Reuse(_message.Message):
    __slots__ = ("source_run", "similarity", "error_bound", "guaranteed")
    SOURCE_RUN_FIELD_NUMBER: _ClassVar[int]
    SIMILARITY_FIELD_NUMBER: _ClassVar[int]
    ERROR_BOUND_FIELD_NUMBER: _ClassVar[int]
    GUARANTEED_FIELD_NUMBER: _ClassVar[int]
    source_run: str
    similarity: float
    error_bound: float
    guaranteed: bool
    def __init__(self, source_run: _Optional[str] = ..., similarity: _Optional[float] = ..., error_bound: _Optional[float] = ..., guaranteed: bool = ...) -> None: ...

class CategoryPrediction(_message.Message):
    __slots__ = ("category", "confidence", "runners_up")
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    RUNNERS_UP_FIELD_NUMBER: _ClassVar[int]
    category: str
    confidence: float
    runners_up: _containers.RepeatedCompositeFieldContainer[CategoryCandidate]
    def __init__(self, category: _Optional[str] = ..., confidence: _Optional[float] = ..., runners_up: _Optional[_Iterable[_Union[CategoryCandidate, _Mapping]]] = ...) -> None: ...

class CategoryCandidate(_message.Message):
    __slots__ = ("category", "confidence")
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    category: str
    confidence: float
    def __init__(self, category: _Optional[str] = ..., confidence: _Optional[float] = ...) -> None: ...

class PriorityPrediction(_message.Message):
    __slots__ = ("priority", "confidence", "runners_up", "reasons")
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    RUNNERS_UP_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    priority: Priority
    confidence: float
    runners_up: _containers.RepeatedCompositeFieldContainer[PriorityCandidate]
    reasons: _containers.RepeatedCompositeFieldContainer[Reason]
    def __init__(self, priority: _Optional[_Union[Priority, str]] = ..., confidence: _Optional[float] = ..., runners_up: _Optional[_Iterable[_Union[PriorityCandidate, _Mapping]]] = ..., reasons: _Optional[_Iterable[_Union[Reason, _Mapping]]] = ...) -> None: ...

class PriorityCandidate(_message.Message):
    __slots__ = ("priority", "confidence")
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    priority: Priority
    confidence: float
    def __init__(self, priority: _Optional[_Union[Priority, str]] = ..., confidence: _Optional[float] = ...) -> None: ...

class SentimentPrediction(_message.Message):
    __slots__ = ("sentiment", "confidence", "runners_up")
    SENTIMENT_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    RUNNERS_UP_FIELD_NUMBER: _ClassVar[int]
    sentiment: Sentiment
    confidence: float
    runners_up: _containers.RepeatedCompositeFieldContainer[SentimentCandidate]
    def __init__(self, sentiment: _Optional[_Union[Sentiment, str]] = ..., confidence: _Optional[float] = ..., runners_up: _Optional[_Iterable[_Union[SentimentCandidate, _Mapping]]] = ...) -> None: ...

class SentimentCandidate(_message.Message):
    __slots__ = ("sentiment", "confidence")
    SENTIMENT_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    sentiment: Sentiment
    confidence: float
    def __init__(self, sentiment: _Optional[_Union[Sentiment, str]] = ..., confidence: _Optional[float] = ...) -> None: ...

class LanguagePrediction(_message.Message):
    __slots__ = ("language_code", "confidence", "runners_up")
    LANGUAGE_CODE_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    RUNNERS_UP_FIELD_NUMBER: _ClassVar[int]
    language_code: str
    confidence: float
    runners_up: _containers.RepeatedCompositeFieldContainer[LanguageCandidate]
    def __init__(self, language_code: _Optional[str] = ..., confidence: _Optional[float] = ..., runners_up: _Optional[_Iterable[_Union[LanguageCandidate, _Mapping]]] = ...) -> None: ...

class LanguageCandidate(_message.Message):
    __slots__ = ("language_code", "confidence")
    LANGUAGE_CODE_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    language_code: str
    confidence: float
    def __init__(self, language_code: _Optional[str] = ..., confidence: _Optional[float] = ...) -> None: ...

class Reason(_message.Message):
    __slots__ = ("code", "explanation", "evidence")
    CODE_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    code: str
    explanation: str
    evidence: str
    def __init__(self, code: _Optional[str] = ..., explanation: _Optional[str] = ..., evidence: _Optional[str] = ...) -> None: ...

class ArticleSuggestion(_message.Message):
    __slots__ = ("article", "title", "relevance")
    ARTICLE_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    RELEVANCE_FIELD_NUMBER: _ClassVar[int]
    article: str
    title: str
    relevance: float
    def __init__(self, article: _Optional[str] = ..., title: _Optional[str] = ..., relevance: _Optional[float] = ...) -> None: ...

class EngineVersion(_message.Message):
    __slots__ = ("engine", "model", "version", "taxonomy_revision")
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    TAXONOMY_REVISION_FIELD_NUMBER: _ClassVar[int]
    engine: str
    model: str
    version: str
    taxonomy_revision: int
    def __init__(self, engine: _Optional[str] = ..., model: _Optional[str] = ..., version: _Optional[str] = ..., taxonomy_revision: _Optional[int] = ...) -> None: ...

class StepReport(_message.Message):
    __slots__ = ("step", "duration", "finding")
    STEP_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    FINDING_FIELD_NUMBER: _ClassVar[int]
    step: Step
    duration: _duration_pb2.Duration
    finding: str
    def __init__(self, step: _Optional[_Union[Step, str]] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., finding: _Optional[str] = ...) -> None: ...
