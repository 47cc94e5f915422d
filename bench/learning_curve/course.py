"""What is taught: public questions, divided into examples, a stream of tickets, and an exam."""

import gzip
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson
from switchyard_client import Category

EXAMPLES = 3  # of each category
STREAM = 5000
EXAM = 1500
SEED = 77


@dataclass(frozen=True, slots=True)
class Question:
    """A text with its published category."""

    text: str
    category: str


@dataclass(frozen=True, slots=True)
class Course:
    """Three parts that have no text in common."""

    categories: Sequence[Category]
    stream: Sequence[Question]
    exam: Sequence[Question]


def read_course(data: Path) -> Course:
    """The course in bank customers' questions."""
    rows = gzip.decompress((data / "banking77.jsonl.gz").read_bytes()).splitlines()
    asked = [Question(row["text"], _name(row["label"])) for row in map(orjson.loads, rows)]
    return divide(asked, EXAMPLES, EXAM, STREAM)


def divide(asked: Sequence[Question], examples: int, exam: int, stream: int) -> Course:
    """A random part of the questions for each purpose; always the same."""
    drawn = _distinct(asked)
    random.Random(SEED).shuffle(drawn)  # noqa: S311  # an order, not a secret
    shown: dict[str, list[str]] = {}
    rest = []
    for question in drawn:
        texts = shown.setdefault(question.category, [])
        if len(texts) < examples:
            texts.append(question.text)
        else:
            rest.append(question)
    categories = [_category(name, shown[name]) for name in sorted(shown)]
    return Course(categories, rest[exam : exam + stream], rest[:exam])


def _distinct(asked: Sequence[Question]) -> list[Question]:
    """Each text once, whatever its case: what is examined has not been taught."""
    return list({question.text.casefold().strip(): question for question in asked}.values())


def _category(name: str, examples: Sequence[str]) -> Category:
    title = name.replace("_", " ").capitalize()
    description = f"Questions about {title.lower()}."
    return Category(name=name, title=title, description=description, examples=list(examples))


def _name(label: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in label.lower()).strip("_")


def portions(stream: Sequence[Question], marks: Sequence[int]) -> Iterator[Sequence[Question]]:
    """What is taught until each mark."""
    begin = 0
    for mark in marks:
        yield stream[begin:mark]
        begin = mark
