"""Errors: from codes and details to exceptions with facts."""

import grpc
import pytest
from google.protobuf import duration_pb2
from google.protobuf.message import DecodeError
from google.rpc import code_pb2, error_details_pb2
from grpc import StatusCode
from grpc.aio import AioRpcError, Metadata
from switchyard_client import errors

from tests.unit.client.fake_service import refusal, status


def call_error(code: StatusCode, details: bytes | None = None) -> AioRpcError:
    """As grpc raises it."""
    trailing = Metadata(("grpc-status-details-bin", details)) if details else Metadata()
    return AioRpcError(code, Metadata(), trailing, details="what happened")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (StatusCode.INVALID_ARGUMENT, errors.InvalidRequest),
        (StatusCode.OUT_OF_RANGE, errors.InvalidRequest),
        (StatusCode.NOT_FOUND, errors.NotFound),
        (StatusCode.ALREADY_EXISTS, errors.AlreadyExists),
        (StatusCode.ABORTED, errors.Conflict),
        (StatusCode.FAILED_PRECONDITION, errors.PreconditionFailed),
        (StatusCode.UNAUTHENTICATED, errors.NotAuthenticated),
        (StatusCode.PERMISSION_DENIED, errors.NotPermitted),
        (StatusCode.RESOURCE_EXHAUSTED, errors.LimitReached),
        (StatusCode.DEADLINE_EXCEEDED, errors.DeadlineExceeded),
        (StatusCode.CANCELLED, errors.CallCancelled),
        (StatusCode.UNIMPLEMENTED, errors.NotSupported),
        (StatusCode.INTERNAL, errors.ServerFault),
        (StatusCode.UNKNOWN, errors.ServerFault),
        (StatusCode.DATA_LOSS, errors.ServerFault),
    ],
)
def test_every_status_code_has_its_exception(
    code: StatusCode, kind: type[errors.SwitchyardError]
) -> None:
    assert type(errors.error_of_call(call_error(code))) is kind


def test_unavailable_without_a_reason_means_that_no_server_answered() -> None:
    assert isinstance(errors.error_of_call(call_error(StatusCode.UNAVAILABLE)), errors.Unreachable)


def test_unavailable_with_a_reason_comes_from_the_service() -> None:
    made = status(code_pb2.UNAVAILABLE, "DRAINING", "the server is draining")
    error = errors.error_of_call(call_error(StatusCode.UNAVAILABLE, made.SerializeToString()))
    assert (type(error), error.reason) == (errors.Unavailable, "DRAINING")


def test_details_become_facts() -> None:
    retry = error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(nanos=250_000_000))
    resource = error_details_pb2.ResourceInfo(resource_type="taxonomy", resource_name="taxonomy")
    made = status(code_pb2.ABORTED, "STALE_ETAG", "it has changed", retry, resource)
    error = errors.error_of_call(call_error(StatusCode.ABORTED, made.SerializeToString()))
    assert (error.reason, error.retry_after_s) == ("STALE_ETAG", 0.25)
    assert error.resource == errors.Resource("taxonomy", "taxonomy")


def test_the_text_of_an_invalid_request_names_field_and_rule() -> None:
    error = errors.error_of_status(refusal().SerializeToString())
    assert str(error) == "INVALID_ARGUMENT (INVALID_FIELD): ticket.body: must not say REFUSE"


@pytest.mark.parametrize("details", [b"\xff\xff\xff", b"\x1a\x05\x0a\xff\xff\xff\xff"])
def test_damaged_details_leave_code_and_message(details: bytes) -> None:
    error = errors.error_of_call(call_error(StatusCode.NOT_FOUND, details))
    assert (type(error), error.message) == (errors.NotFound, "what happened")


def test_an_answer_that_cannot_be_read_is_a_server_fault() -> None:
    assert type(errors.error_of_call(DecodeError())) is errors.ServerFault


def test_a_code_of_the_future_is_a_server_fault() -> None:
    made = status(code_pb2.OK, "NEW", "new")
    made.code = 77
    error = errors.error_of_status(made.SerializeToString())
    assert (type(error), error.code) == (errors.ServerFault, grpc.StatusCode.UNKNOWN)
