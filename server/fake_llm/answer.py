"""What the model says: from a request to the pieces of its answer."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from server.fake_llm.pieces import Choice, Fixed, Part, Piece, Sentence, free_text, json_text
from server.fake_llm.schema import answer_parts

MOST_SCHEMAS = 256  # that are kept ready
PROMISE = "I have refunded you, and I will escalate this to a specialist."
INVENTED = "something_else_entirely"
EXAMPLES_OPEN = '{"sorted_before":'  # how a message with examples begins
FREE_SCHEMA = {"type": "object", "properties": {"answer": {"type": "string"}}}


class UnusableRequest(Exception):
    """A request that a real server would refuse; its text says why."""


@dataclass(frozen=True, slots=True)
class Chat:
    """What a chat request asks."""

    model: str
    user: str  # the last that the user said
    instructions: str  # all that the system said, and what examples show
    schema: bytes  # JSON; "{}": a JSON object, of what kind the instructions say; empty: prose
    is_streamed: bool
    wants_usage: bool  # at the end of a stream
    top_logprobs: int | None  # None: no logprobs
    input_tokens: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The pieces of an answer, and why it ends."""

    pieces: Sequence[Piece]
    finish: str = "stop"
    is_declined: bool = False  # the pieces say why

    @property
    def text(self) -> str:
        """All pieces together."""
        return "".join(piece.text for piece in self.pieces)


class Author:
    """Writes answers. What a schema makes of them is worked out once."""

    def __init__(self) -> None:
        self._parts: Callable[[bytes, str], tuple[Part, ...]] = lru_cache(MOST_SCHEMAS)(_parts)

    def write(self, chat: Chat, fault: str) -> Answer:
        """The answer, with what is wrong with it. Raises UnusableSchema."""
        if fault in STATED:
            return STATED[fault]
        exchanged = EXCHANGED.get(fault, {})
        parts = self._parts(chat.schema, chat.instructions)
        pieces = tuple(
            piece for part in parts for piece in exchanged.get(type(part), part).write(chat.user)
        )
        if fault in HALVED:
            return Answer(pieces[: len(pieces) // 2], HALVED[fault])
        return Answer(pieces)


def read_chat(body: bytes) -> Chat:
    """What a request's body asks. Raises UnusableRequest."""
    try:
        request = orjson.loads(body)
        messages = [(each["role"], _text(each["content"])) for each in request["messages"]]
        logprobs = request.get("top_logprobs", 0) if request.get("logprobs") else None
        usage = (request.get("stream_options") or {}).get("include_usage", False)
        return Chat(
            model=request["model"],
            user=next((text for role, text in reversed(messages) if role == "user"), ""),
            instructions="\n".join(_instructions(messages)),
            schema=_schema(request.get("response_format") or {}),
            is_streamed=bool(request.get("stream")),
            wants_usage=usage,
            top_logprobs=None if logprobs is None else int(logprobs),
            input_tokens=sum(4 + len(text) // 4 for _, text in messages),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnusableRequest(f"the request cannot be read: {error!r}") from error


def _instructions(messages: Sequence[tuple[str, str]]) -> Iterator[str]:
    """All that the system said, and a line for each example that stands before the question."""
    for role, text in messages:
        if role == "system":
            yield text
        elif text.startswith(EXAMPLES_OPEN):
            for example in orjson.loads(text)["sorted_before"]:
                yield f"- {example['category']}: {' '.join(example['text'].split())}"


def _text(content: str | Sequence[Mapping[str, str]]) -> str:
    if isinstance(content, str):
        return content
    return " ".join(part["text"] for part in content if part["type"] == "text")


def _schema(wanted: Mapping[str, Any]) -> bytes:
    if wanted.get("type") == "json_schema":
        return orjson.dumps(wanted["json_schema"]["schema"])
    return b"{}" if wanted.get("type") == "json_object" else b""


def _parts(schema: bytes, instructions: str) -> tuple[Part, ...]:
    if not schema:
        return (Prose(),)
    stated = orjson.loads(schema) or _schema_among(instructions) or FREE_SCHEMA
    return answer_parts(stated, instructions)


def _schema_among(instructions: str) -> Mapping[str, Any] | None:
    """The JSON Schema that instructions show to a model that knows no other way."""
    decoder = json.JSONDecoder()
    start = instructions.find("{")
    while start >= 0:
        try:
            found, _ = decoder.raw_decode(instructions, start)
        except json.JSONDecodeError:
            found = {}
        if "properties" in found:
            return dict(found)
        start = instructions.find("\n{", start) + 1 or -1
    return None


class Prose:
    """A short plain answer."""

    def write(self, text: str) -> Iterator[Piece]:
        """The text's first words."""
        return free_text(f"About: {' '.join(text.split(maxsplit=40)[:40])}")


def _said(text: str) -> tuple[Piece, ...]:
    return tuple(free_text(text))


# What is wrong with an answer that comes whole: what it says instead,
STATED: Mapping[str, Answer] = {
    "not_json": Answer(_said("Certainly! Here is what I make of it: all is well.")),
    "wrong_schema": Answer(_said('{"unexpected":[1,2,3]}')),
    "empty": Answer(()),
    "declined": Answer(_said("I cannot help with that."), is_declined=True),
}
# why it ends in the middle,
HALVED: Mapping[str, str] = {"cut_off": "length", "filtered": "content_filter"}
# or what stands in place of some of its parts.
EXCHANGED: Mapping[str, Mapping[type, Part]] = {
    "unknown_category": {Choice: Fixed(json_text(INVENTED))},
    "intent_without_action": {Sentence: Fixed(json_text(PROMISE)), Prose: Fixed(PROMISE)},
}
