"""Answers as models give them."""

from typing import Any

import orjson

from server.engines.llm.completion import Completion, Finish, Token

GOOD: dict[str, Any] = {
    "category": "billing",
    "priority": "medium",
    "sentiment": "negative",
    "summary": "Charged twice.",
    "reply": "We are sorry. Please send us the invoice's number.",
}


def completion(text: str, finish: Finish = Finish.STOP, *tokens: Token) -> Completion:
    """A whole answer."""
    return Completion(text, finish, "model-1", 100, 20, tokens)


def answer(**changes: Any) -> Completion:
    """A good answer, changed; a field that is None is left out."""
    fields = {name: value for name, value in (GOOD | changes).items() if value is not None}
    return completion(orjson.dumps(fields).decode())
