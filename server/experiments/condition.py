"""Whom an experiment is for: conditions as data, and whether they hold."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite

Attributes = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of them must hold."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of them at least must hold."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """It must not hold."""

    condition: "Condition"


@dataclass(frozen=True, slots=True)
class OneOf:
    """An attribute that is one of these texts."""

    name: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prefix:
    """An attribute that begins with a text."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Between:
    """An attribute that is a number in [least, most]."""

    name: str
    least: float  # -inf: no least
    most: float  # inf: no most


@dataclass(frozen=True, slots=True)
class Present:
    """An attribute that a unit has, or lacks."""

    name: str
    is_present: bool


AttributeTest = OneOf | Prefix | Between | Present
Condition = AllOf | AnyOf | Not | AttributeTest


def holds(condition: Condition | None, attributes: Attributes) -> bool:
    """Whether it holds for a unit. An attribute that the unit lacks passes no test but absence."""
    match condition:
        case None:
            return True
        case AllOf(conditions):
            return all(holds(each, attributes) for each in conditions)
        case AnyOf(conditions):
            return any(holds(each, attributes) for each in conditions)
        case Not(other):
            return not holds(other, attributes)
    return _passes(condition, attributes.get(condition.name))


def _passes(test: AttributeTest, value: str | None) -> bool:
    match test:
        case Present():
            return (value is not None) is test.is_present
        case OneOf():
            return value in test.texts
        case Prefix():
            return value is not None and value.startswith(test.text)
        case Between():
            return test.least <= _number(value) <= test.most


def walk(condition: Condition | None) -> Iterator[tuple[Condition, int]]:
    """Every condition in it with its depth, 1 or more; itself first. No depth is too much."""
    level = [] if condition is None else [condition]
    depth = 0
    while level:
        depth += 1
        yield from ((each, depth) for each in level)
        level = [part for each in level for part in _parts(each)]


def _parts(condition: Condition) -> tuple[Condition, ...]:
    match condition:
        case AllOf(conditions) | AnyOf(conditions):
            return conditions
        case Not(other):
            return (other,)
    return ()


def _number(text: str | None) -> float:
    """The number that a text is; NaN, which is in no interval, where it is none."""
    try:
        value = float(text or "nan")
    except ValueError:
        return float("nan")
    return value if isfinite(value) else float("nan")
