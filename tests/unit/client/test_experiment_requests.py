"""Every experiment command asks the server for exactly what was typed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from switchyard.experiment.v1 import experiment_service_pb2
from switchyard_client.__main__ import cli

from tests.unit.client.fake_experiments import METHODS, NAME, FakeExperiments, make_experiment
from tests.unit.client.fake_service import FakeServer

Run = Callable[..., Result]

ID = "lower-threshold"

# What is typed, the method that is called last, and its request as the contract's JSON.
COMMANDS: list[tuple[str, str, dict[str, object]]] = [
    ("list", "ListExperiments", {"pageSize": 51}),
    (
        "list --state stopped --layer triage --limit 500",
        "ListExperiments",
        {"pageSize": 100, "state": "EXPERIMENT_STATE_STOPPED", "layer": "triage"},
    ),
    (f"show {ID}", "GetExperiment", {"name": NAME}),
    (f"start {NAME}", "StartExperiment", {"name": NAME}),
    (f"pause {ID}", "PauseExperiment", {"name": NAME}),
    (f"stop {ID} --reason enough", "StopExperiment", {"name": NAME, "reason": "enough"}),
    (f"archive {ID} --yes", "ArchiveExperiment", {"name": NAME}),
    (
        f"weights {ID} model=0.7 control=0.3",
        "UpdateExperiment",
        {
            "experiment": {
                "name": NAME,
                "etag": "7",
                "variants": [
                    {"name": "control", "weight": 0.3},
                    {"name": "model", "weight": 0.7},
                ],
            },
            "updateMask": "variants",
        },
    ),
    (
        f"traffic {ID} 0",
        "UpdateExperiment",
        {"experiment": {"name": NAME, "etag": "7", "traffic": 0}, "updateMask": "traffic"},
    ),
    (f"apply {ID}", "ApplyWinner", {"name": NAME}),
    (f"apply {ID} --variant control", "ApplyWinner", {"name": NAME, "variant": "control"}),
    (f"rollback {ID}", "RollBackWinner", {"name": NAME}),
    (
        f"assign {ID} C-17 --attribute plan=pro --attribute age=30 --pre-period seconds=31.5",
        "AssignVariant",
        {
            "experiment": NAME,
            "unitId": "C-17",
            "attributes": {"plan": "pro", "age": "30"},
            "prePeriodValues": {"seconds": 31.5},
        },
    ),
    (
        "assign --layer triage C-17 --dry-run",
        "AssignVariant",
        {"layer": "triage", "unitId": "C-17", "validateOnly": True},
    ),
    (
        f"record {ID} C-17 resolved no --id T-1",
        "RecordOutcome",
        {
            "outcome": {
                "experiment": NAME,
                "unitId": "C-17",
                "metric": "resolved",
                "outcomeId": "T-1",
                "success": False,
            }
        },
    ),
    (
        f"record {ID} C-17 cost 3.5 --id T-1 --denominator 2 --time 2026-11-16T06:12Z "
        "--metadata by=agent",
        "RecordOutcome",
        {
            "outcome": {
                "experiment": NAME,
                "unitId": "C-17",
                "metric": "cost",
                "outcomeId": "T-1",
                "value": 3.5,
                "denominator": 2,
                "time": "2026-11-16T06:12:00Z",
                "metadata": {"by": "agent"},
            }
        },
    ),
    (f"report {ID}", "GetExperimentResults", {"name": NAME}),
    (f"report {ID} --json", "GetExperimentResults", {"name": NAME, "withHistory": True}),
    (f"watch {ID}", "WatchExperimentResults", {"name": NAME, "minInterval": "1s"}),
    (
        f"watch {ID} --every 500ms",
        "WatchExperimentResults",
        {"name": NAME, "minInterval": "0.5s"},
    ),
    (
        "sample-size --baseline 0.8 --effect 0.05 --power 0.9 --alpha 0.01 --variants 3 "
        "--units-per-day 400",
        "EstimateSampleSize",
        {
            "planned": {"kind": "METRIC_KIND_BINARY", "baseline": 0.8},
            "minEffect": 0.05,
            "power": 0.9,
            "alpha": 0.01,
            "variants": 3,
            "unitsPerDay": 400,
        },
    ),
    (
        "sample-size --kind mean --baseline 30 --deviation 12 --effect 2",
        "EstimateSampleSize",
        {
            "planned": {"kind": "METRIC_KIND_MEAN", "baseline": 30, "deviation": 12},
            "minEffect": 2,
        },
    ),
    (
        f"sample-size {ID} --effect 0.03",
        "EstimateSampleSize",
        {"experiment": NAME, "minEffect": 0.03},
    ),
]
ASKED_FIRST = {"GetExperimentRequest"}  # what a change of one part starts from
TESTED_ELSEWHERE = {"CreateExperiment", "RecordOutcomes"}  # they read files


@pytest.fixture
def run(fake: FakeServer, experiments: FakeExperiments) -> Run:
    """Runs an experiment command against the fake server, which has one experiment."""
    experiments.answers["GetExperiment"] = [
        experiment_service_pb2.GetExperimentResponse(experiment=make_experiment())
    ]

    def run_command(*arguments: str, **options: str) -> Result:
        environment = {"SWITCHYARD_SERVER": fake.address, "NO_COLOR": "1"}
        return CliRunner().invoke(cli, ["experiment", *arguments], env=environment, **options)  # type: ignore[arg-type]  # `input` alone

    return run_command


def request_of(method: str, values: dict[str, object]) -> Message:
    """A request of that method."""
    (found,) = [m for m in METHODS.values() if m.name == method]
    message: Message = ParseDict(values, GetMessageClass(found.input_type)())
    return message


@pytest.mark.parametrize(("typed", "method", "values"), COMMANDS, ids=[c[0] for c in COMMANDS])
def test_a_command_asks_for_what_was_typed(
    run: Run, experiments: FakeExperiments, typed: str, method: str, values: dict[str, object]
) -> None:
    result = run(*typed.split())
    assert result.exit_code == 0, result.output
    assert experiments.requests[-1] == request_of(method, values)


def test_every_method_has_a_command() -> None:
    tested = {method for _, method, _ in COMMANDS} | TESTED_ELSEWHERE
    assert tested == {method.name for method in METHODS.values()}


@pytest.mark.parametrize(
    "typed",
    [
        "show Model",
        "show",
        "list --state lost",
        f"weights {ID}",
        f"weights {ID} model",
        f"weights {ID} model=much",
        f"weights {ID} model=nan",
        f"weights {ID} model=1.5",
        f"weights {ID} other=0.5",
        f"traffic {ID} 2",
        "assign C-17",
        f"assign {ID} C-17 --layer triage",
        f"assign {ID} C-17 --attribute plan",
        f"assign {ID} C-17 --pre-period seconds=long",
        f"record {ID} C-17 resolved yes",
        f"record {ID} C-17 resolved --id T-1",
        f"record {ID} C-17 resolved perhaps --id T-1",
        f"record {ID} C-17 seconds nan --id T-1",
        f"record {ID} C-17 --file outcomes.csv",
        f"record {ID} --file outcomes.csv --denominator 2",
        f"record {ID} --file no-such-file.csv",
        f"watch {ID} --every soon",
        f"report {ID} --out report.pdf",
        "sample-size --effect 0.05",
        "sample-size --baseline 0.8",
        f"sample-size {ID} --effect 0.05 --baseline 0.8",
    ],
)
def test_a_wrong_command_ends_with_2_and_changes_nothing(
    run: Run, experiments: FakeExperiments, typed: str
) -> None:
    result = run(*typed.split())
    assert result.exit_code == 2, result.output
    assert {type(request).__name__ for request in experiments.requests} <= ASKED_FIRST


def test_archiving_asks_first(run: Run, experiments: FakeExperiments) -> None:
    result = run("archive", ID, input="n\n")
    assert result.exit_code == 1
    assert experiments.requests == []


def test_the_example_creates_an_experiment_and_starts_it(
    run: Run, experiments: FakeExperiments, tmp_path: Path
) -> None:
    experiments.answers["CreateExperiment"] = [
        experiment_service_pb2.CreateExperimentResponse(experiment=make_experiment())
    ]
    path = tmp_path / "threshold.toml"
    path.write_text(run("example").stdout)
    result = run("create", str(path), "--start")
    assert result.exit_code == 0, result.output
    created, started = experiments.requests
    assert isinstance(created, experiment_service_pb2.CreateExperimentRequest)
    assert created.experiment_id == ID
    assert [one.name for one in created.experiment.variants] == ["control", "lower"]
    assert started == request_of("StartExperiment", {"name": NAME})


def test_a_file_is_checked_and_nothing_is_created(run: Run, experiments: FakeExperiments) -> None:
    result = run("create", "-", "--validate-only", input='id = "x"')
    assert experiments.requests == [
        request_of(
            "CreateExperiment", {"experimentId": "x", "experiment": {}, "validateOnly": True}
        )
    ]
    assert result.stdout == "the file is valid; nothing was created\n"


def test_a_file_with_a_fault_is_named_with_the_field(
    run: Run, experiments: FakeExperiments
) -> None:
    result = run("create", "-", input='id = "x"\ntraffic = "all"')
    assert result.exit_code == 2
    assert "traffic: must be a number, not text" in result.stderr
    assert experiments.requests == []
