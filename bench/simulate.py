"""Do the promises of experiments hold? Experiments whose truth is known, again and again.

    python -m bench.simulate [--experiments 2000]      (make simulate)

Weights, intervals, evidence and endings are the server's own. A figure is an average over
independent experiments; each has random numbers of its own, which follow from the seed, its case
and its number alone, so that all machines see the same. Prints a table and writes
build/simulate.json. Takes ten minutes on two cores.
"""

import argparse
import asyncio
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import sqrt

import numpy as np

from bench.figures import Figure, report
from bench.simulation import adaptive, fixed_split, tickets
from bench.simulation.adaptive import GAPS_HOLD, MEANS_HOLD, REGRET, World
from bench.simulation.fixed_split import CHI_SQUARE
from bench.simulation.tickets import HASHED, SWITCHED
from bench.simulation.trial import RIGHTLY, WRONGLY

SEED = 20_260_801
EXPERIMENTS = 2_000
_AT_ONCE = 50  # experiments that a worker takes at a time

Experiment = Callable[[np.random.Generator], Mapping[str, float]]  # figures by name
Chunk = Sequence[Mapping[str, float]]  # figures of some experiments


@dataclass(frozen=True, slots=True)
class Case:
    """Experiments of one kind, and the goals of their averages."""

    name: str
    experiment: Experiment
    goals: Mapping[str, str]  # by figure
    shown: tuple[str, ...] = ()  # figures without a goal


SELDOM_WRONG = {WRONGLY: "<= 0.05"}
HOLD = {MEANS_HOLD: ">= 0.93", GAPS_HOLD: ">= 0.93"}

CASES = (
    Case(
        "two equal arms, 200 looks",
        partial(fixed_split.single_outcomes, rates=(0.80, 0.80), looks=200),
        SELDOM_WRONG,
        (CHI_SQUARE,),
    ),
    Case(
        "same, 5 outcomes a unit",
        partial(fixed_split.many_outcomes, rate=0.80, looks=200),
        SELDOM_WRONG,
        (CHI_SQUARE,),
    ),
    Case(
        "same, Thompson, rates fall",
        partial(adaptive.conclusion, world=World((0.85, 0.85), batches=200, fall=0.15)),
        SELDOM_WRONG,
    ),
    Case(
        "0.80, 0.85: 3,600 units",
        partial(fixed_split.single_outcomes, rates=(0.80, 0.85), looks=36),
        {RIGHTLY: ">= 0.85", **SELDOM_WRONG},
    ),
    Case(
        "0.80, 0.80, 0.82: 20,000 units",
        partial(fixed_split.single_outcomes, rates=(0.80, 0.80, 0.82), looks=200),
        SELDOM_WRONG,
        (RIGHTLY,),
    ),
    Case(
        "three equal arms: 20,000 units",
        partial(fixed_split.single_outcomes, rates=(0.80, 0.80, 0.80), looks=200),
        SELDOM_WRONG,
        (CHI_SQUARE,),
    ),
    Case(
        "0.80, 0.82, 0.85, Thompson",
        partial(adaptive.intervals, world=World((0.80, 0.82, 0.85), batches=100)),
        {REGRET: "<= 50", **HOLD, **SELDOM_WRONG},
    ),
    Case(
        "three equal arms, Thompson",
        partial(adaptive.intervals, world=World((0.80, 0.80, 0.80), batches=100)),
        {**HOLD, **SELDOM_WRONG},
    ),
    Case(
        "0.80, 0.82, 0.85, Thompson, fall",
        partial(adaptive.intervals, world=World((0.80, 0.82, 0.85), batches=100, fall=0.15)),
        {**HOLD, **SELDOM_WRONG},
        (REGRET,),
    ),
)
NOTES = (
    "ends: with a winner, or harm by a variant; wrongly: it is no better, or no worse, in truth",
    "chi-square would end: at some look its p-value is 0.05 or less",
    "Thompson: batches of 100 units, 100 of them where there are three arms; rates fall by 0.15",
    "hold: share of the intervals at 95 % that contain the truth at all looks at once",
    "regret: successes lost, on average, by not giving every unit the best arm",
    "arm changes: of tickets that two processes ask about, beside what hashes alone would do",
)


def main() -> None:
    """Simulate every case and report."""
    parser = argparse.ArgumentParser(description="Do the promises of experiments hold?")
    parser.add_argument("--experiments", type=int, default=EXPERIMENTS, help="of each case")
    experiments = parser.parse_args().experiments
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        running = [list(_start(workers, number, experiments)) for number in range(len(CASES))]
        figures = [
            figure
            for case, chunks in zip(CASES, running, strict=True)
            for figure in _figures(case, [each for chunk in chunks for each in chunk.result()])
        ]
    report("simulate", [*figures, *_ticket_figures(experiments)], NOTES)


def run_chunk(case: int, experiments: range) -> Chunk:
    """What happened in those experiments of a case."""
    return [
        CASES[case].experiment(np.random.default_rng((SEED, case, number)))
        for number in experiments
    ]


def _start(workers: ProcessPoolExecutor, case: int, experiments: int) -> Iterator[Future[Chunk]]:
    for first in range(0, experiments, _AT_ONCE):
        yield workers.submit(run_chunk, case, range(first, min(first + _AT_ONCE, experiments)))


def _figures(case: Case, results: Chunk) -> Iterator[Figure]:
    """The average of each figure, with its standard error."""
    for name in (*case.goals, *case.shown):
        values = np.array([result[name] for result in results], dtype=np.float64)
        error = values.std() / sqrt(len(values))
        unit = f"of {len(values):,} ± {error:.2g}"
        yield Figure(case.name, name, float(values.mean()), unit, case.goals.get(name, ""))


def _ticket_figures(number: int) -> Iterator[Figure]:
    """Of one experiment with that many tickets."""
    shares = asyncio.run(tickets.switched(np.random.default_rng(SEED), number))
    for name, goal in ((SWITCHED, "<= 0"), (HASHED, "")):
        yield Figure("tickets, weights change", name, shares[name], f"of {number:,}", goal)


if __name__ == "__main__":
    main()
