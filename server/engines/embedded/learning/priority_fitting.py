"""Learn priorities from labels, where that does better than the rules."""

import math
from collections.abc import Sequence

import numpy as np
from scipy import optimize, sparse, special
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from server.engines.embedded.features import FeatureSet
from server.engines.embedded.learning.corpus import Floats, Places
from server.engines.embedded.learning.fitting import LinearFit, count_features, unit_rows
from server.engines.embedded.priority import PriorityHead, codes_of
from server.engines.embedded.training_set import TrainingLabel
from server.triage.assessment import Priority
from server.triage.rulebook import RuleBook, Verdict
from server.triage.taxonomy import EscalationPolicy

FEWEST_LABELS = 50
MOST_LABELS = 20_000
_FEWEST_OF_LEVEL = 5
_COST = 5.0
_SURELY = 1.64  # standard deviations: 95 % on one side


def fit_priority(
    labels: Sequence[TrainingLabel], names: Sequence[str], linear: LinearFit, features: FeatureSet
) -> PriorityHead | None:
    """The head; None: there are too few labels, or the rules do as well."""
    told = [label for label in labels if label.priority][-MOST_LABELS:]
    often = [level for level in Priority if _count(told, level) >= _FEWEST_OF_LEVEL]
    told = [label for label in told if label.priority in often]
    if len(told) < FEWEST_LABELS or len(often) < 2:
        return None
    rules = RuleBook()
    verdicts = [rules.judge(label.text, {}, EscalationPolicy.BY_RULES) for label in told]
    codes = tuple(sorted(set().union(*map(codes_of, verdicts))))
    counts = count_features([label.text for label in told], features)
    columns = sparse.hstack(
        [
            unit_rows(counts, linear.buckets, linear.idf)[0],
            _marks([codes_of(verdict) for verdict in verdicts], codes),
            _marks([{label.category} for label in told], names),
        ]
    ).tocsr()
    truth = np.array([label.priority for label in told])
    machine = LogisticRegression(C=_COST, max_iter=200)
    decisions = _cross_validated(machine, columns, truth)
    if not _is_better(decisions.argmax(axis=1), verdicts, truth, often):
        return None
    machine.fit(columns, truth)
    sharpness = _fit_sharpness(decisions, np.searchsorted(often, truth))
    return _head(machine, sharpness, linear, often, codes, len(names))


def _count(labels: Sequence[TrainingLabel], level: Priority) -> int:
    return sum(label.priority == level for label in labels)


def _marks(found: Sequence[set[str]], names: Sequence[str]) -> sparse.csr_matrix:
    """Which text has which of the names: [texts, names], ones and zeros."""
    marks = [[float(name in one) for name in names] for one in found]
    return sparse.csr_matrix(np.array(marks).reshape(len(found), len(names)))


def _cross_validated(
    machine: LogisticRegression, features: sparse.csr_matrix, truth: Floats
) -> Floats:
    """Decision values [texts, levels] of texts that were not learned."""
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    found = cross_val_predict(machine, features, truth, cv=folds, method="decision_function")
    return np.asarray(np.column_stack([-found, found]) / 2 if found.ndim == 1 else found)


def _is_better(
    answers: Floats, verdicts: Sequence[Verdict], truth: Floats, levels: Sequence[Priority]
) -> bool:
    """Whether more is right than by the rules, beyond chance: a sign test of what differs."""
    learned = np.array([levels[int(answer)] for answer in answers]) == truth
    ruled = np.array([verdict.priority.label for verdict in verdicts]) == truth
    gained, lost = int((learned & ~ruled).sum()), int((ruled & ~learned).sum())
    return gained - lost > _SURELY * math.sqrt(gained + lost)


def _fit_sharpness(decisions: Floats, places: Places) -> float:
    """The inverse temperature that makes the right levels likeliest."""

    def surprise(log_sharpness: float) -> float:
        logs = special.log_softmax(np.exp(log_sharpness) * decisions, axis=1)
        return -float(logs[np.arange(len(logs)), places].sum())

    best = optimize.minimize_scalar(surprise, bounds=(-3, 2), method="bounded")
    return float(np.exp(best.x))


def _head(
    machine: LogisticRegression,
    sharpness: float,
    linear: LinearFit,
    levels: Sequence[Priority],
    codes: tuple[str, ...],
    categories: int,
) -> PriorityHead:
    weights, biases = machine.coef_, machine.intercept_
    if len(levels) == 2:  # one column tells two levels apart
        weights = np.vstack((-weights, weights)) / 2
        biases = np.append(-biases, biases) / 2
    rows = (sharpness * weights).T
    rules = len(rows) - categories - len(codes)
    return PriorityHead(
        levels=tuple(levels),
        words=(rows[:rules] * linear.idf[:, None]).astype(np.float16),
        rules=codes,
        rule_weights=rows[rules : rules + len(codes)].astype(np.float32),
        category_weights=rows[rules + len(codes) :].astype(np.float32),
        biases=(sharpness * biases).astype(np.float32),
    )
