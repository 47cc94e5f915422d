"""Drafted replies."""

import re

import pytest
from hypothesis import given

from server.engines.embedded.reply import REPLY_CHARACTERS, find_facts, write_reply
from tests.unit.engines.hostile import any_text


def test_the_reply_holds_the_categorys_text_and_the_ticket_id() -> None:
    reply = write_reply("hello", "We look at your bill.", "T-17", {}, for_person=False)
    assert reply.startswith("Hello,\n\nWe look at your bill.\n\n")
    assert "Your ticket is T-17." in reply
    assert "colleague" not in reply


def test_a_category_without_a_text_gets_a_neutral_one() -> None:
    assert "We have received your message" in write_reply("x", " ", "T-1", {}, for_person=False)


def test_the_reply_says_when_a_person_takes_the_ticket() -> None:
    assert "A colleague will take care" in write_reply("x", "y", "T-1", {}, for_person=True)


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("My order 48213 is late", [("order", "48213")]),
        ("order number: AB-1234-X", [("order", "AB-1234-X")]),
        ("Order #99817, invoice INV-7", [("order", "99817"), ("invoice", "INV-7")]),
        ("Error code E1042 again", [("error", "E1042")]),
        ("order 48213 and again order 48213", [("order", "48213")]),
        ("in order to pay 12 dollars", []),
        ("I order 2-3 times a week", []),
        ("disorder 48213", []),
        ("\u0130\u0130\u0130 order 48213", [("order", "48213")]),
        ("the invoice jane48213@example.com sent", []),
    ],
)
def test_facts_are_found_only_where_they_stand(text: str, facts: list[tuple[str, str]]) -> None:
    assert find_facts(text, {}) == facts


def test_the_order_attribute_is_a_fact_too() -> None:
    assert find_facts("where is it", {"order": "A-77"}) == [("order", "A-77")]
    assert find_facts("where is it", {"order": "A\nB <b>"}) == []


@given(any_text)
def test_no_reply_invents_a_number_or_grows_too_long(text: str) -> None:
    reply = write_reply(text, "text " * 400, "T-x", {}, for_person=True)
    assert len(reply) <= REPLY_CHARACTERS
    for number in re.findall(r"[0-9]+", reply):
        assert number in text
