"""Fit what turns decision values into probabilities to answers that were cross-validated."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from server.engines.embedded.calibration import SIGNALS, VECTOR_SIGNALS, Calibration
from server.engines.embedded.learning.corpus import Answers, Floats
from server.engines.embedded.learning.crossvalidation import Rounds

OUTSIDE_SHARE = 0.2  # of tickets that fit no category, where none of them was labelled
USUAL_WEIGHT = 2.0  # of what reads vectors; by cross-validation on banking77
_WEIGHTS = (0.5, 1.0, 1.5, 2.0, 3.0, 5.0)  # to choose from

# Where there is too little to fit: the average fit over banking77, hint3 and the starter
# categories, held with the weight of one text a coefficient.
_USUAL_SHARPNESS = 6.5
_USUAL = {
    "constant": -2.0,
    "top": 1.4,
    "margin": 0.6,
    "log_odds": 0.45,
    "coverage": 2.2,
    "log_length": 0.0,
    "nearest": 1.0,
    "agreement": 0.5,
}
_MAY_BE_NEGATIVE = {"constant", "log_length"}  # a better score must never lower the confidence


def choose_weight(rounds: Rounds) -> float:
    """The weight of what reads vectors that makes the right categories likeliest."""
    known = rounds.inside or rounds.outside
    if not any(found.inside.any() for found in known):
        return USUAL_WEIGHT
    return min(_WEIGHTS, key=lambda weight: _fit_sharpness(known, weight)[1])


def fit_calibration(rounds: Rounds, tickets: int, weight: float) -> Calibration:
    """The calibration for a model of `tickets` texts that are like tickets.

    Where all categories were asked about, of labelled tickets, they say how sure one may be: the
    confidence is level with the share of right answers among them.
    """
    known = rounds.inside or rounds.outside
    sharpness = _fit_sharpness(known, weight)[0]
    coefficients = _fit_coefficients(rounds.outside, weight, sharpness)
    tested = min(tickets, sum(int(found.inside.sum()) for found in known))
    ceiling = (tested + 1) / (tested + 3)  # what was never tested cannot be sure
    if rounds.inside:
        coefficients = _level(coefficients, rounds.inside, weight, sharpness)
    return Calibration(sharpness, tuple(coefficients.tolist()), ceiling)


def confidences(
    calibration: Calibration, answers: Answers, weight: float
) -> npt.NDArray[np.float64]:
    """What the calibration says of each answer."""
    rows = answers.signals(weight, calibration.sharpness)
    return np.array([calibration.confidence(row) for row in rows])


def _fit_sharpness(rounds: Sequence[Answers], weight: float) -> tuple[float, float]:
    """The inverse temperature that makes the softmax likeliest on texts of known categories, and
    the surprise that remains.
    """
    if not any(found.inside.any() for found in rounds):
        return _USUAL_SHARPNESS, 0.0

    def surprise(log_sharpness: float) -> float:
        sharpness = float(np.exp(log_sharpness))
        return sum(_surprise(found, weight, sharpness) for found in rounds)

    best = optimize.minimize_scalar(surprise, bounds=(np.log(0.5), np.log(20)), method="bounded")
    return float(np.exp(best.x)), float(best.fun)


def _surprise(found: Answers, weight: float, sharpness: float) -> float:
    """Sum of -log of the probability of the right category."""
    logs = special.log_softmax(sharpness * found.decisions(weight)[found.inside], axis=1)
    return -float(logs[np.arange(len(logs)), found.truth[found.inside]].sum())


def _fit_coefficients(rounds: Sequence[Answers], weight: float, sharpness: float) -> Floats:
    """Logistic regression of "the top category is right", drawn towards the usual coefficients."""
    reads_vectors = bool(rounds) and rounds[0].vectors is not None
    names = VECTOR_SIGNALS if reads_vectors else SIGNALS
    usual = np.array([_USUAL[name] for name in names])
    if not rounds:
        return usual
    rows, right = _rows(rounds, weight, sharpness)
    inside = np.concatenate([found.inside for found in rounds])
    shares = np.where(inside, 1.0, _weight_of_outside(inside))

    def loss(coefficients: Floats) -> tuple[float, Floats]:
        chances = special.expit(rows @ coefficients)
        likelihood = np.where(right, chances, 1 - chances)
        away = coefficients - usual
        value = -(shares * np.log(np.maximum(likelihood, 1e-12))).sum() + (away @ away) / 2
        return float(value), rows.T @ (shares * (chances - right)) + away

    bounds = [(None if name in _MAY_BE_NEGATIVE else 0.0, None) for name in names]
    best = optimize.minimize(loss, usual, jac=True, bounds=bounds, method="L-BFGS-B")
    return np.asarray(best.x, np.float64)


def _level(
    coefficients: Floats, rounds: Sequence[Answers], weight: float, sharpness: float
) -> Floats:
    """The coefficients stretched and moved together, so that the order of answers stays, until
    they say how often answers about known categories are right.
    """
    rows, right = _rows(rounds, weight, sharpness)
    logits = rows @ coefficients

    def loss(level: Floats) -> float:
        chances = special.expit(np.exp(level[0]) * logits + level[1])
        likelihood = np.where(right, chances, 1 - chances)
        return float(-np.log(np.maximum(likelihood, 1e-12)).sum() + (level @ level) / 2)

    stretch, shift = optimize.minimize(loss, np.zeros(2), method="L-BFGS-B").x
    moved = np.exp(stretch) * coefficients
    moved[SIGNALS.index("constant")] += shift
    return np.asarray(moved, np.float64)


def _rows(
    rounds: Sequence[Answers], weight: float, sharpness: float
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """The signals of all answers, and which of them were right."""
    rows = np.array([row for found in rounds for row in found.signals(weight, sharpness)])
    return rows, np.concatenate([found.is_right(weight) for found in rounds])


def _weight_of_outside(inside: npt.NDArray[np.bool_]) -> float:
    """Weight that makes texts outside the taxonomy OUTSIDE_SHARE of all."""
    outside = max(int((~inside).sum()), 1)
    return OUTSIDE_SHARE / (1 - OUTSIDE_SHARE) * max(int(inside.sum()), 1) / outside
