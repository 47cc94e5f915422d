"""What a training learns from, and what it says of itself."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pytest

from server.engines.embedded.features import FeatureSet
from server.engines.embedded.learning import assembly as assembling
from server.engines.embedded.learning.assembly import NothingToLearn, assemble
from server.engines.embedded.learning.course import APART_FROM, Taught, teach
from server.engines.embedded.learning.evaluation import Evaluation
from server.engines.embedded.learning.fitting import count_features, fit, score
from server.engines.embedded.learning.resolution import estimate_resolution
from server.engines.embedded.training_set import (
    MOST_LABELS,
    Lesson,
    TrainingLabel,
    decode_lesson,
    encode_lesson,
)
from server.triage.taxonomy import Category

WORDS = {"billing": ("invoice", "refund", "charge"), "shipping": ("parcel", "courier", "delivery")}
CATEGORIES = tuple(Category(name, name.title(), "", ()) for name in WORDS)


def label(text: str, category: str = "billing", priority: int = 0) -> TrainingLabel:
    return TrainingLabel(text, category, priority)


def tickets(count: int) -> list[TrainingLabel]:
    """So many different tickets, whose words tell their category."""
    names = list(WORDS)
    return [
        label(f"my {WORDS[names[i % 2]][i // 2 % 3]} number {'abcdefgh'[i % 8]} {i}", names[i % 2])
        for i in range(count)
    ]


def skipped(labels: Sequence[TrainingLabel]) -> dict[str, int]:
    return dict(assemble(Lesson(CATEGORIES, labels)).skipped)


def test_labels_of_unknown_categories_and_without_words_are_left_out_and_counted() -> None:
    labels = [label("x", "nowhere"), label("?!"), label("parcel", "shipping"), label("bill")]
    assert skipped(labels) == {assembling.UNKNOWN: 1, assembling.EMPTY: 1}


def test_of_labels_that_contradict_each_other_the_newest_counts() -> None:
    labels = [label("The  Same"), label("parcel", "shipping"), label("the same", "shipping")]
    found = assemble(Lesson(CATEGORIES, labels))
    assert dict(found.skipped) == {assembling.CONTRADICTED: 1}
    assert found.labels[: found.tickets] == [1, 1]


def test_texts_of_no_category_make_their_like_less_sure() -> None:
    words = {"billing": "invoice", "shipping": "parcel"}
    categories = [
        Category(name, name, "", tuple(f"where is the {word} of day {i}" for i in range(10)))
        for name, word in words.items()
    ]
    background = [f"where is the city of day {i}" for i in range(20)]
    without = teach(Lesson(categories)).model
    taught = teach(Lesson(categories, background=background)).model
    asked = "where is the city of light"
    assert taught.names == without.names
    assert taught.predict(asked).confidence < without.predict(asked).confidence
    assert taught.predict("where is the parcel").label == "shipping"


def test_a_label_outranks_an_example_of_the_same_text() -> None:
    example = Category("billing", "Billing", "", ("my thing",))
    found = assemble(Lesson((example, CATEGORIES[1]), [label("my thing", "shipping")]))
    assert found.labels[: found.tickets] == [1]


def test_a_text_that_is_repeated_counts_once() -> None:
    assert skipped([label("a b"), label("A  b"), label("c", "shipping")]) == {
        assembling.REPEATED: 1
    }


def test_of_too_much_text_a_part_of_every_category_is_learned() -> None:
    labels = [label(f"{i} " + "word " * 1_600) for i in range(900)]
    labels += [label(f"{i} parcel", "shipping") for i in range(5)]
    found = assemble(Lesson(CATEGORIES, labels))
    assert found.skipped[assembling.TOO_MANY] > 0
    assert found.tickets + found.skipped[assembling.TOO_MANY] == len(labels)
    assert found.labels[: found.tickets].count(1) == 5


@pytest.mark.parametrize(
    ("categories", "labels", "why"),
    [
        (CATEGORIES[:1], (), "one category: at least two"),
        (CATEGORIES, (label("a"), label("b")), "all labels are of one category"),
    ],
)
def test_what_cannot_be_learned_from_is_refused_in_plain_words(
    categories: Sequence[Category], labels: Sequence[TrainingLabel], why: str
) -> None:
    with pytest.raises(NothingToLearn, match=why):
        assemble(Lesson(categories, labels))


def test_a_lesson_comes_out_as_it_went_in() -> None:
    lesson = Lesson(CATEGORIES, tickets(600), tickets(3))
    lines = b"".join(encode_lesson(lesson)).splitlines(keepends=True)
    assert decode_lesson(lines) == lesson


def test_of_more_labels_than_may_be_the_newest_are_handed_over() -> None:
    labels = [label("old")] * 3 + [label("new")] * MOST_LABELS
    lines = b"".join(encode_lesson(Lesson(CATEGORIES, labels))).splitlines()
    assert sum(b"old" in line for line in lines) == 0


@pytest.fixture(scope="module")
def taught() -> Taught:
    return teach(Lesson(CATEGORIES, tickets(120), tickets(10)))


def test_a_training_reports_what_it_learned_and_how_right_it_is(taught: Taught) -> None:
    report = taught.report
    assert (report.labels, report.held_out, report.skipped) == (120, 10, [])
    assert report.accuracy > 0.95
    assert report.calibration_error < 0.1
    assert [one["category"] for one in report.categories] == ["billing", "shipping"]
    assert sum(one["labels"] for one in report.categories) == 120


@pytest.mark.parametrize("count", [40, APART_FROM])
def test_a_model_says_of_a_text_what_its_training_would(count: int) -> None:
    lesson = Lesson(CATEGORIES, tickets(count))
    model, assembly = teach(lesson).model, assemble(lesson)
    assert (model.features is FeatureSet.APART) == (count == APART_FROM)
    fitted = fit(count_features(assembly.texts, model.features), np.array(assembly.labels), 2)
    for text in ("my parcel and the courier", "parcle inovice", "zzz refund", "qqqq"):
        said = model.read(text)
        expected, coverage, lengths = score(fitted, count_features([text], model.features))
        assert said.decisions == pytest.approx(expected[0].tolist(), abs=2e-3)
        assert said.coverage == pytest.approx(coverage[0], abs=1e-5)
        assert said.features == lengths[0]


def test_of_two_machines_spelling_tells_where_no_word_is_known() -> None:
    model = teach(Lesson(CATEGORIES, tickets(APART_FROM))).model
    assert model.predict("deliverys").label == "shipping"
    assert model.predict("reinvoiced").label == "billing"


def test_two_examples_in_all_make_a_model_that_is_not_sure() -> None:
    taught = teach(Lesson(CATEGORIES, [label("invoice"), label("parcel", "shipping")]))
    assert taught.model.predict("invoice").confidence < 0.8


def test_figures_of_answers_are_those_of_a_count_by_hand() -> None:
    found = Evaluation(
        names=["a", "b", "c"],
        truth=np.array([0, 0, 1, 1]),
        answers=np.array([0, 1, 1, 1]),
        confidences=np.array([0.9, 0.4, 0.9, 0.9]),
    )
    assert found.accuracy == 0.75
    assert found.macro_f1 == pytest.approx((2 / 3 + 0.8) / 2)
    assert found.calibration_error == pytest.approx((3 * 0.1 + 0.4) / 4)
    assert found.coverage()[0] == {"confidence": 0.5, "coverage": 0.75, "accuracy": 1.0}
    assert found.confusions() == [{"category": "a", "answered": "b", "labels": 1}]
    assert found.categories()[1] == {
        "category": "b",
        "labels": 2,
        "precision": pytest.approx(2 / 3),
        "recall": 1.0,
    }


def urgent_when_said(count: int) -> list[TrainingLabel]:
    """Tickets whose priority a word tells that no rule knows."""
    words = {4: "zeppelin", 1: "teapot"}
    return [
        TrainingLabel(f"{words[level]} {i} {'abcdefg'[i % 7]}", "", level)
        for i in range(count // 2)
        for level in words
    ]


def test_priorities_are_learned_where_that_does_better_than_the_rules() -> None:
    model = teach(Lesson(CATEGORIES, [*tickets(20), *urgent_when_said(60)])).model
    assert model.priority is not None
    found = model.priority.decide(model.read("a zeppelin again").priorities, 0, set())
    assert found.label == 4
    assert found.confidence > 0.6


@pytest.mark.parametrize(
    "labels",
    [
        urgent_when_said(48),  # too few
        [TrainingLabel(f"teapot {i}", "", 1) for i in range(80)],  # one level alone
        [TrainingLabel(f"thing {i}", "", 1 + i // 7 % 2) for i in range(80)],  # nothing tells
    ],
)
def test_else_the_rules_stand(labels: list[TrainingLabel]) -> None:
    assert teach(Lesson(CATEGORIES, [*tickets(20), *labels])).model.priority is None


def test_times_to_resolution_are_drawn_from_the_taxonomys_towards_the_labels() -> None:
    day = Category("billing", "Billing", "", (), estimated_resolution=timedelta(days=1))
    labels = [TrainingLabel("x", "billing", 0, 3_600.0)] * 5
    found = estimate_resolution([day, CATEGORIES[1]], labels)
    assert found[0] == pytest.approx((3_600 * 86_400) ** 0.5)
    assert found[1] == 0.0


def test_one_ticket_left_open_for_a_year_hardly_moves_the_time_to_resolution() -> None:
    labels = [TrainingLabel("x", "billing", 0, 3_600.0)] * 9
    labels.append(TrainingLabel("x", "billing", 0, 365 * 86_400.0))
    assert estimate_resolution(CATEGORIES, labels)[0] == pytest.approx(3_600)
