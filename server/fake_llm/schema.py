"""From a JSON Schema to the parts of an answer that keeps it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from server.fake_llm.pieces import Choice, Fixed, Part, Sentence, YesOrNo, json_text

DEEPEST = 16  # levels of a schema
MOST_CHARACTERS = 120  # of a string that may be longer
MOST_ITEMS = 100  # of an array that must have more
MOST_PARTS = 10_000  # of an answer
MOST_REQUIRED = 10_000  # characters that a schema asks for, by all its strings together

Schema = Mapping[str, Any]


class UnusableSchema(Exception):
    """A schema that no answer can be made for."""


def answer_parts(schema: Schema, instructions: str) -> tuple[Part, ...]:
    """The parts of an answer, in order. Lines of the instructions such as "- billing: charges and
    refunds" tell which words speak for a value. Raises UnusableSchema.
    """
    try:
        parts = tuple(islice(_Reader(schema, instructions).parts(schema, "", 0), MOST_PARTS + 1))
    except (AttributeError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise UnusableSchema("this is no JSON Schema") from error
    if len(parts) > MOST_PARTS:
        raise UnusableSchema(f"an answer would have more than {MOST_PARTS} parts")
    return parts


class _Reader:
    def __init__(self, root: Schema, instructions: str) -> None:
        self._root = root
        self._instructions = instructions
        self._required = 0  # characters so far

    def parts(self, schema: Schema, name: str, depth: int) -> Iterator[Part]:
        """The parts of the value of property `name`."""
        if depth > DEEPEST:
            raise UnusableSchema("the schema is too deep, or without end")
        if "$ref" in schema:
            schema = self._referred(schema["$ref"])
        values = _values(schema)
        if values:
            yield self._choice(values, schema)
        elif "anyOf" in schema or "oneOf" in schema:
            yield from self.parts(_first_real(schema), name, depth + 1)
        else:
            yield from self._typed_parts(schema, name, depth)

    def _typed_parts(self, schema: Schema, name: str, depth: int) -> Iterator[Part]:
        kind = _type(schema)
        if kind == "object":
            yield from self._object(schema, depth)
        elif kind == "array":
            yield from self._array(schema, name, depth)
        elif kind == "string":
            yield self._sentence(schema)
        elif kind == "boolean":
            yield YesOrNo(f"{name} {schema.get('description', '')}")
        else:
            yield Fixed(json_text(_number(schema) if kind in {"number", "integer"} else None))

    def _sentence(self, schema: Schema) -> Part:
        least, most = schema.get("minLength", 0), schema.get("maxLength", MOST_CHARACTERS)
        self._required += max(0, least)
        if self._required > MOST_REQUIRED:
            raise UnusableSchema(f"minLength asks for more than {MOST_REQUIRED} characters in all")
        return Sentence(int(least), int(most))

    def _object(self, schema: Schema, depth: int) -> Iterator[Part]:
        opening = "{"
        for name, member in schema.get("properties", {}).items():
            yield Fixed(f"{opening}{json_text(name)}:")
            yield from self.parts(member, name, depth + 1)
            opening = ","
        yield Fixed("}" if opening == "," else "{}")

    def _array(self, schema: Schema, name: str, depth: int) -> Iterator[Part]:
        count = min(max(1, schema.get("minItems", 1)), schema.get("maxItems", 1), MOST_ITEMS)
        yield Fixed("[")
        for place in range(count if "items" in schema else 0):
            yield from [Fixed(",")] if place else []
            yield from self.parts(schema["items"], name, depth + 1)
        yield Fixed("]")

    def _choice(self, values: Sequence[tuple[object, str]], schema: Schema) -> Part:
        told = f"{self._instructions}\n{schema.get('description', '')}"
        words = {
            place: f"{words} {_told_of(str(value), told)}"
            for place, (value, words) in enumerate(values)
        }
        return Choice([value for value, _ in values], words)

    def _referred(self, reference: str) -> Schema:
        found: Any = self._root
        for step in reference.removeprefix("#").strip("/").split("/"):
            found = found[step] if step else found
        return dict(found)


def _values(schema: Schema) -> Sequence[tuple[object, str]]:
    """The values that a schema spells out, each with what it says of them."""
    if "const" in schema:
        return [(schema["const"], schema.get("description", ""))]
    if "enum" in schema:
        return [(value, "") for value in schema["enum"]]
    options = schema.get("anyOf", schema.get("oneOf", ()))
    if options and all("const" in option for option in options):
        return [(option["const"], option.get("description", "")) for option in options]
    return []


def _first_real(schema: Schema) -> Schema:
    options = schema.get("anyOf") or schema["oneOf"]
    return dict(next((each for each in options if each.get("type") != "null"), {"type": "null"}))


def _type(schema: Schema) -> str:
    """The type that the answer's value has: of a nullable one, not null."""
    kinds = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kinds, str):
        return kinds
    return next((kind for kind in kinds if kind != "null"), "null")


def _number(schema: Schema) -> float | int:
    """The middle of the numbers that are allowed."""
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    most = schema.get("maximum", schema.get("exclusiveMaximum"))
    bounds = [bound for bound in (least, most) if bound is not None]
    middle = sum(bounds) / len(bounds) if bounds else 0
    if len(bounds) == 1 and bounds[0] in (schema.get("exclusiveMinimum"),):
        middle += 1
    return round(middle) if _type(schema) == "integer" else middle


def _told_of(value: str, text: str) -> str:
    """What the lines that begin with a value say of it."""
    line = rf"^[\s\-*\"'`]*{re.escape(value)}[\"'`*]*\s*[:=(\-](.*)$"
    return " ".join(re.findall(line, text, re.MULTILINE | re.IGNORECASE))
