"""One metric of an experiment, read from its sums: each variant's value, and any two compared.

Rates, means and ratios are read from moments, quantiles from counts by bucket. Who compares
variants need not know which.
"""

from typing import Protocol

from server.experiments.experiment import Design, Metric, MetricKind
from server.experiments.findings.moments_reading import MomentsReading
from server.experiments.findings.quantile_reading import QuantileReading
from server.experiments.results import Interval, Method, MetricSums, Tally
from server.statistics.moments import Moments


class Difference(Protocol):
    """How far the value of one variant lies above another's, at every look at once."""

    @property
    def value(self) -> float:
        """The difference, as it looks now."""
        ...

    @property
    def p_value(self) -> float:
        """The smallest alpha whose interval excludes 0, in [0, 1]."""
        ...

    def interval(self, alpha: float) -> Interval | None:
        """Covers the true difference with probability 1 - alpha; None: nothing can be said yet."""
        ...

    def lower_bound(self, alpha: float) -> float:
        """Below the true difference with probability 1 - alpha; -inf: nothing can be said yet."""
        ...

    def upper_bound(self, alpha: float) -> float:
        """Above the true difference with probability 1 - alpha; inf: nothing can be said yet."""
        ...


class Reading(Protocol):
    """What is on record of one metric. Variants are told by their place in the design."""

    @property
    def metric(self) -> Metric:
        """The metric that is read."""
        ...

    @property
    def method(self) -> Method:
        """Which bound its intervals are."""
        ...

    @property
    def units(self) -> tuple[int, ...]:
        """Units that count, [n_variants]."""
        ...

    @property
    def arms(self) -> tuple[Moments, ...]:
        """Sums of the values that are compared, [n_variants]; empty where there are none."""
        ...

    def value(self, variant: int) -> float | None:
        """The rate, mean, ratio or quantile; None while there is none."""
        ...

    def standard_error(self, variant: int) -> float | None:
        """Of the value, at one look; None while nothing is known of variance, and of quantiles."""
        ...

    def interval(self, variant: int, alpha: float) -> Interval | None:
        """Covers the variant's true value at every look at once, with probability 1 - alpha."""
        ...

    def difference(
        self, variant: int, rival: int, supposed: float | None = None, /
    ) -> Difference | None:
        """How far the variant lies above the rival; None while they cannot be compared.

        supposed  the difference that is to be excluded: rates vary no less than they would with it
        """
        ...

    def log_e_value(self, variant: int, rival: int) -> float | None:
        """Exact evidence that two rates are not equal, as a logarithm; None: they are no rates."""
        ...

    def log_e_value_above(self, variant: int, rival: int) -> float | None:
        """The same that the variant's rate is above the rival's."""
        ...


def read(design: Design, tally: Tally, metric: Metric) -> Reading:
    """A metric, by the method that fits its kind and the experiment's allocation."""
    sums = tally.metrics.get(metric.name, MetricSums(()))
    weights = [configuration.weights for configuration in tally.configurations]
    if metric.kind is MetricKind.QUANTILE:
        sketches = sums.sketches or ({},) * len(design.variants)
        # In the order of the buckets: whoever asks for a quantile goes through them in that order.
        ordered = [dict(sorted(counts.items())) for counts in sketches]
        return QuantileReading(metric, ordered, weights)
    is_adaptive = design.allocation.is_adaptive
    if not sums.cells:
        nothing = (Moments(),) * len(design.variants)
        return MomentsReading(metric, (nothing,), (design.weights,), is_adaptive)
    return MomentsReading(metric, sums.cells, weights, is_adaptive)
