"""Requests for tests, and what is read from answers."""

import uuid
from typing import Any

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from switchyard.triage.v1 import taxonomy_pb2, ticket_pb2, triage_service_pb2


def ticket(body: str = "I was charged twice this month", **fields: Any) -> ticket_pb2.Ticket:
    """A ticket with an id of its own."""
    return ticket_pb2.Ticket(**{"id": f"t-{uuid.uuid4().hex[:8]}", "body": body} | fields)


def request(body: str = "I was charged twice this month", **fields: Any) -> Any:
    """A request of Triage."""
    return triage_service_pb2.TriageRequest(ticket=ticket(body), **fields)


def item(index: int, body: str = "Where is my parcel?", **fields: Any) -> Any:
    """An item of BatchTriage."""
    return triage_service_pb2.BatchTriageRequest(
        index=index, ticket=ticket_pb2.Ticket(id=f"item-{index}", body=body), **fields
    )


def category(name: str, *examples: str, **fields: Any) -> taxonomy_pb2.Category:
    """A category of an update."""
    return taxonomy_pb2.Category(name=name, title=name.title(), examples=examples, **fields)


def reason_of(error: grpc.aio.AioRpcError) -> str:
    """The ErrorInfo reason of a failed call."""
    return str(detail(error, error_details_pb2.ErrorInfo).reason)


def fields_of(error: grpc.aio.AioRpcError) -> list[str]:
    """The fields at fault of a failed call."""
    return [v.field for v in detail(error, error_details_pb2.BadRequest).field_violations]


def detail(error: grpc.aio.AioRpcError, kind: Any) -> Any:
    """One detail of a failed call; fails when it is not there."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]  # it takes an AioRpcError too
    assert status is not None
    found = kind()
    assert any(packed.Unpack(found) for packed in status.details)
    return found
