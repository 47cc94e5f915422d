"""What a failed call tells people to do."""

import pytest
from google.protobuf import duration_pb2
from google.rpc import code_pb2, error_details_pb2
from grpc import StatusCode
from switchyard_client import Unreachable, error_of_status
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.failures import Exit, call_failed, explain

from tests.unit.client.fake_service import status

WITHOUT_KEY = Endpoint("127.0.0.1:1")
WITH_KEY = Endpoint("127.0.0.1:1", "sy_secret")


def wait(seconds: int) -> error_details_pb2.RetryInfo:
    """The detail that says how long to wait."""
    return error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=seconds))


def told(code: int, endpoint: Endpoint, *details: error_details_pb2.RetryInfo) -> str:
    """The words for a status of this code."""
    made = status(code, "SOME_REASON", "It happened.", *details)
    return explain(error_of_status(made.SerializeToString()), endpoint)


def test_a_caller_without_a_key_learns_how_to_give_one() -> None:
    assert told(code_pb2.UNAUTHENTICATED, WITHOUT_KEY) == (
        "It happened (SOME_REASON); give an API key in SWITCHYARD_API_KEY or with --key-file FILE"
    )


def test_a_caller_with_a_key_learns_that_it_is_not_accepted() -> None:
    assert "mistyped, expired or revoked" in told(code_pb2.UNAUTHENTICATED, WITH_KEY)


def test_a_caller_without_the_permission_learns_who_gives_it() -> None:
    assert "`switchyard admin keys create`" in told(code_pb2.PERMISSION_DENIED, WITH_KEY)


@pytest.mark.parametrize("code", [code_pb2.RESOURCE_EXHAUSTED, code_pb2.UNAVAILABLE])
def test_a_caller_that_has_to_wait_learns_how_long(code: int) -> None:
    assert told(code, WITH_KEY, wait(90)).endswith("; wait 1 min 30 s")


def test_a_limit_without_a_wait_is_to_be_tried_later() -> None:
    assert told(code_pb2.RESOURCE_EXHAUSTED, WITH_KEY).endswith("; try again later")


def test_a_server_of_another_version_is_named() -> None:
    assert "is 127.0.0.1:1 a Switchyard server" in told(code_pb2.UNIMPLEMENTED, WITH_KEY)


@pytest.mark.parametrize("words", ["Socket closed", "recvmsg:Connection reset by peer"])
def test_a_connection_that_had_worked_is_not_blamed_on_tls(words: str) -> None:
    lost = Unreachable(StatusCode.UNAVAILABLE, words)
    assert explain(lost, WITH_KEY) == "the server at 127.0.0.1:1 went away before it had answered"


def test_a_connection_that_never_worked_may_want_tls() -> None:
    words = "failed to connect to all addresses; last error: UNAVAILABLE: ipv4:1: Socket closed"
    assert "may want TLS" in explain(Unreachable(StatusCode.UNAVAILABLE, words), WITH_KEY)


def test_what_to_do_is_said_where_the_server_is_gone_alone() -> None:
    gone = error_of_status(
        status(code_pb2.UNAVAILABLE, "DRAINING", "It stops.").SerializeToString()
    )
    refused = error_of_status(
        status(code_pb2.PERMISSION_DENIED, "NOT_PERMITTED", "No.").SerializeToString()
    )
    assert call_failed(gone, WITH_KEY, "ask again").message.endswith("; ask again")
    assert "ask again" not in call_failed(refused, WITH_KEY, "ask again").message


@pytest.mark.parametrize(
    ("code", "exit_status"),
    [
        (code_pb2.UNAUTHENTICATED, Exit.PARTIAL),
        (code_pb2.PERMISSION_DENIED, Exit.PARTIAL),
        (code_pb2.RESOURCE_EXHAUSTED, Exit.FAILED),
        (code_pb2.INVALID_ARGUMENT, Exit.USAGE),
    ],
)
def test_a_failed_call_has_its_exit_status(code: int, exit_status: Exit) -> None:
    error = error_of_status(status(code, "SOME_REASON", "It happened.").SerializeToString())
    assert call_failed(error, WITH_KEY).exit_code == exit_status
