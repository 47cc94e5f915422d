"""What commands about feedback print: tables and sentences for people, JSON for programs."""

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from google.rpc import code_pb2, status_pb2
from switchyard.feedback.v1 import (
    automation_pb2,
    feedback_pb2,
    feedback_service_pb2,
    model_pb2,
    summary_pb2,
)
from switchyard_client.__main__ import cli

from tests.unit.client.fake_feedback import RUN, FakeFeedback, make_budget, make_model
from tests.unit.client.fake_service import FakeServer, status

Run = Callable[..., Result]


@pytest.fixture
def run(fake: FakeServer) -> Run:
    """Runs a command against the fake server."""

    def run_command(*arguments: str) -> Result:
        environment = {"SWITCHYARD_SERVER": fake.address, "NO_COLOR": "1"}
        return CliRunner().invoke(cli, arguments, env=environment)

    return run_command


def line_with(text: str, output: str) -> str:
    """The one line that begins with a text, with single spaces."""
    (found,) = [line for line in output.splitlines() if line.startswith(text)]
    return " ".join(found.split())


def submitted() -> feedback_service_pb2.SubmitFeedbackResponse:
    """Feedback that has set everything in motion."""
    answer = feedback_service_pb2.SubmitFeedbackResponse(
        feedback=feedback_pb2.Feedback(name=f"feedback/{5:032x}", run=RUN)
    )
    effects = answer.effects
    effects.cached_answers_dropped, effects.reusable_answers_dropped = 1, 2
    effects.label_change = feedback_pb2.LABEL_CHANGE_REPLACED
    category = effects.budgets.add(field=feedback_pb2.BUDGET_FIELD_CATEGORY)
    category.is_counted = category.has_moved_gate = True
    category.threshold = 0.9
    effects.budgets.add(
        field=feedback_pb2.BUDGET_FIELD_PRIORITY, was_right=True, reason="it was judged before"
    )
    effects.outcomes.add(
        experiment="experiments/prompts", variant="short", metric="overturned", value=1
    )
    return answer


def test_what_feedback_did_is_one_line(run: Run, feedback: FakeFeedback) -> None:
    feedback.answers["SubmitFeedback"] = [submitted()]
    assert run("feedback", "submit", RUN, "--accept").stdout == (
        f"feedback/{5:032x}: the label was replaced; 3 kept answers dropped; "
        "category wrong, counted, gate now 90.0 %; "
        "priority right, no evidence: it was judged before; prompts, short: overturned = 1\n"
    )


def test_feedback_that_was_there_is_told_so(run: Run, feedback: FakeFeedback) -> None:
    answer = submitted()
    answer.is_repeated = True
    feedback.answers["SubmitFeedback"] = [answer]
    assert "it had been submitted before" in run("feedback", "submit", RUN, "--accept").stdout


def test_a_run_of_others_is_not_there(run: Run, feedback: FakeFeedback) -> None:
    feedback.failure = status(code_pb2.NOT_FOUND, "RUN_NOT_FOUND", f"there is no run {RUN}")
    result = run("feedback", "submit", RUN, "--accept")
    assert result.exit_code == 1
    assert f"there is no run {RUN} (RUN_NOT_FOUND)" in result.stderr


def piece() -> feedback_pb2.Feedback:
    """Feedback that says everything."""
    made = feedback_pb2.Feedback(
        name=f"feedback/{5:032x}",
        run=RUN,
        reviewer="anna",
        rating=2,
        comment="[bold]not[/bold] \x1b[31mthat",
        acceptance=feedback_pb2.ACCEPTANCE_ACCEPTED,
        in_force=True,
    )
    made.correction.category = "refund"
    made.correction.requires_human_escalation = False
    made.articles.add(article="articles/1", is_helpful=True)
    made.resolution.time.FromSeconds(7200)
    return made


def test_feedback_is_a_table_of_what_was_said(run: Run, feedback: FakeFeedback) -> None:
    feedback.answers["ListFeedback"] = [
        feedback_service_pb2.ListFeedbackResponse(feedback=[piece()])
    ]
    row = line_with("feedback/", run("feedback", "list").stdout)
    assert "anna 2 accepted, category refund, do not escalate" in row
    assert "[bold]not[/bold] �[31mthat yes" in row


def test_one_piece_is_shown_with_how_the_ticket_ended(run: Run, feedback: FakeFeedback) -> None:
    feedback.answers["GetFeedback"] = [feedback_service_pb2.GetFeedbackResponse(feedback=piece())]
    shown = run("feedback", "show", f"feedback/{5:032x}").stdout
    assert line_with("articles", shown) == "articles articles/1 helped"
    assert line_with("resolved", shown) == "resolved by a person, after 2 h"


def test_who_called_is_shown_where_it_was_not_the_reviewer(
    run: Run, feedback: FakeFeedback
) -> None:
    own, in_their_name = piece(), piece()
    own.submitter, in_their_name.submitter = "anna", "apiKeys/1"
    feedback.answers["GetFeedback"] = [
        feedback_service_pb2.GetFeedbackResponse(feedback=one) for one in (own, in_their_name)
    ]
    assert "submitted by" not in run("feedback", "show", own.name).stdout
    assert "submitted by  apiKeys/1" in run("feedback", "show", own.name).stdout


def share(count: int, total: int) -> summary_pb2.Share:
    """A share with an interval of twenty points."""
    part = count / total
    return summary_pb2.Share(
        total=total, count=count, share=part, lower=part - 0.1, upper=part + 0.1
    )


def summary() -> feedback_service_pb2.SummarizeFeedbackResponse:
    """Feedback of two reviewers in two groups."""
    whole = summary_pb2.FeedbackSummary(
        runs=120,
        feedback=150,
        fields=[summary_pb2.FieldSummary(field="category", overturned=share(30, 120))],
        overturned=share(36, 120),
        ratings=summary_pb2.Ratings(
            count=40,
            mean=3.75,
            lower=3.5,
            upper=4.0,
            satisfied=share(25, 40),
            counts=[5, 0, 10, 15, 10],
        ),
        agreement=summary_pb2.Agreement(runs=30, observed=0.9, alpha=0.81),
    )
    whole.agreement.pairs.add(
        reviewer="anna", other="ben", runs=30, observed=0.9, kappa=0.8, lower=0.6, upper=0.95
    )
    groups = [summary_pb2.FeedbackGroup(key=key, summary=whole) for key in ("embedded/7", "")]
    return feedback_service_pb2.SummarizeFeedbackResponse(summary=whole, groups=groups)


def test_a_summary_has_its_intervals(run: Run, feedback: FakeFeedback) -> None:
    feedback.answers["SummarizeFeedback"] = [summary()]
    shown = run("feedback", "summary").stdout
    assert line_with("overturned", shown) == "overturned 30.0 % [20.0, 40.0], 36 of 120"
    assert line_with("rating", shown) == (
        "rating 3.75 [3.50, 4.00] of 40 (5 x 1, 10 x 3, 15 x 4, 10 x 5)"
    )
    assert line_with("anna and ben", shown) == "anna and ben 30 90.0 % 0.80 [0.60, 0.95]"
    assert "accepted" not in shown  # nobody accepted or rejected anything


def test_equal_ratings_have_no_interval(run: Run, feedback: FakeFeedback) -> None:
    ratings = summary_pb2.Ratings(count=2, mean=2, lower=2, upper=2, counts=[0, 2, 0, 0, 0])
    whole = summary_pb2.FeedbackSummary(runs=1, feedback=2, ratings=ratings)
    feedback.answers["SummarizeFeedback"] = [
        feedback_service_pb2.SummarizeFeedbackResponse(summary=whole)
    ]
    shown = run("feedback", "summary").stdout
    assert line_with("rating", shown) == "rating 2.00 of 2 (2 x 2)"
    assert line_with("feedback", shown) == "feedback 2 pieces on 1 run"


def test_groups_are_rows_and_one_without_a_name_is_told(run: Run, feedback: FakeFeedback) -> None:
    feedback.answers["SummarizeFeedback"] = [summary()]
    shown = run("feedback", "summary", "--by", "model").stdout
    assert line_with("embedded/7", shown).startswith("embedded/7 120 30.0 %")
    assert line_with("(none)", shown)


def test_nothing_at_all_is_summed_up_too(run: Run) -> None:
    result = run("feedback", "summary", "--by", "day")
    assert result.exit_code == 0
    assert line_with("feedback", result.stdout) == "feedback 0 pieces on 0 runs"


def test_settings_are_told_in_words(run: Run, feedback: FakeFeedback) -> None:
    settings = automation_pb2.FeedbackSettings(train_after_labels=500, most_overturned=0.2)
    settings.train_every.FromSeconds(86_400)
    feedback.answers["GetFeedbackSettings"] = [
        feedback_service_pb2.GetFeedbackSettingsResponse(settings=settings)
    ]
    shown = run("feedback", "settings", "show").stdout
    assert line_with("trains", shown) == "trains after 500 new labels and 1 d after the last time"
    assert line_with("alarm", shown) == "alarm beyond 20.0 % overturned"
    assert line_with("then", shown) == "then a person decides"


def test_alarms_are_a_table(run: Run, feedback: FakeFeedback) -> None:
    alarm = automation_pb2.OverturnAlarm(
        kind="prompt", subject="prompts/short", judged=80, overturned=40, evidence=1.0
    )
    alarm.raise_time.FromSeconds(1_700_000_000)
    alarm.action = "rolled back"
    feedback.answers["ListOverturnAlarms"] = [
        feedback_service_pb2.ListOverturnAlarmsResponse(alarms=[alarm])
    ]
    row = line_with("prompts/short", run("feedback", "alarms").stdout)
    assert row == "prompts/short prompt 80 50.0 % 100 % 2023-11-14 22:13:20Z rolled back"


def training(*stages: str) -> list[feedback_service_pb2.TrainModelResponse]:
    """A training through these stages, and the model."""
    told = [
        feedback_service_pb2.TrainModelResponse(
            progress=model_pb2.TrainingProgress(
                stage=stage, done=number / 10, finding=f"finding {number}"
            )
        )
        for number, stage in enumerate(stages)
    ]
    return [*told, feedback_service_pb2.TrainModelResponse(model=make_model())]


def test_a_training_is_followed_stage_by_stage(run: Run, feedback: FakeFeedback) -> None:
    feedback.answers["TrainModel"] = [*training("reading", "fitting", "fitting", "saving")]
    lines = run("train").stderr.splitlines()
    assert [line.split() for line in lines] == [
        ["reading", "finding", "0"],
        ["fitting", "finding", "2"],
        ["saving", "finding", "3"],
    ]


def test_a_trained_model_is_told_with_what_became_of_it(run: Run, feedback: FakeFeedback) -> None:
    feedback.answers["TrainModel"] = [*training()]
    shown = run("train").stdout
    assert line_with("accuracy", shown) == "accuracy 93.1 %"
    assert line_with("90.0 % or more", shown) == "90.0 % or more 62.0 % 99.3 %"
    assert line_with("refund", shown) == "refund billing 41"
    assert line_with("On 500 labels", shown) == (
        "On 500 labels that neither has learned from, version 7 is right on 92.0 %, version 6 on "
        "88.4 %: +3.6 points, and with 95 % confidence no less than +1.9 points. It is no worse: "
        "at most 1.0 points may be lost."
    )
    assert shown.splitlines()[-1] == "models/7 answers."


def test_a_model_that_may_be_worse_says_how_to_activate_it(
    run: Run, feedback: FakeFeedback
) -> None:
    model = make_model()
    model.state = model_pb2.MODEL_STATE_READY
    model.comparison.is_no_worse, model.comparison.difference = False, -0.036
    feedback.answers["TrainModel"] = [feedback_service_pb2.TrainModelResponse(model=model)]
    shown = run("train").stdout
    assert "It may be worse" in shown
    assert shown.splitlines()[-1].endswith("switchyard models activate 7")


def test_a_model_that_did_better_on_few_labels_is_not_called_worse(
    run: Run, feedback: FakeFeedback
) -> None:
    model = make_model()
    model.comparison.is_no_worse = False
    feedback.answers["TrainModel"] = [feedback_service_pb2.TrainModelResponse(model=model)]
    feedback.answers["ListModels"] = [feedback_service_pb2.ListModelsResponse(models=[model])]
    assert "So few labels cannot show that it is no worse" in run("train").stdout
    assert "version 6: +3.6 points, not certain" in run("models", "list").stdout


def test_a_server_that_is_killed_while_it_trains_says_how_to_go_on(
    run: Run, feedback: FakeFeedback
) -> None:
    feedback.failure = status_pb2.Status(code=code_pb2.UNAVAILABLE, message="Socket closed")
    assert run("train").stderr.endswith(
        "went away before it had answered; to get a model, give the same command again\n"
    )


def test_a_training_with_too_little_is_refused(run: Run, feedback: FakeFeedback) -> None:
    feedback.failure = status(code_pb2.FAILED_PRECONDITION, "TOO_FEW_LABELS", "two are too few")
    result = run("train")
    assert result.exit_code == 1
    assert "two are too few (TOO_FEW_LABELS)" in result.stderr


def test_models_are_a_table(run: Run, feedback: FakeFeedback) -> None:
    first = model_pb2.Model(name="models/0", state=model_pb2.MODEL_STATE_READY)
    feedback.answers["ListModels"] = [
        feedback_service_pb2.ListModelsResponse(models=[make_model(), first])
    ]
    shown = run("models", "list").stdout.splitlines()
    assert " ".join(shown[1].split()) == (
        "7 active 2026-11-01 08:00:00Z anna 9,800 93.1 % 91.2 % version 6: +3.6 points"
    )
    assert shown[2].split() == ["0", "ready", "0"]


def test_a_model_as_json_has_every_field(run: Run, feedback: FakeFeedback) -> None:
    feedback.answers["ListModels"] = [
        feedback_service_pb2.ListModelsResponse(models=[make_model()])
    ]
    assert json.loads(run("models", "show", "7", "--json").stdout)["comparison"]["margin"] == 0.01


@pytest.mark.parametrize(
    ("state", "standing"),
    [
        (model_pb2.MODEL_STATE_READY, "is kept and does not answer"),
        (model_pb2.MODEL_STATE_ACTIVE, "models/0 answers."),
    ],
)
def test_the_taxonomys_own_model_is_shown_too(
    run: Run, feedback: FakeFeedback, state: model_pb2.ModelState, standing: str
) -> None:
    own = model_pb2.Model(name="models/0", state=state)
    feedback.answers["ListModels"] = [
        feedback_service_pb2.ListModelsResponse(models=[make_model(), own])
    ]
    assert standing in run("models", "show", "0").stdout


@pytest.fixture
def budget(run: Run, feedback: FakeFeedback) -> str:
    """What is shown of a budget."""
    feedback.answers["GetErrorBudget"] = [
        feedback_service_pb2.GetErrorBudgetResponse(error_budget=make_budget())
    ]
    return run("budget", "show", "category").stdout


def test_a_budget_says_what_is_promised(budget: str) -> None:
    assert budget.splitlines()[0] == (
        "category: at most 2.0 % of the automatic decisions are wrong, 95.0 % sure; "
        "10.0 % of them are audited"
    )


def test_gates_are_rows(budget: str) -> None:
    assert "embedded/7 82.0 % 1.8 % 812 90 31 55.0 % 12.0 %" in " ".join(budget.split())
    assert "openai/m-2 closed 0 0 0 0.0 % 0.0 %" in " ".join(budget.split())


def test_other_budgets_are_shown_with_what_they_would_allow(budget: str) -> None:
    assert "5.0 % 70.0 % 74.0 %" in " ".join(budget.split())


def test_the_history_of_a_gate_is_told_in_words(budget: str) -> None:
    told = [line for line in budget.splitlines() if line.startswith("2026-11-")]
    assert told == [
        "2026-11-06 08:00Z  opened wider, from 90.0 % to 82.0 % by the evidence "
        "(500 judged, at most 1.9 % wrong)",
        "2026-11-05 08:00Z  opened from 90.0 % by the evidence (400 judged, at most 1.9 % wrong)",
        "2026-11-04 08:00Z  closed because answers became worse (300 judged)",
        "2026-11-02 08:00Z  opened from 85.0 % because the terms changed "
        "(100 judged, at most 1.9 % wrong)",
    ]


def test_a_field_without_a_budget_says_so(run: Run) -> None:
    shown = run("budget", "show").stdout
    assert shown.count("nothing is promised; the server's fixed confidence decides") == 3
