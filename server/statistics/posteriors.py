"""Which arm is probably the best, and what choosing another costs. Bayesian, from sums alone.

The beliefs on different arms are independent. Nothing is sampled: integrals over the largest of
all arms are computed on panels that are narrow where beliefs are, so that every process gets the
same numbers. These figures are no guarantee under repeated looks, and never stop anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from scipy.special import betainc, betaincinv, betaln, stdtr, stdtrit, xlog1py, xlogy

from server.statistics.betting import FloatArray
from server.statistics.moments import Moments

_TAIL = 1e-12  # probability beyond each end of what is integrated over
_MOST_PANELS = 10_000  # never reached by beliefs that floating point can tell apart
_LEAST_UNITS = 3  # of an arm: below, the belief on its mean has no mean itself
_ROUNDING = 1e-12  # a relative deviation below it is an effect of rounding
_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(10)  # of a panel [-1, 1]
_NODES.flags.writeable = _NODE_WEIGHTS.flags.writeable = False


class Posteriors(Protocol):
    """Beliefs on one number each of several arms."""

    @property
    def means(self) -> FloatArray:
        """Expected value of each arm's number, [n_arms]."""
        ...

    @property
    def widths(self) -> FloatArray:
        """How far each belief reaches, about one standard deviation, [n_arms]."""
        ...

    def mirrored(self) -> Self:
        """The same beliefs with small and large exchanged."""
        ...

    def quantiles(self, probability: float) -> FloatArray:
        """What each arm's number is below with that probability, [n_arms]."""
        ...

    def densities(self, points: FloatArray) -> FloatArray:
        """Probability density at points [n_points] or [n_arms, n_points]: [n_arms, n_points]."""
        ...

    def chances_below(self, points: FloatArray) -> FloatArray:
        """Probability to be below points; shapes as in `densities`."""
        ...


@dataclass(frozen=True, slots=True)
class RatePosteriors:
    """Beliefs on rates after a uniform prior: Beta distributions."""

    alphas: FloatArray  # [n_arms], 1 + successes
    betas: FloatArray  # [n_arms], 1 + failures

    @property
    def means(self) -> FloatArray:
        return self.alphas / (self.alphas + self.betas)

    @property
    def widths(self) -> FloatArray:
        return np.sqrt(self.means * (1 - self.means) / (self.alphas + self.betas + 1))

    def mirrored(self) -> Self:
        return type(self)(self.betas, self.alphas)

    def quantiles(self, probability: float) -> FloatArray:
        return np.asarray(betaincinv(self.alphas, self.betas, probability))

    def densities(self, points: FloatArray) -> FloatArray:
        alphas, betas = self.alphas[:, None], self.betas[:, None]
        log_density = xlogy(alphas - 1, points) + xlog1py(betas - 1, -points)
        return np.asarray(np.exp(log_density - betaln(alphas, betas)))

    def chances_below(self, points: FloatArray) -> FloatArray:
        return np.asarray(betainc(self.alphas[:, None], self.betas[:, None], points))


@dataclass(frozen=True, slots=True)
class MeanPosteriors:
    """Beliefs on means after the reference prior: shifted and scaled Student distributions."""

    means: FloatArray  # [n_arms]
    widths: FloatArray  # [n_arms], standard errors of the means
    degrees: FloatArray  # [n_arms], of freedom

    def mirrored(self) -> Self:
        return type(self)(-self.means, self.widths, self.degrees)

    def quantiles(self, probability: float) -> FloatArray:
        scaled: FloatArray = stdtrit(self.degrees, probability)
        return self.means + self.widths * scaled

    def densities(self, points: FloatArray) -> FloatArray:
        degrees = self.degrees[:, None]
        log_shape = -(degrees + 1) / 2 * np.log1p(self._scaled(points) ** 2 / degrees)
        log_area = betaln(degrees / 2, 0.5) + np.log(degrees) / 2
        return np.asarray(np.exp(log_shape - log_area) / self.widths[:, None])

    def chances_below(self, points: FloatArray) -> FloatArray:
        return np.asarray(stdtr(self.degrees[:, None], self._scaled(points)))

    def _scaled(self, points: FloatArray) -> FloatArray:
        return (points - self.means[:, None]) / self.widths[:, None]


def rate_posteriors(arms: Sequence[Moments]) -> RatePosteriors:
    """Beliefs on the rates of arms whose values are 0 or 1; uniform for an arm without units."""
    successes = np.array([arm.y for arm in arms])
    failures = np.array([arm.n - arm.y for arm in arms])
    return RatePosteriors(1 + successes, 1 + failures)


def mean_posteriors(arms: Sequence[Moments]) -> MeanPosteriors | None:
    """Beliefs on the means of arms; None while an arm has too few units, or does not vary."""
    known = [(arm.n, arm.mean, arm.variance) for arm in arms if arm.n >= _LEAST_UNITS]
    if len(known) < len(arms):
        return None
    units, means, variances = np.array(known, dtype=np.float64).T
    widths = np.sqrt(variances / units)
    if (widths <= _ROUNDING * np.abs(means)).any():
        return None
    return MeanPosteriors(means, widths, units - 1)


def chances_to_be_best(posteriors: Posteriors, *, minimizes: bool = False) -> FloatArray:
    """Probability of each arm to have the largest number, or the smallest: [n_arms].

    Right to 1e-6 for up to a billion units. They sum to 1.
    """
    beliefs = posteriors.mirrored() if minimizes else posteriors
    points, weights = _quadrature(beliefs)
    below = beliefs.chances_below(points)
    all_below = below.prod(axis=0)
    others_below = np.divide(all_below, below, out=np.zeros_like(below), where=below > 0)
    chances: FloatArray = (beliefs.densities(points) * others_below) @ weights
    return np.asarray(chances / chances.sum())


def expected_losses(posteriors: Posteriors, *, minimizes: bool = False) -> FloatArray:
    """By how much each arm is expected to fall short of the best: [n_arms], in its unit."""
    beliefs = posteriors.mirrored() if minimizes else posteriors
    points, weights = _quadrature(beliefs)
    start = beliefs.quantiles(_TAIL).max()
    largest = start + (1 - beliefs.chances_below(points).prod(axis=0)) @ weights
    return np.asarray(np.maximum(largest - beliefs.means, 0.0))


def _quadrature(beliefs: Posteriors) -> tuple[FloatArray, FloatArray]:
    """Points and weights [n_points] that integrate over where the largest number may lie."""
    edges = _panel_edges(beliefs)
    halves = np.diff(edges)[:, None] / 2
    middles = (edges[1:] + edges[:-1])[:, None] / 2
    return (middles + halves * _NODES).ravel(), (halves * _NODE_WEIGHTS).ravel()


def _panel_edges(beliefs: Posteriors) -> FloatArray:
    """Panels as wide as the narrowest belief at hand; far from a belief, half the way to it."""
    means, widths = beliefs.means, beliefs.widths
    edges, end = [beliefs.quantiles(_TAIL).max()], beliefs.quantiles(1 - _TAIL).max()
    while edges[-1] < end and len(edges) < _MOST_PANELS:
        step = np.maximum(widths, np.abs(edges[-1] - means) / 2).min()
        edges.append(min(edges[-1] + step, end))
    return np.array(edges)
