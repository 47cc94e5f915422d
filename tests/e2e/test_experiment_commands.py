"""`switchyard experiment` against a real server, from the design to the applied winner."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner
from switchyard_client import ExperimentClient
from switchyard_client.__main__ import cli

from tools.child import first_line, killed
from tools.server_process import ServerProcess

TIMEOUT_S = 120
UNITS = 500
Run = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = ("README.md", "clients/README.md", "docs/experiments.md", "experiment --help")
ID = "lower-threshold"  # the example's

DESIGN = """
id = "{id}"
title = "Does <b>short</b> do better?"
unit = "other"

[[variants]]
name = "control"

[[variants]]
name = "short"

[[metrics]]
name = "resolved"
kind = "binary"
role = "primary"

[[metrics]]
name = "seconds"
kind = "mean"
direction = "minimize"

[stopping]
min_units = 100
"""


@contextmanager
def start(address: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`switchyard experiment`, as a process that does not outlast the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "switchyard_client", "experiment", *arguments],
        env=os.environ | {"SWITCHYARD_SERVER": address, "NO_COLOR": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        killed(process)


@pytest.fixture(scope="module")
def run(server: ServerProcess) -> Run:
    """Runs `switchyard experiment` to its end, which must be 0."""

    def run_command(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        with start(server.address, *arguments) as process:
            out, err = process.communicate(stdin, timeout=TIMEOUT_S)
        assert process.returncode == 0, err
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    return run_command


@pytest.fixture
def started(run: Run) -> str:
    """The id of an experiment that runs; its design came from standard input."""
    experiment_id = f"x{uuid4().hex[:8]}"
    made = run("create", "-", "--start", stdin=DESIGN.format(id=experiment_id))
    assert f"experiments/{experiment_id}: running, phase 1" in made.stdout
    return experiment_id


async def expose(address: str, experiment_id: str) -> dict[str, str]:
    """Many units, each with its variant."""
    units = [f"C-{number}" for number in range(UNITS)]
    async with ExperimentClient(address) as client:
        answers = [await client.assign(unit, experiment=experiment_id) for unit in units]
    return {unit: answer.variant for unit, answer in zip(units, answers, strict=True)}


def write_outcomes(path: Path, variants: dict[str, str]) -> None:
    """A file in which `short` resolves four of five and `control` every second, and later.

    By turns and not by chance: how chance assigns the units must not decide who wins.
    """
    turns = {"control": cycle((True, False)), "short": cycle((True, True, True, True, False))}
    with path.open("w") as file:
        for unit, variant in variants.items():
            resolved, is_better = next(turns[variant]), variant == "short"
            for metric, value in (("resolved", resolved), ("seconds", 9 if is_better else 10)):
                record = {"unit": unit, "metric": metric, "id": "1", "value": value}
                file.write(f"{json.dumps(record)}\n")


def test_the_example_is_a_design_that_the_server_takes(run: Run) -> None:
    example = run("example").stdout
    checked = run("create", "-", "--validate-only", stdin=example)
    assert checked.stdout == "the file is valid; nothing was created\n"


async def test_a_winner_is_found_watched_and_reported(
    server: ServerProcess, run: Run, started: str, tmp_path: Path
) -> None:
    outcomes, folder = tmp_path / "outcomes.jsonl", tmp_path / "report"
    write_outcomes(outcomes, await expose(server.address, started))
    with start(server.address, "watch", started) as watch:
        recorded = run("record", started, "--file", str(outcomes))
        assert recorded.stdout == f"{2 * UNITS:,} recorded\n"
        lines, errors = watch.communicate(timeout=TIMEOUT_S)
    assert (watch.returncode, errors) == (0, "")
    assert lines.splitlines()[-1].endswith("winner short")
    report = run("report", started, "--out", str(folder)).stdout
    assert "It ended with a winner: short" in report
    assert sorted(path.name for path in folder.iterdir()) == [
        "lift.png",
        "posteriors.png",
        "report.html",
        "weights.png",
    ]
    page = (folder / "report.html").read_text()
    assert "Does &lt;b&gt;short&lt;/b&gt; do better?" in page


def test_outcomes_may_be_sent_again_from_a_pipe(run: Run, started: str, tmp_path: Path) -> None:
    run("assign", started, "C-1")
    path = tmp_path / "outcomes.csv"
    path.write_text("unit,metric,id,value\nC-1,resolved,1,yes\n")
    assert run("record", started, "--file", str(path)).stdout == "1 recorded\n"
    again = run("record", started, "--file", "-", stdin=path.read_text())
    assert again.stdout == "0 recorded, 1 recorded before\n"


def test_ctrl_c_leaves_a_watch_cleanly(server: ServerProcess, run: Run, started: str) -> None:
    run("assign", started, "C-1")
    with start(server.address, "watch", started) as watch:
        assert "1 units" in first_line(watch, TIMEOUT_S)
        watch.send_signal(signal.SIGINT)
        _, errors = watch.communicate(timeout=TIMEOUT_S)
    assert (watch.returncode, errors.strip()) == (130, "")


def test_weights_traffic_and_states_change_as_they_are_told(run: Run, started: str) -> None:
    weighed = run("weights", started, "control=0.2", "short=0.8").stdout
    assert "configuration 2, control 20.0 %, short 80.0 %" in weighed
    assert "configuration 3" in run("traffic", started, "0.5").stdout
    assert ": paused" in run("pause", started).stdout
    assert ": running" in run("start", started).stdout
    assert ": stopped" in run("stop", started, "--reason", "enough").stdout
    assert "by hand" in run("show", started).stdout
    assert started in run("list", "--state", "stopped").stdout
    assert ": archived" in run("archive", started, "--yes").stdout


def test_a_sample_size_is_told(run: Run) -> None:
    planned = run("sample-size", "--baseline", "0.8", "--effect", "0.05").stdout
    assert "906 units of each variant" in planned


def documented(document: str) -> list[str]:
    """The lines about experiments that a document tells to type, without their remarks."""
    is_help = document.endswith("--help")
    text = CliRunner().invoke(cli, document.split()).stdout if is_help else read(document)
    return re.findall(r"^ +switchyard (experiment \S+(?: \S+)*)", text, flags=re.MULTILINE)


def read(document: str) -> str:
    """A file of the project."""
    return (ROOT / document).read_text("utf-8")


def type_line(server: ServerProcess, line: str, experiment_id: str) -> None:
    """Type a documented line, for an experiment of another id."""
    command, _, path = line.replace(ID, experiment_id).partition(" > ")
    result = CliRunner().invoke(
        cli, shlex.split(command), env={"SWITCHYARD_SERVER": server.address}
    )
    if " apply " in line:  # nobody has won by then
        assert "NOT_POSSIBLE_NOW" in result.stderr
        return
    assert (result.exit_code, result.stderr) == (0, "")
    if path:
        Path(path).write_text(result.stdout.replace(ID, experiment_id))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_is_documented_can_be_typed(
    server: ServerProcess,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    document: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("outcomes.csv").write_text("unit_id,metric,outcome_id,value\nC-17,resolved,T-2,no\n")
    experiment_id = f"x{uuid4().hex[:8]}"
    lines = documented(document)
    assert len(lines) >= 5
    try:
        for line in lines:
            if " watch " in line:  # it would wait for the end, and is tested above
                assert line == f"experiment watch {ID}"
            else:
                type_line(server, line, experiment_id)
    finally:
        run("stop", experiment_id)  # its layer is free again
