"""Do error budgets hold, and how much do they automate?

    SWITCHYARD_DATA=DIR python -m bench.error_budget [--runs 200]      (make guarantee)

DIR holds banking77.jsonl.gz, clinc150.jsonl.gz and hint3.jsonl. Streams of 7,000 tickets, answered
by models that the server trained, go past the gate of an error budget; controller and drift are the
server's own. Three tickets in ten of hint3 and clinc150 are out of scope. Of what is acted on one
in ten is audited, of the others the truth is learned. Beside them stand made-up tickets: where the
errors lie so that the rule has the hardest time, and where nothing may open. Prints a table, writes
build/guarantee.json and draws docs/error-budget.png. Takes some minutes on two cores.
"""

import argparse
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from bench.budget_simulation.picture import draw
from bench.budget_simulation.pools import (
    LENGTH,
    Pool,
    hard_pool,
    hopeless_pool,
    make_pool,
    sources,
)
from bench.budget_simulation.run import (
    AUDIT_RATE,
    LEAST_AUTOMATED,
    Passed,
    Run,
    drifting_run,
    steady_run,
)
from bench.figures import Figure, report
from server.triage.automation.standing import DOUBT_SHARE

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "error-budget.png"
BUDGETS = (0.02, 0.05)
RUNS = 200
SEED = 20_261_121
SOON = 40  # audits
SOON_AUTOMATED = round(SOON / AUDIT_RATE)  # tickets
NEVER = Passed(LENGTH, LENGTH, LENGTH)
MADE_UP = {"made up: hardest": hard_pool, "made up: hopeless": hopeless_pool}
_WORKERS = 2
_AT_ONCE = 20  # runs that a worker takes at a time

Pools = Mapping[str, Sequence[Pool]]
Kind = Callable[[Pool, float, np.random.Generator], Run]


@dataclass(frozen=True)
class Case:
    """Streams of one kind under one budget."""

    name: str
    budget: float
    pools: Sequence[Pool] = ()  # none: made up

    def __str__(self) -> str:
        return f"{self.name}, budget {self.budget:.0%}"

    def stream(self, number: int, rng: np.random.Generator) -> Pool:
        """The stream of that number."""
        if not self.pools:
            return MADE_UP[self.name](self.budget, rng)
        return self.pools[number % len(self.pools)].stream(rng)


def run_some(kind: Kind, case: Case, numbers: range) -> list[Run]:
    """Runs of a case; each follows from the seed and its number alone."""
    rngs = [np.random.default_rng((SEED, number)) for number in numbers]
    return [
        kind(case.stream(number, rng), case.budget, rng)
        for number, rng in zip(numbers, rngs, strict=True)
    ]


def figures_of(case: Case, steady: Sequence[Run], drifting: Sequence[Run]) -> Iterator[Figure]:
    """What became of the streams of a case; of made-up ones none drift."""
    name, goal = str(case), ">= 0.92" if case.pools else ""
    kept = float(np.mean([run.keeps_budget for run in steady]))
    yield Figure(name, "runs that end within the budget", kept, "", goal, f"of {len(steady)}")
    over = float(np.mean([run.was_ever_over for run in steady]))
    metric = f"runs ever over it from the {LEAST_AUTOMATED}th on"
    yield Figure(name, metric, over, "", "", "of the automated tickets")
    if case.name in MADE_UP:
        yield Figure(name, "runs that opened", _share_opened(steady), "")
        return
    yield from _coverage_figures(name, steady)
    yield from _drift_figures(name, steady, drifting)


def _share_opened(runs: Sequence[Run]) -> float:
    return float(np.mean([run.automated > 0 for run in runs]))


def _coverage_figures(name: str, runs: Sequence[Run]) -> Iterator[Figure]:
    tickets = runs[0].moments[-1].tickets
    automated = np.array([run.automated for run in runs])
    oracle = np.mean([run.oracle_share for run in runs])
    share = float(automated.mean() / tickets)
    yield Figure(name, "automated", share, "", "", f"oracle threshold {oracle:.1%}")
    error = sum(run.wrong for run in runs) / max(automated.sum(), 1)
    opened = f"opened in {_share_opened(runs):.0%} of the runs"
    yield Figure(name, "wrong among the automated", float(error), "", "", opened)


def _drift_figures(name: str, steady: Sequence[Run], drifting: Sequence[Run]) -> Iterator[Figure]:
    closed = float(np.mean([run.closings > 0 for run in steady]))
    audits, first = np.mean([(run.audits, run.looked_at_first) for run in steady], axis=0)
    looks = f"{audits:.0f} audits a run, {first:.0f} looks before acting"
    yield Figure(name, "closed without drift", closed, "", "<= 0.05", looks)
    until = [run.until_closed or NEVER for run in drifting if run.was_open_at_drift]
    if not until:
        return
    automated, audits, first = np.array([astuple(passed) for passed in until]).T
    for most, what, numbers, goal in (
        (SOON, "audits", audits, ">= 0.9"),
        (SOON_AUTOMATED, "automated tickets", automated, ""),
        (SOON, "looks, before acting and after", audits + first, ""),
    ):
        share = float(np.mean(numbers <= most))
        against = f"median {np.median(numbers):.0f}, of {len(until)} runs that were open"
        yield Figure(name, f"closed within {most} {what} of drift", share, "", goal, against)


NOTES = (
    f"one automated ticket in {1 / AUDIT_RATE:.0f} is audited; hint3 is drawn with replacement",
    f"while a gate is in doubt, {DOUBT_SHARE:.0%} of what it lets pass is looked at before it is"
    " acted on: those are neither automated nor audits",
)


def pools_of(workers: ProcessPoolExecutor, data: Path) -> Pools:
    """All pools by name, each of several models."""
    pools = defaultdict(list)
    wanted = list(sources())
    made = workers.map(partial(make_pool, data), wanted)
    for number, (source, pool) in enumerate(zip(wanted, made, strict=True), start=1):
        pools[source.name].append(pool)
        print(f"\rmodels trained: {number} of {len(wanted)} ", end="", flush=True)
    print()
    return pools


def runs_of(workers: ProcessPoolExecutor, kind: Kind, case: Case, number: int) -> list[Run]:
    """So many runs of a case."""
    chunks = [range(at, min(at + _AT_ONCE, number)) for at in range(0, number, _AT_ONCE)]
    runs: list[Run] = []
    for some in workers.map(partial(run_some, kind, case), chunks):
        runs += some
        print(f"\r{case}: {len(runs)} of {number} runs ", end="", flush=True)
    print()
    return runs


def main() -> int:
    """Measure everything; 0 unless a goal is missed, or there is nothing to measure on."""
    parser = argparse.ArgumentParser(description="Do error budgets hold?")
    parser.add_argument("--runs", type=int, default=RUNS, help="of each kind")
    runs = parser.parse_args().runs
    data = os.environ.get("SWITCHYARD_DATA")
    if not data:
        print("skipped: SWITCHYARD_DATA does not name a folder with the public data sets")
        return 0
    figures: list[Figure] = []
    drawn: dict[tuple[str, float], list[Run]] = {}
    with ProcessPoolExecutor(_WORKERS) as workers:
        pools = {**pools_of(workers, Path(data)), **dict.fromkeys(MADE_UP, ())}
        for name, some in pools.items():
            for budget in BUDGETS:
                case = Case(name, budget, some)
                steady = runs_of(workers, steady_run, case, runs)
                drifting = runs_of(workers, drifting_run, case, runs) if some else []
                figures += figures_of(case, steady, drifting)
                if some:
                    drawn[name, budget] = steady
    draw(PICTURE, drawn)
    report("guarantee", figures, NOTES)
    return int(any(figure.meets_goal is False for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
