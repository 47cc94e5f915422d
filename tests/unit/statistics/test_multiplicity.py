"""Many comparisons at once."""

import numpy as np
import pytest

from server.statistics.multiplicity import adjusted_p_values, benjamini_hochberg, bonferroni


@pytest.mark.parametrize(("comparisons", "each"), [(0, 0.05), (1, 0.05), (4, 0.0125)])
def test_alpha_is_split_over_comparisons(comparisons: int, each: float) -> None:
    assert bonferroni(0.05, comparisons) == each


def test_no_hypotheses_have_no_rejections() -> None:
    assert benjamini_hochberg([], 0.05) == []


def test_one_hypothesis_is_judged_by_its_own_p_value() -> None:
    assert benjamini_hochberg([0.05], 0.05) == [True]


def test_a_large_p_value_is_rejected_below_one_that_passes() -> None:
    # 0.04 misses its own threshold of 0.05 / 2 and is carried by 0.045, which meets 0.05.
    assert benjamini_hochberg([0.04, 0.045], 0.05) == [True, True]


def test_verdicts_come_in_the_order_of_the_p_values() -> None:
    assert benjamini_hochberg([0.9, 0.001, 0.5], 0.05) == [False, True, False]


def test_adjusted_p_values_stay_within_one() -> None:
    assert adjusted_p_values([0.9, 1.0, 0.95]) == [1.0, 1.0, 1.0]


def test_false_rejections_stay_within_the_rate_among_true_and_false_hypotheses() -> None:
    rng, runs, n_null = np.random.default_rng(1), 2000, 15
    shares = []
    for _ in range(runs):
        p_values = np.concatenate([rng.random(n_null), rng.random(5) * 0.005])
        rejected = np.array(benjamini_hochberg(list(p_values), 0.2))
        shares.append(rejected[:n_null].sum() / max(rejected.sum(), 1))
    # Exactly the rate times the share of true hypotheses is expected.
    error = np.std(shares) / runs**0.5
    assert np.mean(shares) == pytest.approx(0.2 * 15 / 20, abs=4 * error)
