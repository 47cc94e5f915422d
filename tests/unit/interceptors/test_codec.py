"""Bytes that are no message, or too many, are the caller's error."""

import grpc
import pytest
from switchyard.options.v1.options_pb2 import MethodPolicy
from switchyard.triage.v1 import ticket_pb2

from interceptors.codec import Codec
from interceptors.error_status import ErrorStatus
from interceptors.errors import InterceptorError, interceptor_status
from tests.unit.interceptors.echo_server import (
    SERVICE,
    call,
    count,
    echo_channel,
    status_of_call,
    stream,
)

NO_MESSAGE = b"\x0a\xff"
BAD_UTF8 = b"\x12\x02\xff\xfe"
LONE_SURROGATE = b"\x12\x03\xed\xa0\x80"

errors = ErrorStatus(lambda _call, error: interceptor_status(_own(error)))
standing_alone = Codec(items_stand_alone=lambda _name: True)
ending = Codec(items_stand_alone=lambda _name: False)
MOST_BYTES = 8
FITS = ticket_pb2.Ticket(id="x" * (MOST_BYTES - 2)).SerializeToString()
TOO_LARGE = ticket_pb2.Ticket(id="x" * (MOST_BYTES - 1)).SerializeToString()
LIMITS = {
    f"{SERVICE}/Echo": MethodPolicy(max_request_bytes=MOST_BYTES),
    f"{SERVICE}/EchoStream": MethodPolicy(max_request_bytes=MOST_BYTES),
    f"{SERVICE}/Count": MethodPolicy(),
}


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


async def test_a_request_above_its_methods_limit_is_refused_with_both_sizes() -> None:
    async with echo_channel([errors, Codec(policies=LIMITS)]) as channel:
        assert await call(channel, "Echo", FITS) == FITS
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await call(channel, "Echo", TOO_LARGE)
    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert raised.value.details() == "The message has 9 bytes; this method takes at most 8."


async def test_a_request_that_is_too_large_is_not_parsed() -> None:
    async with echo_channel([errors, Codec(policies=LIMITS)]) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await call(channel, "Echo", NO_MESSAGE * MOST_BYTES)
    assert "REQUEST_TOO_LARGE" in str(status_of_call(raised.value).details)


async def test_an_item_that_is_too_large_arrives_in_its_place_where_items_stand_alone() -> None:
    codec = Codec(items_stand_alone=lambda _name: True, policies=LIMITS)
    async with echo_channel([errors, codec]) as channel:
        answers = await stream(channel, "EchoStream", [FITS, TOO_LARGE, FITS])
    assert [ticket_pb2.Ticket.FromString(a).id for a in answers] == [
        "xxxxxx",
        "RequestTooLarge",
        "xxxxxx",
    ]


async def test_an_item_that_is_too_large_ends_any_other_stream() -> None:
    async with echo_channel([errors, Codec(policies=LIMITS)]) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stream(channel, "EchoStream", [TOO_LARGE])
    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT


async def test_where_a_policy_has_no_limit_that_of_all_methods_holds() -> None:
    at_most, too_large = (ticket_pb2.Ticket(id="x" * n).SerializeToString() for n in (97, 98))
    async with echo_channel([errors, Codec(policies=LIMITS, most_bytes=99)]) as channel:
        assert len(await count(channel, at_most)) == 3
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await count(channel, too_large)
    assert raised.value.details() == "The message has 100 bytes; this method takes at most 99."
