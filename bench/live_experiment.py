"""Two engines as the arms of an experiment, on real questions with published answers.

    SWITCHYARD_DATA=DIR python -m bench.live_experiment      (make experiment)

A server on an empty folder, with the rehearsal endpoint as its language model, learns a few
categories of bank customers' questions from a dozen examples each. Further questions are triaged
one after the other; whether the category was the published one is recorded as the outcome. The
experiment ends by itself, its winner is applied, and further questions are answered by it. Writes
build/experiment.json and draws docs/experiment.png. Takes about a minute.
"""

import asyncio
import gzip
import os
import random
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
from rich.console import Console
from switchyard_client import Category, ExperimentClient, Outcome, Ticket, TriageClient
from switchyard_client.messages.switchyard.experiment.v1 import ExperimentState
from switchyard_client.messages.switchyard.triage.v1 import TriageResult

from bench.figures import Figure, report
from tools.fake_llm_process import FakeLlm
from tools.server_process import ServerProcess

DESIGN = Path(__file__).with_suffix(".toml")
PICTURE = Path(__file__).resolve().parent.parent / "docs" / "experiment.png"
NAME = "engine"
CATEGORIES = 16
EXAMPLES = 12  # of each category
AT_ONCE = 8
AFTER = 100  # questions that are asked once the winner is applied
SEED = 20


@dataclass(frozen=True, slots=True)
class Question:
    """A text with its published category."""

    number: int
    text: str
    label: str


def questions(data: Path) -> tuple[list[Category], list[Question]]:
    """The categories with their examples, and the questions that are not among those."""
    rows = gzip.decompress((data / "banking77.jsonl.gz").read_bytes()).splitlines()
    by_label: dict[str, list[str]] = defaultdict(list)
    for row in map(orjson.loads, rows):
        by_label[_name(row["label"])].append(row["text"])
    labels = [label for label, _ in Counter({k: len(v) for k, v in by_label.items()}).most_common()]
    chosen = {label: by_label[label] for label in labels[:CATEGORIES]}
    categories = [
        Category(
            name=label,
            title=label.replace("_", " ").capitalize(),
            description=f"Questions about {label.replace('_', ' ')}.",
            examples=texts[:EXAMPLES],
        )
        for label, texts in chosen.items()
    ]
    asked = [(text, label) for label, texts in chosen.items() for text in texts[EXAMPLES:]]
    random.Random(SEED).shuffle(asked)  # noqa: S311  # an order, not a secret
    return categories, [Question(n, text, label) for n, (text, label) in enumerate(asked)]


def _name(label: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in label.lower()).strip("_")


class Traffic:
    """Questions on their way through triage."""

    def __init__(self, address: str) -> None:
        self.triage = TriageClient(address)
        self.experiments = ExperimentClient(address)
        self.is_over = False

    async def enrol(self, asked: Iterator[Question]) -> None:
        """Ask one after the other, and record what came of it, until the experiment has ended."""
        for question in asked:
            result = await self.ask(question)
            if self.is_over or result.experiment is None:
                return
            outcome = Outcome(
                experiment=result.experiment.name,
                unit_id=result.ticket_id,
                metric="right",
                outcome_id=result.run,
                success=_category(result) == question.label,
            )
            await self.experiments.record(outcome)

    async def ask(self, question: Question) -> TriageResult:
        """The answer to a question."""
        ticket = Ticket(id=f"Q-{question.number}", body=question.text)
        return await self.triage.triage(ticket)

    async def watch(self, console: Console) -> None:
        """Show how it goes, until it has ended."""
        async for results in self.experiments.watch(NAME):
            told = [
                f"{variant.variant} {variant.value or 0:.1%} of {variant.units}"
                for variant in results.metrics[0].variants
            ]
            console.print(f"  {', '.join(told)}; confidence {results.confidence:.1%}", style="dim")
        self.is_over = True


async def run(
    address: str, categories: Sequence[Category], asked: Sequence[Question]
) -> list[Figure]:
    """The whole experiment; its figures."""
    console, traffic = Console(), Traffic(address)
    async with traffic.triage, traffic.experiments:
        taxonomy = await traffic.triage.get_taxonomy()
        taxonomy.categories = list(categories)
        await traffic.triage.update_taxonomy(taxonomy)
        switchyard(address, "experiment", "create", str(DESIGN), "--start")
        waiting = iter(asked[:-AFTER])
        watch = asyncio.create_task(traffic.watch(console))
        await asyncio.gather(*(traffic.enrol(waiting) for _ in range(AT_ONCE)))
        await watch
        results = await traffic.experiments.results(NAME)
        experiment = results.experiment
        assert experiment is not None
        assert experiment.state is ExperimentState.STOPPED
        assert experiment.conclusion is not None
        console.print(f"\n{experiment.conclusion.explanation}\n")
        before = Counter([_engine(await traffic.ask(q)) for q in asked[-AFTER:]])
        await traffic.experiments.apply_winner(NAME)
        after = Counter([_engine(await traffic.ask(q)) for q in asked[-AFTER:]])
        console.print(f"Answered by default before: {dict(before)}; once applied: {dict(after)}.")
    right = results.metrics[0].variants
    winner = experiment.conclusion.variant
    engine = "llm" if winner == "model" else winner
    return [
        *(Figure("experiment", f"right_{v.variant}", v.value or 0, f"of {v.units}") for v in right),
        Figure("experiment", "winner_declared", float(bool(winner)), "", ">= 1", winner),
        Figure("experiment", "lift", experiment.conclusion.lift, "", "", right[0].variant),
        Figure("experiment", "lift_lower", experiment.conclusion.lift_lower, ""),
        Figure("experiment", "lift_upper", experiment.conclusion.lift_upper, ""),
        Figure("experiment", "units", float(experiment.conclusion.units), "questions"),
        Figure("experiment", "by_winner_before", before[engine] / AFTER, "share"),
        Figure("experiment", "by_winner_applied", after[engine] / AFTER, "share", ">= 1"),
    ]


def _engine(result: TriageResult) -> str:
    return result.engine.engine if result.engine else ""


def _category(result: TriageResult) -> str:
    return result.category.category if result.category else ""


def switchyard(address: str, *arguments: str) -> None:
    """Run the client's command line as a person would."""
    print(f"$ switchyard {' '.join(arguments)}", flush=True)
    command = [sys.executable, "-m", "switchyard_client", "--server", address, *arguments]
    subprocess.run(command, check=True)


def main() -> None:
    """Run it and report."""
    data = os.environ.get("SWITCHYARD_DATA")
    if not data:
        sys.exit("SWITCHYARD_DATA must name the folder with banking77.jsonl.gz")
    categories, asked = questions(Path(data))
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="switchyard-experiment-"))
        model = FakeLlm().start()
        stack.callback(model.stop)
        environment = {"SWITCHYARD_LLM_URL": model.url, "SWITCHYARD_LLM_MODEL": "rehearsal"}
        server = ServerProcess(Path(folder) / "data", **environment).start()
        stack.callback(server.stop)
        figures = asyncio.run(run(server.address, categories, asked))
        switchyard(server.address, "experiment", "report", NAME, "--out", str(PICTURE))
    report(
        "experiment", figures, [f"{CATEGORIES} categories, {EXAMPLES} examples each, seed {SEED}"]
    )


if __name__ == "__main__":
    main()
