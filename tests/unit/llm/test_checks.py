"""What an answer must not say."""

from base64 import b64encode, encodebytes, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.engines.llm.actions import Intent
from server.engines.llm.checks import check
from server.engines.llm.flaws import Flaw, FlawedAnswer
from server.engines.llm.form import ModelAnswer
from server.engines.llm.intent import Claim, find_claims
from server.engines.llm.leak import letters_of, repeats
from server.engines.llm.prompt import make_prompt
from server.triage.assessment import Priority
from server.triage.starter import starter_taxonomy

CATEGORIES = starter_taxonomy().categories
PROMPT = make_prompt(CATEGORIES)
TICKET = (
    r'{"body":"See KB-1234\nand articles/reset-password. I am [NAME_1], [EMAIL_2]. Was on\n'
    r'https://help.example.com/reset\nand read\nKB-77."}'
)
ZERO_WIDTH = "\u200b"


def flaw_in(reply: str, summary: str = "A summary.") -> Flaw | None:
    answer = ModelAnswer("billing", Priority.LOW, None, summary, reply)
    try:
        check(answer, find_claims(reply), PROMPT, TICKET)
    except FlawedAnswer as flawed:
        return flawed.flaw
    return None


@pytest.mark.parametrize(
    "reply",
    [
        "Please send us the number of the invoice.",
        "Dear [NAME_1], you can read KB-1234, or KB-1234 again, and articles/reset-password.",
        "Write to [EMAIL_2]. [Note]: an array[1] is no placeholder.",
        "Please read article 1234, kb 77, or (https://help.example.com/reset/), if you like.",
        "Please name the article. Which articles were sent back? 3 articles of 12?",
        "Your ticket is about billing: charges, invoices and refunds.",
        CATEGORIES[0].description,
    ],
)
def test_an_answer_that_keeps_to_the_ticket_passes(reply: str) -> None:
    assert flaw_in(reply) is None


@pytest.mark.parametrize(
    "article",
    [
        "KB-999",
        "KB 4711",
        "kb12",
        "KB 7",
        "KB-123",
        "articles/made-up",
        "articles/reset",
        "article 4471 in our help center",
        "article no. 12",
        "https://help.example.com/made-up",
        "www.example.com/help",
    ],
)
def test_an_article_that_the_ticket_does_not_name_is_a_flaw(article: str) -> None:
    assert flaw_in(f"Please read {article}.") is Flaw.UNKNOWN_ARTICLE


@pytest.mark.parametrize("placeholder", ["[NAME_2]", "[EMAIL_1]", "[CARD_1]", "[API_KEY_3]"])
def test_a_placeholder_that_the_ticket_lacks_is_a_flaw(placeholder: str) -> None:
    assert flaw_in(f"Dear {placeholder}") is Flaw.UNKNOWN_PLACEHOLDER
    assert flaw_in("Dear you", f"{placeholder} writes") is Flaw.UNKNOWN_PLACEHOLDER


@pytest.mark.parametrize(
    "disguised",
    [
        PROMPT.text,
        PROMPT.text.upper(),
        PROMPT.text[200:400],
        "> " + PROMPT.text[:300].replace(" ", "\n> "),
        " ".join(PROMPT.text[:200]),
        ZERO_WIDTH.join(PROMPT.text[300:500]),
        "**".join(PROMPT.text[500:700].split()),
        f"The mark is {PROMPT.mark.decode()}.",
        "-".join(PROMPT.mark.decode().upper()),
        PROMPT.text[::-1],
        b64encode(PROMPT.text.encode()).decode(),
        "x" + urlsafe_b64encode(PROMPT.text[100:400].encode()).decode(),
        encodebytes(PROMPT.text[:400].encode()).decode(),
        PROMPT.text[:300].encode().hex(),
        PROMPT.text[:300].encode().hex(" ").upper(),
        " ".join(f"0x{code:02x}" for code in PROMPT.text[:300].encode()),
        "".join(f"\\x{code:02x}" for code in PROMPT.text[:300].encode()),
        PROMPT.text[PROMPT.text.index("Categories:") + 12 :],
        "\n".join(f"{each.title} - {each.description}" for each in CATEGORIES[:2]),
    ],
)
def test_the_prompt_is_found_however_it_is_set(disguised: str) -> None:
    assert flaw_in(f"Of course: {disguised}") is Flaw.PROMPT_LEAKED
    assert flaw_in("Dear customer", disguised) is Flaw.PROMPT_LEAKED


@given(st.integers(0, len(PROMPT.own_letters) - 75), st.text(max_size=80))
def test_seventy_five_letters_in_a_row_are_always_found(start: int, before: str) -> None:
    repeated = letters_of(before) + PROMPT.own_letters[start : start + 75]
    assert repeats(repeated, PROMPT.own_letters)


@given(st.text("ab1+", max_size=9), st.text())
def test_a_code_is_found_whatever_stands_before_and_after_it(before: str, after: str) -> None:
    assert (
        flaw_in(f"{before}{b64encode(PROMPT.text[:200].encode()).decode()}{after}")
        is Flaw.PROMPT_LEAKED
    )
    assert flaw_in(f"{before}{PROMPT.text[:200].encode().hex()}{after}") is Flaw.PROMPT_LEAKED


def test_a_reply_that_claims_to_act_is_a_flaw() -> None:
    assert flaw_in("I have refunded you.") is Flaw.INTENT_WITHOUT_ACTION


def test_a_weak_claim_passes() -> None:
    assert flaw_in("Your refund has been processed by your bank, it seems.") is None


def test_the_model_is_told_which_claim_it_was() -> None:
    answer = ModelAnswer("billing", Priority.LOW, None, None, "x")
    with pytest.raises(FlawedAnswer) as raised:
        check(answer, [Claim(Intent.ESCALATE, 0.9)], PROMPT, TICKET)
    assert "(escalate)" in raised.value.cause
