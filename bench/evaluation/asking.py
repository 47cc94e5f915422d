"""Train as the product does, and ask about texts that were not learned."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.evaluation.sets import Texts
from server.engines.embedded.learning.course import teach
from server.engines.embedded.learning.evaluation import Evaluation
from server.engines.embedded.model import LinearModel
from server.engines.embedded.model_file import load_model, save_model
from server.engines.embedded.training_set import Lesson, TrainingLabel
from server.sentence_model import SentenceModel, Vectors
from server.triage.taxonomy import Category


class RememberingModel(SentenceModel):
    """A sentence model that computes each text once."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._known: dict[str, npt.NDArray[np.float32]] = {}

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """A row for each text."""
        for text in texts:
            if text not in self._known:
                (self._known[text],) = super().vectors([text])
        return np.array([self._known[text] for text in texts])


@dataclass(frozen=True)
class Asked:
    """What was answered."""

    labels: npt.NDArray[np.str_]
    truth: npt.NDArray[np.str_]
    confidences: npt.NDArray[np.float64]

    @property
    def is_right(self) -> npt.NDArray[np.bool_]:
        """Which answers are."""
        return np.asarray(self.labels == self.truth)

    @property
    def evaluation(self) -> Evaluation:
        """The answers as figures."""
        names, places = np.unique([*self.truth, *self.labels], return_inverse=True)
        truth, answers = np.split(places, [len(self.truth)])
        return Evaluation(names.tolist(), truth, answers, self.confidences)


def joined(parts: Sequence[Asked]) -> Asked:
    """All answers, one part after the other."""
    return Asked(
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.truth for part in parts]),
        np.concatenate([part.confidences for part in parts]),
    )


def train(texts: Texts, embedder: SentenceModel | None) -> LinearModel:
    """The model of labelled tickets, as it serves."""
    names = np.unique(texts.labels).tolist()
    titles = [name.replace("_", " ").capitalize() for name in names]
    categories = [Category(name, title, "", ()) for name, title in zip(names, titles, strict=True)]
    pairs = zip(texts.texts, texts.labels.tolist(), strict=True)
    labels = [TrainingLabel(text, label) for text, label in pairs]
    return load_model(save_model(teach(Lesson(categories, labels), embedder).model))


def train_few(texts: Texts, each: int, embedder: SentenceModel | None) -> LinearModel:
    """The model of a taxonomy with so many examples a category, and no labels."""
    categories = [
        Category(name, name.replace("_", " ").capitalize(), "", tuple(members.texts[:each]))
        for name in np.unique(texts.labels).tolist()
        for members in [texts.where(texts.labels == name)]
    ]
    return load_model(save_model(teach(Lesson(categories), embedder).model))


def ask(model: LinearModel, texts: Texts, embedder: SentenceModel | None) -> Asked:
    """What the model answers; without an embedder, by the words alone."""
    vectors = [None] * len(texts.texts) if embedder is None else embedder.vectors(texts.texts)
    found = [model.predict(text, vec) for text, vec in zip(texts.texts, vectors, strict=True)]
    return Asked(
        np.array([one.label for one in found]),
        texts.labels,
        np.array([one.confidence for one in found]),
    )
