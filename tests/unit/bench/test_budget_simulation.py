"""Streams past the gate of an error budget are counted right."""

import numpy as np
import pytest

from bench.budget_simulation.pools import LENGTH, Pool, hard_pool, hopeless_pool
from bench.budget_simulation.run import course, drifting_run, oracle_share, steady_run

BUDGET = 0.05


def pool(confidence: float, wrong: float) -> Pool:
    """Tickets of one confidence, of which the first are wrong."""
    return Pool(np.full(LENGTH, confidence), np.arange(LENGTH) < wrong * LENGTH)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def test_an_oracle_takes_the_lowest_threshold_within_the_budget() -> None:
    stream = Pool(np.array([0.9, 0.8, 0.7, 0.6]), np.array([False, True, False, True]))
    assert oracle_share(stream, 0.4) == 0.75


def test_an_oracle_that_finds_no_threshold_takes_nothing() -> None:
    assert oracle_share(pool(0.9, 1.0), BUDGET) == 0.0


def test_a_stream_has_every_ticket_of_a_large_pool_once(rng: np.random.Generator) -> None:
    large = Pool(np.linspace(0, 1, LENGTH), np.zeros(LENGTH, dtype=bool))
    drawn = large.stream(rng).confidence
    assert sorted(drawn) == large.confidence.tolist()
    assert drawn.tolist() != large.confidence.tolist()


def test_a_small_pool_is_drawn_from_again_and_again(rng: np.random.Generator) -> None:
    small = Pool(np.array([0.5, 0.9]), np.array([True, False]))
    assert len(small.stream(rng).wrong) == LENGTH


def test_a_gate_opens_where_nothing_is_wrong(rng: np.random.Generator) -> None:
    run = steady_run(pool(0.9, 0.0), BUDGET, rng)
    assert run.automated > LENGTH * 0.9
    assert 0.05 < run.audits / run.automated < 0.15
    assert run.keeps_budget
    assert not run.closings


def test_a_gate_stays_closed_where_a_little_too_much_is_wrong(rng: np.random.Generator) -> None:
    assert steady_run(hopeless_pool(BUDGET, rng), BUDGET, rng).automated == 0


def test_a_drift_closes_an_open_gate_and_ends_the_run(rng: np.random.Generator) -> None:
    run = drifting_run(pool(0.9, 0.0), BUDGET, rng)
    assert run.was_open_at_drift
    assert run.until_closed is not None
    assert run.until_closed.audits < run.audits


def test_a_drift_has_tickets_looked_at_before_they_are_automated(rng: np.random.Generator) -> None:
    run = drifting_run(pool(0.9, 0.0), BUDGET, rng)
    assert run.until_closed is not None
    assert run.until_closed.looked_at_first > 0


def test_a_drift_is_nothing_to_a_gate_that_is_closed(rng: np.random.Generator) -> None:
    run = drifting_run(pool(0.9, 1.0), BUDGET, rng)
    assert not run.was_open_at_drift
    assert run.until_closed is None


def test_the_hardest_tickets_break_the_budget_only_as_a_whole(rng: np.random.Generator) -> None:
    tickets = hard_pool(BUDGET, rng)
    best, more = tickets.confidence > 0.79, tickets.confidence > 0.58
    assert tickets.wrong[best].mean() < BUDGET / 2
    assert tickets.wrong[more].mean() == pytest.approx(1.025 * BUDGET, rel=0.2)


def test_a_course_has_shares_of_all_and_errors_of_the_automated(rng: np.random.Generator) -> None:
    run = steady_run(pool(0.9, 0.0), BUDGET, rng)
    tickets, shares, errors = course([run])
    assert tickets[-1] == LENGTH
    assert shares[0, -1] == pytest.approx(run.automated / LENGTH)
    assert np.isnan(errors[0, 0])
    assert errors[0, -1] == 0.0
