"""The measurements, one function a data set."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from bench.evaluation.asking import Asked, ask, joined, train, train_few
from bench.evaluation.baselines import accuracies
from bench.evaluation.sets import OUTSIDE, Texts, read_texts
from bench.figures import Figure
from server.engines.embedded.engine import EmbeddedEngineMaker
from server.engines.embedded.model_file import load_model
from server.sentence_model import SentenceModel

HINT3 = ("curekart", "powerplay11", "sofmattress")
_FOLDS = 10
_FOLDS_OF_MANY = 2  # of a set of 150 categories: a training takes minutes
_REPEATS = 5
_LEFT_OUT = 0.3  # of the categories, and then of the texts that are asked
_REJECTED = 0.85  # of the texts outside that choose the threshold; the goal is 0.8 of others
_AUTOMATIC_FROM = 0.85  # the setting that the server starts with
WORDS, VECTORS = "words", "words and vectors"


@dataclass(frozen=True)
class Ground:
    """Where the texts are, and what reads them."""

    train: Path
    test: Path | None  # None: cross-validation within `train`
    embedder: SentenceModel | None
    folds: int = 10  # of ten, that are asked

    @property
    def readers(self) -> dict[str, SentenceModel | None]:
        """How texts are read."""
        return {WORDS: None} | ({VECTORS: self.embedder} if self.embedder else {})

    @property
    def in_few_folds(self) -> "Ground":
        """The same for a set of many categories."""
        return replace(self, folds=min(self.folds, _FOLDS_OF_MANY))

    def splits(self, name: str, domain: str = "") -> Iterator[tuple[Texts, Texts]]:
        """What is learned and what is asked.

        Texts outside are never learned, and each is asked about once, however few the folds.
        """
        given = read_texts(self.train, name, domain)
        inside, outside = given.where(~given.is_outside), given.where(given.is_outside)
        if self.test is not None:
            yield inside, read_texts(self.test, name, domain)
            return
        folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=1)
        shares = np.array_split(np.arange(len(outside.texts)), self.folds)
        for (learned, asked), share in zip(
            folds.split(inside.texts, inside.labels), shares, strict=False
        ):
            yield inside.part(learned), _both(inside.part(asked), outside.part(share))


def _both(one: Texts, other: Texts) -> Texts:
    return Texts([*one.texts, *other.texts], np.concatenate([one.labels, other.labels]))


def inside_figures(
    ground: Ground, name: str, goals: dict[str, str], domain: str = ""
) -> Iterator[Figure]:
    """Accuracy and honesty about texts of known categories, beside the baselines."""
    case = f"{name.partition('.')[0]} {domain}".strip()
    found: dict[str, list[Asked]] = {reader: [] for reader in ground.readers}
    rivals: list[dict[str, float]] = []
    for learned, asked in ground.splits(name, domain):
        known = asked.where(np.isin(asked.labels, learned.labels))
        model = train(learned, ground.embedder)
        for reader, embedder in ground.readers.items():
            found[reader].append(ask(model, known, embedder))
        rivals.append(accuracies(learned, known, ground.embedder))
    for reader, parts in found.items():
        figures = joined(parts).evaluation
        goal = goals.get(reader, "")
        yield Figure(case, "accuracy", figures.accuracy, "", goal, reader)
        yield Figure(case, "macro-F1", figures.macro_f1, "", "", reader)
        honest = "<= 0.02" if goal else ""
        yield Figure(case, "calibration error", figures.calibration_error, "", honest, reader)
    for rival in rivals[0]:
        yield Figure(
            case, "accuracy", float(np.mean([one[rival] for one in rivals])), "", "", rival
        )


def few_figures(ground: Ground, name: str) -> Iterator[Figure]:
    """Accuracy with a few examples a category."""
    learned, asked = next(ground.splits(name))
    shuffled = learned.part(np.random.default_rng(1).permutation(len(learned.texts)))
    for each in (1, 5, 10, 20):
        model = train_few(shuffled, each, ground.embedder)
        for reader, embedder in ground.readers.items():
            accuracy = float(ask(model, asked, embedder).is_right.mean())
            case = f"{name.partition('.')[0]}, {each} a category"
            yield Figure(case, "accuracy", accuracy, "", "", reader)


def rejection_figures(ground: Ground, name: str) -> Iterator[Figure]:
    """Right answers to texts inside at a confidence below which texts outside fall.

    It is chosen by one half of the labelled texts outside, none of which were learned, and held
    against the other half. A right answer that is rejected counts as wrong.
    """
    case = f"{name.partition('.')[0]}, some outside"
    found: dict[str, list[Asked]] = {reader: [] for reader in ground.readers}
    for learned, asked in ground.in_few_folds.splits(name):
        model = train(learned, ground.embedder)
        for reader, embedder in ground.readers.items():
            found[reader].append(ask(model, asked, embedder))
    for reader, parts in found.items():
        told = joined(parts)
        places = np.flatnonzero(told.truth == OUTSIDE)
        choosing, held = places[::2], places[1::2]
        needed = float(np.quantile(told.confidences[choosing], _REJECTED))
        inside = np.setdiff1d(np.arange(len(told.truth)), places)
        passes = told.confidences > needed
        right = told.is_right[inside]
        yield Figure(case, "AUROC of inside or not", _area(told, inside), "", "", reader)
        yield Figure(case, "outside rejected", float((~passes[held]).mean()), "", ">= 0.8", reader)
        accuracy = float(right[passes[inside]].mean())
        yield Figure(case, "accuracy inside, of those let pass", accuracy, "", "", reader)
        strict = float((right & passes[inside]).mean())
        yield Figure(case, "accuracy inside, rejected = wrong", strict, "", ">= 0.92", reader)


def starter_figures(ground: Ground, name: str) -> Iterator[Figure]:
    """How often the starter model is sure of a text that fits no category; all of them count."""
    texts = read_texts(ground.test or ground.train, name)
    model = load_model(EmbeddedEngineMaker().starter_model())
    sure = [model.predict(text).confidence for text in texts.where(texts.is_outside).texts]
    case = f"starter, {name.partition('.')[0]} outside"
    for least, goal in ((0.5, ""), (_AUTOMATIC_FROM, "<= 0.02")):
        share = float(np.mean([one >= least for one in sure]))
        yield Figure(case, f"confidence of {least} or more", share, "", goal, WORDS)


def _area(told: Asked, inside: np.typing.NDArray[np.intp]) -> float:
    is_inside = np.zeros(len(told.truth), bool)
    is_inside[inside] = True
    return float(roc_auc_score(is_inside, told.confidences))


def left_out_figures(
    ground: Ground, case: str, sets: Sequence[Texts], goal: str
) -> Iterator[Figure]:
    """Three categories in ten are left out of training; three texts in ten belong to them.

    The area under the curve of right or not: mean of repeats and of sets.
    """
    areas: dict[str, list[float]] = {reader: [] for reader in ground.readers}
    for texts in sets:
        for seed in range(_REPEATS):
            learned, asked = _leave_out(texts, np.random.default_rng(seed))
            model = train(learned, ground.embedder)
            for reader, embedder in ground.readers.items():
                told = ask(model, asked, embedder)
                areas[reader].append(float(roc_auc_score(told.is_right, told.confidences)))
    for reader, found in areas.items():
        yield Figure(case, "AUROC of right or not", float(np.mean(found)), "", goal, reader)


def _leave_out(texts: Texts, rng: np.random.Generator) -> tuple[Texts, Texts]:
    names = np.unique(texts.labels)
    left_out = np.isin(texts.labels, rng.permutation(names)[: round(_LEFT_OUT * len(names))])
    inside = rng.permutation(np.flatnonzero(~left_out))
    asked, learned = inside[: len(inside) // 4], inside[len(inside) // 4 :]
    share = int(len(asked) * _LEFT_OUT / (1 - _LEFT_OUT))
    outside = rng.permutation(np.flatnonzero(left_out))[:share]
    return texts.part(learned), texts.part(np.append(asked, outside))
