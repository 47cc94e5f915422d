import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from switchyard.triage.v1 import result_pb2 as _result_pb2
from switchyard.triage.v1 import ticket_pb2 as _ticket_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TriageRun(_message.Message):
    __slots__ = ("name", "create_time", "ticket", "ticket_digest", "request_id", "result", "server_version")
    NAME_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    TICKET_FIELD_NUMBER: _ClassVar[int]
    TICKET_DIGEST_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    SERVER_VERSION_FIELD_NUMBER: _ClassVar[int]
    name: str
    create_time: _timestamp_pb2.Timestamp
    ticket: _ticket_pb2.Ticket
    ticket_digest: bytes
    request_id: str
    result: _result_pb2.TriageResult
    server_version: str
    def __init__(self, name: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ticket: _Optional[_Union[_ticket_pb2.Ticket, _Mapping]] = ..., ticket_digest: _Optional[bytes] = ..., request_id: _Optional[str] = ..., result: _Optional[_Union[_result_pb2.TriageResult, _Mapping]] = ..., server_version: _Optional[str] = ...) -> None: ...
