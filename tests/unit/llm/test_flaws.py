"""How a model is told what was wrong."""

import pytest

from server.engines.llm.completion import Message, Question, Role
from server.engines.llm.flaws import MOST_QUOTED, Flaw, FlawedAnswer, corrected

ASKED = Question((Message(Role.SYSTEM, "s"), Message(Role.USER, "u")), "triage", {}, 100)
FLAWED = FlawedAnswer(Flaw.NOT_JSON, "it was not JSON")


def test_the_conversation_goes_on_with_the_answer_and_what_is_wrong_with_it() -> None:
    question = corrected(ASKED, FLAWED, "well, ...")
    *first, answer, told = question.messages
    assert tuple(first) == ASKED.messages
    assert answer == Message(Role.ASSISTANT, "well, ...")
    assert told.role is Role.USER
    assert "it was not JSON" in told.text


def test_a_long_answer_is_quoted_in_part() -> None:
    answer = corrected(ASKED, FLAWED, "x" * 10_000).messages[2]
    assert len(answer.text) == MOST_QUOTED


@pytest.mark.parametrize("said", ["", " \n"])
def test_an_empty_answer_is_not_quoted(said: str) -> None:
    roles = [message.role for message in corrected(ASKED, FLAWED, said).messages]
    assert roles == [Role.SYSTEM, Role.USER, Role.USER]


def test_a_prompt_that_was_leaked_is_not_sent_back() -> None:
    flawed = FlawedAnswer(Flaw.PROMPT_LEAKED, "it repeats your instructions")
    assert all("secret" not in m.text for m in corrected(ASKED, flawed, "secret").messages)
