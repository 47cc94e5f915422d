"""What of a ticket may leave the process."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from server.triage.ticket import (
    ENGINE_BYTES,
    OUTWARD_ATTRIBUTE,
    OUTWARD_ATTRIBUTES,
    Channel,
    Ticket,
    outward_ticket,
)


def test_a_ticket_goes_out_without_ids_and_times() -> None:
    ticket = Ticket(
        id="T-1",
        body="Where is it?",
        subject="Order",
        customer_id="C-77",
        channel=Channel.EMAIL,
        language_hint="de",
        created_time=datetime(2026, 1, 1, tzinfo=UTC),
        attributes={"plan": "pro"},
    )
    assert outward_ticket(ticket, "en") == {
        "subject": "Order",
        "body": "Where is it?",
        "channel": "email",
        "language": "en",
        "attributes": {"plan": "pro"},
    }


def test_what_a_ticket_does_not_say_is_left_out() -> None:
    assert outward_ticket(Ticket("T-1", "Hello"), "und") == {"body": "Hello", "language": "und"}


def test_attributes_are_few_and_short() -> None:
    attributes = {f"k{i:02}": "v" * 1024 for i in range(64)}
    shown = outward_ticket(Ticket("T-1", "x", attributes=attributes), "en")["attributes"]
    assert shown == {f"k{i:02}": "v" * OUTWARD_ATTRIBUTE for i in range(OUTWARD_ATTRIBUTES)}


def test_attributes_whose_names_are_no_plain_words_stay_here() -> None:
    names = ["jane.doe@example.com", "4111 1111", "n" * 41, "\u00fc", "billing.plan_2-b"]
    shown = outward_ticket(Ticket("T-1", "x", attributes=dict.fromkeys(names, "v")), "en")
    assert shown["attributes"] == {"billing.plan_2-b": "v"}


@given(st.sampled_from("a\u00e4\u4e2d\U0001f600"), st.integers(0, 9000), st.integers(0, 9000))
def test_subject_and_body_together_are_no_more_than_engines_read(
    letter: str, subject: int, body: int
) -> None:
    shown = outward_ticket(Ticket("T-1", letter * body, letter * subject), "en")
    texts = [str(shown.get("subject", "")), str(shown["body"])]
    assert sum(len(text.encode()) for text in texts) <= ENGINE_BYTES
    assert all(text == letter * len(text) for text in texts)
