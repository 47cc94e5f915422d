"""Fit the linear part of a model: idf weights and one-against-all support vector machines.

Where features are APART there are two such sets, one for spelling and one for words: they err less
than one that reads both, for neither leans on the other's features. Of few texts one learns more.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.svm import LinearSVC

from server.engines.embedded.features import HALF, FeatureSet, bucket_ids

# 16 MB as stored, 48 MB at work, beside a few numbers a row: of few categories as much again.
# With half as many, two machines tell less well what is outside: three points of clinc150.
MOST_WEIGHTS = 8_000_000
# By cross-validation on banking77, hint3 and the starter categories.
_COST, _APART_COST = 1.0, 2.0
_TOLERANCE = 0.01  # a hundredth as strict as the default: a fifth faster, as accurate

Labels = npt.NDArray[np.intp]
OF_NONE = -1  # the label of a text that belongs to none of the categories


@dataclass(frozen=True, slots=True)
class LinearFit:
    """Weights for the buckets that were kept; idf is not folded in."""

    buckets: npt.NDArray[np.int64]  # [rows], ascending
    idf: npt.NDArray[np.float64]  # [rows]
    unseen_idf: float
    weights: npt.NDArray[np.float64]  # [rows, categories]
    intercepts: npt.NDArray[np.float64]  # [categories]

    @property
    def folded(self) -> npt.NDArray[np.float16]:
        """The weights with idf folded in."""
        return (self.weights * self.idf[:, None]).astype(np.float16)


def count_features(texts: Sequence[str], features: FeatureSet) -> sparse.csr_matrix:
    """Which text has which bucket: [texts, buckets], ones and zeros."""
    found = [bucket_ids(text, features) for text in texts]
    ends = np.cumsum([0, *map(len, found)])
    columns = np.concatenate([*found, np.empty(0, np.uint32)]).astype(np.int32)
    shape = (len(found), features.buckets)
    return sparse.csr_matrix((np.ones(len(columns), np.float32), columns, ends), shape)


def fit(counts: sparse.csr_matrix, labels: Labels, categories: int) -> LinearFit:
    """Fit `categories` classes; `labels` are 0..categories-1 and each occurs, or OF_NONE: what
    speaks against all of them.
    """
    is_apart = counts.shape[1] == FeatureSet.APART.buckets
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    buckets = _most_frequent(frequency, MOST_WEIGHTS // categories, least=2 if is_apart else 1)
    idf = np.log((1 + len(labels)) / (1 + frequency[buckets])) + 1
    rows, _ = unit_rows(counts, buckets, idf)
    parts = _machines(buckets)
    cost = _APART_COST if is_apart else _COST
    found = [_fit_machine(rows[:, part], labels, cost) for part in parts]
    weights = np.vstack([weights for weights, _ in found]) / len(parts)
    intercepts = np.mean([intercepts for _, intercepts in found], axis=0)
    unseen_idf = float(np.log(1 + len(labels)) + 1)
    return LinearFit(buckets, idf, unseen_idf, weights, intercepts)


def score(
    fitted: LinearFit, counts: sparse.csr_matrix
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Decision values [texts, categories], coverage [texts] and number of features [texts]."""
    lengths = np.diff(counts.indptr).astype(np.float64)
    rows, seen_square = unit_rows(counts, fitted.buckets, fitted.idf)
    unseen = lengths - np.diff(rows.indptr)
    all_square = seen_square + unseen * fitted.unseen_idf**2
    coverage = np.sqrt(seen_square / np.maximum(all_square, 1e-9))
    return rows @ fitted.weights + fitted.intercepts, coverage, lengths


def unit_rows(
    counts: sparse.csr_matrix, buckets: npt.NDArray[np.int64], idf: npt.NDArray[np.float64]
) -> tuple[sparse.csr_matrix, npt.NDArray[np.float64]]:
    """The rows weighted by idf, for each machine scaled to length 1; and the squares of the lengths
    they had.
    """
    weighted = (counts[:, buckets] @ sparse.diags(idf)).tocsr()
    scaled, squares = [], np.zeros(weighted.shape[0])
    for part in _machines(buckets):
        read = weighted[:, part]
        square = np.asarray(read.multiply(read).sum(axis=1)).ravel()
        scaled.append(sparse.diags(1 / np.sqrt(np.where(square > 0, square, 1))) @ read)
        squares += square
    return sparse.hstack(scaled).tocsr(), squares


def _machines(buckets: npt.NDArray[np.int64]) -> list[slice]:
    """Which of the buckets each machine reads."""
    half = int(np.searchsorted(buckets, HALF))
    parts = [slice(0, half), slice(half, len(buckets))]
    return [part for part in parts if part.start < part.stop]


def _fit_machine(
    rows: sparse.csr_matrix, labels: Labels, cost: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Weights [columns, categories] and intercepts [categories]."""
    machine = LinearSVC(C=cost, tol=_TOLERANCE, random_state=0)
    with warnings.catch_warnings():
        # Cut short, it still separates well; and there may be as many categories as texts.
        warnings.simplefilter("ignore", UserWarning)
        machine.fit(rows, labels)
    weights, intercepts = machine.coef_, machine.intercept_
    # One machine tells two classes apart; its mirror image makes two columns.
    if len(machine.classes_) == 2:
        weights, intercepts = np.vstack((-weights, weights)), np.append(-intercepts, intercepts)
    known = machine.classes_ != OF_NONE
    return weights[known].T, intercepts[known]


def _most_frequent(
    frequency: npt.NDArray[np.int64], rows: int, least: int
) -> npt.NDArray[np.int64]:
    """The buckets of at least `least` texts; of too many the `rows` most frequent, in order."""
    occurring = np.flatnonzero(frequency >= least)
    if not len(occurring):
        return np.zeros(1, np.int64)  # without a word; one empty column can still be fitted
    if len(occurring) <= rows:
        return occurring
    order = np.argsort(-frequency[occurring], kind="stable")
    return np.sort(occurring[order[:rows]])
