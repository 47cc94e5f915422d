"""The report of a guarantee: its pictures and its page."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure
from switchyard.feedback.v1 import automation_pb2, feedback_pb2, feedback_service_pb2
from switchyard_client import ErrorBudget
from switchyard_client.__main__ import cli
from switchyard_client.report.drawing import drawn
from switchyard_client.report.guarantee.page import page
from switchyard_client.report.guarantee.pictures import report_of
from switchyard_client.report.guarantee.shown import stretches
from switchyard_client.report.look import INK

from tests.unit.client.fake_feedback import START, FakeFeedback, make_budget
from tests.unit.client.fake_service import FakeServer

NOW = START + timedelta(days=7)
PNG = b"\x89PNG\r\n"


def read(budget: automation_pb2.ErrorBudget) -> ErrorBudget:
    """A budget as the client has it."""
    return ErrorBudget.parse(budget.SerializeToString())


def busy(gates: int) -> automation_pb2.ErrorBudget:
    """A budget with so many open gates of long names."""
    budget = make_budget()
    first = budget.gates[0]
    del budget.gates[1:]
    for number in range(1, gates):
        budget.gates.add().CopyFrom(first)
        budget.gates[number].answerer = f"openai/$m_{number}$ of a name without an end {number}"
    return budget


def just_set() -> automation_pb2.ErrorBudget:
    """A budget without evidence: its only gate has never opened."""
    budget = make_budget()
    del budget.gates[:1]
    return budget


def without_terms() -> automation_pb2.ErrorBudget:
    """A budget that was removed."""
    budget = make_budget()
    budget.ClearField("terms")
    return budget


def texts(name: str, budget: automation_pb2.ErrorBudget) -> str:
    """All that a picture says, in one text."""
    axes = Figure().subplots()
    report_of(read(budget), NOW).pictures[name](axes)
    return "\n".join([axes.get_title("left"), *(text.get_text() for text in axes.texts)])


def test_a_gate_is_drawn_only_while_it_was_open() -> None:
    gate = read(make_budget()).gates[0]
    days = [((one.start - START).days, (one.end - START).days) for one in stretches(gate, NOW)]
    assert days == [(1, 3), (4, 5), (5, 7), (7, 7)]


def test_the_line_of_the_bound_has_a_gap_where_the_gate_was_closed() -> None:
    axes = Figure().subplots()
    report_of(read(make_budget()), NOW).pictures["bound"](axes)
    lines = [[*line.get_xdata(orig=True)] for line in axes.lines if line.get_color() != INK]  # type: ignore[misc]  # always an array
    days = [[(time - START).days for time in times] for times in lines]
    assert days == [[1, 3], [4, 5, 5, 7, 7, 7]]


def test_the_curve_is_labelled_at_its_end_and_the_budget_in_force() -> None:
    shown = texts("coverage", make_budget())
    assert "embedded/7 74.0 %" in shown
    assert "in force: 2.0 %" in shown


def test_the_threshold_in_force_is_labelled() -> None:
    assert "embedded/7 82.0 %" in texts("threshold", make_budget())


def test_no_more_gates_are_drawn_than_there_are_colours() -> None:
    assert "The busiest 6 of 9." in texts("bound", busy(9))


@pytest.mark.parametrize("name", ["coverage", "bound", "threshold"])
@pytest.mark.parametrize(
    "make",
    [make_budget, just_set, without_terms, lambda: busy(9), automation_pb2.ErrorBudget],
    ids=["usual", "just set", "without terms", "nine gates", "empty"],
)
def test_every_picture_can_be_drawn_whatever_is_known(
    name: str, make: Callable[[], automation_pb2.ErrorBudget]
) -> None:
    assert drawn([report_of(read(make()), NOW).pictures[name]]).startswith(PNG)


@pytest.mark.parametrize("name", ["coverage", "bound", "threshold"])
def test_a_picture_of_nothing_says_so(name: str) -> None:
    assert " yet" in texts(name, just_set())


def test_a_page_tells_promise_gates_and_history() -> None:
    shown = page(read(make_budget()), NOW, {"bound": b"<svg/>"})
    for words in (
        "Guarantee: category",
        "At most 2.0 % of the automatic decisions are wrong, 95.0 % sure",
        "open from a confidence of 82.0 %",
        "openai/m-2: closed, everything goes to review.",
        "closed because answers became worse",
        "data:image/svg+xml;base64,",
    ):
        assert words in shown


def test_what_others_wrote_stays_text_on_the_page() -> None:
    budget = make_budget()
    budget.gates[0].answerer = budget.gates[0].reason = "<script>alert(1)</script>"
    assert "<script>" not in page(read(budget), NOW, {})


def test_the_command_writes_what_the_name_says(
    fake: FakeServer, feedback: FakeFeedback, tmp_path: Path
) -> None:
    feedback.answers["GetErrorBudget"] = [
        feedback_service_pb2.GetErrorBudgetResponse(error_budget=make_budget())
    ]
    path = tmp_path / "guarantee.html"
    result = CliRunner().invoke(
        cli,
        ["report", "guarantee", "--out", str(path)],
        env={"SWITCHYARD_SERVER": fake.address, "NO_COLOR": "1"},
    )
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == f"wrote {path}"
    assert path.read_text().startswith("<!doctype html>")
    (request,) = feedback.requests
    assert request == feedback_service_pb2.GetErrorBudgetRequest(
        field=feedback_pb2.BUDGET_FIELD_CATEGORY
    )
