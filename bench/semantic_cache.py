"""Does the semantic cache keep its budget of false hits on real text, and what does it find?

    SWITCHYARD_DATA=DIR SWITCHYARD_EMBEDDING_MODEL=DIR python -m bench.semantic_cache

Streams of queries are drawn with replacement from public questions. The cache starts empty; a text
is never answered from itself, because exact repeats are the exact cache's. A fresh answer is the
published label, so a hit is false when the two labels differ. Facts, candidates and gate are the
server's own; nearest neighbours are computed beforehand. Prints tables and writes
build/semantic.json. Takes ten minutes on two cores.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from statistics import mean, median

import numpy as np

from bench.figures import Figure, report
from bench.questions import Corpus, corpora
from server.triage.reuse.gate import (
    NEIGHBOURS,
    Gate,
    GateSettings,
    Learned,
    Neighbour,
    Verdict,
    candidate,
)

QUERIES = 50_000
RUNS = 200
BUDGETS = (0.02, 0.05)
LEAST_HITS = 200  # a run with fewer has not opened
KEPT_GOAL = 0.92  # of the runs
FIXED = 0.95
_REVIEW_EVERY = 50  # queries; the server exchanges evidence once a second
_MOMENTS = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000)  # at which a stream is looked at
_WORKERS = 2
_SEEDS_A_TASK = 20


@dataclass(frozen=True)
class Moment:
    """A stream so far."""

    threshold: float | None
    hits: int
    false_hits: int
    audits: int
    false_audits: int


@dataclass
class Stream:
    """One run: what was served from the cache, and whether rightly."""

    budget: float
    hits: int = 0
    false_hits: int = 0
    audits: int = 0
    false_audits: int = 0
    was_ever_over: bool = False  # the budget, from the LEAST_HITS-th hit on
    moments: list[Moment] = field(default_factory=list)

    def serve(self, is_false: bool) -> None:
        """Count a hit that was given out."""
        self.hits += 1
        self.false_hits += is_false
        if self.hits >= LEAST_HITS and self.false_hits > self.budget * self.hits:
            self.was_ever_over = True

    def audit(self, is_false: bool) -> None:
        """Count a hit that was audited instead."""
        self.audits += 1
        self.false_audits += is_false

    def remember(self, threshold: float | None) -> None:
        """Take down how it stands."""
        counts = (self.hits, self.false_hits, self.audits, self.false_audits)
        self.moments.append(Moment(threshold, *counts))

    @property
    def has_opened(self) -> bool:
        """Whether there were hits enough to judge."""
        return self.hits >= LEAST_HITS

    @property
    def keeps_budget(self) -> bool:
        """Whether it opened and, in the end, few enough of the hits were false."""
        return self.has_opened and self.false_hits <= self.budget * self.hits


Neighbours = Sequence[tuple[int, Neighbour]]  # numbers of texts, nearest first


def gated_stream(
    corpus: Corpus, neighbours: Sequence[Neighbours], budget: float, seed: int
) -> Stream:
    """A stream answered through the gate."""
    rng, stream = np.random.default_rng(seed), Stream(budget)
    queries = rng.integers(0, len(corpus.labels), QUERIES).tolist()
    gate, is_kept = Gate(GateSettings(budget), rng.random), bytearray(len(corpus.labels))
    for number, text in enumerate(queries, start=1):
        if not _is_served(gate, stream, corpus, text, neighbours[text], is_kept):
            is_kept[text] = 1
        if number % _REVIEW_EVERY == 0:
            _review(gate)
        if number in _MOMENTS:
            stream.remember(gate.ruling.threshold)
    return stream


def _is_served(
    gate: Gate, stream: Stream, corpus: Corpus, text: int, near: Neighbours, is_kept: bytearray
) -> bool:
    found = list(islice((n for other, n in near if is_kept[other]), NEIGHBOURS))
    chosen = candidate(found, corpus.facts[text])
    if chosen is None:
        return False
    is_false = found[chosen].category != corpus.labels[text]
    judgement = gate.judge(found[chosen].similarity)
    is_served = judgement.verdict is Verdict.SERVE
    gate.learn(judgement, None if is_served else is_false)
    if is_served:
        stream.serve(is_false)
    elif judgement.verdict is Verdict.AUDIT:
        stream.audit(is_false)
    return is_served


def _review(gate: Gate) -> None:
    if gate.has_drifted:
        gate.follow(Learned(era=gate.era + 1))
    gate.review()


def fixed_stream(
    corpus: Corpus, neighbours: Sequence[Neighbours], budget: float, seed: int
) -> Stream:
    """A stream answered by the usual rule: the nearest at FIXED or above, nothing else asked."""
    stream, is_kept = Stream(budget), bytearray(len(corpus.labels))
    for text in np.random.default_rng(seed).integers(0, len(corpus.labels), QUERIES).tolist():
        nearest = next((n for other, n in neighbours[text] if is_kept[other]), None)
        if nearest is not None and nearest.similarity >= FIXED:
            stream.serve(nearest.category != corpus.labels[text])
        else:
            is_kept[text] = 1
    return stream


Kind = Callable[[Corpus, Sequence[Neighbours], float, int], Stream]


@dataclass(frozen=True)
class _Task:
    kind: Kind
    corpus: Corpus
    budget: float
    seeds: range


def _run(task: _Task) -> list[Stream]:
    neighbours = _neighbours(task.corpus)
    return [task.kind(task.corpus, neighbours, task.budget, seed) for seed in task.seeds]


def _neighbours(corpus: Corpus) -> list[Neighbours]:
    return [
        [
            (other, Neighbour(similarity, corpus.labels[other], corpus.facts[other]))
            for other, similarity in zip(others, similarities, strict=True)
        ]
        for others, similarities in zip(
            corpus.nearest.tolist(), corpus.similarity.tolist(), strict=True
        )
    ]


def streams(
    pool: ProcessPoolExecutor, kind: Kind, corpus: Corpus, budget: float, runs: int
) -> list[Stream]:
    """Streams of the seeds 0 to `runs`."""
    seeds = [range(at, min(at + _SEEDS_A_TASK, runs)) for at in range(0, runs, _SEEDS_A_TASK)]
    done = pool.map(_run, [_Task(kind, corpus, budget, some) for some in seeds])
    return [stream for some in done for stream in some]


def budget_figures(
    corpus: Corpus, budget: float, gated: Sequence[Stream], fixed: Sequence[Stream]
) -> Iterator[Figure]:
    """What became of the streams of one budget."""
    case, opened = f"{corpus.name}, budget {budget:.0%}", [s for s in gated if s.has_opened]
    share = mean(stream.keeps_budget for stream in gated)
    yield Figure(case, "runs within the budget", share, "", f">= {KEPT_GOAL}", f"{len(gated)} runs")
    yield Figure(case, "runs that opened", len(opened) / len(gated), "")
    over = mean(stream.was_ever_over for stream in gated)
    yield Figure(case, f"runs ever over it after {LEAST_HITS} hits", over, "")
    for name, some in (("gate", opened), (f"fixed {FIXED}", fixed)):
        if some:
            errors = [s.false_hits / max(s.hits, 1) for s in some]
            hit_rate = mean(s.hits for s in some) / QUERIES
            yield Figure(case, f"hit rate, {name}", hit_rate, "", "", "of all queries")
            yield Figure(
                case, f"false hits, {name}", mean(errors), "", "", f"worst {max(errors):.3%}"
            )


def course(corpus: Corpus, budget: float, gated: Sequence[Stream]) -> Iterator[str]:
    """How streams go: one line for each moment, medians over the runs."""
    yield f"{corpus.name}, budget {budget:.0%}"
    yield "  queries |   open | least similarity | hits | false | audited as false"
    for at, queries in enumerate(_MOMENTS):
        moments = [stream.moments[at] for stream in gated]
        thresholds = [m.threshold for m in moments if m.threshold is not None]
        hits, audits = sum(m.hits for m in moments), sum(m.audits for m in moments)
        false = sum(m.false_hits for m in moments) / max(hits, 1)
        audited = sum(m.false_audits for m in moments) / max(audits, 1)
        shown = f"{median(thresholds):.2f}" if thresholds else "-"
        yield (
            f"  {queries:>6,} | {len(thresholds) / len(gated):>6.0%} | {shown:>16} |"
            f" {hits / len(gated):>6,.0f} | {false:>5.2%} | {audited:.2%}"
        )


def main() -> int:
    """Measure everything; 0 unless a goal is missed, or there is nothing to measure on."""
    data, model = (os.environ.get(f"SWITCHYARD_{n}") for n in ("DATA", "EMBEDDING_MODEL"))
    if not data or not model:
        print("skipped: SWITCHYARD_DATA and SWITCHYARD_EMBEDDING_MODEL do not both name a folder")
        return 0
    figures: list[Figure] = []
    notes: list[str] = []
    with ProcessPoolExecutor(_WORKERS) as pool:
        for corpus in corpora(Path(data), Path(model)):
            fixed = streams(pool, fixed_stream, corpus, BUDGETS[0], _SEEDS_A_TASK)
            for budget in BUDGETS:
                gated = streams(pool, gated_stream, corpus, budget, RUNS)
                figures += budget_figures(corpus, budget, gated, fixed)
                notes += course(corpus, budget, gated)
                print(f"{corpus.name}, budget {budget:.0%}: done")
    report("semantic", figures, notes)
    return int(any(figure.meets_goal is False for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
