"""Bytes that are no message are the caller's error."""

import grpc
import pytest
from switchyard.triage.v1 import ticket_pb2

from interceptors.codec import Codec
from interceptors.error_status import ErrorStatus
from interceptors.errors import InterceptorError, interceptor_status
from tests.unit.interceptors.echo_server import call, echo_channel, status_of_call, stream

NO_MESSAGE = b"\x0a\xff"
BAD_UTF8 = b"\x12\x02\xff\xfe"
LONE_SURROGATE = b"\x12\x03\xed\xa0\x80"

errors = ErrorStatus(lambda _call, error: interceptor_status(_own(error)))
standing_alone = Codec(items_stand_alone=lambda _name: True)
ending = Codec(items_stand_alone=lambda _name: False)


def _own(error: Exception) -> InterceptorError:
    assert isinstance(error, InterceptorError)
    return error


@pytest.mark.parametrize("data", [NO_MESSAGE, BAD_UTF8, LONE_SURROGATE])
async def test_a_request_that_does_not_parse_is_an_invalid_argument(data: bytes) -> None:
    async with echo_channel([errors, ending]) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await call(channel, "Echo", data)
    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "MALFORMED_MESSAGE" in str(status_of_call(raised.value).details)


async def test_a_bad_item_arrives_in_its_place_where_items_stand_alone() -> None:
    good = ticket_pb2.Ticket(id="good").SerializeToString()
    async with echo_channel([errors, standing_alone]) as channel:
        answers = await stream(channel, "EchoStream", [good, NO_MESSAGE, good])
    assert [ticket_pb2.Ticket.FromString(a).id for a in answers] == [
        "good",
        "MalformedMessage",
        "good",
    ]


async def test_a_bad_item_ends_any_other_stream_with_its_status() -> None:
    async with echo_channel([errors, ending]) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stream(channel, "EchoStream", [NO_MESSAGE])
    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT


async def test_unknown_fields_are_no_error() -> None:
    unknown = ticket_pb2.Ticket(id="1").SerializeToString() + b"\xfa\x3e\x01x"
    async with echo_channel([errors, ending]) as channel:
        answer = await call(channel, "Echo", unknown)
    assert ticket_pb2.Ticket.FromString(answer).id == "1"
