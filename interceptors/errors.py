"""What the interceptors refuse, and the google.rpc.Status of each.

    InterceptorError
      MalformedMessage     the bytes are no message of the method's type
      InvalidRequest       a field breaks a rule of the contract
      UnknownMethod        the server has no such method

Status codes stand here and in the application's own table, nowhere else.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from google.rpc.status_pb2 import Status

DOMAIN = "switchyard"
MOST_SUMMARIZED = 5  # violations that a status message spells out
MOST_VIOLATIONS = 10  # that a status names: trailers are refused beyond 8 KiB


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


class InvalidRequest(InterceptorError):
    """A message that breaks a rule of the contract; `request` is that message."""

    def __init__(self, violations: Sequence[Violation], request: Message) -> None:
        super().__init__(summarize_violations(violations))
        self.violations = tuple(violations)
        self.request = request


class UnknownMethod(InterceptorError):
    """A method that the server does not have."""


def status(code: grpc.StatusCode, reason: str, message: str, *details: Message) -> Status:
    """A google.rpc.Status whose first detail is ErrorInfo with this reason."""
    info = error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN)
    number: int = code.value[0]
    packed = []
    for detail in (info, *details):
        packed.append(AnyMessage())
        packed[-1].Pack(detail)
    return Status(code=number, message=message, details=packed)


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


def interceptor_status(error: InterceptorError) -> Status:
    """The status of what an interceptor raised."""
    match error:
        case InvalidRequest():
            return status(
                grpc.StatusCode.INVALID_ARGUMENT,
                "INVALID_REQUEST",
                str(error),
                bad_request(error.violations),
            )
        case MalformedMessage():
            return status(
                grpc.StatusCode.INVALID_ARGUMENT,
                "MALFORMED_MESSAGE",
                "The request's bytes are no message of this method's type. "
                "Strings must be valid UTF-8.",
            )
        case UnknownMethod():
            return status(
                grpc.StatusCode.UNIMPLEMENTED,
                "UNKNOWN_METHOD",
                "The server has no such method. Server reflection lists those that it has.",
            )
        case _:
            raise TypeError(f"no status for {type(error).__name__}")
