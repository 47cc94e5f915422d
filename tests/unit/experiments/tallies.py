"""Tallies of units, as a store would keep them, for tests of what they show."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from server.experiments.experiment import Cause, Configuration, Experiment, StoppingRule
from server.experiments.results import MetricSums, Tally
from server.statistics.moments import Moments
from server.statistics.quantiles import bucket_of
from tests.unit.experiments.designs import NOW, RATE, design, running

Values = npt.NDArray[np.float64]
Row = tuple[Moments, ...]  # of one configuration, [n_variants]
Rows = Mapping[str, Sequence[Row]]  # by metric, of each configuration

LATE = NOW + timedelta(days=20)


def experiment_of(weights: tuple[float, ...] = (0.5, 0.5), **fields: Any) -> Experiment:
    """A running experiment; `stopping` may be given as the fields that differ."""
    rule = fields.pop("stopping", {})
    return running(wanted=design(weights, stopping=StoppingRule(**rule), **fields))


def cell(values: Values, besides: Values | None = None) -> Moments:
    """Sums over units with these values, and what each has beside them."""
    x = np.zeros(len(values)) if besides is None else besides
    sums = (values, values**2, x, x**2, x * values)
    return Moments(float(len(values)), *(float(each.sum()) for each in sums))


def rates(*variants: tuple[int, int]) -> Row:
    """Successes and units of each variant in a binary metric."""
    return tuple(Moments(units, successes, successes) for successes, units in variants)


def sketch(values: Values) -> dict[int, int]:
    """Units by bucket."""
    buckets, counts = np.unique([bucket_of(value) for value in values], return_counts=True)
    return dict(zip(buckets.tolist(), counts.tolist(), strict=True))


def tally_of(
    experiment: Experiment,
    rows: Rows,
    weights: Sequence[tuple[float, ...]] | None = None,
    exposures: Sequence[tuple[int, ...]] | None = None,
    sketches: Mapping[str, Sequence[dict[int, int]]] | None = None,
) -> Tally:
    """What is on record.

    weights    of the configurations; None: those of the design in all of them
    exposures  None: units that count in the first metric
    """
    first = next(iter(rows.values()))
    weights = weights or [experiment.design.weights] * len(first)
    counted = [tuple(round(one.n) for one in row) for row in first]
    return Tally(
        tuple(
            Configuration(version, row, 1.0, Cause.START, NOW)
            for version, row in enumerate(weights, start=1)
        ),
        tuple(counted if exposures is None else exposures),
        {
            name: MetricSums(tuple(cells), tuple((sketches or {}).get(name, ())))
            for name, cells in rows.items()
        },
    )


def rate_tally(experiment: Experiment, *variants: tuple[int, int], **fields: Any) -> Tally:
    """Successes and units of each variant in the binary primary metric, in one configuration."""
    return tally_of(experiment, {RATE.name: [rates(*variants)]}, **fields)
