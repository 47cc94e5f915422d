"""How sure an answer's category is: from the probabilities of its tokens, and from a second reader.

What a model says of its own confidence is never asked for.
"""

import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from server.engines.llm.completion import Completion, Token
from server.triage.assessment import Label, Prediction

OPENING = re.compile(r'"category"\s*:\s*"')
LEAST = 1e-6  # probability that is never gone below, so that one reader alone cannot rule all out
MOST_RUNNERS_UP = 3


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far a model's probabilities are believed: both readers count the same, and the model is
    taken at its word. What feedback shows of that is made good in triage, for every engine alike.

    `weight` is the model's in the pool of both readers, in [0, 1]; `temperature` above 1 makes it
    less sure.
    """

    weight: float = 0.5
    temperature: float = 1.0


def predict(
    category: str,
    told: Mapping[str, float] | None,
    second: Prediction[str],
    categories: Collection[str],
    calibration: Calibration,
) -> Prediction[str]:
    """The likeliest category, with a confidence. `told` are the model's `token_probabilities`.

    Both readers' probabilities meet in a log-linear pool (Genest and Zidek 1986), and the surest
    category there is the answer, perhaps another than the model's. Where the provider tells no
    probabilities, the category is the model's and the second reader says how sure it is.
    """
    other = _spread(second, categories)
    if told is None:
        return _ranked(category, other)
    ours, theirs = 1 - calibration.weight, calibration.weight / calibration.temperature
    pooled = _scaled(
        {name: max(told[name], LEAST) ** theirs * other[name] ** ours for name in other}
    )
    surest = max(pooled, key=lambda name: (pooled[name], name == category))
    return _ranked(surest, pooled)


def probability_of(label: Label, prediction: Prediction[Label]) -> float:
    """The probability that a prediction gives to a label, its own or another."""
    if label == prediction.label:
        return prediction.confidence
    return dict(prediction.runners_up).get(label, 0.0)


def token_probabilities(
    written: str, completion: Completion, categories: Collection[str]
) -> Mapping[str, float] | None:
    """The probability of each category by the tokens that wrote `written`; None: not known.

    Where an alternative to a token would have begun names, `written` or others, they share its
    probability evenly; one that would have begun none is left out of account.
    """
    text = completion.text
    opening = OPENING.search(text)
    if opening is None or not text.startswith(f'{written}"', opening.end()):
        return None
    quote = opening.end() + len(written)
    probabilities = dict.fromkeys(categories, 0.0)
    so_far, end = 1.0, 0  # the probability of the name as far as the tokens have written it
    for token in completion.tokens:
        begin, end = end, end + len(token.text)
        if not text.startswith(token.text, begin):
            return None  # tokens of another text
        if end < opening.end():
            continue
        before = text[opening.start() : begin]
        for name, probability in _branches(token, before, categories):
            probabilities[name] += so_far * probability
        so_far *= _probability(token.logprob)
        if end > quote:
            probabilities[written] += so_far
            return _scaled(probabilities) if so_far else None
    return None


def _branches(
    token: Token, before: str, categories: Collection[str]
) -> Iterator[tuple[str, float]]:
    """Names that alternatives to a token would have begun after `before`, with their share."""
    for text, logprob in token.alternatives:
        opening = None if text == token.text else OPENING.search(before + text)
        if opening is None:
            continue
        begun, end, _ = (before + text)[opening.end() :].partition('"')
        if not begun:
            continue  # any name may follow: it tells nothing
        if end:
            fits = [begun] if begun in categories else []
        else:
            fits = [name for name in categories if name.startswith(begun)]
        for name in fits:
            yield name, _probability(logprob) / len(fits)


def _spread(prediction: Prediction[str], categories: Collection[str]) -> dict[str, float]:
    """A probability for each category: those that are not named share what remains evenly."""
    named = {prediction.label: prediction.confidence, **dict(prediction.runners_up)}
    others = max(len(categories) - len(named), 1)
    rest = max((1 - sum(named.values())) / others, LEAST)
    return _scaled({name: max(named.get(name, rest), LEAST) for name in categories})


def _probability(logprob: float) -> float:
    return math.exp(min(logprob, 0.0))


def _scaled(weights: Mapping[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def _ranked(label: str, probabilities: Mapping[str, float]) -> Prediction[str]:
    """Runners-up are less sure than the label: a surer one was ruled out by the other reader."""
    most = probabilities[label]
    others = sorted(
        ((name, p) for name, p in probabilities.items() if name != label and LEAST < p <= most),
        key=lambda other: -other[1],
    )
    return Prediction(label, most, tuple(others[:MOST_RUNNERS_UP]))
