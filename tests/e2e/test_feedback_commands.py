"""From a history of tickets to a model, a budget and its report, on the command line."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from switchyard_client.__main__ import cli

from tools.server_process import ServerProcess

TIMEOUT_S = 60
PER_CATEGORY = 40
Run = Callable[..., str]

# What customers of a made-up library of tools write, by category.
SENTENCES = {
    "LATE_RETURN": ("I could not bring back the {} in time", "is there a fee for a late {}"),
    "Broken tool": ("the {} that I borrowed broke in two", "my {} came with a cracked handle"),
    "opening hours": ("when may I fetch the {}", "are you open on Sunday, I need a {}"),
}
TOOLS = ("drill", "ladder", "saw", "sander", "pressure washer", "wrench", "jigsaw", "hoist")


@pytest.fixture(scope="module")
def server(session_folder: Path) -> Iterator[ServerProcess]:
    """A server with a taxonomy of its own."""
    process = ServerProcess(session_folder / "taught").start()
    yield process
    assert process.stop() == 0


@pytest.fixture(scope="module")
def run(server: ServerProcess) -> Run:
    """What `switchyard` prints, which must end with 0."""

    def run_command(*arguments: str | Path) -> str:
        environment = {"SWITCHYARD_SERVER": server.address, "NO_COLOR": "1"}
        result = CliRunner().invoke(cli, [*map(str, arguments)], env=environment)
        assert result.exit_code == 0, result.output
        return result.stdout

    return run_command


def review(server: ServerProcess, reviewer: str, typed: str) -> str:
    """What `switchyard review` prints, as a process into which lines are piped."""
    ended = subprocess.run(
        [sys.executable, "-m", "switchyard_client", "review", "--reviewer", reviewer],
        env=os.environ | {"SWITCHYARD_SERVER": server.address, "NO_COLOR": "1"},
        input=typed,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=True,
    )
    return ended.stdout


@pytest.fixture(scope="module")
def history(session_folder: Path) -> Path:
    """Answered tickets of categories that the starter taxonomy lacks."""
    chance = random.Random(7)  # noqa: S311  # no secret
    path = session_folder / "history.jsonl"
    with path.open("w") as file:
        for label, sentences in SENTENCES.items():
            for number in range(PER_CATEGORY):
                text = chance.choice(sentences).format(chance.choice(TOOLS))
                file.write(f"{json.dumps({'text': f'{text}, no. {number}', 'intent': label})}\n")
    return path


@pytest.fixture(scope="module")
def imported(run: Run, history: Path) -> str:
    """What an import into an empty server says."""
    return run("labels", "import", history, "--add-categories")


@pytest.fixture(scope="module")
def trained(run: Run, imported: str) -> str:
    """What the first training says."""
    assert imported
    return run("train")


def test_a_check_changes_nothing(run: Run, history: Path) -> None:
    told = run("labels", "import", history, "--add-categories", "--dry-run")
    assert "3 categories would be added" in told
    assert "late_return" not in run("taxonomy", "show")


def test_a_history_is_imported_with_its_categories(run: Run, imported: str, history: Path) -> None:
    assert "3 categories added; revision 1 is in force" in imported
    assert imported.splitlines()[-1] == f"{history}: {3 * PER_CATEGORY} added"
    assert "Broken tool" in run("taxonomy", "show")


def test_importing_again_changes_nothing(run: Run, imported: str, history: Path) -> None:
    assert imported
    again = run("labels", "import", history)
    assert again == f"{history}: 0 added, {3 * PER_CATEGORY} there before\n"


@pytest.mark.parametrize("name", ["labels.jsonl", "labels.csv"])
def test_what_was_exported_can_be_imported(
    run: Run, imported: str, tmp_path: Path, name: str
) -> None:
    assert imported
    path = tmp_path / name
    run("labels", "export", path)
    told = run("labels", "import", path)
    assert told == f"{path}: 0 added, {3 * PER_CATEGORY} there before\n"


def test_a_model_is_trained_and_answers(run: Run, trained: str) -> None:
    assert "models/1 answers." in trained
    answer = json.loads(run("triage", "--text", "the hoist that I borrowed broke in two", "--json"))
    assert answer["category"] == "broken_tool"


def test_an_earlier_model_is_brought_back(run: Run, trained: str) -> None:
    assert trained
    assert run("models", "activate", "0") == "models/0 answers from now on\n"
    assert "active" in run("models", "show", "0")
    assert run("models", "activate", "1") == "models/1 answers from now on\n"


def test_reviewed_tickets_are_evidence_for_the_budget(
    server: ServerProcess, run: Run, imported: str, tmp_path: Path
) -> None:
    assert imported
    run("budget", "set", "category", "--max-error", "5%")
    for tool in TOOLS[:3]:
        run("triage", "--text", f"is there a fee for a late {tool}", "--json")
    told = review(server, "anna", "c late_return\n4\n\n\nn\nq\n")
    assert told.splitlines()[-1] == "2 reviewed"
    assert "category right, counted" in told
    listed = run("feedback", "list", "--reviewer", "anna", "--json").splitlines()
    assert sorted(json.loads(line)["rating"] or 0 for line in listed) == [0, 4]
    assert "2 pieces on 2 runs" in run("feedback", "summary", "--by", "category")
    budget = json.loads(run("budget", "show", "category", "--json"))
    assert sum(int(gate["judged"]) for gate in budget["gates"]) == 2
    page = tmp_path / "guarantee.html"
    run("report", "guarantee", "--out", page)
    assert "At most 5.0 % of the automatic decisions are wrong" in page.read_text()


def test_what_is_skipped_makes_room_for_the_next(
    server: ServerProcess, run: Run, imported: str
) -> None:
    assert imported
    for tool in TOOLS[:3]:
        run("triage", "--text", f"my {tool} came with a cracked handle", "--json")
    told = review(server, "ben", "n\nn\nq\n")
    runs = [line.split()[-1] for line in told.splitlines() if line.startswith("run ")]
    assert len(set(runs)) == 3


def test_settings_and_alarms_are_told(run: Run) -> None:
    assert "after 500 new labels" in run("feedback", "settings", "set", "--train-after", "500")
    assert run("feedback", "alarms")
