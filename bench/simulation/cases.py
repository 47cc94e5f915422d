"""What is simulated: kinds of experiments, and the goals of what happens in them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from bench.simulation import adaptive, fixed_split, harm_at_margin, late_answers
from bench.simulation.adaptive import GAPS_HOLD, MEANS_HOLD, REGRET, World
from bench.simulation.fixed_split import CHI_SQUARE, Split
from bench.simulation.harm_at_margin import PASSES
from bench.simulation.late_answers import Delays
from bench.simulation.trial import RIGHTLY, WRONGLY

Experiment = Callable[[np.random.Generator], Mapping[str, float]]  # figures by name


@dataclass(frozen=True, slots=True)
class Case:
    """Experiments of one kind, and the goals of their averages."""

    name: str
    experiment: Experiment
    goals: Mapping[str, str]  # by figure
    shown: tuple[str, ...] = ()  # figures without a goal


SELDOM_WRONG = {WRONGLY: "<= 0.05"}
SELDOM_PASSES = {PASSES: "<= 0.05"}
HOLD = {MEANS_HOLD: ">= 0.93", GAPS_HOLD: ">= 0.93"}
MOSTLY_CONTROL = (0.95, 0.05)

CASES = (
    Case(
        "two equal arms",
        partial(fixed_split.beside_chi_square, split=Split((0.80, 0.80), looks=200)),
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
        "same, 0.01, 95 : 5",
        partial(fixed_split.conclusion, split=Split((0.01, 0.01), 200, weights=MOSTLY_CONTROL)),
        SELDOM_WRONG,
    ),
    Case(
        "same, 99 of 100 bring 0, 90 : 10",
        partial(
            fixed_split.conclusion,
            split=Split((0.01, 0.01), 200, weights=(0.90, 0.10), spread=1.0),
        ),
        SELDOM_WRONG,
    ),
    Case(
        "same, 0.02, Thompson",
        partial(adaptive.conclusion, world=World((0.02, 0.02), batches=60, batch=200)),
        SELDOM_WRONG,
    ),
    Case(
        "same, 19 of 20 bring 0, Thompson",
        partial(adaptive.conclusion, world=World((0.05, 0.05), batches=60, batch=200, spread=1.0)),
        SELDOM_WRONG,
    ),
    Case(
        "same, 0.90, known in 0.5, 1 day",
        partial(late_answers.conclusion, delays=Delays(0.90, (0.5, 1.0))),
        SELDOM_WRONG,
    ),
    Case(
        "same, 0.90, known in 1, 3 days",
        partial(late_answers.conclusion, delays=Delays(0.90, (1.0, 3.0))),
        SELDOM_WRONG,
    ),
    Case(
        "harm at the margin: 0.01, 0.02",
        partial(
            harm_at_margin.verdict, split=Split((0.01, 0.02), 100, 200, weights=MOSTLY_CONTROL)
        ),
        SELDOM_PASSES,
    ),
    Case(
        "harm at the margin: 0.001, 0.011",
        partial(
            harm_at_margin.verdict, split=Split((0.001, 0.011), 100, 200, weights=MOSTLY_CONTROL)
        ),
        SELDOM_PASSES,
    ),
    Case(
        "0.80, 0.85: 3,600 units",
        partial(fixed_split.conclusion, split=Split((0.80, 0.85), looks=36)),
        {RIGHTLY: ">= 0.85", **SELDOM_WRONG},
    ),
    Case(
        "0.80, 0.80, 0.82: 20,000 units",
        partial(fixed_split.conclusion, split=Split((0.80, 0.80, 0.82), looks=100, batch=200)),
        SELDOM_WRONG,
        (RIGHTLY,),
    ),
    Case(
        "three equal arms: 20,000 units",
        partial(
            fixed_split.beside_chi_square, split=Split((0.80, 0.80, 0.80), looks=100, batch=200)
        ),
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
    "two equal arms: up to 20,000 units, looked at 56 to 200 times",
    "95 : 5: weights of control and variant; elsewhere they are equal to begin with",
    "bring 0: all others bring something log-normal; known: mean delay of the answers of each arm",
    "harm at the margin: how often control and variant fail; it should not pass, at any look",
    "Thompson: batches of 100 units, or 200 where arms seldom succeed; rates fall by 0.15",
    "hold: share of the intervals at 95 % that contain the truth at all looks at once",
    "regret: successes lost, on average, by not giving every unit the best arm",
    "arm changes: of tickets that two processes ask about, beside what hashes alone would do",
)
