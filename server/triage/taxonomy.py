"""A tenant's categories: what they are and which sets of them are sound."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from functools import cached_property

import orjson

from server.triage.errors import InvalidTaxonomy
from server.violation import FieldViolation

EXAMPLES_BYTES = 2 * 1024 * 1024  # so that a taxonomy fits into a message


class EscalationPolicy(IntEnum):
    """When tickets of a category go to a person; the numbers are those of the contract."""

    BY_RULES = 1
    ALWAYS = 2


@dataclass(frozen=True, slots=True)
class Category:
    """One kind of ticket."""

    name: str
    title: str
    description: str
    examples: tuple[str, ...]
    escalation_policy: EscalationPolicy = EscalationPolicy.BY_RULES
    estimated_resolution: timedelta | None = None
    reply_text: str = ""


@dataclass(frozen=True)
class Taxonomy:
    """One revision of a tenant's categories. Revision 0 is the starter taxonomy."""

    revision: int
    categories: tuple[Category, ...]
    update_time: datetime | None = None

    @cached_property
    def etag(self) -> str:
        """Changes with every revision."""
        return f"{self.revision}-{self.digest[:16]}"

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the categories, in hexadecimal."""
        return hashlib.sha256(encode_categories(self.categories)).hexdigest()

    @cached_property
    def by_name(self) -> dict[str, Category]:
        """The categories by their names."""
        return {category.name: category for category in self.categories}


def encode_categories(categories: Sequence[Category]) -> bytes:
    """The categories as JSON, the same bytes for the same categories."""
    return orjson.dumps([asdict(category) for category in categories], default=_seconds)


def _seconds(value: object) -> float:
    if isinstance(value, timedelta):
        return value.total_seconds()
    raise TypeError(type(value).__name__)


def decode_categories(records: Sequence[dict[str, object]]) -> tuple[Category, ...]:
    """The categories of a stored JSON array."""
    return tuple(_decode_category(record) for record in records)


def _decode_category(record: dict[str, object]) -> Category:
    seconds = record["estimated_resolution"]
    values = record | {
        "examples": tuple(record["examples"]),  # type: ignore[arg-type]  # encode_categories wrote a list
        "escalation_policy": EscalationPolicy(int(str(record["escalation_policy"]))),
        "estimated_resolution": None if seconds is None else timedelta(seconds=float(str(seconds))),
    }
    return Category(**values)  # type: ignore[arg-type]  # encode_categories wrote these very fields


def check_categories(categories: Sequence[Category]) -> None:
    """Refuse what no field rule can see: names or examples that stand twice, too much text.

    Raises InvalidTaxonomy with the path of every field at fault.
    """
    violations = [*_repeated_names(categories), *_repeated_examples(categories)]
    size = sum(len(example.encode()) for c in categories for example in c.examples)
    if size > EXAMPLES_BYTES:
        rule = f"all examples together must be at most {EXAMPLES_BYTES} bytes, not {size}"
        violations.append(FieldViolation("taxonomy.categories", rule))
    if violations:
        raise InvalidTaxonomy(violations)


def _repeated_names(categories: Sequence[Category]) -> list[FieldViolation]:
    first: dict[str, int] = {}
    violations = []
    for i, category in enumerate(categories):
        j = first.setdefault(category.name, i)
        if j != i:
            rule = f"must be unique; categories[{j}] is named {category.name!r} too"
            violations.append(FieldViolation(f"taxonomy.categories[{i}].name", rule))
    return violations


def _repeated_examples(categories: Sequence[Category]) -> list[FieldViolation]:
    first: dict[str, tuple[int, int]] = {}
    violations = []
    for i, category in enumerate(categories):
        for k, example in enumerate(category.examples):
            path = f"taxonomy.categories[{i}].examples[{k}]"
            words = " ".join(example.casefold().split())
            if not words:
                violations.append(FieldViolation(path, "must hold more than white space"))
                continue
            j, m = first.setdefault(words, (i, k))
            if j != i:
                rule = f"stands in another category too, as categories[{j}].examples[{m}]; keep one"
                violations.append(FieldViolation(path, rule))
    return violations
