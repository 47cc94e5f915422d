"""Files become labels on the server, and what failed is told by its row."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from google.rpc import code_pb2, status_pb2
from switchyard.feedback.v1 import feedback_service_pb2
from switchyard_client.__main__ import cli

from tests.unit.client.fake_feedback import FakeFeedback
from tests.unit.client.fake_service import FakeServer, FakeTriage, status

Run = Callable[..., Result]
ImportLabelsResponse = feedback_service_pb2.ImportLabelsResponse

CSV = "text,label\nwhere is it?,shipping\ncharged twice,Billing\n"


@pytest.fixture
def run(fake: FakeServer, feedback: FakeFeedback) -> Run:
    """Imports files into the fake server, which finds nothing wrong."""
    feedback.answers["ImportLabels"] = [ImportLabelsResponse(read=2, added=2)]

    def import_labels(*arguments: str | Path) -> Result:
        environment = {"SWITCHYARD_SERVER": fake.address, "NO_COLOR": "1"}
        typed = ["labels", "import", *map(str, arguments)]
        return CliRunner().invoke(cli, typed, env=environment)

    return import_labels


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of two labels."""
    made = tmp_path / "history.csv"
    made.write_text(CSV)
    return made


def sent(feedback: FakeFeedback) -> list[tuple[str, str]]:
    """Text and category of each label that arrived."""
    return [
        (request.label.body, request.label.category)
        for request in feedback.requests
        if isinstance(request, feedback_service_pb2.ImportLabelsRequest)
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("l.csv", CSV.encode()),
        ("l.csv.gz", gzip.compress(CSV.encode(), mtime=0)),
        (
            "l.jsonl",
            b'{"body": "where is it?", "intent": "shipping", "domain": 4}\n'
            b'{"body": "charged twice", "intent": "billing"}\n',
        ),
    ],
)
def test_a_file_of_any_format_is_sent(
    run: Run, feedback: FakeFeedback, tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    result = run(tmp_path / name)
    assert (result.exit_code, result.stdout) == (0, f"{tmp_path / name}: 2 added\n")
    assert sent(feedback) == [("where is it?", "shipping"), ("charged twice", "billing")]


def test_the_columns_that_count_are_shown(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_text("text,label,domain\nHello,billing,web\nBye,billing,web\n")
    assert "text from text; category from label; not used: domain" in run(path).stderr


def test_what_failed_is_told_by_the_row_of_the_file_and_kept(
    run: Run, feedback: FakeFeedback, tmp_path: Path
) -> None:
    rows: list[dict[str, object]] = [{"text": f"text {n}", "label": "billing"} for n in (1, 2, 3)]
    rows[0]["label"] = "退款"
    path, failures = tmp_path / "l.jsonl", tmp_path / "failed.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows) + "{\n")
    refused = ImportLabelsResponse(read=2, added=1, failed=1)
    refused.errors.add(index=1, field="label.category", description="is of no such name")
    feedback.answers["ImportLabels"] = [ImportLabelsResponse(read=1, added=1), refused]
    result = run(path, "--failures", failures)
    assert result.exit_code == 1
    assert result.stdout == f"{path}: 1 added, 3 failed\n"
    assert "row 1: category: no name of a-z, 0-9" in result.stderr
    assert "row 3: label.category: is of no such name" in result.stderr
    assert "row 4: is no JSON" in result.stderr
    kept = [json.loads(line) for line in failures.read_text().splitlines()]
    assert [one["row"] for one in kept] == [1, 4, 3]
    assert kept[-1]["text"] == "text 3"


def test_failed_rows_can_be_mended_and_imported(
    run: Run, feedback: FakeFeedback, tmp_path: Path, path: Path
) -> None:
    failures = tmp_path / "failed.jsonl"
    refused = ImportLabelsResponse(read=2, failed=1)
    refused.errors.add(index=0, field="label.category", description="is of no such name")
    feedback.answers["ImportLabels"] = [refused]
    run(path, "--failures", failures)
    feedback.requests.clear()
    run(failures)
    assert sent(feedback) == [("where is it?", "shipping")]


def test_only_the_first_failures_are_printed(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_text("text,label\n" + ",billing\n" * 25)
    result = run(path)
    assert result.stderr.count("text: is missing") == 20
    assert "... and 5 more failed: --failures FILE keeps them all" in result.stderr


def test_several_files_are_told_one_by_one(run: Run, path: Path) -> None:
    assert run(path, path).stdout == f"{path}: 2 added\n" * 2


def test_a_check_imports_nothing(run: Run, feedback: FakeFeedback, path: Path) -> None:
    result = run(path, "--dry-run")
    assert "checked, nothing imported" in result.stdout
    assert all(
        request.validate_only
        for request in feedback.requests
        if isinstance(request, feedback_service_pb2.ImportLabelsRequest)
    )


def test_replacing_is_said_with_every_label(run: Run, feedback: FakeFeedback, path: Path) -> None:
    run(path, "--replace")
    assert [getattr(request, "replace", False) for request in feedback.requests] == [True, True]


def test_a_stream_that_breaks_says_how_far_it_came(
    run: Run, feedback: FakeFeedback, path: Path
) -> None:
    feedback.failure = status(code_pb2.UNAVAILABLE, "DRAINING", "the server stops")
    result = run(path)
    assert result.exit_code == 3
    assert "0 added" in result.stdout
    assert "the server stops (DRAINING)" in result.stderr
    assert "give the same command again" in result.stderr


def test_a_server_that_is_killed_is_said_to_be_gone_and_how_to_go_on(
    run: Run, feedback: FakeFeedback, path: Path
) -> None:
    feedback.failure = status_pb2.Status(code=code_pb2.UNAVAILABLE, message="Socket closed")
    assert run(path).stderr.endswith(
        "went away before it had answered; to go on, give the same command again\n"
    )


def test_a_file_without_a_text_is_not_sent(
    run: Run, feedback: FakeFeedback, tmp_path: Path
) -> None:
    path = tmp_path / "l.csv"
    path.write_text("queue,notes\nbilling,hello\n")
    result = run(path)
    assert result.exit_code == 2
    assert "no column holds the text; found: queue, notes" in result.stderr
    assert "--text-column COLUMN" in result.stderr
    assert feedback.requests == []


def test_a_file_without_rows_is_an_error(run: Run, feedback: FakeFeedback, tmp_path: Path) -> None:
    feedback.answers["ImportLabels"] = []
    path = tmp_path / "l.csv"
    path.write_text("text,label\n")
    result = run(path)
    assert result.exit_code == 2
    assert "there is no label in" in result.stderr


@pytest.fixture
def unknown(tmp_path: Path) -> Path:
    """A file with a category that the taxonomy has, and one that it lacks."""
    path = tmp_path / "l.csv"
    rows = [("charged twice", "billing")] + [(f"card {n}", "CARD_ARRIVAL") for n in range(7)]
    path.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows))
    return path


def test_categories_that_are_missing_are_shown_and_added_first(
    run: Run, feedback: FakeFeedback, service: FakeTriage, unknown: Path
) -> None:
    result = run(unknown, "--add-categories")
    assert result.exit_code == 0, result.output
    assert "card_arrival" in result.stdout
    assert "1 category added; revision 1 is in force" in result.stdout
    *_, added = service.taxonomy.categories
    assert len(service.taxonomy.categories) == 3
    assert (added.name, added.title) == ("card_arrival", "Card arrival")
    assert list(added.examples) == [f"card {n}" for n in range(5)]
    assert len(sent(feedback)) == 8


def test_a_check_adds_no_category_and_sends_no_label_of_one(
    run: Run, feedback: FakeFeedback, service: FakeTriage, unknown: Path
) -> None:
    feedback.answers["ImportLabels"] = [ImportLabelsResponse(read=1, added=1)]
    result = run(unknown, "--add-categories", "--dry-run")
    assert "1 category would be added" in result.stdout
    assert "1 added, 7 of categories to be added" in result.stdout
    assert len(service.taxonomy.categories) == 2
    assert sent(feedback) == [("charged twice", "billing")]


def test_more_categories_than_a_taxonomy_takes_are_one_line(
    run: Run, feedback: FakeFeedback, service: FakeTriage, tmp_path: Path
) -> None:
    path = tmp_path / "l.csv"
    path.write_text("text,label\n" + "".join(f"text {n},name {n}\n" for n in range(199)))
    result = run(path, "--add-categories")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [
        "switchyard: the taxonomy would have 201 categories, and takes 200; name the column of "
        "the category with --category-column, or merge some in the file"
    ]
    assert (len(service.taxonomy.categories), feedback.requests) == (2, [])


def test_nothing_is_added_where_nothing_is_missing(
    run: Run, service: FakeTriage, path: Path
) -> None:
    result = run(path, "--add-categories")
    assert "the taxonomy has every category" in result.stdout
    assert service.taxonomy.revision == 0


def test_the_input_is_never_the_file_of_failures(
    run: Run, feedback: FakeFeedback, path: Path
) -> None:
    result = run(path, "--failures", path)
    assert result.exit_code == 2
    assert f"{path} is the input" in result.stderr
    assert (path.read_text(), feedback.requests) == (CSV, [])
