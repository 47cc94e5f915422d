import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from switchyard.options.v1 import options_pb2 as _options_pb2
from switchyard.triage.v1 import result_pb2 as _result_pb2
from switchyard.triage.v1 import run_pb2 as _run_pb2
from switchyard.triage.v1 import taxonomy_pb2 as _taxonomy_pb2
from switchyard.triage.v1 import ticket_pb2 as _ticket_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TriagePart(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRIAGE_PART_UNSPECIFIED: _ClassVar[TriagePart]
    TRIAGE_PART_SENTIMENT: _ClassVar[TriagePart]
    TRIAGE_PART_SUMMARY: _ClassVar[TriagePart]
    TRIAGE_PART_ESTIMATED_RESOLUTION: _ClassVar[TriagePart]
    TRIAGE_PART_REPLY: _ClassVar[TriagePart]
TRIAGE_PART_UNSPECIFIED: TriagePart
TRIAGE_PART_SENTIMENT: TriagePart
TRIAGE_PART_SUMMARY: TriagePart
TRIAGE_PART_ESTIMATED_RESOLUTION: TriagePart
TRIAGE_PART_REPLY: TriagePart

class TriageOptions(_message.Message):
    __slots__ = ("parts", "validate_only")
    PARTS_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    parts: _containers.RepeatedScalarFieldContainer[TriagePart]
    validate_only: bool
    def __init__(self, parts: _Optional[_Iterable[_Union[TriagePart, str]]] = ..., validate_only: bool = ...) -> None: ...

class TriageRequest(_message.Message):
    __slots__ = ("ticket", "request_id", "options")
    TICKET_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    ticket: _ticket_pb2.Ticket
    request_id: str
    options: TriageOptions
    def __init__(self, ticket: _Optional[_Union[_ticket_pb2.Ticket, _Mapping]] = ..., request_id: _Optional[str] = ..., options: _Optional[_Union[TriageOptions, _Mapping]] = ...) -> None: ...

class TriageResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _result_pb2.TriageResult
    def __init__(self, result: _Optional[_Union[_result_pb2.TriageResult, _Mapping]] = ...) -> None: ...

class StreamTriageRequest(_message.Message):
    __slots__ = ("ticket", "request_id", "options")
    TICKET_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    ticket: _ticket_pb2.Ticket
    request_id: str
    options: TriageOptions
    def __init__(self, ticket: _Optional[_Union[_ticket_pb2.Ticket, _Mapping]] = ..., request_id: _Optional[str] = ..., options: _Optional[_Union[TriageOptions, _Mapping]] = ...) -> None: ...

class StreamTriageResponse(_message.Message):
    __slots__ = ("step_started", "step_finished", "result", "attempt", "reply_text")
    STEP_STARTED_FIELD_NUMBER: _ClassVar[int]
    STEP_FINISHED_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    REPLY_TEXT_FIELD_NUMBER: _ClassVar[int]
    step_started: StepStarted
    step_finished: _result_pb2.StepReport
    result: _result_pb2.TriageResult
    attempt: _result_pb2.Attempt
    reply_text: str
    def __init__(self, step_started: _Optional[_Union[StepStarted, _Mapping]] = ..., step_finished: _Optional[_Union[_result_pb2.StepReport, _Mapping]] = ..., result: _Optional[_Union[_result_pb2.TriageResult, _Mapping]] = ..., attempt: _Optional[_Union[_result_pb2.Attempt, _Mapping]] = ..., reply_text: _Optional[str] = ...) -> None: ...

class StepStarted(_message.Message):
    __slots__ = ("step",)
    STEP_FIELD_NUMBER: _ClassVar[int]
    step: _result_pb2.Step
    def __init__(self, step: _Optional[_Union[_result_pb2.Step, str]] = ...) -> None: ...

class BatchTriageRequest(_message.Message):
    __slots__ = ("index", "ticket", "request_id", "options")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    TICKET_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    index: int
    ticket: _ticket_pb2.Ticket
    request_id: str
    options: TriageOptions
    def __init__(self, index: _Optional[int] = ..., ticket: _Optional[_Union[_ticket_pb2.Ticket, _Mapping]] = ..., request_id: _Optional[str] = ..., options: _Optional[_Union[TriageOptions, _Mapping]] = ...) -> None: ...

class BatchTriageResponse(_message.Message):
    __slots__ = ("index", "ticket_id", "result", "error")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    TICKET_ID_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    index: int
    ticket_id: str
    result: _result_pb2.TriageResult
    error: _status_pb2.Status
    def __init__(self, index: _Optional[int] = ..., ticket_id: _Optional[str] = ..., result: _Optional[_Union[_result_pb2.TriageResult, _Mapping]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class GetTriageRunRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class GetTriageRunResponse(_message.Message):
    __slots__ = ("run",)
    RUN_FIELD_NUMBER: _ClassVar[int]
    run: _run_pb2.TriageRun
    def __init__(self, run: _Optional[_Union[_run_pb2.TriageRun, _Mapping]] = ...) -> None: ...

class ListTriageRunsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "filter")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    filter: TriageRunFilter
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., filter: _Optional[_Union[TriageRunFilter, _Mapping]] = ...) -> None: ...

class TriageRunFilter(_message.Message):
    __slots__ = ("category", "decision", "ticket_id", "start_time", "end_time")
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    TICKET_ID_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    category: str
    decision: _result_pb2.Decision
    ticket_id: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, category: _Optional[str] = ..., decision: _Optional[_Union[_result_pb2.Decision, str]] = ..., ticket_id: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListTriageRunsResponse(_message.Message):
    __slots__ = ("runs", "next_page_token")
    RUNS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    runs: _containers.RepeatedCompositeFieldContainer[_run_pb2.TriageRun]
    next_page_token: str
    def __init__(self, runs: _Optional[_Iterable[_Union[_run_pb2.TriageRun, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetTaxonomyRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetTaxonomyResponse(_message.Message):
    __slots__ = ("taxonomy",)
    TAXONOMY_FIELD_NUMBER: _ClassVar[int]
    taxonomy: _taxonomy_pb2.Taxonomy
    def __init__(self, taxonomy: _Optional[_Union[_taxonomy_pb2.Taxonomy, _Mapping]] = ...) -> None: ...

class UpdateTaxonomyRequest(_message.Message):
    __slots__ = ("taxonomy", "validate_only")
    TAXONOMY_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    taxonomy: _taxonomy_pb2.Taxonomy
    validate_only: bool
    def __init__(self, taxonomy: _Optional[_Union[_taxonomy_pb2.Taxonomy, _Mapping]] = ..., validate_only: bool = ...) -> None: ...

class UpdateTaxonomyResponse(_message.Message):
    __slots__ = ("taxonomy",)
    TAXONOMY_FIELD_NUMBER: _ClassVar[int]
    taxonomy: _taxonomy_pb2.Taxonomy
    def __init__(self, taxonomy: _Optional[_Union[_taxonomy_pb2.Taxonomy, _Mapping]] = ...) -> None: ...
