"""Labels that an engine has learned since it was trained, and which of them resemble a text."""

from collections import OrderedDict
from collections.abc import Container, Iterable
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from server.engines.embedded.features import bucket_ids

Sketch = npt.NDArray[np.float32]  # [SKETCH], of length 1; zero where a text has no words

SKETCH = 256
MOST_LABELS = 2000
MOST_SIMILAR = 4
LEAST_SIMILAR = 0.3  # below it two texts have little more in common than their language

# What a label adds to its category's decision value, by its cosine. The first counts as banking77
# would have it, for labels that the model has not learned: it knows what the others say. The second
# makes sure that a text that was corrected is answered as corrected.
_NEAR, _NEAR_WEIGHT = 0.4, 2.0
_SAME, _SAME_WEIGHT = 0.9, 20.0


class RecentLabels:
    """At most 2,000 labels; of more, those that were taught last."""

    def __init__(self) -> None:
        self.learned: set[str] = set()  # ids of those that the model has learned in its training
        self._known: OrderedDict[str, tuple[str, Sketch]] = (
            OrderedDict()
        )  # category and text, by id
        self._names: list[tuple[str, str]] = []  # id and category of each row of the matrix
        self._matrix: Sketch | None = None  # [n_labels, SKETCH]; None: not made since the last one

    def learn(self, labels: Iterable[tuple[str, str, str, bool]]) -> None:
        """Take in labels as id, text, category and whether the model has learned them; without a
        category, forget them.
        """
        for label_id, text, category, is_learned in labels:
            self._forget(label_id)
            if category:
                self._known[label_id] = (category, sketch(text))
            if category and is_learned:
                self.learned.add(label_id)
        while len(self._known) > MOST_LABELS:
            self._forget(next(iter(self._known)))
        self._matrix = None

    def similar(self, text: str) -> list[tuple[str, str, float]]:
        """Id, category and cosine of the labels nearest to a text, the nearest first."""
        if not self._known:
            return []
        if self._matrix is None:
            self._matrix = np.stack([one for _, one in self._known.values()])
            self._names = [(label_id, one) for label_id, (one, _) in self._known.items()]
        cosines = self._matrix @ sketch(text)
        found = [(*self._names[i], float(cosines[i])) for i in _largest(cosines)]
        found.sort(key=itemgetter(2), reverse=True)
        return [one for one in found if one[2] >= LEAST_SIMILAR]

    def _forget(self, label_id: str) -> None:
        self._known.pop(label_id, None)
        self.learned.discard(label_id)


def _largest(cosines: Sketch) -> list[int]:
    """Places of the four largest, in any order."""
    if len(cosines) <= MOST_SIMILAR:
        return list(range(len(cosines)))
    places: list[int] = cosines.argpartition(-MOST_SIMILAR)[-MOST_SIMILAR:].tolist()
    return places


def votes(
    similar: Iterable[tuple[str, str, float]], learned: Container[str] = ()
) -> dict[str, float]:
    """What such labels add to the decision values of their categories.

    learned: ids of labels that the model has learned: they vote where the text is nearly theirs.
    """
    added: dict[str, float] = {}
    for label_id, category, cosine in similar:
        vote = _SAME_WEIGHT * max(0.0, cosine - _SAME)
        if label_id not in learned:
            vote += _NEAR_WEIGHT * max(0.0, cosine - _NEAR)
        if vote > 0:
            added[category] = added.get(category, 0.0) + vote
    return added


def sketch(text: str) -> Sketch:
    """The text's features, folded: the product of two sketches is about their cosine."""
    buckets = bucket_ids(text)
    signs: npt.NDArray[Any] = 1.0 - 2.0 * ((buckets >> 8) & 1)
    folded = np.bincount(buckets % SKETCH, signs, SKETCH).astype(np.float32)
    return folded / (float(np.linalg.norm(folded)) or 1.0)
