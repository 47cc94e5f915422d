"""Which texts a training learns from: each once, in known categories, and not too many."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from server.engines.embedded.features import normalise
from server.engines.embedded.learning.fitting import OF_NONE, Labels
from server.engines.embedded.trainer import introduce
from server.engines.embedded.training_set import Lesson, TrainingLabel
from server.triage.examples.label import digest_of
from server.triage.taxonomy import Category

MOST_TEXTS = 30_000
MOST_BYTES = 6 * 1024 * 1024  # of all texts: a gigabyte of features
FEWEST_KEPT = 10  # texts of a category, where others must shrink
UNKNOWN, EMPTY = "their category is not in the taxonomy", "no word in them"
REPEATED = "the same text as a newer one"
CONTRADICTED = "a newer one says otherwise of the same text"
TOO_MANY = "more than can be learned from in time: a part of every category was used"


class NothingToLearn(Exception):
    """There is too little to train a model from; says why."""


@dataclass(slots=True)
class Assembly:
    """What to learn from."""

    names: tuple[str, ...]
    texts: list[str] = field(default_factory=list)  # those like tickets; then introductions
    labels: list[int] = field(default_factory=list)  # of each text: the place of its category
    is_labelled: list[bool] = field(default_factory=list)  # of each: by a label, no example
    tickets: int = 0  # texts that are like tickets
    skipped: Counter[str] = field(default_factory=Counter)  # labels that were left out, by reason


@dataclass(frozen=True, slots=True)
class _Text:
    text: str
    category: int
    is_labelled: bool


def assemble(lesson: Lesson) -> Assembly:
    """The texts of the examples and of the labels. Raises NothingToLearn."""
    _check(lesson.categories, lesson.labels)
    assembly = Assembly(tuple(category.name for category in lesson.categories))
    chosen = _affordable(list(_distinct(lesson, assembly).values()), assembly.skipped)
    for one in chosen:
        assembly.texts.append(one.text)
        assembly.labels.append(one.category)
        assembly.is_labelled.append(one.is_labelled)
    assembly.texts += lesson.background
    assembly.labels += [OF_NONE] * len(lesson.background)
    assembly.is_labelled += [False] * len(lesson.background)
    assembly.tickets = len(assembly.texts)
    assembly.texts += map(introduce, lesson.categories)
    assembly.labels += range(len(lesson.categories))
    assembly.is_labelled += [False] * len(lesson.categories)
    return assembly


def _check(categories: Sequence[Category], labels: Iterable[TrainingLabel]) -> None:
    if len(categories) < 2:
        raise NothingToLearn("the taxonomy has one category: at least two are needed")
    exemplified = {category.name for category in categories if category.examples}
    labelled = {label.category for label in labels} - {""}
    if len(labelled | exemplified) < 2 and labelled:
        raise NothingToLearn("all labels are of one category: at least two are needed")


def _distinct(lesson: Lesson, assembly: Assembly) -> dict[bytes, _Text]:
    """Examples and labels by what they say; the newest of the same text stands."""
    place = {name: number for number, name in enumerate(assembly.names)}
    kept: dict[bytes, _Text] = {}
    for category in lesson.categories:
        for example in category.examples:
            kept[digest_of(example)] = _Text(example, place[category.name], is_labelled=False)
    for label in lesson.labels:
        if not label.category:
            continue  # tells something else
        if label.category not in place:
            assembly.skipped[UNKNOWN] += 1
        elif not normalise(label.text).strip():
            assembly.skipped[EMPTY] += 1
        else:
            new = _Text(label.text, place[label.category], is_labelled=True)
            old = kept.pop(digest_of(label.text), new)  # out, so that the new one comes last
            if old is not new and old.is_labelled:
                is_same = old.category == new.category
                assembly.skipped[REPEATED if is_same else CONTRADICTED] += 1
            kept[digest_of(label.text)] = new
    return kept


def _affordable(texts: Sequence[_Text], skipped: Counter[str]) -> Sequence[_Text]:
    """All texts; of too many, a random part of every category."""
    size = sum(len(one.text) for one in texts)
    share = min(1.0, MOST_TEXTS / max(len(texts), 1), MOST_BYTES / max(size, 1))
    if share == 1.0:
        return texts
    labels: Labels = np.array([one.category for one in texts])
    rng = np.random.default_rng(0)
    places = []
    for category in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == category))
        places += members[: max(FEWEST_KEPT, round(share * len(members)))].tolist()
    chosen = [texts[place] for place in sorted(places)]
    left = sum(one.is_labelled for one in texts) - sum(one.is_labelled for one in chosen)
    skipped[TOO_MANY] += left
    return chosen
