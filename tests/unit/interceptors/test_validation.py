"""Field rules of the contract are held, and a violation says which field and what instead."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from google.rpc.status_pb2 import Status
from switchyard.admin.v1 import rate_limit_service_pb2
from switchyard.triage.v1 import taxonomy_pb2, ticket_pb2, triage_service_pb2

from interceptors.call import Call
from interceptors.chain import Interceptor
from interceptors.codec import Codec
from interceptors.error_status import ErrorStatus
from interceptors.errors import InvalidRequest, interceptor_status
from interceptors.validation import MOST_EXPLAINED_BYTES, Validation
from tests.unit.interceptors.echo_server import call, echo_channel, status_of_call, stream

validation = Validation()
KEY_PATH = 'attributes["k"]'


def _status(_call: Call, error: Exception) -> Status:
    assert isinstance(error, InvalidRequest)
    return interceptor_status(error)


members: list[Interceptor] = [
    ErrorStatus(_status),
    Codec(items_stand_alone=lambda _name: True),
    validation,
]


def fields(message: object) -> dict[str, str]:
    """Field -> description of every violation."""
    return {v.field: v.description for v in validation.violations(message)}  # type: ignore[arg-type]  # a message


def test_a_sound_ticket_breaks_no_rule() -> None:
    assert fields(ticket_pb2.Ticket(id="1", body="مرحبا 👋\r\n\tline")) == {}


def test_a_rule_on_several_fields_together_is_broken_by_the_request() -> None:
    assert fields(rate_limit_service_pb2.SetCustomLimitRequest()) == {
        "request": "caller, method or both must be given"
    }


@pytest.mark.parametrize(
    ("ticket", "field", "says"),
    [
        (ticket_pb2.Ticket(id="1"), "body", "at least 1"),
        (ticket_pb2.Ticket(id="1", body=" \n\t"), "body", "more than white space"),
        (ticket_pb2.Ticket(id="1", body="a\0b"), "body", "control characters"),
        (ticket_pb2.Ticket(id="1", body="x" * 65537), "body", "at most 65536"),
        (ticket_pb2.Ticket(id="", body="x"), "id", "1 to 128"),
        (ticket_pb2.Ticket(id="a b", body="x"), "id", "white space"),
        (ticket_pb2.Ticket(id="1", body="x", subject="a\nb"), "subject", "control characters"),
        (ticket_pb2.Ticket(id="1", body="x", subject="s" * 1001), "subject", "at most 1000"),
        (ticket_pb2.Ticket(id="1", body="x", language_hint="english!"), "language_hint", "BCP 47"),
        (
            ticket_pb2.Ticket(id="1", body="x", attributes={"k": "v" * 1025}),
            'attributes["k"]',
            "1024",
        ),
        (
            ticket_pb2.Ticket(id="1", body="x", attributes={str(i): "" for i in range(65)}),
            "attributes",
            "64",
        ),
    ],
)
def test_each_rule_of_a_ticket_names_its_field(
    ticket: ticket_pb2.Ticket, field: str, says: str
) -> None:
    assert says in fields(ticket)[field]


def test_an_enum_number_that_is_not_defined_is_refused() -> None:
    ticket = ticket_pb2.Ticket.FromString(b"\x0a\x011\x1a\x01x\x28\x63")
    assert "channel" in fields(ticket)


def test_paths_lead_into_lists() -> None:
    taxonomy = taxonomy_pb2.Taxonomy(
        etag="e",
        categories=[
            taxonomy_pb2.Category(name="good", title="t", examples=["e"]),
            taxonomy_pb2.Category(name="Bad name", title="t", examples=["e"]),
        ],
    )
    request = triage_service_pb2.UpdateTaxonomyRequest(taxonomy=taxonomy)
    assert list(fields(request)) == ["taxonomy.categories[1].name"]


async def test_a_refusal_carries_every_field_as_bad_request() -> None:
    async with echo_channel(members) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await call(channel, "Echo", b"")
    status = status_of_call(raised.value)
    detail = error_details_pb2.BadRequest()
    assert any(packed.Unpack(detail) for packed in status.details)
    assert {v.field for v in detail.field_violations} == {"id", "body"}


async def test_hundreds_of_violations_still_make_a_status_that_arrives() -> None:
    attributes = {f"{i}{'k' * 65}": "" for i in range(200)}
    ticket = ticket_pb2.Ticket(attributes=attributes)
    assert len(validation.violations(ticket)) > 200
    async with echo_channel(members) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await call(channel, "Echo", ticket.SerializeToString())
    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_of_a_large_message_the_first_violation_is_told() -> None:
    request = triage_service_pb2.UpdateTaxonomyRequest()
    for _ in range(MOST_EXPLAINED_BYTES):
        request.taxonomy.categories.add()
    assert len(validation.violations(request)) == 1


async def test_a_bad_item_of_a_stream_leaves_the_others_alone() -> None:
    good = ticket_pb2.Ticket(id="good", body="x").SerializeToString()
    async with echo_channel(members) as channel:
        answers = await stream(channel, "EchoStream", [good, b"", good])
    ids = [ticket_pb2.Ticket.FromString(answer).id for answer in answers]
    assert ids == ["good", "InvalidRequest", "good"]


async def test_the_refusal_of_an_item_keeps_nothing_of_how_it_was_found() -> None:
    async def items() -> AsyncIterator[ticket_pb2.Ticket]:
        yield ticket_pb2.Ticket()

    async def refuse(checked: Any, _call: Call) -> list[Any]:
        return [item async for item in checked]

    method: Any = SimpleNamespace(request_streaming=True)
    call_of_none: Any = None
    (refusal,) = await validation.wrap_unary(method, refuse)(items(), call_of_none)
    assert isinstance(refusal, InvalidRequest)
    assert refusal.__traceback__ is None
    assert refusal.__context__ is None
