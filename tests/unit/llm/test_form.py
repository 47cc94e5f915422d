"""The form of an answer, and what is no answer."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.engines.llm.completion import Completion, Finish
from server.engines.llm.flaws import Flaw, FlawedAnswer
from server.engines.llm.form import Form, ModelAnswer
from server.triage.assessment import MOST_REPLY, MOST_SUMMARY, Priority, Sentiment
from server.triage.engine import Parts
from tests.unit.llm.answers import GOOD, answer, completion

FORM = Form(("billing", "shipping"), Parts())
NOTHING_MORE = Parts(sentiment=False, summary=False, reply=False)


def flaw_of(given: Completion, form: Form = FORM) -> Flaw:
    with pytest.raises(FlawedAnswer) as raised:
        form.read(given)
    return raised.value.flaw


def test_a_good_answer_is_read_whole() -> None:
    assert FORM.read(answer()) == ModelAnswer(
        "billing", Priority.MEDIUM, Sentiment.NEGATIVE, GOOD["summary"], GOOD["reply"]
    )


def test_the_schema_is_closed_and_requires_everything_the_reply_last() -> None:
    assert FORM.schema["additionalProperties"] is False
    assert FORM.schema["required"] == list(FORM.schema["properties"])
    first, *_, last = FORM.schema["properties"]
    assert (first, last) == ("category", "reply")
    assert FORM.schema["properties"]["category"]["enum"] == ["billing", "shipping"]


def test_the_schema_has_no_part_that_is_not_asked_for() -> None:
    assert [*Form(("billing",), NOTHING_MORE).schema["properties"]] == ["category", "priority"]


def test_parts_that_are_not_asked_for_are_absent() -> None:
    found = Form(("billing",), NOTHING_MORE).read(
        completion('{"category":"billing","priority":"low"}')
    )
    assert found == ModelAnswer("billing", Priority.LOW, None, None, None)


@pytest.mark.parametrize("fenced", ["```json\n{}\n```", "```\n{}\n```", "\n {} \n", "```json{}```"])
def test_a_fence_round_the_answer_is_overlooked(fenced: str) -> None:
    text = fenced.replace("{}", answer().text)
    assert FORM.read(completion(text)).category == "billing"


def test_a_summary_that_is_too_long_is_cut_at_a_word() -> None:
    summary = FORM.read(answer(summary="word " * 200)).summary
    assert summary is not None
    assert len(summary) <= MOST_SUMMARY
    assert summary.startswith("word word")


def test_control_characters_are_taken_out() -> None:
    found = FORM.read(answer(reply="a\x00b\x1bc\td\ne\x7f", summary="\x00 x"))
    assert (found.reply, found.summary) == ("abc\td\ne", "x")


@pytest.mark.parametrize(
    ("given", "flaw"),
    [
        (completion(""), Flaw.EMPTY),
        (completion(" \n"), Flaw.EMPTY),
        (completion('{"category":"bil', Finish.LENGTH), Flaw.CUT_OFF),
        (completion("I cannot help with that.", Finish.REFUSED), Flaw.REFUSED),
        (completion("It is about billing."), Flaw.NOT_JSON),
        (completion(answer().text + " And so on."), Flaw.NOT_JSON),
        (completion('{"reply":"\\ud800"}'), Flaw.NOT_JSON),
        (completion("[" * 100_000), Flaw.NOT_JSON),
        (completion("[]"), Flaw.OFF_SCHEMA),
        (completion("null"), Flaw.OFF_SCHEMA),
        (completion("{}"), Flaw.OFF_SCHEMA),
        (answer(reply=None), Flaw.OFF_SCHEMA),
        (answer(reply=""), Flaw.OFF_SCHEMA),
        (answer(reply="\x00"), Flaw.OFF_SCHEMA),
        (answer(reply=7), Flaw.OFF_SCHEMA),
        (answer(reply="x" * (MOST_REPLY + 1)), Flaw.OFF_SCHEMA),
        (answer(summary=["x"]), Flaw.OFF_SCHEMA),
        (answer(priority="critical"), Flaw.OFF_SCHEMA),
        (answer(priority=["urgent"]), Flaw.OFF_SCHEMA),
        (answer(sentiment={}), Flaw.OFF_SCHEMA),
        (answer(escalate=False), Flaw.OFF_SCHEMA),
        (answer(category="BILLING"), Flaw.UNKNOWN_CATEGORY),
        (answer(category="vip"), Flaw.UNKNOWN_CATEGORY),
        (answer(category=["billing"]), Flaw.UNKNOWN_CATEGORY),
        (answer(category={}), Flaw.UNKNOWN_CATEGORY),
    ],
)
def test_what_cannot_be_used_is_called_by_its_flaw(given: Completion, flaw: Flaw) -> None:
    assert flaw_of(given) is flaw


def test_a_part_that_was_not_asked_for_is_a_flaw() -> None:
    assert flaw_of(answer(), Form(("billing",), NOTHING_MORE)) is Flaw.OFF_SCHEMA


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.sampled_from([*GOOD]), JSON)
def test_no_value_of_any_field_brings_the_reader_down(name: str, value: object) -> None:
    try:
        found = FORM.read(completion(orjson.dumps(GOOD | {name: value}).decode()))
    except FlawedAnswer:
        return
    assert found.category in FORM.categories


@given(st.text())
def test_no_text_brings_the_reader_down(text: str) -> None:
    with pytest.raises(FlawedAnswer):
        FORM.read(completion(text))
