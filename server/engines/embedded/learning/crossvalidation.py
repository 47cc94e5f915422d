"""Ask about texts that were not learned: how right a model is, and what a text outside looks like.

Two kinds of rounds. Each keeps back a fifth of the texts, as a test. Some keep back all texts of
three categories in ten, too: whatever is answered to those is wrong, so the confidence learns what
a text outside the taxonomy looks like. The others know all categories, as the model will.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from server.engines.embedded.learning.corpus import Answers, Corpus, Places, ask, fit_heads
from server.engines.embedded.learning.fitting import OF_NONE, Labels

LEFT_OUT_SHARE = 0.3  # of the categories, in the rounds that leave some out
FOLDS = 5
_NEVER_ASKED = -1  # in place of a fold
_MOST_ROUNDS = 10
_FEWEST_ROUNDS = 2
_TEXT_CATEGORIES = 3_000_000  # texts x categories x rounds to spend: 3 rounds of banking77
_MOST_TEXT_CATEGORIES = 5_000_000  # of one round: 25,000 texts of 200 categories

Told = Callable[[float], None]  # the share of the rounds that is done


@dataclass(frozen=True, slots=True)
class Rounds:
    """What was answered to texts that were not learned."""

    inside: tuple[Answers, ...]  # by heads that know all categories; empty: not asked for
    outside: tuple[Answers, ...]  # by heads that know seven in ten
    places: Places  # in the corpus, of the texts of `inside`, one round after the other

    def without_vectors(self) -> "Rounds":
        """What the words alone would have answered."""
        inside = tuple(answers.without_vectors() for answers in self.inside)
        outside = tuple(answers.without_vectors() for answers in self.outside)
        return Rounds(inside, outside, self.places)


def cross_validate(
    corpus: Corpus, tickets: int, *, asks_inside: bool, told: Told, seed: int = 0
) -> Rounds:
    """Ask rounds of both kinds, or of the second alone.

    The first `tickets` texts are like tickets; the others only help to learn.
    """
    rng = np.random.default_rng(seed)
    chosen = _choose_tickets(corpus, tickets, rng)
    tickets = len(chosen) - (len(corpus.labels) - tickets)
    corpus = corpus.part(chosen)
    folds = np.full(len(chosen), _NEVER_ASKED)
    folds[:tickets] = _spread_over_folds(corpus.labels[:tickets], rng)
    number = _number_of_rounds(corpus)
    of_all = number + FOLDS * asks_inside
    outside: list[Answers] = []
    for i in range(number):
        outside += _ask_outside(corpus, folds, i % FOLDS, rng)
        told((i + 1) / of_all)
    if not asks_inside:
        return Rounds((), tuple(outside), np.empty(0, np.intp))
    inside = []
    for fold in range(FOLDS):
        inside.append(_ask(corpus, folds != fold, folds == fold))
        told((number + fold + 1) / of_all)
    places = [chosen[folds == fold] for fold in range(FOLDS)]
    return Rounds(tuple(inside), tuple(outside), np.concatenate(places))


def _choose_tickets(corpus: Corpus, tickets: int, rng: np.random.Generator) -> Places:
    """Places of the texts to work with: all, or of very many tickets a random part."""
    affordable = _MOST_TEXT_CATEGORIES // corpus.categories
    chosen = np.sort(rng.permutation(tickets)[:affordable])
    return np.append(chosen, np.arange(tickets, len(corpus.labels)))


def _number_of_rounds(corpus: Corpus) -> int:
    affordable = _TEXT_CATEGORIES // (len(corpus.labels) * corpus.categories)
    return min(_MOST_ROUNDS, max(_FEWEST_ROUNDS, affordable))


def _spread_over_folds(labels: Labels, rng: np.random.Generator) -> Labels:
    """A fold for every text; the texts of a category are dealt out evenly."""
    folds = np.empty(len(labels), np.intp)
    for category in range(int(labels.min(initial=0)), int(labels.max(initial=-1)) + 1):
        members = rng.permutation(np.flatnonzero(labels == category))
        folds[members] = (np.arange(len(members)) + rng.integers(FOLDS)) % FOLDS
    return folds


def _ask_outside(
    corpus: Corpus, folds: Labels, fold: int, rng: np.random.Generator
) -> Iterator[Answers]:
    """Nothing where fewer than two categories would remain to learn."""
    categories = corpus.categories
    leaving = min(round(LEFT_OUT_SHARE * categories), categories - 2)
    left_out = np.isin(corpus.labels, rng.permutation(categories)[:leaving])
    learned = ~left_out & (folds != fold)
    asked = (left_out & (folds != _NEVER_ASKED)) | (folds == fold)
    if len(np.unique(corpus.labels[learned])) >= 2 and asked.any():
        yield _ask(corpus, learned, asked)


def _ask(corpus: Corpus, learned: Places, asked: Places) -> Answers:
    """What heads that learned one part say of the other. Their categories are those they know."""
    part = corpus.part(np.flatnonzero(learned))
    known = np.unique(part.labels[part.labels != OF_NONE])
    place = np.full(corpus.categories + 1, OF_NONE)  # the last one is that of OF_NONE
    place[known] = np.arange(len(known))
    heads = fit_heads(Corpus(part.counts, part.vectors, place[part.labels]), len(known))
    test = corpus.part(np.flatnonzero(asked))
    return ask(heads, Corpus(test.counts, test.vectors, place[test.labels]))
