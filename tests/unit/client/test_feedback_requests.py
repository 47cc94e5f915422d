"""Every command about feedback asks the server for exactly what was typed."""

import shlex
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from switchyard.feedback.v1 import automation_pb2, feedback_service_pb2
from switchyard_client.__main__ import cli

from tests.unit.client.fake_feedback import METHODS, RUN, FakeFeedback, make_budget, make_model
from tests.unit.client.fake_service import FakeServer

Run = Callable[..., Result]

DIGITS = RUN.removeprefix("triageRuns/")
PIECE = f"feedback/{5:032x}"
CATEGORY = "BUDGET_FIELD_CATEGORY"

# What is typed, the method that is called last, and its request as the contract's JSON.
COMMANDS: list[tuple[str, str, dict[str, object]]] = [
    (
        f"feedback submit {RUN} --accept",
        "SubmitFeedback",
        {"feedback": {"run": RUN, "acceptance": "ACCEPTANCE_ACCEPTED"}},
    ),
    (
        f"feedback submit {DIGITS} --reject --comment 'not at all' --reviewer anna --dry-run",
        "SubmitFeedback",
        {
            "feedback": {
                "run": RUN,
                "reviewer": "anna",
                "acceptance": "ACCEPTANCE_REJECTED",
                "comment": "not at all",
            },
            "validateOnly": True,
        },
    ),
    (
        f"feedback submit {RUN} --rating 2 --category refund --priority high --sentiment negative "
        "--no-escalate --reply 'Dear Ms Lee' --helpful articles/1 --unhelpful articles/2",
        "SubmitFeedback",
        {
            "feedback": {
                "run": RUN,
                "rating": 2,
                "correction": {
                    "category": "refund",
                    "priority": "PRIORITY_HIGH",
                    "sentiment": "SENTIMENT_NEGATIVE",
                    "requiresHumanEscalation": False,
                    "reply": "Dear Ms Lee",
                },
                "articles": [
                    {"article": "articles/1", "isHelpful": True},
                    {"article": "articles/2"},
                ],
            }
        },
    ),
    (
        f"feedback submit {RUN} --resolved-without-person --resolution-time 2h",
        "SubmitFeedback",
        {"feedback": {"run": RUN, "resolution": {"withoutPerson": True, "time": "7200s"}}},
    ),
    (f"feedback show {PIECE}", "GetFeedback", {"name": PIECE}),
    ("feedback list", "ListFeedback", {"pageSize": 51}),
    (
        f"feedback list --run {DIGITS} --reviewer anna --category billing --overturned "
        "--since 2026-11-16T06:12Z --until 2026-11-17 --limit 5000",
        "ListFeedback",
        {
            "pageSize": 1000,
            "filter": {
                "run": RUN,
                "reviewer": "anna",
                "category": "billing",
                "overturned": True,
                "startTime": "2026-11-16T06:12:00Z",
                "endTime": "2026-11-17T00:00:00Z",
            },
        },
    ),
    ("feedback summary", "SummarizeFeedback", {}),
    (
        "feedback summary --by prompt --category billing",
        "SummarizeFeedback",
        {"groupBy": "FEEDBACK_GROUPING_PROMPT", "filter": {"category": "billing"}},
    ),
    ("feedback settings show", "GetFeedbackSettings", {}),
    (
        "feedback settings set --train-after 500",
        "UpdateFeedbackSettings",
        {
            "settings": {
                "etag": "3",
                "trainAfterLabels": 500,
                "trainEvery": "86400s",
                "mostOverturned": 0.2,
                "rollBack": True,
            }
        },
    ),
    (
        "feedback settings set --train-every never --most-overturned 0 --no-roll-back",
        "UpdateFeedbackSettings",
        {"settings": {"etag": "3", "trainAfterLabels": 100}},
    ),
    ("feedback alarms", "ListOverturnAlarms", {}),
    ("feedback alarms list", "ListOverturnAlarms", {}),
    (
        "feedback alarms reset prompt prompts/short",
        "ResetOverturnAlarm",
        {"kind": "prompt", "subject": "prompts/short"},
    ),
    ("train", "TrainModel", {"activate": True}),
    ("train --no-activate", "TrainModel", {}),
    ("train --dry-run", "TrainModel", {"activate": True, "validateOnly": True}),
    ("models list --limit 3", "ListModels", {"pageSize": 4}),
    ("models show models/7", "ListModels", {"pageSize": 100}),
    ("models activate 6", "ActivateModel", {"name": "models/6"}),
    ("budget show category", "GetErrorBudget", {"field": CATEGORY}),
    ("budget show", "GetErrorBudget", {"field": "BUDGET_FIELD_SENTIMENT"}),
    (
        "budget set category --max-error 2%",
        "SetErrorBudget",
        {
            "errorBudget": {
                "field": CATEGORY,
                "terms": {"maxError": 0.02, "confidence": 0.95, "auditShare": 0.1},
            }
        },
    ),
    (
        "budget set priority --max-error 0.05 --confidence '99 %' --audit-share 0.2",
        "SetErrorBudget",
        {
            "errorBudget": {
                "field": "BUDGET_FIELD_PRIORITY",
                "terms": {"maxError": 0.05, "confidence": 0.99, "auditShare": 0.2},
            }
        },
    ),
    ("budget remove category", "SetErrorBudget", {"errorBudget": {"field": CATEGORY}}),
    ("report guarantee", "GetErrorBudget", {"field": CATEGORY}),
    ("report guarantee priority", "GetErrorBudget", {"field": "BUDGET_FIELD_PRIORITY"}),
    (
        "labels export - --format openai --source correction --category billing --since 2026-11-16",
        "ExportLabels",
        {
            "format": "EXPORT_FORMAT_OPENAI_CHAT",
            "source": "LABEL_SOURCE_CORRECTION",
            "category": "billing",
            "startTime": "2026-11-16T00:00:00Z",
        },
    ),
]
ASKED_FIRST = {"GetFeedbackSettingsRequest"}  # what a change of one part starts from
# They read files, or what is typed; lists of items are for programs.
TESTED_ELSEWHERE = {"ImportLabels", "StreamReviewItems", "ReleaseReviewItems", "ListReviewItems"}


@pytest.fixture
def run(fake: FakeServer, feedback: FakeFeedback) -> Run:
    """Runs a command against the fake server."""
    settings = automation_pb2.FeedbackSettings(
        etag="3", train_after_labels=100, most_overturned=0.2, roll_back=True
    )
    settings.train_every.FromSeconds(86_400)
    feedback.answers["GetFeedbackSettings"] = [
        feedback_service_pb2.GetFeedbackSettingsResponse(settings=settings)
    ]
    feedback.answers["GetErrorBudget"] = [
        feedback_service_pb2.GetErrorBudgetResponse(error_budget=make_budget())
    ]
    feedback.answers["TrainModel"] = [feedback_service_pb2.TrainModelResponse(model=make_model())]
    feedback.answers["ListModels"] = [
        feedback_service_pb2.ListModelsResponse(models=[make_model()])
    ]

    def run_command(typed: str) -> Result:
        environment = {"SWITCHYARD_SERVER": fake.address, "NO_COLOR": "1"}
        return CliRunner().invoke(cli, shlex.split(typed), env=environment)

    return run_command


@pytest.mark.parametrize(("typed", "method", "values"), COMMANDS, ids=[c[0] for c in COMMANDS])
def test_a_command_asks_for_what_was_typed(
    run: Run, feedback: FakeFeedback, typed: str, method: str, values: dict[str, object]
) -> None:
    result = run(typed)
    assert result.exit_code == 0, result.output
    (found,) = [one for one in METHODS.values() if one.name == method]
    expected: Message = ParseDict(values, GetMessageClass(found.input_type)())
    assert feedback.requests[-1] == expected


def test_every_method_has_a_command() -> None:
    tested = {method for _, method, _ in COMMANDS} | TESTED_ELSEWHERE
    assert tested == {method.name for method in METHODS.values()}


@pytest.mark.parametrize(
    "typed",
    [
        "feedback submit 17 --accept",
        f"feedback submit {RUN}",
        f"feedback submit {RUN} --reviewer anna",
        f"feedback submit {RUN} --accept --reject",
        f"feedback submit {RUN} --rating 6",
        f"feedback submit {RUN} --priority soon",
        f"feedback submit {RUN} --resolution-time long",
        "feedback show 5",
        "feedback list --since soon",
        "feedback list --run 5",
        "feedback summary --by mood",
        "feedback settings set",
        "feedback settings set --train-after -1",
        "feedback settings set --train-every sometimes",
        "feedback settings set --most-overturned 120%",
        "feedback alarms reset tenant x",
        "models show latest",
        "models activate models/01",
        "budget show reply",
        "budget set category",
        "budget set category --max-error 2",
        "budget set category --max-error lots",
        "report guarantee --out guarantee.pdf",
        "labels import no-such-file.csv",
        "labels import - --add-categories",
        "labels export - --format xml",
        "review --reason mood",
    ],
)
def test_a_wrong_command_ends_with_2_and_changes_nothing(
    run: Run, feedback: FakeFeedback, typed: str
) -> None:
    result = run(typed)
    assert result.exit_code == 2, result.output
    assert {type(request).__name__ for request in feedback.requests} <= ASKED_FIRST


def test_a_model_that_is_not_there_is_told(run: Run) -> None:
    result = run("models show 6")
    assert result.exit_code == 1
    assert "there is no model 6" in result.stderr


def test_a_training_without_a_model_has_failed(run: Run, feedback: FakeFeedback) -> None:
    feedback.answers["TrainModel"] = []
    result = run("train")
    assert result.exit_code == 3
    assert "ended the training without a model" in result.stderr
