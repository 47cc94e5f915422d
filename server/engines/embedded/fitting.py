"""Fit the linear part of a model: idf weights and one-against-all support vector machines.

Runs in the training process alone: scikit-learn must not be loaded into the server.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC

from server.engines.embedded.features import BUCKETS, bucket_ids

# Bounds a model to 16 MiB in memory, 8 MiB in the file; banking77 whole needs 4.7 million.
MOST_WEIGHTS = 4_000_000
_COST = 1.0  # by cross-validation on banking77, hint3 and the starter categories
_TOLERANCE = 0.01  # a hundredth as strict as the default: a fifth faster, as accurate

Labels = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class LinearFit:
    """Weights for the buckets that were kept; idf is not folded in."""

    buckets: npt.NDArray[np.int64]  # [rows], ascending
    idf: npt.NDArray[np.float64]  # [rows]
    unseen_idf: float
    weights: npt.NDArray[np.float64]  # [rows, categories]
    intercepts: npt.NDArray[np.float64]  # [categories]


def count_features(texts: Sequence[str]) -> sparse.csr_matrix:
    """Which text has which bucket: [texts, BUCKETS], ones and zeros."""
    found = [bucket_ids(text) for text in texts]
    ends = np.cumsum([0, *map(len, found)])
    columns = np.concatenate([*found, np.empty(0, np.uint32)]).astype(np.int32)
    return sparse.csr_matrix((np.ones(len(columns)), columns, ends), (len(found), BUCKETS))


def fit(counts: sparse.csr_matrix, labels: Labels, categories: int) -> LinearFit:
    """Fit `categories` classes; `labels` are 0..categories-1 and each occurs."""
    texts = counts.shape[0]
    frequency = np.bincount(counts.indices, minlength=BUCKETS)
    buckets = _most_frequent(frequency, MOST_WEIGHTS // categories)
    idf = np.log((1 + texts) / (1 + frequency[buckets])) + 1
    machine = LinearSVC(C=_COST, tol=_TOLERANCE, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # cut short, it still separates well
        machine.fit(_unit_rows(counts[:, buckets], idf)[0], labels)
    weights, intercepts = machine.coef_, machine.intercept_
    if categories == 2:  # one machine tells two classes apart; its mirror image makes two columns
        weights, intercepts = np.vstack((-weights, weights)), np.append(-intercepts, intercepts)
    return LinearFit(buckets, idf, float(np.log(1 + texts) + 1), weights.T, intercepts)


def score(
    fitted: LinearFit, counts: sparse.csr_matrix
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Decision values [texts, categories], coverage [texts] and number of features [texts]."""
    lengths = np.diff(counts.indptr).astype(np.float64)
    kept = counts[:, fitted.buckets]
    rows, seen_square = _unit_rows(kept, fitted.idf)
    unseen = lengths - np.diff(kept.indptr)
    all_square = seen_square + unseen * fitted.unseen_idf**2
    coverage = np.sqrt(seen_square / np.maximum(all_square, 1e-9))
    return rows @ fitted.weights + fitted.intercepts, coverage, lengths


def _most_frequent(frequency: npt.NDArray[np.int64], rows: int) -> npt.NDArray[np.int64]:
    """The buckets that occur; where there are too many, the `rows` most frequent, in order."""
    occurring = np.flatnonzero(frequency)
    if not len(occurring):
        return np.zeros(
            1, np.int64
        )  # examples without a word; one empty column can still be fitted
    if len(occurring) <= rows:
        return occurring
    order = np.argsort(-frequency[occurring], kind="stable")
    return np.sort(occurring[order[:rows]])


def _unit_rows(
    counts: sparse.csr_matrix, idf: npt.NDArray[np.float64]
) -> tuple[sparse.csr_matrix, npt.NDArray[np.float64]]:
    """The rows weighted by idf and scaled to length 1, and the squares of their lengths."""
    weighted = (counts @ sparse.diags(idf)).tocsr()
    square = np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel()
    scale = 1 / np.sqrt(np.where(square > 0, square, 1))
    return (sparse.diags(scale) @ weighted).tocsr(), square
