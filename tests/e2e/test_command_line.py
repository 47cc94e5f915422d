"""The command line as a process, against a server process."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.narrow import narrow
from tools.child import first_line, killed
from tools.server_process import ServerProcess

ROWS = 2_000
SOME_ROWS_BYTES = 50_000  # of all rows on their way: a third at most
TIMEOUT_S = 120


@contextmanager
def start(address: str, *arguments: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """`switchyard`, as a process that does not outlast the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "switchyard_client", *arguments],
        env=os.environ | {"SWITCHYARD_SERVER": address, "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )
    try:
        yield process
    finally:
        killed(process)


def run(
    address: str, *arguments: str, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """`switchyard`, to its end."""
    with start(address, *arguments, stdin=subprocess.PIPE) as process:
        out, err = process.communicate(stdin, timeout=TIMEOUT_S)
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def records(path: Path) -> list[dict[str, Any]]:
    """The lines of a JSONL file; every one is whole."""
    content = path.read_text()
    assert content.endswith("\n")
    return [json.loads(line) for line in content.splitlines()]


def wait_until_written(path: Path, process: subprocess.Popen[str]) -> None:
    """Until the file holds something; the process must still be at work."""
    end = time.monotonic() + TIMEOUT_S
    while not path.exists() or not path.stat().st_size:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "nothing was written"
        time.sleep(0.001)


@pytest.fixture
def tag() -> str:
    """Tells the tickets of one test from all others on the shared server."""
    return uuid4().hex[:8]


@pytest.fixture
def tickets(tmp_path: Path, tag: str) -> Path:
    """Many tickets, as gzipped JSONL."""
    path = tmp_path / "tickets.jsonl.gz"
    body = "I was charged twice for order {}. Please refund one of the two payments."
    lines = [json.dumps({"id": f"{tag}-{n}", "body": body.format(n)}) for n in range(1, ROWS + 1)]
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path


def test_a_file_becomes_a_file_of_answers(server: ServerProcess, tmp_path: Path) -> None:
    path, out = tmp_path / "tickets.csv", tmp_path / "answers.jsonl"
    path.write_text("No;Text\n1;Where is my parcel?\n2;The app crashes when I log in.\n")
    result = run(server.address, "triage", str(path), "--map", "id=No,body=Text", "--out", str(out))
    assert result.returncode == 0, result.stderr
    assert {record["row"]: record["id"] for record in records(out)} == {1: "1", 2: "2"}
    assert all(record["category"] and record["run"] for record in records(out))
    assert "2 answered" in result.stdout


def test_rows_that_fail_are_told_and_the_others_answered(server: ServerProcess) -> None:
    lines = ['{"body": "Where is my parcel?"}', "{", '{"id": "has space", "body": "hello"}']
    result = run(server.address, "triage", "-", "--json", stdin="\n".join(lines))
    assert result.returncode == 1
    by_row = {record["row"]: record for record in map(json.loads, result.stdout.splitlines())}
    assert by_row[1]["category"]
    assert by_row[2]["error"]["reason"] == "UNREADABLE_ROW"
    assert by_row[3]["error"]["fields"][0]["field"] == "ticket.id"
    assert "row 3 (has space): ticket.id: must be" in result.stderr


def test_after_ctrl_c_resume_gives_every_row_exactly_once(
    server: ServerProcess, tickets: Path, tmp_path: Path, tag: str
) -> None:
    out = tmp_path / "answers.jsonl"
    command = ("triage", str(tickets), "--out", str(out))
    with narrow(server.address, SOME_ROWS_BYTES) as way, start(way, *command) as process:
        wait_until_written(out, process)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 130
    assert f"switchyard triage {tickets} --out {out} --resume" in err
    assert 0 < len(records(out)) < ROWS
    result = run(server.address, *command, "--resume")
    assert result.returncode == 0, result.stderr
    assert sorted(record["row"] for record in records(out)) == list(range(1, ROWS + 1))
    assert runs_of(server, tag) == ROWS


def test_ctrl_c_ends_a_wait_for_standard_input(server: ServerProcess, tmp_path: Path) -> None:
    out = tmp_path / "answers.jsonl"
    command = ("triage", "-", "--out", str(out))
    with start(server.address, *command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write('{"body": "Where is my parcel?"}\n')
        process.stdin.flush()
        wait_until_written(out, process)
        process.send_signal(signal.SIGINT)
        assert process.wait(TIMEOUT_S) == 130
        _, err = process.communicate(timeout=TIMEOUT_S)
    assert "--resume" in err
    assert len(records(out)) == 1


def runs_of(server: ServerProcess, tag: str) -> int:
    """How many runs the server has of the tickets with that tag."""
    listed = run(server.address, "runs", "list", "--since", "1h", "--limit", "1000000", "--json")
    ids = [json.loads(line)["ticket"]["id"] for line in listed.stdout.splitlines()]
    return len([name for name in ids if name.startswith(tag)])


def test_after_kill_9_of_the_server_resume_gives_every_row_exactly_once(
    tickets: Path, folder: Path, tmp_path: Path, tag: str
) -> None:
    out = tmp_path / "answers.jsonl"
    command = ("triage", str(tickets), "--out", str(out))
    with ServerProcess(folder / "server") as server:
        with narrow(server.address, SOME_ROWS_BYTES) as way, start(way, *command) as process:
            wait_until_written(out, process)
            server.kill()
            _, err = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == 1
        assert "went away after" in err
        assert "--resume" in err
        assert 0 < len(records(out)) < ROWS
        server.start()
        result = run(server.address, *command, "--resume")
        assert result.returncode == 0, result.stderr
        assert sorted(record["row"] for record in records(out)) == list(range(1, ROWS + 1))
        assert runs_of(server, tag) == ROWS


def test_one_text_is_triaged_with_its_steps(server: ServerProcess) -> None:
    text = "Production is down for all our users"
    result = run(server.address, "triage", "--text", text, "--attribute", "plan=enterprise")
    assert result.returncode == 0, result.stderr
    assert "classify" in result.stderr
    assert "escalate" in result.stdout
    assert "triageRuns/" in result.stdout


def test_an_invalid_text_names_field_and_rule(server: ServerProcess) -> None:
    result = run(server.address, "triage", "--text", "   ")
    assert result.returncode == 2
    assert "ticket.body: must hold more than white space" in result.stderr
    assert "Traceback" not in result.stderr


def test_runs_are_listed_and_shown(server: ServerProcess, tag: str) -> None:
    run(server.address, "triage", "--text", "Where is my parcel?", "--id", tag)
    listed = run(server.address, "runs", "list", "--ticket", tag)
    assert listed.returncode == 0, listed.stderr
    (row,) = listed.stdout.splitlines()[1:]
    shown = run(server.address, "runs", "show", row.split()[-1])
    for part in (tag, "Where is my parcel?", "classify", "decision", "digest"):
        assert part in shown.stdout


def test_a_taxonomy_goes_out_and_back_in(folder: Path) -> None:
    path = folder / "taxonomy.json"
    with ServerProcess(folder / "server") as server:
        taxonomy = json.loads(run(server.address, "taxonomy", "show", "--json").stdout)
        taxonomy["categories"][0]["title"] = "Another title"
        path.write_text(json.dumps(taxonomy))
        checked = run(server.address, "taxonomy", "set", str(path), "--check")
        assert "revision 0 is still in force" in checked.stdout, checked.stderr
        done = run(server.address, "taxonomy", "set", str(path))
        assert "revision 1 is in force" in done.stdout, done.stderr
        again = run(server.address, "taxonomy", "set", str(path))
        assert again.returncode == 1
        assert "has changed since" in again.stderr


def test_a_server_that_is_not_there_is_said_in_one_line() -> None:
    result = run("127.0.0.1:1", "triage", "--text", "hello")
    assert result.returncode == 3
    assert result.stderr.count("\n") == 1
    assert "no server at 127.0.0.1:1; start one with `switchyard-server serve`" in result.stderr


def test_the_way_on_of_a_pipe_wants_the_same_input_again(tmp_path: Path) -> None:
    command = ("triage", "-", "--out", str(tmp_path / "o.jsonl"))
    result = run("127.0.0.1:1", *command, stdin="body\nhello\n")
    assert result.returncode == 3
    way_on = f"pipe the same input again to: switchyard {' '.join(command)} --resume"
    assert way_on in result.stderr


def test_a_reader_that_goes_away_is_no_traceback(server: ServerProcess, tickets: Path) -> None:
    with start(server.address, "triage", str(tickets), "--json") as process:
        assert process.stdout is not None
        assert first_line(process, TIMEOUT_S)
        process.stdout.close()
        process.stdout = None  # `communicate` reads the rest
        _, err = process.communicate(timeout=TIMEOUT_S)
    assert "Traceback" not in err
    assert process.returncode not in {0, -signal.SIGKILL}


@pytest.mark.parametrize(
    "command",
    [[], ["triage"], ["runs", "list"], ["taxonomy", "set"], ["experiment", "report"]],
)
def test_the_help_keeps_its_examples_line_by_line(command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "switchyard_client", *command, "--help"],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=True,
    )
    assert "\\b" not in done.stdout
    assert "\n    switchyard " in done.stdout or "\n  switchyard " in done.stdout
