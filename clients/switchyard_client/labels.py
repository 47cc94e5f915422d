"""Labels from named values, such as the rows of a file."""

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TypeVar

from switchyard_client.messages.switchyard.feedback.v1 import Label
from switchyard_client.messages.switchyard.triage.v1 import Priority, Sentiment
from switchyard_client.records import UnreadableInput
from switchyard_client.spans import InvalidSpan, span_of

# Names that each field goes by in files, the likeliest first.
FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "text": ("text", "body", "message", "description", "content", "question", "utterance"),
        "subject": ("subject", "title"),
        "category": ("category", "label", "intent", "class", "topic"),
        "priority": ("priority",),
        "sentiment": ("sentiment",),
        "escalation": ("requires_human_escalation", "escalation", "escalate"),
        "resolution": ("resolution_time", "resolution_time_s", "resolution_s", "resolution"),
        "time": ("time", "created_time", "created_at"),
    }
)
Choice = TypeVar("Choice", Priority, Sentiment)

_TRUTHS = ("category", "priority", "sentiment", "escalation", "resolution")
_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_MOST_NAME_CHARACTERS = 63
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class InvalidLabel(ValueError):
    """Values that make no label: the message says which will not do, and why."""


@dataclass(frozen=True, slots=True)
class LabelColumns:
    """Which column is which field: those that were chosen, else by the names they go by.

    An empty column means that the field is left out.
    """

    chosen: Mapping[str, str]

    def among(self, names: Iterable[str]) -> dict[str, str]:
        """The columns of the fields that are there, by field."""
        present = {_folded(name): name for name in names}
        named = {field: self.chosen.get(field) for field in FIELDS}
        taken = set(named.values())
        found = {}
        for field, aliases in FIELDS.items():
            column = named[field]
            if column is None:
                guesses = (present.get(alias, "") for alias in aliases)
                column = next((guess for guess in guesses if guess and guess not in taken), "")
            if column in present.values():
                found[field] = column
        return found

    def suffice(self, names: Iterable[str]) -> bool:
        """Whether they hold a text and something that is known of it."""
        return not self._lacking(names)

    def missing(self, names: Iterable[str]) -> list[str]:
        """The columns that were chosen and that are not there."""
        present = set(names)
        return [column for column in self.chosen.values() if column and column not in present]

    def used(self, names: Iterable[str]) -> list[str]:
        """The columns that hold a field."""
        return [*self.among(names).values()]

    def refusal(self, names: Iterable[str]) -> UnreadableInput:
        """Why these will not do."""
        names = [*names]
        found = ", ".join(names[:20]) or "none"
        lacking = self._lacking(names)
        return UnreadableInput(
            f"no column holds the {lacking}; found: {found}. "
            f"Name the one that does: --{lacking}-column COLUMN"
        )

    def _lacking(self, names: Iterable[str]) -> str:
        found = self.among(names)
        if "text" not in found:
            return "text"
        return "" if any(field in found for field in _TRUTHS) else "category"


def label_of(values: Mapping[str, object], columns: LabelColumns) -> Label:
    """The label of values by column; those that are empty count as absent.

    A category's name is made as `category_name` makes it. Raises InvalidLabel.
    """
    fields = {field: values[column] for field, column in columns.among(values).items()}
    fields = {field: value for field, value in fields.items() if value not in (None, "")}
    if "text" not in fields:
        raise InvalidLabel("text: is missing")
    if not any(field in fields for field in _TRUTHS):
        raise InvalidLabel("says nothing: there is no category, and no other truth")
    label = Label(
        subject=_text(fields.get("subject", ""), "subject"), body=_text(fields["text"], "text")
    )
    if "category" in fields:
        label.category = category_name(_text(fields["category"], "category"))
    if "priority" in fields:
        label.priority = _one_of(Priority, fields["priority"], "priority")
    if "sentiment" in fields:
        label.sentiment = _one_of(Sentiment, fields["sentiment"], "sentiment")
    if "escalation" in fields:
        label.requires_human_escalation = _flag(fields["escalation"])
    if "resolution" in fields:
        label.resolution_time = _span(fields["resolution"])
    if "time" in fields:
        label.time = _time(fields["time"])
    return label


def category_name(text: str) -> str:
    """A category's name, made of how a file calls it: "Card arrival?" is card_arrival.

    A name is made of itself. Raises InvalidLabel where nothing is left.
    """
    name = text if _NAME.fullmatch(text) else _made_name(text)
    if not name:
        raise InvalidLabel(f"category: no name of a-z, 0-9 can be made of {text[:40]!r}")
    if len(name) > _MOST_NAME_CHARACTERS:
        raise InvalidLabel(f"category: {name[:40]}... is longer than {_MOST_NAME_CHARACTERS}")
    return name


def _made_name(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", letters.replace("'", "")).strip("_")
    return f"category_{name}" if name[:1].isdigit() else name


def _folded(column: str) -> str:
    return column.strip().casefold().replace(" ", "_").replace("-", "_")


def _text(value: object, name: str) -> str:
    if isinstance(value, bool | list | dict | float):
        raise InvalidLabel(f"{name}: must be text")
    text = str(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidLabel(f"{name}: holds half of a surrogate pair") from None
    return text


def _one_of(kind: type[Choice], value: object, name: str) -> Choice:
    known = {str(one.name).lower(): one for one in kind if one}
    word = str(value).strip().casefold().removeprefix(f"{name}_")
    if word not in known:
        raise InvalidLabel(f"{name}: must be one of {', '.join(known)}, not {str(value)[:40]!r}")
    return known[word]


def _flag(value: object) -> bool:
    flag = _FLAGS.get(str(value).strip().casefold())
    if flag is None:
        raise InvalidLabel(f"escalation: must be true or false, not {str(value)[:40]!r}")
    return flag


def _span(value: object) -> timedelta:
    """Seconds as a number, or a time span with its unit."""
    text = str(value).strip()
    try:
        seconds = float(text)
        if math.isfinite(seconds):
            return timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        pass
    try:
        return span_of(text)
    except InvalidSpan as error:
        raise InvalidLabel(f"resolution: {error}") from None


def _time(value: object) -> datetime:
    """RFC 3339; UTC where it names no zone."""
    try:
        time = datetime.fromisoformat(str(value).strip())
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        message = f"time: {str(value)[:40]!r} is no RFC 3339 time such as 2026-11-16T06:12:03Z"
        raise InvalidLabel(message) from None
