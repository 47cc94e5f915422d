"""From decision values to probabilities that mean what they say."""

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass

# The signals that tell a right answer from a wrong one, in the order of the coefficients.
SIGNALS = ("constant", "top", "margin", "log_odds", "coverage", "log_length")
# Where texts have vectors, also: cosine of the nearest text that was learned, and whether words
# and vector, each alone, say the same.
VECTOR_SIGNALS = (*SIGNALS, "nearest", "agreement")
_LEAST_ODDS = 1e-4  # of the rivals: a lead past 10,000 to 1 tells no more


@dataclass(frozen=True, slots=True)
class Calibration:
    """How decision values become probabilities; fitted by cross-validation in training."""

    sharpness: float  # inverse temperature of the softmax over the categories
    coefficients: tuple[float, ...]  # one a signal; those of decision values are >= 0
    ceiling: float  # in (0, 1): no confidence exceeds what could be tested

    def confidence(self, found: Sequence[float]) -> float:
        """Probability that the top category is right, by what `signals` found."""
        logit = sum(map(operator.mul, self.coefficients, found))
        return self.ceiling * expit(logit)


def signals(
    top: float, second: float, odds: float, coverage: float, features: int, *of_vector: float
) -> tuple[float, ...]:
    """The values of SIGNALS, or of VECTOR_SIGNALS.

    top, second: the highest decision values. odds: of all other categories against the top one,
    by softmax. coverage: share of the text, 0 to 1, that training saw. features: in the text.
    """
    log_odds = -math.log(max(odds, _LEAST_ODDS))
    return 1.0, top, top - second, log_odds, coverage, math.log1p(features), *of_vector


def odds_against_top(decisions: Sequence[float], sharpness: float) -> list[float]:
    """Odds of each category against the top one: exp(sharpness * (decision - top))."""
    top = max(decisions)
    return [math.exp(sharpness * (decision - top)) for decision in decisions]


def expit(value: float) -> float:
    """The logistic function, without overflow."""
    return 0.5 * (1 + math.tanh(0.5 * value))
