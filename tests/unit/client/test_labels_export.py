"""All labels, as a file that is whole or not there."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from google.rpc import code_pb2
from switchyard.feedback.v1 import feedback_service_pb2, label_pb2
from switchyard_client.__main__ import cli

from tests.unit.client.fake_feedback import FakeFeedback
from tests.unit.client.fake_service import FakeServer, status

Run = Callable[..., Result]


@pytest.fixture
def run(fake: FakeServer, feedback: FakeFeedback) -> Run:
    """Exports the three labels that the fake server has."""
    feedback.answers["ExportLabels"] = [
        feedback_service_pb2.ExportLabelsResponse(data=b"1\n2\n", labels=2),
        feedback_service_pb2.ExportLabelsResponse(data=b"3\n", labels=3),
    ]

    def export(*arguments: str | Path) -> Result:
        environment = {"SWITCHYARD_SERVER": fake.address, "NO_COLOR": "1"}
        return CliRunner().invoke(cli, ["labels", "export", *map(str, arguments)], env=environment)

    return export


@pytest.mark.parametrize(
    ("name", "form"),
    [("l.jsonl", label_pb2.EXPORT_FORMAT_JSONL), ("l.CSV", label_pb2.EXPORT_FORMAT_CSV)],
)
def test_the_file_says_what_form_it_is(
    run: Run, feedback: FakeFeedback, tmp_path: Path, name: str, form: int
) -> None:
    result = run(tmp_path / name)
    assert (result.exit_code, result.stderr) == (0, "3 labels\n")
    assert (tmp_path / name).read_bytes() == b"1\n2\n3\n"
    (request,) = feedback.requests
    assert isinstance(request, feedback_service_pb2.ExportLabelsRequest)
    assert request.format == form


def test_standard_output_holds_the_labels_alone(run: Run) -> None:
    assert run("-").stdout_bytes == b"1\n2\n3\n"


def test_a_file_is_replaced_only_when_told_so(
    run: Run, feedback: FakeFeedback, tmp_path: Path
) -> None:
    path = tmp_path / "l.jsonl"
    path.write_text("old")
    assert run(path).exit_code == 2
    assert (path.read_text(), feedback.requests) == ("old", [])
    assert run(path, "--overwrite").exit_code == 0
    assert path.read_text() == "1\n2\n3\n"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--category", "nope"), "no label is of category nope; `switchyard taxonomy show`"),
        ((), "no label was found"),
    ],
)
def test_an_export_without_labels_is_told(
    run: Run, feedback: FakeFeedback, tmp_path: Path, options: tuple[str, ...], told: str
) -> None:
    feedback.answers["ExportLabels"] = []
    result = run(tmp_path / "l.jsonl", *options)
    assert result.exit_code == 0
    assert told in result.stderr


def test_an_export_that_broke_leaves_no_file_of_that_name(
    run: Run, feedback: FakeFeedback, tmp_path: Path
) -> None:
    feedback.failure = status(code_pb2.UNAVAILABLE, "DRAINING", "the server stops")
    assert run(tmp_path / "l.jsonl").exit_code == 3
    assert not (tmp_path / "l.jsonl").exists()


def test_a_place_that_cannot_be_written_is_told(run: Run, tmp_path: Path) -> None:
    result = run(tmp_path / "missing" / "l.jsonl")
    assert result.exit_code == 2
    assert "No such file or directory" in result.stderr
