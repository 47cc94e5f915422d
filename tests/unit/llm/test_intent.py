"""Claims of action: nobody acts, so none may be made."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.engines.llm.intent import ENOUGH, Intent, confidence_bucket, find_claims


@pytest.mark.parametrize(
    ("reply", "intent"),
    [
        ("I have refunded you.", Intent.REFUND),
        ("I've credited your account.", Intent.REFUND),
        ("We\u2019ve just reversed the charge.", Intent.REFUND),
        ("I will escalate this to a specialist.", Intent.ESCALATE),
        ("We are forwarding your ticket to our developers.", Intent.ESCALATE),
        ("Our team will contact you tomorrow.", Intent.CONTACT),
        ("We will be contacting you.", Intent.CONTACT),
        ("WE ARE GOING TO CANCEL IT", Intent.CHANGE),
        ("I've gone ahead and cancelled the order.", Intent.CHANGE),
        ("My colleagues are looking into it.", Intent.INVESTIGATE),
        ("I\nhave\nchecked it", Intent.INVESTIGATE),
    ],
)
def test_a_claim_is_found_and_sure(reply: str, intent: Intent) -> None:
    claim = find_claims(reply)[0]
    assert claim.intent is intent
    assert claim.confidence >= ENOUGH


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "Please send us the invoice, so that it can be looked at.",
        "You can cancel the order in your account.",
        "We are sorry for the trouble, and thank you for your patience.",
        "We have received your message.",
        "Shall I cancel it?",
        "We will not refund orders that were opened.",
        "They have refunded you.",
        "The wiki has reset instructions.",
    ],
)
def test_what_claims_nothing_is_left_in_peace(reply: str) -> None:
    assert find_claims(reply) == []


@pytest.mark.parametrize(
    "reply",
    [
        "If you send us the invoice, we will refund it.",
        "Once it arrives we will process it.",
        "Your order has been cancelled.",
        "The parcel will be shipped.",
    ],
)
def test_conditions_and_what_others_may_have_done_are_weak_claims(reply: str) -> None:
    claims = find_claims(reply)
    assert claims
    assert claims[0].confidence < ENOUGH


def test_each_kind_counts_once_the_surest_first() -> None:
    claims = find_claims("I will refund you. I have refunded you. I will escalate it.")
    assert [(claim.intent, claim.confidence) for claim in claims] == [
        (Intent.REFUND, 0.95),
        (Intent.ESCALATE, 0.85),
    ]


def test_a_condition_weakens_its_own_sentence_alone() -> None:
    claims = find_claims("If it is late, tell us. I have cancelled it.")
    assert claims[0].confidence >= ENOUGH


@pytest.mark.parametrize(("confidence", "bucket"), [(0.95, "high"), (0.85, "medium"), (0.4, "low")])
def test_metrics_count_in_three_buckets(confidence: float, bucket: str) -> None:
    assert confidence_bucket(confidence) == bucket


@given(st.text())
def test_confidences_lie_between_zero_and_one(reply: str) -> None:
    assert all(0 < claim.confidence <= 1 for claim in find_claims(reply))
