"""What anybody would try first, as scikit-learn has it."""

from collections.abc import Callable, Mapping
from typing import Any

from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from bench.evaluation.sets import Texts
from server.sentence_model import SentenceModel

BASELINES: Mapping[str, Callable[[], Any]] = {
    "majority": lambda: make_pipeline(TfidfVectorizer(), DummyClassifier()),
    "TF-IDF + logistic regression": lambda: make_pipeline(
        TfidfVectorizer(), LogisticRegression(max_iter=1000)
    ),
    "TF-IDF + nearest neighbour": lambda: make_pipeline(TfidfVectorizer(), KNeighborsClassifier(1)),
}


def accuracies(train: Texts, test: Texts, embedder: SentenceModel | None) -> dict[str, float]:
    """Share of right answers of each baseline."""
    found = {
        name: float(make().fit(train.texts, train.labels).score(test.texts, test.labels))
        for name, make in BASELINES.items()
    }
    if embedder is not None:
        machine = LogisticRegression(max_iter=1000)
        machine.fit(embedder.vectors(train.texts), train.labels)
        name = "sentence vectors + logistic regression"
        found[name] = float(machine.score(embedder.vectors(test.texts), test.labels))
    return found
