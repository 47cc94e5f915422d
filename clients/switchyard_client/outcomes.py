"""Outcomes from named values, such as the rows of a file."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from switchyard_client.messages.switchyard.experiment.v1 import Outcome
from switchyard_client.record_files import RecordFile
from switchyard_client.records import UnreadableInput

_NEEDED = ("unit_id", "metric", "outcome_id")
_RESULTS = ("success", "value")
_FIELDS = (*_NEEDED, *_RESULTS, "denominator", "time", "metadata")
_ALIASES = {"unit": "unit_id", "id": "outcome_id"}
_WORDS = {"yes": True, "true": True, "success": True, "no": False, "false": False, "failure": False}
_FLAGS = {**_WORDS, "1": True, "0": False}


class InvalidOutcome(ValueError):
    """Values that make no outcome: the message says which will not do, and why."""


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """An outcome and its place in the input, counted from 1."""

    number: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class BadOutcomeRow:
    """A row that makes no outcome."""

    number: int
    problem: str


class OutcomeColumns:
    """The columns of a file of outcomes: unit_id (or unit), metric, outcome_id (or id), value or
    success; and denominator, time and metadata.
    """

    def suffice(self, names: Iterable[str]) -> bool:
        """Whether they name a unit, a metric, an id and a result."""
        return not self._lacking(names)

    def missing(self, names: Iterable[str]) -> list[str]:  # noqa: ARG002  # of the protocol
        """None: nobody asks for others."""
        return []

    def used(self, names: Iterable[str]) -> list[str]:
        """The columns that hold a field."""
        return [name for name in names if _field(name) in _FIELDS]

    def refusal(self, names: Iterable[str]) -> UnreadableInput:
        """Why these will not do."""
        found = ", ".join(names) or "none"
        lacking = " and ".join(self._lacking(names))
        return UnreadableInput(f"there is no column {lacking}; found: {found}")

    def _lacking(self, names: Iterable[str]) -> list[str]:
        fields = {_field(name) for name in names}
        lacking = [name for name in _NEEDED if name not in fields]
        return lacking if fields & {*_RESULTS} else [*lacking, "value"]


def outcome_rows(file: RecordFile, experiment: str) -> Iterator[OutcomeRow | BadOutcomeRow]:
    """The rows of a file, as outcomes of that experiment."""
    with file as records:
        for number, record in enumerate(records, start=1):
            if isinstance(record, str):
                yield BadOutcomeRow(number, record)
                continue
            try:
                yield OutcomeRow(number, outcome_of(record, experiment))
            except InvalidOutcome as error:
                yield BadOutcomeRow(number, str(error))


def outcome_of(values: Mapping[str, object], experiment: str) -> Outcome:
    """The outcome of values by column; those that are empty count as absent.

    Raises InvalidOutcome.
    """
    fields = {_field(name): value for name, value in values.items() if value not in (None, "")}
    for name in _NEEDED:
        if name not in fields:
            raise InvalidOutcome(f"{name}: is missing")
    outcome = Outcome(
        experiment=experiment,
        unit_id=_line(fields["unit_id"], "unit_id"),
        metric=_line(fields["metric"], "metric"),
        outcome_id=_line(fields["outcome_id"], "outcome_id"),
        metadata=_metadata(fields.get("metadata", {})),
    )
    outcome.success, outcome.value = _result(fields)
    if "denominator" in fields:
        outcome.denominator = _number(fields["denominator"], "denominator")
    if "time" in fields:
        outcome.time = _time(fields["time"])
    return outcome


def result_of(text: str) -> tuple[bool | None, float | None]:
    """Whether it succeeded, of words such as yes and no; or else the value.

    Raises InvalidOutcome.
    """
    success = _WORDS.get(text.strip().casefold())
    return (success, None) if success is not None else (None, _number(text, "value"))


def _result(fields: Mapping[str, object]) -> tuple[bool | None, float | None]:
    given = [name for name in _RESULTS if name in fields]
    if len(given) != 1:
        raise InvalidOutcome("must hold one of success and value")
    if given == ["success"]:
        return _flag(fields["success"]), None
    value = fields["value"]
    return (value, None) if isinstance(value, bool) else result_of(str(value))


def _flag(value: object) -> bool:
    flag = _FLAGS.get(str(value).strip().casefold())
    if flag is None:
        raise InvalidOutcome(f"success: must be true or false, not {str(value)[:40]!r}")
    return flag


def _number(value: object, name: str) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InvalidOutcome(f"{name}: must be a number, not {str(value)[:40]!r}")
    return number


def _line(value: object, name: str) -> str:
    if isinstance(value, bool | list | dict | float):
        raise InvalidOutcome(f"{name}: must be text")
    text = str(value).strip()
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidOutcome(f"{name}: holds half of a surrogate pair") from None
    return text


def _time(value: object) -> datetime:
    """RFC 3339; UTC where it names no zone."""
    try:
        time = datetime.fromisoformat(str(value))
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        message = f"time: {str(value)[:40]!r} is no RFC 3339 time such as 2026-11-16T06:12:03Z"
        raise InvalidOutcome(message) from None


def _metadata(value: object) -> dict[str, str]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    if not isinstance(value, dict):
        raise InvalidOutcome('metadata: must be an object such as {"by": "agent"}')
    return {_line(key, "metadata"): _line(item, f"metadata.{key}") for key, item in value.items()}


def _field(column: str) -> str:
    name = column.strip().casefold().replace(" ", "_").replace("-", "_")
    return _ALIASES.get(name, name)
