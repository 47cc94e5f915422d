"""What a training learns from beside the taxonomy: labelled tickets, and how they are handed over.

The training process reads one JSON value a line: the categories, then how many labels are held
out, then the labels, those held out first.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import orjson

from server.triage.examples.label import Label, text_of
from server.triage.taxonomy import Category, decode_categories, encode_categories

MOST_LABELS = 100_000
MOST_TEXT = 8 * 1024  # characters of a label; no more is read
MOST_HELD = 64 * 1024 * 1024  # characters of all labels; of those beyond, only the beginning
SHORT_TEXT = 512


@dataclass(frozen=True, slots=True)
class TrainingLabel:
    """A ticket's text and what is known of it. Empty or 0: it is not known."""

    text: str
    category: str = ""
    priority: int = 0
    resolution_s: float = 0.0


def training_label(label: Label) -> TrainingLabel:
    """What a training reads of a label."""
    return TrainingLabel(
        text=text_of(label),
        category=label.category,
        priority=int(label.priority or 0),
        resolution_s=label.resolution_s or 0.0,
    )


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a training process is given. The newest labels come last."""

    categories: Sequence[Category]
    labels: Sequence[TrainingLabel] = ()
    held_out: Sequence[TrainingLabel] = ()  # not learned: asked, once the model is made
    # Texts of no category. They are not handed over, and no vectors are read of them: the starter
    # model alone learns from them. A tenant's own categories may be just what they are about.
    background: Sequence[str] = ()


def encode_lesson(lesson: Lesson) -> Iterator[bytes]:
    """The lines of a lesson, many at a time. Of too many labels, the newest."""
    newest = islice(lesson.labels, max(0, len(lesson.labels) - MOST_LABELS), None)
    yield encode_categories(lesson.categories) + b"\n%d\n" % len(lesson.held_out)
    yield from encode_labels(lesson.held_out)
    yield from encode_labels(newest)


def encode_labels(labels: Iterable[TrainingLabel]) -> Iterator[bytes]:
    """A line each, many at a time."""
    given = iter(labels)
    while portion := list(islice(given, 256)):
        yield b"".join(map(_line, portion))


def _line(label: TrainingLabel) -> bytes:
    text = label.text[:MOST_TEXT].encode(errors="replace").decode()  # half a pair is no text
    values = [text, label.category, int(label.priority), label.resolution_s]
    return orjson.dumps(values, option=orjson.OPT_APPEND_NEWLINE)


def decode_lesson(lines: Iterable[bytes]) -> Lesson:
    """The lesson of such lines."""
    given = iter(lines)
    categories = decode_categories(orjson.loads(next(given)))
    held_out_size = int(next(given))
    labels = decode_labels(given)
    return Lesson(categories, labels[held_out_size:], labels[:held_out_size])


def decode_labels(lines: Iterable[bytes]) -> list[TrainingLabel]:
    """The labels of such lines."""
    return list(_bounded(TrainingLabel(*orjson.loads(line)) for line in lines))


def _bounded(labels: Iterable[TrainingLabel]) -> Iterator[TrainingLabel]:
    """The labels, their texts cut once there are very many characters of them."""
    held = 0
    for label in labels:
        held += len(label.text)
        if held <= MOST_HELD:
            yield label
        else:
            text = label.text[:SHORT_TEXT]
            yield TrainingLabel(text, label.category, label.priority, label.resolution_s)
