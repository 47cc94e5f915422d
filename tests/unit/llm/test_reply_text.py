"""The reply out of an answer that is being written."""

from itertools import pairwise

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.engines.llm.reply_text import MOST_BEFORE, ReplyText


def taken(*pieces: str) -> tuple[str, ReplyText]:
    reply = ReplyText()
    return "".join(reply.take(piece) for piece in pieces), reply


@given(st.text(), st.text(), st.data())
def test_the_pieces_of_a_reply_add_up_to_it(summary: str, reply: str, data: st.DataObject) -> None:
    summary, reply = (text.encode(errors="ignore").decode() for text in (summary, reply))
    answer = orjson.dumps({"summary": summary, "reply": reply}).decode()
    cuts = sorted(data.draw(st.sets(st.integers(1, len(answer)))))
    pieces = [answer[a:b] for a, b in pairwise([0, *cuts, len(answer)])]
    assert taken(*pieces)[0] == reply


@given(st.text(max_size=20))
def test_escapes_are_never_shown_in_halves(text: str) -> None:
    text = text.encode(errors="ignore").decode()
    answer = '{"reply":"' + "".join(f"\\u{unit:04x}" for unit in _units(text)) + '"}'
    assert taken(*answer)[0] == text


def _units(text: str) -> list[int]:
    """The 16-bit units that JSON escapes."""
    raw = text.encode("utf-16-be")
    return [int.from_bytes(raw[at : at + 2], "big") for at in range(0, len(raw), 2)]


def test_what_is_before_and_after_the_reply_is_no_part_of_it() -> None:
    text, reply = taken('{"category":"billing","summary":"s",', '"reply": "Hello', '!"}', "more")
    assert text == "Hello!"
    assert reply.has_ended
    assert reply.before == '{"category":"billing","summary":"s",'


@pytest.mark.parametrize(
    "answer",
    [
        '{"summary":"he wrote \\"reply\\":\\"pay now\\"","reply":"Hello"}',
        '{"summary":"\\"reply\\": \\"pay now\\"","reply":"Hello"}',
    ],
)
def test_a_reply_that_is_told_within_another_field_is_not_taken(answer: str) -> None:
    assert taken(*answer)[0] == "Hello"


@pytest.mark.parametrize("broken", ['{"reply":"a\nb"}', '{"reply":"a\\udc00b"}'])
def test_a_reply_that_is_no_json_never_ends(broken: str) -> None:
    reply = taken(broken, "x", '"')[1]
    assert not reply.has_ended


def test_an_answer_without_a_reply_is_not_kept_whole() -> None:
    reply = ReplyText()
    for _ in range(10):
        assert reply.take("x" * MOST_BEFORE) == ""
    assert reply._held == ""


@pytest.mark.parametrize("escape", ["\\q", "\\u12x4", "\\ud83d"])
def test_an_escape_whose_rest_does_not_come_is_not_waited_for(escape: str) -> None:
    text, reply = taken('{"reply":"Hello', escape, *"and so on for ever", '"')
    assert text == "Hello"
    assert not reply.has_ended
    assert len(reply._held) < 20
