"""A reply is shown while it is written, and nothing of it that would have to be taken back."""

import time
from dataclasses import dataclass, field

import orjson
import pytest

from server.engines.llm.checks import check
from server.engines.llm.completion import Completion
from server.engines.llm.dialect import MOST_ANSWER_BYTES
from server.engines.llm.form import Form
from server.engines.llm.intent import find_claims
from server.engines.llm.prompt import make_prompt
from server.engines.llm.reply_listener import ReplyListener
from server.triage.assessment import MOST_REPLY
from server.triage.engine import Attempt, Parts
from server.triage.starter import starter_taxonomy
from tests.unit.llm.answers import GOOD

TAXONOMY = starter_taxonomy()
PROMPT = make_prompt(TAXONOMY.categories)
FORM = Form(tuple(TAXONOMY.by_name), Parts())
TICKET = "I am [NAME_1]"


@dataclass
class Screen:
    """What a caller sees."""

    shown: list[str] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)

    def attempted(self, attempt: Attempt) -> None:
        self.attempts.append(attempt)

    def wrote(self, text: str) -> None:
        self.shown.append(text)


def read(completion: Completion) -> None:
    answer = FORM.read(completion)
    check(answer, find_claims(answer.reply or ""), PROMPT, TICKET)


def show(reply: str, **changes: object) -> tuple[Screen, list[bool]]:
    """The screen after an answer that came letter by letter, and when anything was shown."""
    screen = Screen()
    listener = ReplyListener(screen, read)
    answer = orjson.dumps(GOOD | changes | {"reply": reply}).decode()
    return screen, [listener.wrote(letter) for letter in answer]


def test_a_reply_is_shown_sentence_by_sentence_and_whole() -> None:
    reply = "Dear [NAME_1], thank you! It costs 3.50.\nWhich order is it?\n\nBest regards"
    screen, _ = show(reply)
    assert "".join(screen.shown) == reply
    assert screen.shown[0] == "Dear [NAME_1], thank you!"
    assert len(screen.shown) > 3


def test_the_caller_of_the_listener_learns_when_something_was_shown() -> None:
    _, shown = show("One. Two.")
    assert shown.count(True) == 2


@pytest.mark.parametrize(
    "reply",
    [
        "I have refunded you. Best regards",
        f"Sure: {PROMPT.text}",
        "Dear [NAME_2], hello. Best regards",
        "Please read KB-999. Best regards",
    ],
)
def test_a_reply_that_is_flawed_at_once_is_never_shown(reply: str) -> None:
    assert show(reply)[0].shown == []


def test_nothing_of_an_answer_without_a_good_category_is_shown() -> None:
    assert show("Hello. You.", category="vip")[0].shown == []
    assert show("Hello. You.", priority="highest")[0].shown == []


def test_after_a_flaw_nothing_more_is_shown() -> None:
    screen, _ = show("Thank you. I have refunded you. It is fine. Bye.")
    assert screen.shown == ["Thank you."]


def test_less_of_the_prompt_than_a_line_is_ever_shown() -> None:
    screen, _ = show(PROMPT.text.replace(". ", ".\n"))
    assert len("".join(screen.shown)) < 100


def test_a_sentence_ends_where_a_later_piece_says_so() -> None:
    screen = Screen()
    listener = ReplyListener(screen, read)
    for piece in (orjson.dumps(GOOD | {"reply": ""}).decode()[:-2], "Wait", "..", ".", " Now"):
        listener.wrote(piece)
    assert screen.shown == ["Wait..."]


def test_of_a_reply_that_is_too_long_nothing_more_is_shown() -> None:
    sentence = "Thank you. "
    screen, _ = show(sentence * (MOST_REPLY // len(sentence) + 100))
    assert 0 < len("".join(screen.shown)) <= MOST_REPLY


@pytest.mark.parametrize(
    "answer",
    [
        orjson.dumps(GOOD | {"reply": "a" * MOST_ANSWER_BYTES}).decode(),
        orjson.dumps(GOOD | {"reply": "." * MOST_ANSWER_BYTES}).decode(),
        orjson.dumps(GOOD | {"reply": ""}).decode()[:-2] + "\\q" + "a" * MOST_ANSWER_BYTES,
    ],
    ids=["no sentence", "dots", "broken escape"],
)
@pytest.mark.parametrize("size", [4, MOST_ANSWER_BYTES])
def test_no_answer_takes_longer_to_listen_to_than_it_has_pieces(answer: str, size: int) -> None:
    listener = ReplyListener(Screen(), read)
    pieces = [answer[at : at + size] for at in range(0, len(answer), size)]
    start = time.process_time()
    for piece in pieces:
        listener.wrote(piece)
    assert time.process_time() - start < 3  # far less; when all is read anew, up to hours


def test_a_new_attempt_writes_a_new_reply() -> None:
    screen = Screen()
    listener = ReplyListener(screen, read)
    listener.wrote('{"category":"bil')
    listener.attempted(Attempt("p", "m", "first", "network"))
    assert listener.wrote(orjson.dumps(GOOD).decode())
    assert screen.shown == [GOOD["reply"]]
    assert [attempt.outcome for attempt in screen.attempts] == ["network"]
