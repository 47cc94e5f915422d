"""`switchyard triage FILE --out`: what becomes of a file of answers that is there already."""

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from switchyard_client.__main__ import cli
from switchyard_client.sole_writer import sole_writer

from tests.unit.client.command_runs import Run, records
from tests.unit.client.fake_service import FakeServer, FakeTriage

LOCK = ".out.jsonl.switchyard-lock"
UNIX = pytest.mark.skipif(sys.platform == "win32", reason="needs flock")


@pytest.fixture
def run(fake: FakeServer, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command against the fake server."""

    def run_command(*arguments: str, **options: Any) -> Result:
        # The way on is told in the words of the process, not in those that click was given.
        monkeypatch.setattr("sys.argv", ["switchyard", *arguments])
        environment = {"SWITCHYARD_SERVER": fake.address, "NO_COLOR": "1"}
        return CliRunner().invoke(cli, arguments, env=environment, **options)

    return run_command


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A file of ten good tickets."""
    path = tmp_path / "good.csv"
    path.write_text("id,body\n" + "".join(f"T-{n},text {n}\n" for n in range(1, 11)))
    return path


@pytest.mark.parametrize(
    ("content", "status_code"),
    [("id,body\n1,text\n", 3), ("id,text\n1,text\n", 2), ("body\n", 3), ("id,body\n1,\n2,a\n", 3)],
)
def test_answers_are_kept_until_there_are_new_ones(
    tmp_path: Path, content: str, status_code: int
) -> None:
    path, out = tmp_path / "tickets.csv", tmp_path / "out.jsonl"
    path.write_text(content)
    out.write_text("precious\n")
    command = ["triage", str(path), "--out", str(out), "--overwrite", "--server", "127.0.0.1:1"]
    result = CliRunner().invoke(cli, command)
    assert (result.exit_code, out.read_text()) == (status_code, "precious\n")


def test_new_answers_replace_the_old_ones_with_the_rows_that_failed_before_them(
    run: Run, tmp_path: Path
) -> None:
    path, out = tmp_path / "tickets.csv", tmp_path / "out.jsonl"
    path.write_text("id,body\n1,\n2,text\n")
    out.write_text("old\n")
    assert run("triage", str(path), "--out", str(out), "--overwrite").exit_code == 1
    assert [record["row"] for record in records(out)] == [1, 2]


def test_where_nothing_was_replaced_the_way_on_replaces_it(
    run: Run, service: FakeTriage, good: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("precious\n")
    service.break_after = 0
    command = ["triage", str(good), "--out", str(out), "--overwrite"]
    result = run(*command)
    assert f"to go on, run: switchyard {' '.join(command)}\n" in result.stderr
    assert f"{out} holds what it held before" in result.stderr
    service.break_after = 5
    result = run(*command)
    assert f"to go on, run: switchyard {' '.join(command[:-1])} --resume\n" in result.stderr


def test_resume_with_other_parts_is_refused_and_changes_nothing(
    run: Run, service: FakeTriage, good: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    service.break_after = 5
    run("triage", str(good), "--out", str(out), "--parts", "summary")
    service.break_after, whole = None, out.read_bytes()
    result = run("triage", str(good), "--out", str(out), "--resume")
    assert (result.exit_code, out.read_bytes()) == (2, whole)
    assert "or was asked for other --parts" in result.stderr


def test_resume_with_the_same_parts_goes_on_in_whatever_order_they_are_named(
    run: Run, service: FakeTriage, good: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    service.break_after = 5
    run("triage", str(good), "--out", str(out), "--parts", "summary,reply")
    service.break_after = None
    result = run("triage", str(good), "--out", str(out), "--parts", "reply,summary", "--resume")
    assert (result.exit_code, len(records(out)), service.executions) == (0, 10, 10)


@UNIX
@pytest.mark.parametrize("option", ["--resume", "--overwrite"])
def test_a_file_that_another_process_writes_to_is_left_alone(
    run: Run, service: FakeTriage, good: Path, tmp_path: Path, option: str
) -> None:
    out = tmp_path / "out.jsonl"
    run("triage", str(good), "--out", str(out))
    whole = out.read_bytes()
    with sole_writer(out):
        result = run("triage", str(good), "--out", str(out), option)
    assert (result.exit_code, out.read_bytes(), service.executions) == (2, whole, 10)
    assert f"process {os.getpid()} is writing to {out}" in result.stderr


def test_a_writer_that_has_ended_is_in_nobodys_way(run: Run, good: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    (tmp_path / LOCK).write_text("1234")
    assert run("triage", str(good), "--out", str(out)).exit_code == 0
    assert run("triage", str(good), "--out", str(out), "--resume").exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["good.csv", "out.jsonl"]


def test_a_file_named_like_the_answers_with_lock_behind_is_left_alone(
    run: Run, good: Path, tmp_path: Path
) -> None:
    (tmp_path / "out.jsonl.lock").write_text("important")
    assert run("triage", str(good), "--out", str(tmp_path / "out.jsonl")).exit_code == 0
    assert (tmp_path / "out.jsonl.lock").read_text() == "important"


@UNIX
@pytest.mark.parametrize("content", ["important", "1" * 21, "\n"])
def test_a_file_in_place_of_the_lock_is_named_and_left_alone(
    run: Run, service: FakeTriage, good: Path, tmp_path: Path, content: str
) -> None:
    (tmp_path / LOCK).write_text(content)
    result = run("triage", str(good), "--out", str(tmp_path / "out.jsonl"))
    assert (result.exit_code, service.executions) == (2, 0)
    assert f"{tmp_path / LOCK} is in the way" in result.stderr
    assert (tmp_path / LOCK).read_text() == content


@UNIX
def test_what_is_no_file_in_place_of_the_lock_is_left_alone(
    run: Run, good: Path, tmp_path: Path
) -> None:
    place, other = tmp_path / LOCK, tmp_path / "other"
    command = ["triage", str(good), "--out", str(tmp_path / "out.jsonl")]
    place.mkdir()
    assert run(*command).exit_code == 2
    place.rmdir()
    other.touch()
    place.symlink_to(other)
    assert run(*command).exit_code == 2
    assert place.is_symlink()


def test_a_name_too_long_for_a_lock_is_written_without_one(
    run: Run, good: Path, tmp_path: Path
) -> None:
    out = tmp_path / f"{'o' * 240}.jsonl"
    assert run("triage", str(good), "--out", str(out)).exit_code == 0
    assert len(records(out)) == 10


@UNIX
def test_a_file_is_written_without_a_lock_where_none_can_be_made(
    run: Run, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_to_open(LOCK, os.O_CREAT, monkeypatch)
    out = tmp_path / "out.jsonl"
    assert run("triage", str(good), "--out", str(out)).exit_code == 0
    assert len(records(out)) == 10


@UNIX
def test_the_lock_of_another_user_counts(
    run: Run, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.jsonl"
    with sole_writer(out):
        refuse_to_open(LOCK, os.O_CREAT, monkeypatch)
        result = run("triage", str(good), "--out", str(out))
        assert f"process {os.getpid()} is writing to {out}" in result.stderr
        refuse_to_open(LOCK, os.O_RDONLY, monkeypatch)
        result = run("triage", str(good), "--out", str(out))
        assert f"{tmp_path / LOCK} is in the way" in result.stderr
    assert not out.exists()


@pytest.mark.parametrize("option", [(), ("--overwrite",)])
def test_answers_that_another_command_has_written_meanwhile_are_seen(
    run: Run, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: tuple[str, ...]
) -> None:
    out = tmp_path / "out.jsonl"

    @contextlib.contextmanager
    def second_writer(path: Path) -> Iterator[None]:
        out.write_text("of another command\n")
        with sole_writer(path):
            yield

    monkeypatch.setattr("switchyard_client.commands.batch_command.sole_writer", second_writer)
    result = run("triage", str(good), "--out", str(out), *option)
    if option:
        assert (result.exit_code, len(records(out))) == (0, 10)
    else:
        assert (result.exit_code, out.read_text()) == (2, "of another command\n")
        assert f"{out} exists: --resume goes on with it" in result.stderr


@UNIX
@pytest.mark.parametrize("option", [(), ("--overwrite",)])
def test_nobody_is_told_to_go_on_with_a_device(
    run: Run, service: FakeTriage, good: Path, option: tuple[str, ...]
) -> None:
    service.break_after = 5
    result = run("triage", str(good), "--out", os.devnull, *option)
    assert (result.exit_code, service.executions) == (1, 5)
    assert "went away after 5 answers\n" in result.stderr
    assert "--resume" not in result.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_nobody_is_told_to_go_on_with_a_device_that_is_full(run: Run, good: Path) -> None:
    result = run("triage", str(good), "--out", "/dev/full")
    assert "cannot write /dev/full: No space left on device\n" in result.stderr


@UNIX
def test_a_pipe_is_not_gone_on_with(run: Run, good: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    result = run("triage", str(good), "--out", str(pipe), "--resume")
    assert result.exit_code == 2
    assert f"{pipe} is no file: --resume cannot go on with it" in result.stderr
    assert pipe.is_fifo()


def refuse_to_open(name: str, flags: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening that file in such a way fails, as another user's does."""
    actual = os.open

    def guarded(path: Any, given: int, *arguments: Any) -> int:
        if Path(path).name == name and given & flags == flags:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return actual(path, given, *arguments)

    monkeypatch.setattr(os, "open", guarded)
