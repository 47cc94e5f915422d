"""The form of an answer: a JSON Schema made of a taxonomy, and the answer read by it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from textwrap import shorten
from typing import Any

import orjson

from server.engines.llm.completion import Completion, Finish
from server.engines.llm.flaws import Flaw, FlawedAnswer
from server.triage.assessment import MOST_REPLY, MOST_SUMMARY, Priority, Sentiment
from server.triage.engine import Parts

PRIORITIES = {priority.name.lower(): priority for priority in Priority}
SENTIMENTS = {sentiment.name.lower(): sentiment for sentiment in Sentiment}

# Other control characters than tab and line feed: no database keeps NUL, and nobody reads the rest.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """What a model says about a ticket. None: not asked for."""

    category: str
    priority: Priority
    sentiment: Sentiment | None
    summary: str | None
    reply: str | None


@dataclass(frozen=True)
class Form:
    """The categories to choose from and the parts to produce."""

    categories: tuple[str, ...]
    parts: Parts

    @cached_property
    def schema(self) -> Mapping[str, Any]:
        """The form as JSON Schema, within what strict modes allow: closed, everything required.

        The category stands first, so that its tokens depend on the ticket alone; the reply last,
        so that it can be shown while it is written.
        """
        return {
            "type": "object",
            "properties": self._properties,
            "required": list(self._properties),
            "additionalProperties": False,
        }

    @cached_property
    def _properties(self) -> Mapping[str, Any]:
        properties: dict[str, Any] = {
            "category": {"type": "string", "enum": list(self.categories)},
            "priority": {"type": "string", "enum": list(PRIORITIES)},
        }
        if self.parts.sentiment:
            properties["sentiment"] = {"type": "string", "enum": list(SENTIMENTS)}
        if self.parts.summary:
            properties["summary"] = {"type": "string"}
        if self.parts.reply:
            properties["reply"] = {"type": "string"}
        return properties

    def read(self, completion: Completion) -> ModelAnswer:
        """The answer in a completion. Raises FlawedAnswer."""
        fields = read_object(completion)
        if missing := [name for name in self._properties if name not in fields]:
            raise FlawedAnswer(Flaw.OFF_SCHEMA, f"the property {missing[0]!r} is missing")
        if len(fields) > len(self._properties):
            raise FlawedAnswer(Flaw.OFF_SCHEMA, "it has properties that the form does not have")
        category = fields["category"]
        if category not in self.categories:
            raise FlawedAnswer(Flaw.UNKNOWN_CATEGORY, "the category is none of the given names")
        parts = self.parts
        return ModelAnswer(
            category=category,
            priority=_choice(fields, "priority", PRIORITIES),
            sentiment=_choice(fields, "sentiment", SENTIMENTS) if parts.sentiment else None,
            summary=_summary(fields) if parts.summary else None,
            reply=_reply(fields) if parts.reply else None,
        )


def read_object(completion: Completion) -> Mapping[str, Any]:
    """The JSON object that a completion is. Raises FlawedAnswer."""
    if completion.finish is Finish.REFUSED:
        raise FlawedAnswer(Flaw.REFUSED, "it declines")
    if completion.finish is Finish.LENGTH:
        raise FlawedAnswer(Flaw.CUT_OFF, "it was cut off before its end; write less")
    text = completion.text.strip()
    if not text:
        raise FlawedAnswer(Flaw.EMPTY, "it was empty")
    try:
        fields = orjson.loads(_without_fence(text))
    except orjson.JSONDecodeError:
        raise FlawedAnswer(Flaw.NOT_JSON, "it was not JSON") from None
    if not isinstance(fields, dict):
        raise FlawedAnswer(Flaw.OFF_SCHEMA, "it was not a JSON object")
    return fields


def _without_fence(text: str) -> str:
    """The inside of a Markdown code block, as models without a strict mode like to write."""
    if not text.startswith("```"):
        return text
    return text.removeprefix("```").removeprefix("json").removesuffix("```")


def _choice(fields: Mapping[str, Any], name: str, choices: Mapping[str, Any]) -> Any:
    value = fields[name]
    if not isinstance(value, str) or value not in choices:
        allowed = ", ".join(choices)
        raise FlawedAnswer(Flaw.OFF_SCHEMA, f"{name!r} must be one of: {allowed}")
    return choices[value]


def _summary(fields: Mapping[str, Any]) -> str:
    """Cut at a word where it is too long: that is not worth another call."""
    summary = _text(fields, "summary")
    return summary if len(summary) <= MOST_SUMMARY else shorten(summary, MOST_SUMMARY)


def _reply(fields: Mapping[str, Any]) -> str:
    reply = _text(fields, "reply")
    if len(reply) > MOST_REPLY:
        raise FlawedAnswer(Flaw.OFF_SCHEMA, f"'reply' must have at most {MOST_REPLY} characters")
    return reply


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields[name]
    text = _CONTROLS.sub("", value).strip() if isinstance(value, str) else ""
    if not text:
        raise FlawedAnswer(Flaw.OFF_SCHEMA, f"{name!r} must be a text that is not empty")
    return text
