"""Fit the part of a model that reads vectors: ridge regression under a Gaussian kernel."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import linalg

from server.engines.embedded.kernel import BREADTH
from server.engines.embedded.learning.fitting import Labels

MOST_PROTOTYPES = 10_000  # bounds the file to 10 MB, the fit to half a gigabyte and ten seconds
_RIDGE = 0.1  # by cross-validation on banking77
_PORTION = 1_000  # texts scored at once

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class KernelFit:
    """The prototypes and what each says of every category."""

    prototypes: Matrix  # [prototypes, dimensions], rows of length 1
    votes: Matrix  # [prototypes, categories]
    biases: Matrix  # [categories]


def fit_kernel(vectors: Matrix, labels: Labels, categories: int) -> KernelFit:
    """Fit `categories` classes to vectors of length 1; of too many vectors, to a random part."""
    if len(vectors) > MOST_PROTOTYPES:
        chosen = np.random.default_rng(0).permutation(len(vectors))[:MOST_PROTOTYPES]
        vectors, labels = vectors[chosen], labels[chosen]
    targets = np.full((len(labels), categories), -1, np.float32)
    targets[np.arange(len(labels)), labels] = 1
    biases = targets.mean(axis=0)
    kernel = np.exp(BREADTH * (vectors @ vectors.T - 1))
    kernel[np.diag_indices_from(kernel)] += _RIDGE
    factor = linalg.cho_factor(kernel, overwrite_a=True, check_finite=False)
    votes = linalg.cho_solve(factor, targets - biases, check_finite=False)
    return KernelFit(vectors, votes.astype(np.float32), biases)


def score_kernel(fitted: KernelFit, vectors: Matrix) -> tuple[Matrix, Matrix]:
    """Decision values [texts, categories] and the cosine of the nearest prototype [texts]."""
    values, nearest = [np.empty((0, len(fitted.biases)), np.float32)], [np.empty(0, np.float32)]
    for at in range(0, len(vectors), _PORTION):
        cosines = vectors[at : at + _PORTION] @ fitted.prototypes.T
        nearest.append(cosines.max(axis=1))
        values.append(np.exp(BREADTH * (cosines - 1)) @ fitted.votes + fitted.biases)
    return np.concatenate(values), np.concatenate(nearest)
