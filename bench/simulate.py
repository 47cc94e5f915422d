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
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from math import sqrt

import numpy as np

from bench.figures import Figure, report
from bench.simulation import tickets
from bench.simulation.cases import CASES, NOTES, Case
from bench.simulation.tickets import HASHED, SWITCHED

SEED = 20_260_801
EXPERIMENTS = 2_000
_AT_ONCE = 50  # experiments that a worker takes at a time

Chunk = Sequence[Mapping[str, float]]  # figures of some experiments


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
    number = f"averages over {experiments:,} experiments of each kind, ± their standard error"
    report("simulate", [*figures, *_ticket_figures(experiments)], (number, *NOTES))


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
        goal = case.goals.get(name, "")
        yield Figure(case.name, name, float(values.mean()), f"± {error:.2g}", goal)


def _ticket_figures(number: int) -> Iterator[Figure]:
    """Of one experiment with that many tickets."""
    shares = asyncio.run(tickets.switched(np.random.default_rng(SEED), number))
    for name, goal in ((SWITCHED, "<= 0"), (HASHED, "")):
        yield Figure("tickets, weights change", name, shares[name], f"of {number:,}", goal)


if __name__ == "__main__":
    main()
