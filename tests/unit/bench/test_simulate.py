"""Simulated experiments: what counts as a true end, and that figures depend on the seed alone."""

from datetime import UTC, datetime

import numpy as np
import pytest

from bench.simulate import CASES, run_chunk
from bench.simulation.adaptive import World
from bench.simulation.trial import RIGHTLY, WRONGLY, ended
from server.experiments.experiment import Conclusion, Ending


def conclusion(ending: Ending, arm: int) -> Conclusion:
    return Conclusion(ending, f"arm-{arm}", "", datetime(2026, 1, 1, tzinfo=UTC))


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


@pytest.mark.parametrize("case", range(len(CASES)), ids=[case.name for case in CASES])
def test_a_case_has_every_figure_that_it_is_to_show(case: int) -> None:
    (found,) = run_chunk(case, range(1))
    assert found.keys() >= {*CASES[case].goals, *CASES[case].shown}


def test_an_experiment_is_the_same_whoever_runs_it() -> None:
    together = run_chunk(3, range(4))
    assert together == [*run_chunk(3, range(2)), *run_chunk(3, range(2, 4))]
