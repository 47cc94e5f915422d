"""What a call can raise.

SwitchyardError
├── InvalidRequest       a field breaks its rule: see `field_violations`
│   └── UnsendableRequest  a field, or the key, holds what no call can carry: not sent
├── NotFound             no such thing in the caller's tenant: see `resource`
├── AlreadyExists        the request id, or the name, is taken
├── Conflict             what was to be changed has changed since it was read
├── PreconditionFailed   the system is not in the state that the call needs
├── NotAuthenticated     no credentials, or bad ones
├── NotPermitted         the caller may not do this
├── LimitReached         a rate limit or a quota: see `retry_after_s`
├── Unavailable          try again: see `retry_after_s`
│   └── Unreachable      no server answered at all
├── DeadlineExceeded     no answer in time; what was asked may have happened
├── CallCancelled        the call was cancelled on the way
├── NotSupported         the server does not know this method
└── ServerFault          the server failed; nothing is known about why
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2
from grpc import StatusCode

_DETAILS_KEY = "grpc-status-details-bin"


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """A field that breaks a rule: its path in the request, and the rule in words."""

    field: str
    description: str


@dataclass(frozen=True, slots=True)
class Resource:
    """What the error is about, such as ("triageRuns", "triageRuns/5f...")."""

    type: str
    name: str


@dataclass(frozen=True, slots=True)
class ErrorFacts:
    """What the server said besides code and message.

    `reason` is a stable UPPER_SNAKE_CASE name; empty when the error did not come from the service.
    """

    reason: str = ""
    field_violations: tuple[FieldViolation, ...] = ()
    retry_after_s: float | None = None
    resource: Resource | None = None


class SwitchyardError(Exception):
    """Anything that a call raises: the status code, the message and the facts."""

    codes: ClassVar[tuple[StatusCode, ...]] = ()

    def __init__(self, code: StatusCode, message: str, facts: ErrorFacts | None = None) -> None:
        super().__init__(code, message, facts)
        facts = facts or ErrorFacts()
        self.code = code
        self.message = message
        self.reason = facts.reason
        self.field_violations = facts.field_violations
        self.retry_after_s = facts.retry_after_s
        self.resource = facts.resource

    def __str__(self) -> str:
        fields = "; ".join(f"{v.field}: {v.description}" for v in self.field_violations)
        reason = f" ({self.reason})" if self.reason else ""
        return f"{self.code.name}{reason}: {fields or self.message}"


class InvalidRequest(SwitchyardError):
    """A field breaks its rule."""

    codes = (StatusCode.INVALID_ARGUMENT, StatusCode.OUT_OF_RANGE)


class UnsendableRequest(InvalidRequest):
    """A field or the key holds what no call can carry, such as text that is not UTF-8: not sent."""


class NotFound(SwitchyardError):
    """No such thing in the caller's tenant."""

    codes = (StatusCode.NOT_FOUND,)


class AlreadyExists(SwitchyardError):
    """The request id was used for another request, or the name is taken."""

    codes = (StatusCode.ALREADY_EXISTS,)


class Conflict(SwitchyardError):
    """What was to be changed has changed since it was read: read it again."""

    codes = (StatusCode.ABORTED,)


class PreconditionFailed(SwitchyardError):
    """The system is not in the state that the call needs."""

    codes = (StatusCode.FAILED_PRECONDITION,)


class NotAuthenticated(SwitchyardError):
    """No credentials, or bad ones."""

    codes = (StatusCode.UNAUTHENTICATED,)


class NotPermitted(SwitchyardError):
    """The caller may not do this."""

    codes = (StatusCode.PERMISSION_DENIED,)


class LimitReached(SwitchyardError):
    """A rate limit or a quota is used up for now."""

    codes = (StatusCode.RESOURCE_EXHAUSTED,)


class Unavailable(SwitchyardError):
    """The server cannot answer now; the same call may succeed later."""

    codes = (StatusCode.UNAVAILABLE,)


class Unreachable(Unavailable):
    """No server answered: nothing listens there, or the connection broke."""


class DeadlineExceeded(SwitchyardError):
    """No answer in time. What was asked for may have happened."""

    codes = (StatusCode.DEADLINE_EXCEEDED,)


class CallCancelled(SwitchyardError):
    """The call was cancelled, by the server or on the way."""

    codes = (StatusCode.CANCELLED,)


class NotSupported(SwitchyardError):
    """The server does not know this method: it is older, or another service."""

    codes = (StatusCode.UNIMPLEMENTED,)


class ServerFault(SwitchyardError):
    """The server failed."""

    codes = (StatusCode.INTERNAL, StatusCode.UNKNOWN, StatusCode.DATA_LOSS)


_BY_CODE = {code: cls for cls in SwitchyardError.__subclasses__() for code in cls.codes}
_BY_NUMBER: dict[int, StatusCode] = {code.value[0]: code for code in StatusCode}


def error_of_call(error: grpc.aio.AioRpcError | DecodeError) -> SwitchyardError:
    """The error of a failed call, with the details from its trailing metadata."""
    if isinstance(error, DecodeError):
        return ServerFault(StatusCode.INTERNAL, "the server's answer is not one of this contract")
    packed = error.trailing_metadata().get(_DETAILS_KEY, b"")
    facts = _facts(_parse_status(packed if isinstance(packed, bytes) else b""))
    return _make(error.code(), error.details() or "", facts)


def error_of_status(packed: bytes) -> SwitchyardError:
    """The error of a serialized google.rpc.Status, such as that of a batch item."""
    status = _parse_status(packed)
    code = _BY_NUMBER.get(status.code, StatusCode.UNKNOWN)
    facts = _facts(status)
    cls = _BY_CODE.get(code, ServerFault)
    return cls(code, status.message, facts)


def unsendable(field: str, description: str) -> UnsendableRequest:
    """The error of a request that cannot be encoded, with the field at fault."""
    message = "the request cannot be encoded"
    facts = ErrorFacts(field_violations=(FieldViolation(field, description),))
    return UnsendableRequest(StatusCode.INVALID_ARGUMENT, message, facts)


def _make(code: StatusCode, message: str, facts: ErrorFacts) -> SwitchyardError:
    # The service names a reason with every error of its own; gRPC's transport never does.
    if code is StatusCode.UNAVAILABLE and not facts.reason:
        return Unreachable(code, message, facts)
    return _BY_CODE.get(code, ServerFault)(code, message, facts)


def _parse_status(packed: bytes) -> status_pb2.Status:
    try:
        return status_pb2.Status.FromString(packed)
    except DecodeError:  # of a proxy's making; code and message still tell
        return status_pb2.Status()


def _facts(status: status_pb2.Status) -> ErrorFacts:
    info = error_details_pb2.ErrorInfo()
    request = error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    resource = error_details_pb2.ResourceInfo()
    found = [_unpack(status, message) for message in (info, request, retry, resource)]
    return ErrorFacts(
        reason=info.reason,
        field_violations=_violations(request),
        retry_after_s=retry.retry_delay.ToTimedelta().total_seconds() if found[2] else None,
        resource=Resource(resource.resource_type, resource.resource_name) if found[3] else None,
    )


def _unpack(status: status_pb2.Status, message: Message) -> bool:
    """Whether the status holds such a detail; `message` is filled with the first one."""
    for detail in status.details:
        try:
            if detail.Unpack(message):
                return True
        except DecodeError:  # the next detail may be whole
            continue
    return False


def _violations(request: error_details_pb2.BadRequest) -> tuple[FieldViolation, ...]:
    violations: Sequence[error_details_pb2.BadRequest.FieldViolation] = request.field_violations
    return tuple(FieldViolation(v.field, v.description) for v in violations)
