"""The command line against a fake server: what it prints, writes and ends with."""

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from google.rpc import code_pb2
from switchyard.triage.v1 import ticket_pb2
from switchyard_client.__main__ import cli
from switchyard_client.commands.options import parse_span, parse_time

from tests.unit.client.command_runs import Run, records
from tests.unit.client.fake_service import REFUSED, FakeServer, FakeTriage, refusal, status


@pytest.fixture
def run(fake: FakeServer) -> Run:
    """Runs a command against the fake server."""

    def run_command(*arguments: str, **options: Any) -> Result:
        environment = {"SWITCHYARD_SERVER": fake.address, "NO_COLOR": "1"}
        environment |= options.pop("env", {})
        return CliRunner().invoke(cli, arguments, env=environment, **options)

    return run_command


@pytest.fixture
def tickets(tmp_path: Path) -> Path:
    """A file of three good tickets, one that is refused, and one that cannot be read."""
    path = tmp_path / "tickets.jsonl"
    lines = [{"id": f"T-{n}", "body": f"text {n}"} for n in (1, 2, 3)]
    lines.append({"id": "T-4", "body": REFUSED})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + "{\n")
    return path


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A file of fifty good tickets."""
    path = tmp_path / "good.csv"
    path.write_text("id,body\n" + "".join(f"T-{n},text {n}\n" for n in range(1, 51)))
    return path


def test_a_file_gives_a_table_and_counts(run: Run, good: Path) -> None:
    result = run("triage", str(good), "--rows", "2")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [line.split()[1] for line in lines[1:3]] == ["T-1", "T-2"]
    assert lines[3] == "... and 48 more"
    assert "50 answered" in lines[4]
    assert lines[5].endswith("escalate 50")


def test_some_failed_rows_are_told_and_end_with_1(run: Run, tickets: Path) -> None:
    result = run("triage", str(tickets))
    assert result.exit_code == 1
    assert "row 4 (T-4): ticket.body: must not say REFUSE" in result.stderr
    assert "row 5: is no JSON" in result.stderr
    assert "3 answered, 1 failed, 1 unreadable" in result.stdout


def test_every_row_has_its_line_with_its_number(run: Run, tickets: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    run("triage", str(tickets), "--out", str(out))
    by_row = {record["row"]: record for record in records(out)}
    assert sorted(by_row) == [1, 2, 3, 4, 5]
    assert by_row[1]["category"] == "billing"
    assert by_row[4]["error"]["fields"][0]["field"] == "ticket.body"
    assert by_row[5]["error"]["reason"] == "UNREADABLE_ROW"


def test_the_suffix_decides_what_is_written(run: Run, good: Path, tmp_path: Path) -> None:
    run("triage", str(good), "--out", str(tmp_path / "out.csv"))
    with (tmp_path / "out.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["id"] for row in rows] == [f"T-{n}" for n in range(1, 51)]


def test_json_goes_to_standard_output_and_counts_do_not(run: Run, good: Path) -> None:
    result = run("triage", str(good), "--json")
    assert len([json.loads(line) for line in result.stdout.splitlines()]) == 50
    assert "50 answered" in result.stderr


def test_resume_retries_only_what_failed(
    run: Run, service: FakeTriage, tickets: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    run("triage", str(tickets), "--out", str(out))
    before = service.received
    result = run("triage", str(tickets), "--out", str(out), "--resume")
    assert service.received - before == 1
    assert sorted(record["row"] for record in records(out)) == [1, 2, 3, 4, 5]
    assert "3 answered before" in result.stdout
    assert result.exit_code == 1


def test_resume_after_a_torn_line_runs_nothing_twice(
    run: Run, service: FakeTriage, good: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    run("triage", str(good), "--out", str(out))
    whole = out.read_bytes()
    out.write_bytes(whole[: len(whole) // 2])
    result = run("triage", str(good), "--out", str(out), "--resume")
    assert result.exit_code == 0
    assert sorted(record["row"] for record in records(out)) == list(range(1, 51))
    assert service.executions == 50


def test_resume_with_nothing_left_to_do_succeeds(run: Run, good: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    run("triage", str(good), "--out", str(out))
    whole = out.read_bytes()
    result = run("triage", str(good), "--out", str(out), "--resume")
    assert (result.exit_code, out.read_bytes()) == (0, whole)


def test_resume_without_a_file_starts_one(run: Run, good: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    assert run("triage", str(good), "--out", str(out), "--resume").exit_code == 0
    assert len(records(out)) == 50


@pytest.mark.parametrize(
    "other", ["id,body\nT-1,text 1\nT-2,other text\n", "id,body\nT-1,text 1\n"]
)
def test_resume_with_another_input_is_refused_and_changes_nothing(
    run: Run, service: FakeTriage, good: Path, tmp_path: Path, other: str
) -> None:
    out = tmp_path / "out.jsonl"
    run("triage", str(good), "--out", str(out))
    whole = out.read_bytes()
    good.write_text(other)
    result = run("triage", str(good), "--out", str(out), "--resume")
    assert (result.exit_code, service.executions) == (2, 50)
    assert f"cannot go on with {out}" in result.stderr
    assert out.read_bytes() == whole


def test_the_same_input_again_is_a_new_batch(
    run: Run, service: FakeTriage, good: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    run("triage", str(good), "--out", str(out))
    run("triage", str(good), "--out", str(out), "--overwrite")
    assert service.executions == 100
    assert len(records(out)) == 50


def test_a_file_of_answers_is_not_overwritten_unasked(run: Run, good: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("precious")
    result = run("triage", str(good), "--out", str(out))
    assert (result.exit_code, out.read_text()) == (2, "precious")
    assert "--resume goes on with it, --overwrite replaces it" in result.stderr


def test_a_place_that_cannot_be_written_is_said(run: Run, good: Path) -> None:
    result = run("triage", str(good), "--out", "/no/such/folder/out.jsonl")
    assert result.exit_code == 2
    assert "cannot write /no/such/folder/out.jsonl: No such file" in result.stderr


def test_a_server_that_goes_away_leaves_whole_lines_and_a_way_on(
    run: Run, service: FakeTriage, good: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    service.break_after = 20
    result = run("triage", str(good), "--out", str(out))
    assert result.exit_code == 1
    assert len(records(out)) == 20
    assert "went away after 20 answers" in result.stderr
    assert "--resume" in result.stderr
    service.break_after = None
    assert run("triage", str(good), "--out", str(out), "--resume").exit_code == 0
    assert (len(records(out)), service.executions) == (50, 50)


def test_a_server_that_refuses_the_batch_ends_with_3(
    run: Run, service: FakeTriage, good: Path
) -> None:
    service.failure = status(code_pb2.UNAVAILABLE, "DRAINING", "the server is draining")
    result = run("triage", str(good))
    assert result.exit_code == 3
    assert "the server is draining (DRAINING)" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("triage", "tickets.csv"),
        ("triage", "--text", "hello"),
        ("runs", "list"),
        ("runs", "show", "0" * 32),
        ("taxonomy", "show"),
    ],
)
def test_no_server_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tickets.csv").write_text("body\nhello\n")
    result = CliRunner().invoke(cli, [*arguments, "--server", "127.0.0.1:1"])
    assert result.exit_code == 3
    assert result.stderr == (
        "switchyard: no server at 127.0.0.1:1; start one with `switchyard-server serve`\n"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,text\n1,hello\n", "--map body=text"),
        ("", "is empty"),
        ("body\n", "there is no ticket in"),
    ],
)
def test_an_input_without_tickets_ends_with_2(
    run: Run, tmp_path: Path, content: str, message: str
) -> None:
    path = tmp_path / "tickets.csv"
    path.write_text(content)
    result = run("triage", str(path))
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_file_of_unreadable_rows_ends_with_2(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "tickets.jsonl"
    path.write_text("{\n[\n")
    assert run("triage", str(path)).exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("triage",),
        ("triage", "x.csv", "--text", "y"),
        ("triage", "/no/such/file"),
        ("triage", "/no/such/file", "--out", "o"),
        ("triage", "x.csv", "--resume"),
        ("triage", "x.csv", "--subject", "s"),
        ("triage", "--text", "x", "--out", "o"),
        ("triage", "--text", "x", "--format", "csv"),
        ("triage", "--text", "x", "--rows", "3"),
        ("triage", "--text", "x", "--input-format", "csv"),
        ("triage", "--text", "x", "--overwrite"),
        ("triage", "--text", "x", "--attribute", "plan"),
        ("triage", "--text", "x", "--parts", "everything"),
        ("triage", "x.csv", "--map", "colour=x"),
        ("triage", "x.csv", "--json", "--out", "o"),
        ("runs", "list", "--since", "yesterday"),
        ("runs", "list", "--decision", "maybe"),
        ("taxonomy", "set", "/no/such/file"),
    ],
)
def test_a_wrong_command_ends_with_2(run: Run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_one_text_shows_its_steps_and_its_answer(run: Run, service: FakeTriage) -> None:
    arguments = ("--subject", "Money", "--attribute", "plan=pro", "--channel", "chat")
    result = run("triage", "--text", "I was charged twice", *arguments)
    assert result.exit_code == 0
    happened = [line.split()[0] for line in result.stderr.splitlines()]
    assert happened == ["detect", "assign", "classify", "attempt", "attempt"]
    for part in ("billing  90 %", "PAYMENT: Money is lost.", "WISH", "triageRuns/", "promised."):
        assert part in result.stdout
    ticket = next(iter(service.runs.values())).ticket
    assert (ticket.subject, ticket.channel) == ("Money", ticket_pb2.CHANNEL_CHAT)
    assert dict(ticket.attributes) == {"plan": "pro"}


def test_calls_of_models_are_told_as_they_end(run: Run) -> None:
    failed, answered = run("triage", "--text", "hello").stderr.splitlines()[-2:]
    assert failed.split(maxsplit=3)[1:3] == ["300.0", "ms"]
    assert failed.endswith("first/m-1, first: rate_limited")
    assert answered.endswith("second/m-2, failover: ok, 812 + 95 tokens, $0.000312")


def test_a_terminal_shows_the_reply_while_it_is_written(run: Run, service: FakeTriage) -> None:
    service.pieces = ("Dear Ada, ", "thank you. \x1b[2J")
    seen = run("triage", "--text", "hello", env={"FORCE_COLOR": "1"}).stderr
    assert "Dear Ada, thank you." in seen
    assert "thank you. \x1b" not in seen


def test_a_reply_in_the_making_is_kept_out_of_logs(run: Run, service: FakeTriage) -> None:
    service.pieces = ("Dear Ada, ", "thank you.")
    assert "Ada" not in run("triage", "--text", "hello").stderr


def test_an_answer_says_who_gave_it_and_what_it_cost(run: Run) -> None:
    shown = run("triage", "--text", "hello").stdout
    assert "engine      fake, model none" in shown
    assert "cost        $0.000312" in shown


def test_a_degraded_answer_says_so(run: Run, service: FakeTriage) -> None:
    assert "degraded" not in run("triage", "--text", "hello").stdout
    service.is_degraded = True
    shown = run("triage", "--text", "hello").stdout
    assert "degraded    no language model gave a good answer in time" in shown


def test_a_reused_answer_says_from_where_and_how_sure(run: Run) -> None:
    shown = run("triage", "--text", "hello").stdout
    assert f"reused      the answer of triageRuns/{9:032x}, similarity 0.973; at most 2 %" in shown


def test_a_reused_answer_whose_bound_is_no_promise_says_so(run: Run, service: FakeTriage) -> None:
    service.is_guaranteed = False
    run("triage", "--text", "hello")
    shown = " ".join(run("runs", "show", f"{1:032x}").stdout.split())
    assert "at most 2 % of such answers are wrong by the audits so far" in shown
    assert "nothing is guaranteed" in shown


def test_an_answer_within_an_experiment_says_by_which_variant(run: Run) -> None:
    shown = run("triage", "--text", "hello").stdout
    assert "experiment  variant short of experiments/prompts, phase 1" in shown
    assert "does not count" not in shown


def test_a_degraded_answer_within_an_experiment_says_that_it_does_not_count(
    run: Run, service: FakeTriage
) -> None:
    service.is_degraded = True
    assert "phase 1; this ticket does not count" in run("triage", "--text", "hello").stdout


def test_a_batch_counts_its_degraded_answers(run: Run, service: FakeTriage, good: Path) -> None:
    assert "50 answered in" in run("triage", str(good)).stdout
    service.is_degraded = True
    assert "50 answered (50 degraded) in" in run("triage", str(good)).stdout


def test_one_text_as_json_is_one_object(run: Run) -> None:
    record = json.loads(run("triage", "--text", "hello", "--json").stdout)
    assert (record["category"], record["decision"]) == ("billing", "escalate")


def test_an_invalid_text_names_the_field(run: Run, service: FakeTriage) -> None:
    service.failure = refusal()
    result = run("triage", "--text", "x")
    assert result.exit_code == 2
    assert "ticket.body: must not say REFUSE" in result.stderr


def test_runs_are_listed_newest_first_with_a_limit(run: Run, good: Path) -> None:
    run("triage", str(good))
    lines = run("runs", "list", "--limit", "3").stdout.splitlines()
    assert [line.split()[2] for line in lines[1:4]] == ["T-50", "T-49", "T-48"]
    assert lines[4] == "... there are more: --limit"


def test_runs_are_filtered_and_written_as_json(run: Run, good: Path) -> None:
    run("triage", str(good))
    result = run("runs", "list", "--ticket", "T-7", "--json")
    (record,) = [json.loads(line) for line in result.stdout.splitlines()]
    assert record["ticket"]["body"] == "text 7"


def test_no_runs_are_said(run: Run) -> None:
    assert run("runs", "list").stdout == "no runs\n"


def test_a_run_is_shown_with_all_that_led_to_it(run: Run) -> None:
    run("triage", "--text", "I was charged twice", "--id", "T-77", "--attribute", "plan=pro")
    result = run("runs", "show", f"{1:032x}")
    for part in ("T-77", "I was charged twice", "plan", "classify", "then shipping 5 %", "01" * 32):
        assert part in result.stdout


def test_a_run_is_shown_with_the_calls_that_were_made_for_it(run: Run) -> None:
    run("triage", "--text", "I was charged twice")
    lines = run("runs", "show", f"{1:032x}").stdout.splitlines()
    attempts = [line.split(maxsplit=3)[3] for line in lines if line.startswith("attempt")]
    assert attempts == [
        "first/m-1, first: rate_limited",
        "second/m-2, failover: ok, 812 + 95 tokens, $0.000312",
    ]


def test_a_run_that_is_not_there_ends_with_1(run: Run) -> None:
    result = run("runs", "show", "triageRuns/" + "0" * 32)
    assert result.exit_code == 1
    assert "RUN_NOT_FOUND" in result.stderr


def test_control_characters_of_tickets_do_not_reach_the_terminal(
    run: Run, service: FakeTriage
) -> None:
    run("triage", "--text", "x")
    next(iter(service.runs.values())).ticket.body = "\x1b[31mred\x9b2J[bold]markup[/bold]"
    shown = run("runs", "show", f"{1:032x}").stdout
    assert "\x1b" not in shown
    assert "\x9b" not in shown
    assert "[bold]markup[/bold]" in shown


def test_a_taxonomy_goes_out_and_back_in(run: Run, service: FakeTriage, tmp_path: Path) -> None:
    path = tmp_path / "taxonomy.json"
    taxonomy = json.loads(run("taxonomy", "show", "--json").stdout)
    taxonomy["categories"][0]["title"] = "Money"
    taxonomy["categories"][1]["name"] = "parcels"
    path.write_text(json.dumps(taxonomy))
    result = run("taxonomy", "set", str(path))
    assert result.exit_code == 0
    assert result.stdout.splitlines()[:3] == ["+ parcels", "- shipping", "~ billing: title"]
    assert service.taxonomy.categories[0].title == "Money"


def test_a_taxonomy_is_shown_as_a_table(run: Run) -> None:
    lines = run("taxonomy", "show").stdout.splitlines()
    assert lines[0] == "revision 0, etag 0-etag"
    assert lines[2].split() == ["billing", "Billing", "1", "by", "rules", "1", "h"]


def test_a_taxonomy_that_cannot_be_replaced_says_which_field(
    run: Run, service: FakeTriage, tmp_path: Path
) -> None:
    path = tmp_path / "taxonomy.json"
    path.write_text(run("taxonomy", "show", "--json").stdout)
    service.failure = refusal()
    result = run("taxonomy", "set", str(path))
    assert result.exit_code == 2
    assert "ticket.body: must not say REFUSE" in result.stderr


def test_a_check_changes_nothing(run: Run, service: FakeTriage, tmp_path: Path) -> None:
    path = tmp_path / "taxonomy.json"
    path.write_text(run("taxonomy", "show", "--json").stdout.replace("Billing", "Money"))
    result = run("taxonomy", "set", str(path), "--check")
    assert "~ billing: title" in result.stdout
    assert service.taxonomy.categories[0].title == "Billing"


def test_a_stale_taxonomy_is_refused_with_the_way_on(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "taxonomy.json"
    path.write_text(run("taxonomy", "show", "--json").stdout)
    run("taxonomy", "set", str(path))
    result = run("taxonomy", "set", str(path))
    assert result.exit_code == 1
    assert "switchyard taxonomy show --json" in result.stderr


@pytest.mark.parametrize("content", ["{}", '{"etag": "x", "categories": 5}', "\xff"])
def test_a_file_that_is_no_taxonomy_ends_with_2(run: Run, tmp_path: Path, content: str) -> None:
    path = tmp_path / "taxonomy.json"
    path.write_text(content, encoding="latin-1")
    result = run("taxonomy", "set", str(path))
    assert result.exit_code == 2
    assert str(path) in result.stderr


def test_the_server_named_nearest_to_the_command_counts(fake: FakeServer) -> None:
    nobody, somebody = ("--server", "127.0.0.1:1"), ("--server", fake.address)
    runner = CliRunner()
    assert runner.invoke(cli, [*somebody, "runs", "list"]).exit_code == 0
    assert runner.invoke(cli, [*nobody, "runs", "list", *somebody]).exit_code == 0
    assert runner.invoke(cli, [*nobody, "runs", *somebody, "list"]).exit_code == 0
    environment = {"SWITCHYARD_SERVER": "127.0.0.1:1"}
    assert runner.invoke(cli, [*somebody, "runs", "list"], env=environment).exit_code == 0
    assert runner.invoke(cli, ["runs", "list"], env=environment).exit_code == 3


NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("30m", NOON - timedelta(minutes=30)),
        ("24h", NOON - timedelta(days=1)),
        ("2w", NOON - timedelta(days=14)),
        ("2026-11-16T14:00+02:00", NOON),
        ("2026-11-16", NOON.replace(hour=0)),
    ],
)
def test_times_are_absolute_or_so_long_ago(text: str, time: datetime) -> None:
    assert parse_time(text, lambda: NOON) == time


@pytest.mark.parametrize("text", ["", "h", "-1h", "1y", "99999999999d", "tomorrow"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        parse_time(text, lambda: NOON)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("500ms", timedelta(milliseconds=500)),
        ("1.5s", timedelta(seconds=1.5)),
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("24h", timedelta(days=1)),
        ("30d", timedelta(days=30)),
    ],
)
def test_spans_are_numbers_with_a_unit(text: str, span: timedelta) -> None:
    assert parse_span(text) == span


@pytest.mark.parametrize("text", ["", "5", "m", "-1h", "1y", "1h30m", "99999999999d"])
def test_other_spans_are_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        parse_span(text)
