"""How far reviewers agree, from what they said about the same runs. Pure."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from server.feedback.summary.summary import MISSED, Agreement, ReviewerPair
from server.statistics.agreement import (
    Coincidences,
    alpha_interval,
    cohen_kappa,
    kappa_interval,
    krippendorff_alpha,
    observed_agreement,
)

MOST_REVIEWERS = 32  # who are compared pair by pair: those who judged most
MOST_PAIRS = 20
LEAST_COMMON = 10  # runs of a pair
_SEED = 0  # the same judgements have the same interval in every process


class Judged(NamedTuple):
    """What a reviewer says the category of a run is."""

    run: str
    reviewer: str
    category: str


def agreement_of(judgements: Sequence[Judged]) -> Agreement:
    """Agreement on the category. A run that one reviewer alone has judged says nothing."""
    found = Coincidences.of([j.run for j in judgements], [j.category for j in judgements])
    return Agreement(
        runs=len(found.sizes),
        observed=observed_agreement(found),
        alpha=krippendorff_alpha(found),
        interval=alpha_interval(found, MISSED, np.random.default_rng(_SEED)),
        pairs=_pairs(judgements),
    )


def _pairs(judgements: Sequence[Judged]) -> tuple[ReviewerPair, ...]:
    """Pairs with enough runs in common, the most runs first."""
    often = Counter(judged.reviewer for judged in judgements)
    reviewers = sorted(sorted(often), key=lambda name: -often[name])[:MOST_REVIEWERS]
    said: dict[str, dict[str, str]] = {name: {} for name in reviewers}
    for judged in judgements:
        if judged.reviewer in said:
            said[judged.reviewer][judged.run] = judged.category
    common = [
        (-len(shared), one, other, shared)
        for at, one in enumerate(reviewers)
        for other in reviewers[at + 1 :]
        if len(shared := said[one].keys() & said[other].keys()) >= LEAST_COMMON
    ]
    nearest = sorted(common, key=lambda pair: pair[:3])[:MOST_PAIRS]
    return tuple(
        _pair(one, other, [said[one][run] for run in shared], [said[other][run] for run in shared])
        for _, one, other, shared in nearest
    )


def _pair(one: str, other: str, first: Sequence[str], second: Sequence[str]) -> ReviewerPair:
    kappa = cohen_kappa(first, second)
    assert kappa is not None  # noqa: S101  # they have runs in common
    interval = kappa_interval(kappa, MISSED)
    return ReviewerPair(one, other, len(first), kappa.observed, kappa.value, interval)
