"""Simulated experiments: what counts as a true end, and that figures depend on the seed alone."""

from datetime import UTC, datetime

import numpy as np
import pytest

from bench.simulate import run_chunk
from bench.simulation.adaptive import World
from bench.simulation.cases import CASES
from bench.simulation.fixed_split import Split, looks_at
from bench.simulation.trial import RIGHTLY, WRONGLY, Trial, brought, design_of, ended
from server.experiments.experiment import Conclusion, Ending
from server.experiments.findings.analysis import analyse
from server.experiments.findings.verdict import decide

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def conclusion(ending: Ending, arm: int) -> Conclusion:
    return Conclusion(ending, f"arm-{arm}", "", NOW)


def servers_own(trial: Trial) -> Conclusion | None:
    results = analyse(trial.experiment, trial.tally, NOW)
    return decide(trial.experiment, results, trial.tally, NOW)


@pytest.mark.parametrize(
    ("ending", "arm", "rates", "is_right"),
    [
        (Ending.WINNER, 1, (0.80, 0.85), True),
        (Ending.WINNER, 0, (0.80, 0.85), False),
        (Ending.WINNER, 1, (0.80, 0.85, 0.85), False),
        (Ending.HARM, 1, (0.80, 0.75), True),
        (Ending.HARM, 1, (0.80, 0.80), False),
    ],
)
def test_an_end_is_right_where_the_arm_truly_is_so(
    ending: Ending, arm: int, rates: tuple[float, ...], is_right: bool
) -> None:
    assert ended(conclusion(ending, arm), rates) == {RIGHTLY: is_right, WRONGLY: not is_right}


def test_no_end_is_neither_right_nor_wrong() -> None:
    assert ended(None, (0.80, 0.85)) == {RIGHTLY: 0.0, WRONGLY: 0.0}


def test_rates_fall_evenly_and_their_means_are_those_of_all_batches_so_far() -> None:
    world = World((0.8, 0.9), batches=3, fall=0.2)
    assert world.rates_by_batch == pytest.approx(np.array([[0.8, 0.9], [0.7, 0.8], [0.6, 0.7]]))
    assert world.means_by_batch[-1] == pytest.approx(np.array([0.7, 0.8]))


def test_a_success_brings_one_where_nothing_else_is_said() -> None:
    units, successes = np.array([[5, 7], [3, 4]]), np.array([[2, 0], [3, 1]])
    sums = brought(np.random.default_rng(1), units, successes, 0.0)
    assert (sums == np.stack([units, successes, successes], axis=-1)).all()


def test_a_success_brings_one_on_average_where_they_differ() -> None:
    successes = np.array([0, 100_000])
    sums = brought(np.random.default_rng(1), np.array([9, 200_000]), successes, 1.0)
    assert sums[:, 1] / np.array([1, 100_000]) == pytest.approx([0.0, 1.0], abs=0.02)


def test_an_experiment_ends_at_the_look_and_in_the_way_in_which_the_server_would_end_it() -> None:
    split = Split((0.80, 0.80, 0.90), looks=30)
    trial = Trial.of(design_of(split.shares))
    ends = [
        (look.conclusion(), servers_own(look))
        for look in looks_at(trial, split.rows(np.random.default_rng(5)))
    ]
    assert {found is None for found, _ in ends} == {True, False}
    assert all(found == expected for found, expected in ends)


@pytest.mark.parametrize("case", range(len(CASES)), ids=[case.name for case in CASES])
def test_a_case_has_every_figure_that_it_is_to_show(case: int) -> None:
    (found,) = run_chunk(case, range(1))
    assert found.keys() >= {*CASES[case].goals, *CASES[case].shown}


def test_an_experiment_is_the_same_whoever_runs_it() -> None:
    case = CASES.index(next(each for each in CASES if "3,600" in each.name))
    together = run_chunk(case, range(4))
    assert together == [*run_chunk(case, range(2)), *run_chunk(case, range(2, 4))]
