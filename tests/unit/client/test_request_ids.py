"""Request ids: the same for the same row of a batch, and for nothing else."""

from uuid import UUID

import pytest
from switchyard_client import Ticket
from switchyard_client.messages.switchyard.triage.v1 import TriageOptions, TriagePart
from switchyard_client.request_ids import batch_of, digest_of, is_request_id, request_id_of
from switchyard_client.tickets import Row

BATCH = bytes(range(6))
ROW = Row(3, Ticket(id="T-1", body="text", attributes={"a": "1", "b": "2"}))


def test_it_is_a_uuid_of_version_8() -> None:
    made = UUID(request_id_of(BATCH, ROW))
    assert (made.version, made.variant) == (8, "specified in RFC 4122")


def test_the_same_row_has_the_same_id() -> None:
    again = Row(3, Ticket(id="T-1", body="text", attributes={"b": "2", "a": "1"}))
    assert request_id_of(BATCH, ROW) == request_id_of(BATCH, again)


@pytest.mark.parametrize(
    "other",
    [
        Row(4, ROW.ticket),
        Row(3, Ticket(id="T-2", body="text", attributes={"a": "1", "b": "2"})),
        Row(3, Ticket(id="T-1", body="texts", attributes={"a": "1", "b": "2"})),
        Row(3, Ticket(id="T-1", body="text", attributes={"a": "1"})),
    ],
)
def test_another_row_has_another_id(other: Row) -> None:
    assert request_id_of(BATCH, ROW) != request_id_of(BATCH, other)


@pytest.mark.parametrize(
    "options", [TriageOptions(parts=[TriagePart.SUMMARY]), TriageOptions(parts=[TriagePart.REPLY])]
)
def test_a_row_that_is_asked_for_other_parts_has_another_id(options: TriageOptions) -> None:
    other = TriageOptions(parts=[TriagePart.SUMMARY, TriagePart.REPLY])
    assert request_id_of(BATCH, ROW, options) != request_id_of(BATCH, ROW)
    assert request_id_of(BATCH, ROW, options) != request_id_of(BATCH, ROW, other)


def test_another_batch_has_other_ids() -> None:
    assert request_id_of(BATCH, ROW) != request_id_of(bytes(6), ROW)


def test_the_batch_can_be_read_from_an_id() -> None:
    assert batch_of(request_id_of(BATCH, ROW)) == BATCH


def test_the_digest_of_an_id_fits_in_64_bits_and_is_not_0() -> None:
    assert 0 < digest_of(request_id_of(BATCH, ROW)) < 2**64


@pytest.mark.parametrize("text", ["", "x", "5f0c6d1e-0000-4000-8000-000000000000"])
def test_other_texts_are_no_request_ids(text: str) -> None:
    assert not is_request_id(text)
