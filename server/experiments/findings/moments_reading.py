"""Rates, means and ratios, read from moments by configuration and variant."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf, isfinite

import numpy as np

from server.experiments.experiment import Metric, MetricKind
from server.experiments.results import Interval, Method
from server.statistics import anytime, estimate
from server.statistics.aipw import Scores, ratio_scores_of, scores_of
from server.statistics.betting import FloatArray
from server.statistics.estimate import Estimate
from server.statistics.moments import Moments, Table, adjusted, linearised, theta_of, total
from server.statistics.two_proportions import log_e_value, log_e_value_better

_MOST_ONE_SIDED_ALPHA = 0.49  # above, one side alone has no sequence


@dataclass(frozen=True, slots=True)
class MomentsDifference:
    """A difference of rates, means or ratios."""

    estimate: Estimate
    most: float  # by which two values can differ; inf: not known

    @property
    def value(self) -> float:
        return self.estimate.value

    @property
    def p_value(self) -> float:
        return anytime.p_value(self.estimate)

    def interval(self, alpha: float) -> Interval:
        return _within(anytime.interval(self.estimate, alpha), -self.most, self.most)

    def lower_bound(self, alpha: float) -> float:
        return anytime.lower_bound(self.estimate, min(alpha, _MOST_ONE_SIDED_ALPHA))

    def upper_bound(self, alpha: float) -> float:
        return anytime.upper_bound(self.estimate, min(alpha, _MOST_ONE_SIDED_ALPHA))


@dataclass(frozen=True)  # no slots: what follows from the fields is kept
class MomentsReading:
    """A rate, a mean or a ratio."""

    metric: Metric
    cells: Table
    weights: Sequence[Sequence[float]]  # [n_configurations][n_variants]
    is_adaptive: bool

    @property
    def method(self) -> Method:
        return Method.SEQUENCE_AIPW if self.is_adaptive else Method.SEQUENCE

    @cached_property
    def units(self) -> tuple[int, ...]:
        return tuple(round(sum(cell.n for cell in cells)) for cells in _columns(self.cells))

    @cached_property
    def arms(self) -> tuple[Moments, ...]:
        return tuple(total(cells) for cells in _columns(self._compared))

    def value(self, variant: int) -> float | None:
        found = self._estimates[variant]
        return self.arms[variant].mean if found is None else found.value

    def standard_error(self, variant: int) -> float | None:
        found = self._estimates[variant]
        return None if found is None else found.standard_error

    def interval(self, variant: int, alpha: float) -> Interval | None:
        found = self._estimates[variant]
        return None if found is None else _within(anytime.interval(found, alpha), *self._range)

    def difference(
        self, variant: int, rival: int, supposed: float | None = None
    ) -> MomentsDifference | None:
        least = self._variances_at(variant, rival, supposed)
        if self.is_adaptive:
            found = self._scores.difference(variant, rival, least)
        elif self.metric.kind is MetricKind.RATIO:
            found = estimate.ratio_difference(self.cells, variant, rival)
        else:
            found = estimate.difference(self._compared, variant, rival, self._span, least)
        lowest, highest = self._range
        return None if found is None else MomentsDifference(found, highest - lowest)

    def log_e_value(self, variant: int, rival: int) -> float | None:
        if self.metric.kind is not MetricKind.BINARY:
            return None
        return log_e_value(*self._outcomes(variant, rival))

    def log_e_value_above(self, variant: int, rival: int) -> float | None:
        if self.metric.kind is not MetricKind.BINARY:
            return None
        return log_e_value_better(*self._outcomes(variant, rival))

    @cached_property
    def _compared(self) -> Table:
        """Of ratios linearised values, with CUPED adjusted ones."""
        if self.metric.kind is MetricKind.RATIO:
            return linearised(self.cells)
        if self.metric.uses_pre_period:
            return adjusted(self.cells, theta_of(cell for row in self.cells for cell in row))
        return self.cells

    @cached_property
    def _scores(self) -> Scores:
        """Under an algorithm: what all estimates are made of."""
        if self.metric.kind is MetricKind.RATIO:
            return ratio_scores_of(self.cells, self.weights)
        return scores_of(self._compared, self.weights, self._span)

    @cached_property
    def _estimates(self) -> list[Estimate | None]:
        if self.is_adaptive:
            return self._scores.means()
        return [estimate.mean(cells, self._span) for cells in _columns(self._compared)]

    @cached_property
    def _range(self) -> tuple[float, float]:
        """Between which numbers a variant's value must lie."""
        metric = self.metric
        if metric.kind is MetricKind.BINARY:
            return 0.0, 1.0
        lower, upper = metric.winsorize_lower, metric.winsorize_upper
        if metric.kind is MetricKind.RATIO or lower is None or upper is None:
            return -inf, inf
        return (min(lower, 0.0), max(upper, 0.0)) if metric.missing_is_failure else (lower, upper)

    @cached_property
    def _span(self) -> float | None:
        """The most by which two of the values that are compared can differ, if known."""
        least, most = self._range
        return most - least if isfinite(most) and not self.metric.uses_pre_period else None

    def _variances_at(self, variant: int, rival: int, gap: float | None) -> estimate.Variances:
        """What rates that differ so much vary by; of other metrics a gap says nothing."""
        if gap is None or self.metric.kind is not MetricKind.BINARY:
            return 0.0, 0.0
        one, other = (total(_columns(self.cells)[at]) for at in (variant, rival))
        return estimate.variances_at(gap, one, other)

    def _outcomes(self, variant: int, rival: int) -> tuple[FloatArray, FloatArray]:
        """Successes and failures of both by configuration, and the variant's chance of a unit."""
        rows = [
            (one.y, one.n - one.y, other.y, other.n - other.y, weights[variant], weights[rival])
            for (one, other), weights in (
                ((row[variant], row[rival]), weights)
                for row, weights in zip(self.cells, self.weights, strict=True)
            )
            if weights[variant] and weights[rival]  # else nothing can be compared
        ]
        table = np.array(rows).reshape(-1, 6)
        return table[:, :4], table[:, 4] / (table[:, 4] + table[:, 5])


def _columns(cells: Table) -> list[tuple[Moments, ...]]:
    return list(zip(*cells, strict=True))


def _within(bounds: anytime.Interval, least: float, most: float) -> Interval:
    """The part of an interval that is possible at all."""
    lower, upper = (min(max(bound, least), most) for bound in bounds)
    return Interval(lower, upper)
