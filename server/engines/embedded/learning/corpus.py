"""Texts to learn from, as features; what is fitted to them, and what that says of other texts."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from server.engines.embedded.calibration import odds_against_top, signals
from server.engines.embedded.learning.fitting import Labels, LinearFit, fit, score
from server.engines.embedded.learning.kernel_fitting import (
    KernelFit,
    Matrix,
    fit_kernel,
    score_kernel,
)

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Texts with their categories."""

    counts: sparse.csr_matrix  # [texts, buckets]
    vectors: Matrix | None  # [texts, dimensions]; None: no embedding model is configured
    labels: Labels  # [texts]: 0 to categories - 1

    @property
    def categories(self) -> int:
        """How many there are; the last one has a text."""
        return int(self.labels.max()) + 1

    def part(self, places: Places) -> "Corpus":
        """The texts at these places."""
        vectors = None if self.vectors is None else self.vectors[places]
        return Corpus(self.counts[places], vectors, self.labels[places])


@dataclass(frozen=True, slots=True)
class Heads:
    """What reads words, and what reads vectors."""

    linear: LinearFit
    kernel: KernelFit | None


@dataclass(frozen=True, slots=True)
class Answers:
    """What heads said about texts."""

    words: Floats  # [texts, categories]: decision values
    coverage: Floats  # [texts]
    lengths: Floats  # [texts]
    vectors: Floats | None  # [texts, categories]: decision values
    nearest: Floats | None  # [texts]
    truth: Labels  # [texts]; -1: none of the categories

    @property
    def inside(self) -> npt.NDArray[np.bool_]:
        """Which texts belong to a category that the heads know."""
        return np.asarray(self.truth >= 0)

    def decisions(self, weight: float) -> Floats:
        """Decision values of both heads; the one that reads vectors has this weight."""
        return self.words if self.vectors is None else self.words + weight * self.vectors

    def is_right(self, weight: float) -> npt.NDArray[np.bool_]:
        """Which texts get their category."""
        return np.asarray(self.decisions(weight).argmax(axis=1) == self.truth)

    def without_vectors(self) -> "Answers":
        """What the words alone said."""
        return Answers(self.words, self.coverage, self.lengths, None, None, self.truth)

    def signals(self, weight: float, sharpness: float) -> Iterator[tuple[float, ...]]:
        """SIGNALS of each text, or VECTOR_SIGNALS."""
        for decisions, coverage, length, *of_vector in zip(
            self.decisions(weight).tolist(),
            self.coverage.tolist(),
            self.lengths.tolist(),
            *self._of_vectors(),
            strict=True,
        ):
            second, top = sorted(decisions)[-2:]
            against = sum(odds_against_top(decisions, sharpness)) - 1
            yield signals(top, second, against, coverage, length, *of_vector)

    def _of_vectors(self) -> tuple[list[float], ...]:
        if self.vectors is None or self.nearest is None:
            return ()
        agrees = self.words.argmax(axis=1) == self.vectors.argmax(axis=1)
        return self.nearest.tolist(), agrees.astype(float).tolist()


def fit_heads(corpus: Corpus, categories: int) -> Heads:
    """Fit `categories` classes, each of which has a text."""
    linear = fit(corpus.counts, corpus.labels, categories)
    if corpus.vectors is None:
        return Heads(linear, None)
    return Heads(linear, fit_kernel(corpus.vectors, corpus.labels, categories))


def ask(heads: Heads, corpus: Corpus) -> Answers:
    """What the heads say about the texts; the corpus' labels are the truth, -1 included."""
    words, coverage, lengths = score(heads.linear, corpus.counts)
    vectors = nearest = None
    if heads.kernel is not None and corpus.vectors is not None:
        values, cosines = score_kernel(heads.kernel, corpus.vectors)
        vectors, nearest = values.astype(np.float64), cosines.astype(np.float64)
    return Answers(words, coverage, lengths, vectors, nearest, corpus.labels)
