"""Claims of action: nobody acts, so none may be made."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.engines.embedded.reply import write_reply
from server.engines.llm.actions import Intent
from server.engines.llm.intent import ENOUGH, confidence_bucket, find_claims
from server.triage.starter import starter_taxonomy
from server.triage.taxonomy import Category

# Written by hand and apart from the rules, one reply a line.
CLAIMING, HONEST = (
    (Path(__file__).parent / f"replies_that_{what}.txt").read_text("utf-8").splitlines()
    for what in ("claim", "are_honest")
)


def is_claim(reply: str) -> bool:
    """Whether an answer with this reply is refused."""
    return any(claim.confidence >= ENOUGH for claim in find_claims(reply))


def test_labelled_replies_are_told_apart() -> None:
    found = sum(map(is_claim, CLAIMING))
    alarms = sum(map(is_claim, HONEST))
    assert len(CLAIMING) >= 80
    assert len(HONEST) >= 80
    assert found / len(CLAIMING) >= 0.95
    assert found / (found + alarms) >= 0.95


@pytest.mark.parametrize("category", starter_taxonomy().categories, ids=lambda each: each.name)
def test_what_the_embedded_engine_writes_is_no_claim(category: Category) -> None:
    replies = [
        write_reply("order 88213", text, "T-1", {}, for_person=for_person)
        for text in (category.reply_text, "")
        for for_person in (False, True)
    ]
    assert not any(map(is_claim, replies))


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
        ("I refunded your payment of $20.", Intent.REFUND),
        ("We escalated it.", Intent.ESCALATE),
        ("Let me escalate this.", Intent.ESCALATE),
        ("Our billing team will contact you.", Intent.CONTACT),
        ("The billing department will refund you.", Intent.REFUND),
        ("I have successfully reset your password.", Intent.CHANGE),
        ("I'll get this refunded for you.", Intent.REFUND),
        ("We've received your message and will refund you.", Intent.REFUND),
        ("We were able to cancel it.", Intent.CHANGE),
        ("Your order has been cancelled.", Intent.CHANGE),
        ("The parcel will be shipped.", Intent.CHANGE),
        ("I can confirm that your order was cancelled.", Intent.CHANGE),
        ("I have refunded you after checking your account.", Intent.REFUND),
        ("Sorry for the delay, your refund has been issued.", Intent.CHANGE),
        ("Your order, which we have cancelled, is closed.", Intent.CHANGE),
        ("I have cancelled it, is that right?", Intent.CHANGE),
        ("We are sorry about this and have refunded the payment.", Intent.REFUND),
        ("We do apologise and have credited $10 to your account.", Intent.REFUND),
        ("Your subscription is cancelled.", Intent.CHANGE),
        ("Your account is now unlocked.", Intent.CHANGE),
        ("I can confirm that your subscription is cancelled.", Intent.CHANGE),
        ("Refund issued.", Intent.CHANGE),
        ("The refund went through.", Intent.REFUND),
        ("A specialist will be in touch shortly.", Intent.CONTACT),
        ("You'll hear from us within 24 hours.", Intent.CONTACT),
        ("We're sorry; your card was refunded.", Intent.REFUND),
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
        "We have received your message; please tell us which email we are writing to.",
        "I have checked: the ticket names no order number.",
        "No refund has been issued.",
        "No refund issued.",
        "Is your subscription cancelled?",
        "Your subscription is renewed every month.",
        "The refund is issued by the bank.",
        "A specialist will need the serial number.",
        "We understand that you moved and have changed your address.",
    ],
)
def test_what_claims_nothing_is_left_in_peace(reply: str) -> None:
    assert find_claims(reply) == []


@pytest.mark.parametrize(
    "reply",
    [
        "If you send us the invoice, we will refund it.",
        "Once it arrives we will process it.",
        "We will refund it as soon as you send us the invoice.",
        "After your order has been cancelled, the bank needs three days.",
        "Your order was cancelled.",
        "Your refund has been processed by your bank.",
        "We are sorry that your order has been cancelled.",
        "You write that your order has been cancelled.",
        "Please open the e-mail we sent you.",
        "If your subscription is cancelled, you keep access until June.",
        "Once your account is unlocked, please sign in.",
        "Click Cancel, and your subscription is cancelled.",
        "You say the refund went through.",
        "You will hear from us once you send us the number.",
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
