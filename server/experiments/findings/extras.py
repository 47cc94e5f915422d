"""Figures that people ask for and nothing is decided by: Bayesian ones, and tests for one look."""

from collections.abc import Sequence

from server.experiments.experiment import Metric, MetricKind
from server.experiments.results import FixedHorizon
from server.statistics.fixed_horizon import chi_square, two_proportion_z, welch_t
from server.statistics.moments import Moments
from server.statistics.posteriors import (
    Posteriors,
    chances_to_be_best,
    expected_losses,
    mean_posteriors,
    rate_posteriors,
)

Chances = tuple[float | None, float | None]  # to be the best; what is lost if it is not


def chances(metric: Metric, arms: Sequence[Moments]) -> list[Chances]:
    """Probability to be the best and expected loss of each arm, under flat priors.

    arms  sums of the values of each variant that gets units; none of a quantile
    """
    beliefs = _beliefs(metric, arms)
    if beliefs is None:
        return []
    best = chances_to_be_best(beliefs, minimizes=metric.is_minimized)
    losses = expected_losses(beliefs, minimizes=metric.is_minimized)
    return list(zip(best.tolist(), losses.tolist(), strict=True))


def _beliefs(metric: Metric, arms: Sequence[Moments]) -> Posteriors | None:
    if not any(arm.n for arm in arms):
        return None
    return rate_posteriors(arms) if metric.kind is MetricKind.BINARY else mean_posteriors(arms)


def fixed_horizon(metric: Metric, arms: Sequence[Moments]) -> FixedHorizon:
    """Classical tests, as far as the metric and its units allow: z and t of the first two arms.

    arms  as in `chances`, the control first
    """
    if not arms:
        return FixedHorizon()
    control, challenger, *_ = arms
    t = welch_t(control, challenger)
    t_p_value = t and t.p_value
    if metric.kind is not MetricKind.BINARY:
        return FixedHorizon(t_p_value=t_p_value)
    z, chi = two_proportion_z(control, challenger), chi_square(arms)
    return FixedHorizon(z and z.p_value, t_p_value, chi and chi.statistic, chi and chi.p_value)
