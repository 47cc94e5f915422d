"""What the interceptors refuse, and the google.rpc.Status of each.

    InterceptorError
      MalformedMessage     the bytes are no message of the method's type
      RequestTooLarge      they are more than the method takes
      InvalidRequest       a field breaks a rule of the contract
      UnknownMethod        the server has no such method
      Unauthenticated      the caller did not show who it is, or not well enough
      PermissionDenied     the caller may not do this
      RateLimited          the caller has spent the units of a window
      TooManyConnections   one address holds too many connections
      TooManyStreams       one caller, or one address, holds too many streams
      Overloaded           the server has more work than it can do
      CircuitOpen          what the call needs has failed too often just now, or is closed off
      DeadlineExceeded     the call's time is over

Status codes stand here and in the application's own table, nowhere else.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from google.rpc.status_pb2 import Status

DOMAIN = "switchyard"
MOST_SUMMARIZED = 5  # violations that a status message spells out
MOST_VIOLATIONS = 10  # that a status names: trailers are refused beyond 8 KiB
OUT_OF_TIME = "DEADLINE_EXCEEDED"  # the reason of a call that took longer than its contract allows
# Names of the codes that say that the server has failed, by OpenTelemetry's RPC conventions.
SERVER_FAULTS = frozenset(
    code.name
    for code in (
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
    )
)


@dataclass(frozen=True, slots=True)
class Violation:
    """A field that breaks a rule: its path, the rule's name, what it must be."""

    field: str
    rule: str
    description: str


class InterceptorError(Exception):
    """Anything that an interceptor raises on purpose."""


class MalformedMessage(InterceptorError):
    """Bytes that are no message of the expected type."""


class RequestTooLarge(InterceptorError):
    """A request, or an item of one, of more bytes than the method takes."""

    def __init__(self, size_bytes: int, most_bytes: int) -> None:
        super().__init__(f"{size_bytes:,} bytes")
        self.size_bytes = size_bytes
        self.most_bytes = most_bytes


class InvalidRequest(InterceptorError):
    """A message that breaks a rule of the contract; `request` is that message."""

    def __init__(self, violations: Sequence[Violation], request: Message) -> None:
        super().__init__(summarize_violations(violations))
        self.violations = tuple(violations)
        self.request = request


class UnknownMethod(InterceptorError):
    """A method that the server does not have."""


class Unauthenticated(InterceptorError):
    """No credentials, or none that hold. `reason` is UPPER_SNAKE, `message` says what to do."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class PermissionDenied(InterceptorError):
    """The caller lacks a permission."""

    def __init__(self, permission: str) -> None:
        super().__init__(permission)
        self.permission = permission


class RateLimited(InterceptorError):
    """The units of one window are spent; `retry_after_s` is the true wait.

    `fields` tell the caller where it stands, if it was not told before.
    """

    def __init__(
        self,
        subject: str,
        limit: int,
        window_s: float,
        retry_after_s: float,
        fields: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(subject)
        self.subject = subject
        self.limit = limit
        self.window_s = window_s
        self.fields = fields
        self.retry_after_s = retry_after_s


class TooManyConnections(InterceptorError):
    """One address holds more connections than it may."""

    def __init__(self, most: int) -> None:
        super().__init__(str(most))
        self.most = most


class TooManyStreams(InterceptorError):
    """One caller, or one address, holds as many streams as it may."""

    def __init__(self, most: int, retry_after_s: float) -> None:
        super().__init__(str(most))
        self.most = most
        self.retry_after_s = retry_after_s


class Overloaded(InterceptorError):
    """The call was shed before any work on it began."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__()
        self.retry_after_s = retry_after_s


class CircuitOpen(InterceptorError):
    """A circuit breaker refuses calls for a while; `is_forced`: an operator wants it so."""

    def __init__(self, breaker: str, retry_after_s: float, *, is_forced: bool = False) -> None:
        super().__init__(breaker)
        self.breaker = breaker
        self.retry_after_s = retry_after_s
        self.is_forced = is_forced


class DeadlineExceeded(InterceptorError):
    """The time that the method's contract allows is over; 0.0: its caller's was when it came."""

    def __init__(self, deadline_s: float) -> None:
        super().__init__(f"{deadline_s:g} s")
        self.deadline_s = deadline_s


def status(code: grpc.StatusCode, reason: str, message: str, *details: Message) -> Status:
    """A google.rpc.Status whose first detail is ErrorInfo with this reason."""
    info = error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN)
    number: int = code.value[0]
    packed = []
    for detail in (info, *details):
        packed.append(AnyMessage())
        packed[-1].Pack(detail)
    return Status(code=number, message=message, details=packed)


def reason_of(found: Status) -> str:
    """The reason in a status' ErrorInfo; empty where it has none."""
    info = error_details_pb2.ErrorInfo()
    for detail in found.details:
        if detail.Unpack(info):
            return str(info.reason)
    return ""


def summarize_violations(violations: Sequence[Violation]) -> str:
    """The first fields at fault, and how many more there are."""
    named = [f"{v.field}: {v.description}" for v in violations[:MOST_SUMMARIZED]]
    more = len(violations) - len(named)
    return "; ".join(named) + (f"; and {more} more" if more else "")


def bad_request(violations: Sequence[Violation]) -> error_details_pb2.BadRequest:
    """The detail that names the fields at fault, the first ten of them."""
    return error_details_pb2.BadRequest(
        field_violations=[
            error_details_pb2.BadRequest.FieldViolation(
                field=v.field, description=v.description, reason=v.rule
            )
            for v in violations[:MOST_VIOLATIONS]
        ]
    )


def retry_info(seconds: float) -> error_details_pb2.RetryInfo:
    """The detail that says when to try again; never less than a millisecond."""
    milliseconds = max(1, math.ceil(seconds * 1000))
    delay = Duration(seconds=milliseconds // 1000, nanos=milliseconds % 1000 * 1_000_000)
    return error_details_pb2.RetryInfo(retry_delay=delay)


def status_of(error: Exception) -> Status:
    """The status of anything that a call raises: INTERNAL, without a word of the cause, unless it
    is an interceptor's refusal.
    """
    if isinstance(error, InterceptorError):
        return interceptor_status(error)
    return status(
        grpc.StatusCode.INTERNAL,
        "INTERNAL",
        "The server failed in a way that it does not know. Its log has the details.",
    )


def interceptor_status(error: InterceptorError) -> Status:
    """The status of what an interceptor raised."""
    kind = type(error)
    if kind not in STATUSES:
        raise TypeError(f"no status for {kind.__name__}")
    return STATUSES[kind](error)


def _rate_limited(error: RateLimited) -> Status:
    spent = f"{error.limit:,} units in {error.window_s:g} s"
    wait = f"{error.retry_after_s:.3f} s"
    return status(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "RATE_LIMITED",
        f"The limit of {spent} is reached. Try again in {wait}, or ask for a higher tier.",
        error_details_pb2.QuotaFailure(
            violations=[
                error_details_pb2.QuotaFailure.Violation(
                    subject=error.subject, description=f"limit of {spent}"
                )
            ]
        ),
        retry_info(error.retry_after_s),
    )


def _deadline_exceeded(error: DeadlineExceeded) -> Status:
    code = grpc.StatusCode.DEADLINE_EXCEEDED
    if not error.deadline_s:
        return status(code, "DEADLINE_PASSED", "The call's deadline had passed when it came.")
    allowed = f"the {error.deadline_s:g} s that it may take"
    return status(code, OUT_OF_TIME, f"The call took longer than {allowed}.")


def _why_open(error: CircuitOpen) -> str:
    return "was closed off by an operator" if error.is_forced else "has failed too often just now"


STATUSES: dict[type[InterceptorError], Callable[[Any], Status]] = {
    InvalidRequest: lambda error: status(
        grpc.StatusCode.INVALID_ARGUMENT,
        "INVALID_REQUEST",
        str(error),
        bad_request(error.violations),
    ),
    MalformedMessage: lambda _error: status(
        grpc.StatusCode.INVALID_ARGUMENT,
        "MALFORMED_MESSAGE",
        "The request's bytes are no message of this method's type. Strings must be valid UTF-8.",
    ),
    # Not RESOURCE_EXHAUSTED, as gRPC has it for its own limit: there is nothing to wait for.
    RequestTooLarge: lambda error: status(
        grpc.StatusCode.INVALID_ARGUMENT,
        "REQUEST_TOO_LARGE",
        f"The message has {error.size_bytes:,} bytes; this method takes at most "
        f"{error.most_bytes:,}.",
    ),
    UnknownMethod: lambda _error: status(
        grpc.StatusCode.UNIMPLEMENTED,
        "UNKNOWN_METHOD",
        "The server has no such method. Server reflection lists those that it has.",
    ),
    Unauthenticated: lambda error: status(
        grpc.StatusCode.UNAUTHENTICATED, error.reason, str(error)
    ),
    PermissionDenied: lambda error: status(
        grpc.StatusCode.PERMISSION_DENIED,
        "PERMISSION_DENIED",
        f"The caller lacks the permission {error.permission}.",
    ),
    RateLimited: _rate_limited,
    TooManyConnections: lambda error: status(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "TOO_MANY_CONNECTIONS",
        f"This address holds more than {error.most} connections. Close some, or share one.",
    ),
    TooManyStreams: lambda error: status(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "TOO_MANY_STREAMS",
        f"No more than {error.most} streams may be open at once. End one, or share one.",
        retry_info(error.retry_after_s),
    ),
    Overloaded: lambda error: status(
        grpc.StatusCode.UNAVAILABLE,
        "OVERLOADED",
        "The server has more work than it can do. Nothing was done; try again later.",
        retry_info(error.retry_after_s),
    ),
    CircuitOpen: lambda error: status(
        grpc.StatusCode.UNAVAILABLE,
        "CIRCUIT_OPEN",
        f"{error.breaker} {_why_open(error)}. Nothing was done; try again later.",
        retry_info(error.retry_after_s),
    ),
    DeadlineExceeded: _deadline_exceeded,
}
