"""The rows of one import, each held against the taxonomy and the rows before it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from server.triage.examples.label import TRUTHS, Conflict, Label, digest_of, text_of
from server.violation import FieldViolation

MOST_REMEMBERED = 200_000  # rows, of 300 bytes; what contradicts later ones is told as on record
MOST_SUGGESTIONS = 100  # a name takes some milliseconds

_FIELDS = {  # as the contract calls them
    "category": "label.category",
    "priority": "label.priority",
    "sentiment": "label.sentiment",
    "escalation": "label.requires_human_escalation",
    "resolution_s": "label.resolution_time",
}
_Stated = tuple[object, ...]  # what a label states, in the order of TRUTHS


@dataclass(frozen=True, slots=True)
class Row:
    """A label as it was sent."""

    label: Label
    may_replace: bool = False
    is_check_only: bool = False


Faults = Sequence[FieldViolation]  # of a row that breaks the contract's rules: at least one


@dataclass(frozen=True, slots=True)
class RowError:
    """Why a row was not imported."""

    index: int  # in the stream, from 0
    fault: FieldViolation


@dataclass(frozen=True, slots=True)
class SoundRow:
    """A row with nothing wrong in itself."""

    index: int
    row: Row
    digest: bytes  # of its text


@dataclass(slots=True)
class RowChecks:
    """What one import has seen so far."""

    read: int = 0
    _seen: dict[bytes, _Stated] = field(default_factory=dict)
    _nearest: dict[str, str] = field(default_factory=dict)

    def sift(
        self, batch: Sequence[Row | Faults], categories: Collection[str]
    ) -> tuple[list[SoundRow], list[RowError]]:
        """The next rows of the stream: those that can be imported, and what is wrong with others,
        of one row perhaps several things.
        """
        sound: list[SoundRow] = []
        errors: list[RowError] = []
        for index, row in enumerate(batch, self.read):
            if not isinstance(row, Row):
                errors += [RowError(index, fault) for fault in row]
                continue
            digest = digest_of(text_of(row.label))
            fault = self._unknown_category(row.label, categories) or self._seen_fault(row, digest)
            if fault is None:
                sound.append(SoundRow(index, row, digest))
            else:
                errors.append(RowError(index, fault))
        self.read += len(batch)
        return sound, errors

    def _unknown_category(self, label: Label, categories: Collection[str]) -> FieldViolation | None:
        name = label.category
        if not name or name in categories:
            return None
        if name not in self._nearest and len(self._nearest) < MOST_SUGGESTIONS:
            self._nearest[name] = next(iter(get_close_matches(name, categories, 1)), "")
        nearest = self._nearest.get(name, "")
        meant = f"did you mean {nearest}?" if nearest else "GetTaxonomy lists them"
        rule = f"must name a category of the taxonomy, not {name!a}; {meant}"
        return FieldViolation(_FIELDS["category"], rule)

    def _seen_fault(self, row: Row, digest: bytes) -> FieldViolation | None:
        """What contradicts an earlier row; else this one is remembered, too."""
        stated: _Stated = tuple(getattr(row.label, truth) for truth in TRUTHS)
        known = self._seen.get(digest, stated)
        for truth, before, now in zip(TRUTHS, known, stated, strict=True):
            if _is_known(before) and _is_known(now) and before != now and not row.may_replace:
                rule = "must agree with an earlier row of the same text; or set replace"
                return FieldViolation(_FIELDS[truth], rule)
        if len(self._seen) < MOST_REMEMBERED or digest in self._seen:
            both = zip(known, stated, strict=True)
            self._seen[digest] = tuple(now if _is_known(now) else before for before, now in both)
        return None


def conflict_fault(label: Label, conflict: Conflict) -> FieldViolation:
    """Why a label is refused that contradicts one on record."""
    if label.category and conflict.category and label.category != conflict.category:
        rule = f"must be {conflict.category}, as on record; set replace to take this one"
        return FieldViolation(_FIELDS["category"], rule)
    rule = "must agree with the label of this text on record; set replace to take this one"
    return FieldViolation("label", rule)


def _is_known(value: object) -> bool:
    return value is not None and value != ""
