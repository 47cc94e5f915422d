"""The learning curve: what is taught and asked, and what exams tell."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from switchyard.feedback.v1.feedback_service_pb2 import SubmitFeedbackRequest
from switchyard_client.messages.switchyard.feedback.v1 import Model, ModelState

from bench.feedback_calls import Judged, submissions
from bench.learning import figures_of, figures_of_waits, told
from bench.learning_curve.course import Question, divide, portions
from bench.learning_curve.marks import Exam, Line, Mark
from bench.learning_curve.picture import draw
from bench.learning_curve.pupil import Waits

ASKED = [Question(f"{n} of {category}", category) for category in "abc" for n in range(20)]


def exam(*answers: tuple[float, bool]) -> Exam:
    confidence, right = zip(*answers, strict=True)
    return Exam(np.array(confidence), np.array(right))


def test_what_is_shown_taught_and_examined_has_no_text_in_common() -> None:
    course = divide(ASKED, examples=2, exam=10, stream=30)
    shown = [text for category in course.categories for text in category.examples]
    texts = [*shown, *(question.text for question in (*course.stream, *course.exam))]
    assert len(texts) == len(set(texts)) == 6 + 10 + 30


def test_every_category_is_shown_by_as_many_examples() -> None:
    course = divide(ASKED, examples=2, exam=10, stream=30)
    assert [(c.name, len(c.examples)) for c in course.categories] == [("a", 2), ("b", 2), ("c", 2)]


def test_texts_that_differ_in_case_alone_are_one() -> None:
    course = divide([Question("Where?", "a"), Question("WHERE? ", "a"), *ASKED], 2, 100, 0)
    assert len(course.exam) == len(ASKED) + 1 - 6


def test_each_portion_goes_on_where_the_one_before_ended() -> None:
    parts = list(portions(ASKED, (1, 10, 30)))
    assert [len(part) for part in parts] == [1, 9, 20]
    assert [question for part in parts for question in part] == ASKED[:30]


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ([(1.0, True), (0.0, False)], 0.0),
        ([(1.0, False), (1.0, False)], 1.0),
        ([(0.5, True), (0.5, False)], 0.0),  # half of those that were half sure
        ([(0.2, True), (0.9, False)], 0.85),  # errors of two bins do not make up for each other
    ],
)
def test_confidence_is_held_against_what_came_true(
    answers: list[tuple[float, bool]], error: float
) -> None:
    assert exam(*answers).calibration_error == pytest.approx(error)


def test_a_mark_without_a_training_has_no_figure_of_one() -> None:
    found = exam((0.9, True), (0.9, False))
    line = Line("taught", [Mark(0, found), Mark(100, found, 40, "models/1, active", 2.5)])
    assert [(each.case, each.metric) for each in figures_of(line)] == [
        ("taught, 0", "accuracy"),
        ("taught, 0", "calibration error"),
        ("taught, 100", "accuracy"),
        ("taught, 100", "calibration error"),
        ("taught, 100", "corrected so far"),
        ("taught, 100", "training"),
    ]


def test_a_model_that_does_not_answer_is_told_of() -> None:
    assert told(Model(name="models/2", state=ModelState.READY)) == "models/2, not activated"


def test_waits_are_told_in_milliseconds_and_pairs_by_the_second() -> None:
    waits = Waits(triage=[0.002] * 10, feedback=[0.010] * 10, teaching_s=5.0)
    assert [each.value for each in figures_of_waits(waits)] == pytest.approx([2, 2, 2, 10, 10])


def test_lines_become_a_picture(tmp_path: Path) -> None:
    marks = [Mark(0, exam((0.9, False))), Mark(100, exam((0.9, True)))]
    draw(tmp_path / "learning.png", [Line("one", marks), Line("other", marks)])
    assert (tmp_path / "learning.png").read_bytes().startswith(b"\x89PNG")


def test_a_run_is_judged_again_by_another_reviewer() -> None:
    runs = [Judged("triageRuns/1", "billing"), Judged("triageRuns/2", "account")]
    said = [
        SubmitFeedbackRequest.FromString(each).feedback for each in islice(submissions(runs), 3)
    ]
    assert [each.run for each in said] == ["triageRuns/1", "triageRuns/2", "triageRuns/1"]
    assert len({each.reviewer for each in said}) == 2
