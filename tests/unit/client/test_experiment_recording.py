"""A file of outcomes becomes one call, and what failed is told by its row."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from google.rpc import code_pb2
from switchyard.experiment.v1 import experiment_service_pb2
from switchyard_client.__main__ import cli
from switchyard_client.outcomes import InvalidOutcome, outcome_of

from tests.unit.client.fake_experiments import NAME, FakeExperiments
from tests.unit.client.fake_service import FakeServer, status

Run = Callable[..., Result]

CSV = "unit,metric,id,value\nC-1,resolved,T-1,yes\nC-2,seconds,T-2,4.5\n"


@pytest.fixture
def run(fake: FakeServer, experiments: FakeExperiments) -> Run:
    """Records a file on the fake server."""

    def record(path: str | Path, **options: str) -> Result:
        environment = {"SWITCHYARD_SERVER": fake.address, "NO_COLOR": "1"}
        arguments = ["experiment", "record", NAME, "--file", str(path)]
        return CliRunner().invoke(cli, arguments, env=environment, **options)  # type: ignore[arg-type]  # texts only

    experiments.answers["RecordOutcomes"] = [
        experiment_service_pb2.RecordOutcomesResponse(recorded=2)
    ]
    return record


def sent(experiments: FakeExperiments) -> list[tuple[str, bool | float]]:
    """Unit and result of each outcome that arrived."""
    told = []
    for request in experiments.requests:
        assert isinstance(request, experiment_service_pb2.RecordOutcomesRequest)
        outcome = request.outcome
        told.append((outcome.unit_id, getattr(outcome, outcome.WhichOneof("result") or "")))
    return told


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("o.csv", CSV.encode()),
        ("o.csv.gz", gzip.compress(CSV.encode(), mtime=0)),
        ("o.tsv", CSV.replace(",", "\t").encode()),
        (
            "o.jsonl",
            b'{"unit_id": "C-1", "metric": "resolved", "outcome_id": "T-1", "success": true}\n'
            b'{"unit_id": "C-2", "metric": "seconds", "outcome_id": 2, "value": 4.5}\n',
        ),
    ],
)
def test_a_file_of_any_format_is_sent(
    run: Run, experiments: FakeExperiments, tmp_path: Path, name: str, content: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    result = run(path)
    assert (result.exit_code, result.stdout) == (0, "2 recorded\n")
    assert sent(experiments) == [("C-1", True), ("C-2", 4.5)]


def test_what_failed_is_told_by_the_row_of_the_file(
    run: Run, experiments: FakeExperiments, tmp_path: Path
) -> None:
    rows = [
        {"unit": f"C-{n}", "metric": "resolved", "id": "T", "value": "perhaps" if n == 2 else "yes"}
        for n in (1, 2, 3, 4)
    ]
    path = tmp_path / "o.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    answer = experiment_service_pb2.RecordOutcomesResponse(recorded=1, repeated_before=1, failed=1)
    answer.failures.add(index=1).error.CopyFrom(
        status(code_pb2.FAILED_PRECONDITION, "NOT_EXPOSED", "C-3 was not exposed")
    )
    experiments.answers["RecordOutcomes"] = [answer]
    result = run(path)
    assert result.exit_code == 1
    assert result.stdout == "1 recorded, 1 recorded before, 1 failed, 1 unreadable\n"
    assert "row 2: value: must be a number, not 'perhaps'" in result.stderr
    assert "row 3: FAILED_PRECONDITION (NOT_EXPOSED): C-3 was not exposed" in result.stderr


def test_a_file_that_lacks_a_column_is_not_sent(
    run: Run, experiments: FakeExperiments, tmp_path: Path
) -> None:
    path = tmp_path / "o.csv"
    path.write_text("unit,metric\nC-1,resolved\n")
    result = run(path)
    assert result.exit_code == 2
    assert "there is no column outcome_id and value; found: unit, metric" in result.stderr
    assert experiments.requests == []


def test_a_file_without_rows_is_an_error(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    path.write_text("unit,metric,id,value\n")
    result = run(path)
    assert result.exit_code == 2
    assert "there is no outcome in" in result.stderr


def test_a_file_of_another_kind_is_given_up(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    path.write_text("unit,metric,id,value\n" + "C-1,resolved,,yes\n" * 1_200)
    result = run(path)
    assert result.exit_code == 2
    assert "1,000 rows cannot be read, the last of them row 1000: outcome_id" in result.stderr


VALUES = {"unit": "C-1", "metric": "resolved", "id": "T-1", "value": "yes"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"unit": ""}, "unit_id: is missing"),
        ({"id": None}, "outcome_id: is missing"),
        ({"value": ""}, "must hold one of success and value"),
        ({"success": "yes"}, "must hold one of success and value"),
        ({"value": "nan"}, "value: must be a number"),
        ({"value": [1]}, "value: must be a number"),
        ({"value": "", "success": "2"}, "success: must be true or false"),
        ({"denominator": "some"}, "denominator: must be a number"),
        ({"time": "yesterday"}, "time: 'yesterday' is no RFC 3339 time"),
        ({"metadata": "by agent"}, "metadata: must be an object"),
        ({"metadata": {"by": [1]}}, "metadata.by: must be text"),
        ({"unit": ["C-1"]}, "unit_id: must be text"),
        ({"unit": "\ud800"}, "unit_id: holds half of a surrogate pair"),
    ],
)
def test_what_is_wrong_with_a_row_is_said(change: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidOutcome, match=words):
        outcome_of({**VALUES, **change}, NAME)


@pytest.mark.parametrize(
    ("change", "success", "value"),
    [
        ({"value": "no"}, False, None),
        ({"value": True}, True, None),
        ({"value": 1}, None, 1.0),
        ({"value": "1"}, None, 1.0),
        ({"value": "", "success": "1"}, True, None),
        ({"value": None, "success": False}, False, None),
    ],
)
def test_words_are_successes_and_numbers_are_values(
    change: dict[str, object], success: bool | None, value: float | None
) -> None:
    outcome = outcome_of({**VALUES, **change}, NAME)
    assert (outcome.success, outcome.value) == (success, value)
