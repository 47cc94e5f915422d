"""Which share of the next units each arm gets, from what all arms have brought so far.

Weights change between batches and are probabilities of assignment within one. Nothing here is
random: every process that sees the same sums computes the same weights. No arm falls below a floor,
because inference divides by the weights.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from server.statistics.best_arm import bernoulli_divergence, gaussian_divergence, optimal_shares
from server.statistics.betting import FloatArray
from server.statistics.moments import Moments, Table
from server.statistics.posteriors import (
    Posteriors,
    chances_to_be_best,
    mean_posteriors,
    rate_posteriors,
)

_LEAST_UNITS = 2  # of every arm: fewer have no variance
_LEAST_CHANCE = 1e-6  # to be the best; below it, arms are not told apart


@dataclass(frozen=True, slots=True)
class Arms:
    """What each arm has brought, turned so that more is better."""

    cells: tuple[Moments, ...]  # old units may count as less than one
    is_binary: bool  # every value is 0 or 1

    @property
    def units(self) -> FloatArray:
        """[n_arms]"""
        return np.array([cell.n for cell in self.cells])

    @property
    def means(self) -> FloatArray:
        """[n_arms]"""
        return np.array([cell.y for cell in self.cells]) / self.units

    @property
    def posteriors(self) -> Posteriors | None:
        """Beliefs on the means; None while values of an arm do not vary."""
        return rate_posteriors(self.cells) if self.is_binary else mean_posteriors(self.cells)


Rule = Callable[[Arms], FloatArray]  # shares [n_arms] that sum to 1


def next_weights(
    rule: Rule,
    batches: Table,
    *,
    is_binary: bool,
    is_minimized: bool = False,
    discount: float = 1.0,
    floor: float = 0.02,
) -> FloatArray:
    """Weights [n_arms] of the next batch: they sum to 1, and none is below the floor.

    batches   at least one; what the units of each have brought by now
    discount  what a batch counts one batch later, in (0, 1]; below 1 it follows drift
    floor     at most 1 / n_arms
    Equal until every arm has two units.
    """
    cells = [_oriented(cell, is_binary, is_minimized) for cell in _faded(batches, discount)]
    if min(cell.n for cell in cells) < _LEAST_UNITS:
        return _equal(len(cells))
    return _with_floor(rule(Arms(tuple(cells), is_binary)), floor)


def epsilon_greedy(arms: Arms, epsilon: float) -> FloatArray:
    """The best mean gets all but a share of epsilon, which all arms divide equally."""
    return _explore(epsilon, arms.means)


def epsilon_decaying(arms: Arms, epsilon: float) -> FloatArray:
    """The same with a share that falls as the square root of the units that are known.

    It begins at epsilon and falls from n_arms / epsilon^2 units on.
    """
    return _explore(min(epsilon, np.sqrt(len(arms.cells) / arms.units.sum())), arms.means)


def ucb1(arms: Arms) -> FloatArray:
    """The arm with the largest upper confidence bound gets everything.

    Auer, Cesa-Bianchi and Fischer (2002), "Finite-time analysis of the multiarmed bandit problem",
    figure 1, for values in [0, 1]. Others are put on that scale by their deviation, as the most
    that values in [0, 1] can have is 1/2.
    """
    units = arms.units
    scale = 1.0 if arms.is_binary else 2 * _deviation_within(arms)
    return _winners(arms.means + scale * np.sqrt(2 * np.log(units.sum()) / units))


def thompson(arms: Arms) -> FloatArray:
    """Each arm gets its chance to be the best: as if one drew from the beliefs for every unit.

    Thompson (1933), "On the likelihood that one unknown probability exceeds another". Equal while
    nothing is believed yet.
    """
    beliefs = arms.posteriors
    return _equal(len(arms.cells)) if beliefs is None else _chances(beliefs)


def top_two(arms: Arms) -> FloatArray:
    """Shares that find the best arm soon, whatever is lost on the way.

    Russo (2016), "Simple Bayesian algorithms for best arm identification": a draw from the beliefs
    names an arm, which gets the unit with a certain probability; otherwise it goes to the arm that
    further draws name, as soon as they name another. Here in expectation over all draws, with the
    best arm's optimal share as that probability.
    """
    beliefs = arms.posteriors
    if beliefs is None:
        return _equal(len(arms.cells))
    divergence = bernoulli_divergence if arms.is_binary else gaussian_divergence
    first = optimal_shares(beliefs.means, divergence)[beliefs.means.argmax()]
    chances = np.maximum(_chances(beliefs), _LEAST_CHANCE)
    chances /= chances.sum()
    odds = chances / (1 - chances)
    return np.asarray(chances * (first + (1 - first) * (odds.sum() - odds)))


def _faded(batches: Table, discount: float) -> list[Moments]:
    """What each arm has brought, an old batch counting less."""
    weights = discount ** np.arange(len(batches))[::-1]
    sums = np.array([[(cell.n, cell.y, cell.yy) for cell in batch] for batch in batches])
    return [Moments(*arm) for arm in np.tensordot(weights, sums, axes=1).tolist()]


def _oriented(cell: Moments, is_binary: bool, is_minimized: bool) -> Moments:
    if not is_minimized:
        return cell
    return cell.linear(-1.0, 0.0, 1.0 if is_binary else 0.0)


def _with_floor(shares: FloatArray, floor: float) -> FloatArray:
    """Lifts what is below the floor; the others pay in proportion to what they have above it."""
    above = np.maximum(shares - floor, 0.0)
    spare = 1 - floor * len(shares)
    if spare <= 0 or not above.any():
        return _equal(len(shares))
    return np.asarray(floor + spare * above / above.sum())


def _equal(n_arms: int) -> FloatArray:
    return np.full(n_arms, 1 / n_arms)


def _winners(scores: FloatArray) -> FloatArray:
    """Everything to the largest score; several share it equally."""
    is_largest = scores == scores.max()
    return np.asarray(is_largest / is_largest.sum())


def _explore(share: float, means: FloatArray) -> FloatArray:
    return share / len(means) + (1 - share) * _winners(means)


def _chances(beliefs: Posteriors) -> FloatArray:
    chances = chances_to_be_best(beliefs)
    return np.asarray(chances / chances.sum())


def _deviation_within(arms: Arms) -> float:
    """Standard deviation of the values about their own arm's mean."""
    squares = sum(cell.yy for cell in arms.cells) - (arms.units * arms.means**2).sum()
    return float(np.sqrt(max(squares, 0.0) / arms.units.sum()))
