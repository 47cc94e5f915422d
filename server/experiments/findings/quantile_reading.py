"""Quantiles, read from counts of units by bucket and variant."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, isclose

from server.experiments.experiment import Metric
from server.experiments.results import Interval, Method
from server.statistics import quantiles
from server.statistics.moments import Moments

_MOST_EVIDENCE = 600.0  # natural logarithm: no p-value is below exp(-600)
_HALVINGS = 24
_ROUNDING = 1e-6  # weights may be given as 0.333333


@dataclass(frozen=True, slots=True)
class QuantileDifference:
    """A difference of quantiles."""

    counts: quantiles.Counts
    rival_counts: quantiles.Counts
    p: float
    value: float

    @property
    def p_value(self) -> float:
        low, high = 0.0, _MOST_EVIDENCE
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if self._excludes_zero(exp(-middle)) else (low, middle)
        return exp(-low)

    def interval(self, alpha: float) -> Interval | None:
        found = quantiles.difference_interval(self.counts, self.rival_counts, self.p, alpha)
        return found and Interval(*found)

    def lower_bound(self, alpha: float) -> float:
        found = self.interval(alpha)  # of two sides: one alone is covered no less often
        return found.lower if found else -inf

    def upper_bound(self, alpha: float) -> float:
        found = self.interval(alpha)
        return found.upper if found else inf

    def _excludes_zero(self, alpha: float) -> bool:
        found = self.interval(alpha)
        return found is not None and not found.lower <= 0.0 <= found.upper


@dataclass(frozen=True, slots=True)
class QuantileReading:
    """A quantile, with a fixed split. Its units are compared as a whole, not by configuration.

    So only variants are compared whose shares of the units were the same all the time: with others,
    a time at which all values rise would pass for a difference.
    """

    metric: Metric
    sketches: Sequence[quantiles.Counts]  # [n_variants], units by bucket
    weights: Sequence[Sequence[float]]  # [n_configurations][n_variants]

    @property
    def method(self) -> Method:
        return Method.SEQUENCE_QUANTILE

    @property
    def units(self) -> tuple[int, ...]:
        return tuple(sum(counts.values()) for counts in self.sketches)

    @property
    def arms(self) -> tuple[Moments, ...]:
        return ()

    def value(self, variant: int) -> float | None:
        return quantiles.quantile(self.sketches[variant], self.metric.quantile)

    def standard_error(self, _variant: int) -> None:
        return None

    def interval(self, variant: int, alpha: float) -> Interval | None:
        found = quantiles.sequence_interval(self.sketches[variant], self.metric.quantile, alpha)
        return found and Interval(*found)

    def difference(
        self, variant: int, rival: int, _supposed: float | None = None
    ) -> QuantileDifference | None:
        value, other = self.value(variant), self.value(rival)
        if value is None or other is None or not keep_shares(self.weights, variant, rival):
            return None
        counts, rival_counts = self.sketches[variant], self.sketches[rival]
        return QuantileDifference(counts, rival_counts, self.metric.quantile, value - other)

    def log_e_value(self, _variant: int, _rival: int) -> None:
        return None

    def log_e_value_above(self, _variant: int, _rival: int) -> None:
        return None


def keep_shares(weights: Sequence[Sequence[float]], variant: int, rival: int) -> bool:
    """Whether two variants shared units between them alike in all configurations.

    weights  [n_configurations][n_variants]; those of which neither got any do not count
    """
    pairs = [(row[variant], row[rival]) for row in weights if row[variant] or row[rival]]
    shares = [one / (one + other) for one, other in pairs]
    return all(isclose(share, shares[0], rel_tol=_ROUNDING) for share in shares)
