"""Requests of measurements."""

from itertools import islice

from bench.calls import triage_requests
from bench.model_questions import ticket_requests
from bench.tickets import numbered_requests

NUMBER = "x" * 8


def test_requests_are_different_although_their_texts_come_again() -> None:
    requests = list(islice(triage_requests(), 300))
    assert len(set(requests)) == 300


def test_requests_come_in_turn_and_are_counted_together() -> None:
    requests = numbered_requests([b"a xxxxxxxx", b"b xxxxxxxx"], NUMBER)
    assert list(islice(requests, 3)) == [b"a 00000000", b"b 00000001", b"a 00000002"]


def test_tickets_as_json_are_different() -> None:
    requests = list(islice(ticket_requests(NUMBER, 200), 300))
    assert len(set(requests)) == 300
