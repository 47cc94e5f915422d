"""Fit the calibration on answers to texts that the model did not see.

Each round keeps back a fifth of the texts, as a test, and all texts of three categories in ten:
whatever is answered to those is wrong. So the confidence learns what a text outside the taxonomy
looks like. Runs in the training process alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse, special

from server.engines.embedded.calibration import SIGNALS, Calibration, odds_against_top, signals
from server.engines.embedded.fitting import Labels, fit, score

LEFT_OUT_SHARE = 0.3  # of the categories, in each round
OUTSIDE_SHARE = 0.2  # of tickets that fit no category: what the confidence is calibrated for
_FOLDS = 5
_NEVER_ASKED = -1  # in place of a fold
_MOST_ROUNDS = 10
_FEWEST_ROUNDS = 2
_TEXT_CATEGORIES = 3_000_000  # texts x categories x rounds to spend: 3 rounds of banking77
_MOST_TEXT_CATEGORIES = 5_000_000  # of one round: 25,000 texts of 200 categories

# Where there is too little to fit: the average fit over banking77, hint3 and the starter
# categories, held with the weight of one text a coefficient.
_USUAL_SHARPNESS = 6.5
_USUAL_COEFFICIENTS = np.array([-2.0, 1.4, 0.6, 0.45, 2.2, 0.0])
_MAY_BE_NEGATIVE = {"constant", "log_length"}  # a better score must never lower the confidence

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Round:
    """What the model of one round said about the texts that it did not see."""

    decisions: Floats  # [texts, categories of this round]
    coverage: Floats  # [texts]
    lengths: Floats  # [texts]
    truth: Labels  # [texts]: index among the categories of this round; -1: none of them

    @property
    def inside(self) -> npt.NDArray[np.bool_]:
        """Which texts belong to a category that the round's model knows."""
        return np.asarray(self.truth >= 0)


def fit_calibration(
    counts: sparse.csr_matrix, labels: Labels, examples: int, seed: int = 0
) -> Calibration:
    """The calibration for a model of all these texts.

    The first `examples` of them are like tickets; the others only help to learn.
    """
    rng = np.random.default_rng(seed)
    chosen = _choose_examples(labels, examples, rng)
    examples = len(chosen) - (len(labels) - examples)
    counts, labels = counts[chosen], labels[chosen]
    folds = np.full(len(labels), _NEVER_ASKED)
    folds[:examples] = _spread_over_folds(labels[:examples], rng)
    rounds = [
        found
        for number in range(_number_of_rounds(labels))
        if (found := _run_round(counts, labels, folds, number % _FOLDS, rng)) is not None
    ]
    sharpness = _fit_sharpness(rounds)
    tested = min(examples, sum(int(found.inside.sum()) for found in rounds))
    ceiling = (tested + 1) / (tested + 3)  # what was never tested cannot be sure
    coefficients = _fit_coefficients(rounds, sharpness)
    return Calibration(sharpness, tuple(coefficients.tolist()), ceiling)


def _choose_examples(labels: Labels, examples: int, rng: np.random.Generator) -> Labels:
    """Places of the texts to work with: all, or of very many examples a random part."""
    affordable = _MOST_TEXT_CATEGORIES // (int(labels.max()) + 1)
    chosen = np.sort(rng.permutation(examples)[:affordable])
    return np.append(chosen, np.arange(examples, len(labels)))


def _number_of_rounds(labels: Labels) -> int:
    affordable = _TEXT_CATEGORIES // (len(labels) * (int(labels.max()) + 1))
    return min(_MOST_ROUNDS, max(_FEWEST_ROUNDS, affordable))


def _spread_over_folds(labels: Labels, rng: np.random.Generator) -> Labels:
    """A fold for every text; the texts of a category are dealt out evenly."""
    folds = np.empty(len(labels), np.intp)
    for category in range(int(labels.max()) + 1):
        members = rng.permutation(np.flatnonzero(labels == category))
        folds[members] = (np.arange(len(members)) + rng.integers(_FOLDS)) % _FOLDS
    return folds


def _run_round(
    counts: sparse.csr_matrix,
    labels: Labels,
    folds: Labels,
    fold: int,
    rng: np.random.Generator,
) -> _Round | None:
    """None where fewer than two categories would remain to learn."""
    categories = int(labels.max()) + 1
    leaving = min(round(LEFT_OUT_SHARE * categories), categories - 2)
    left_out = np.isin(labels, rng.permutation(categories)[:leaving])
    training = ~left_out & (folds != fold)
    known = np.unique(labels[training])
    asked = (left_out & (folds != _NEVER_ASKED)) | (folds == fold)
    if len(known) < 2 or not asked.any():
        return None
    fitted = fit(counts[training], np.searchsorted(known, labels[training]), len(known))
    place = np.full(categories, -1)
    place[known] = np.arange(len(known))
    return _Round(*score(fitted, counts[asked]), place[labels[asked]])


def _fit_sharpness(rounds: Sequence[_Round]) -> float:
    """The inverse temperature that makes the softmax likeliest on texts of known categories."""
    if not any(found.inside.any() for found in rounds):
        return _USUAL_SHARPNESS

    def surprise(log_sharpness: float) -> float:
        return sum(_surprise(found, float(np.exp(log_sharpness))) for found in rounds)

    best = optimize.minimize_scalar(surprise, bounds=(np.log(0.5), np.log(20)), method="bounded")
    return float(np.exp(best.x))


def _surprise(found: _Round, sharpness: float) -> float:
    """Sum of -log of the probability of the right category."""
    logs = special.log_softmax(sharpness * found.decisions[found.inside], axis=1)
    return -float(logs[np.arange(len(logs)), found.truth[found.inside]].sum())


def _fit_coefficients(rounds: Sequence[_Round], sharpness: float) -> Floats:
    """Logistic regression of "the top category is right", drawn towards the usual coefficients."""
    if not rounds:
        return _USUAL_COEFFICIENTS
    rows = np.array([row for found in rounds for row in _signals(found, sharpness)])
    inside = np.concatenate([found.inside for found in rounds])
    right = np.concatenate([found.decisions.argmax(axis=1) == found.truth for found in rounds])
    weights = np.where(inside, 1.0, _weight_of_outside(inside))

    def loss(coefficients: Floats) -> tuple[float, Floats]:
        chances = special.expit(rows @ coefficients)
        likelihood = np.where(right, chances, 1 - chances)
        away = coefficients - _USUAL_COEFFICIENTS
        value = -(weights * np.log(np.maximum(likelihood, 1e-12))).sum() + (away @ away) / 2
        return float(value), rows.T @ (weights * (chances - right)) + away

    bounds = [(None if name in _MAY_BE_NEGATIVE else 0.0, None) for name in SIGNALS]
    start = _USUAL_COEFFICIENTS
    best = optimize.minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B")
    return np.asarray(best.x, np.float64)


def _signals(found: _Round, sharpness: float) -> Iterator[tuple[float, ...]]:
    for decisions, coverage, length in zip(
        found.decisions.tolist(), found.coverage.tolist(), found.lengths.tolist(), strict=True
    ):
        second, top = sorted(decisions)[-2:]
        against = sum(odds_against_top(decisions, sharpness)) - 1
        yield signals(top, second, against, coverage, length)


def _weight_of_outside(inside: npt.NDArray[np.bool_]) -> float:
    """Weight that makes texts outside the taxonomy OUTSIDE_SHARE of all."""
    outside = max(int((~inside).sum()), 1)
    return OUTSIDE_SHARE / (1 - OUTSIDE_SHARE) * max(int(inside.sum()), 1) / outside
