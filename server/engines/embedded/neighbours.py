"""Labels that an engine has learned since it was trained, and which of them resemble a text."""

from collections import OrderedDict
from collections.abc import Iterable
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
# would have it, the second makes sure that a text that was corrected is answered as corrected.
_NEAR, _NEAR_WEIGHT = 0.6, 2.0
_SAME, _SAME_WEIGHT = 0.9, 20.0


class RecentLabels:
    """At most 2,000 labels; of more, those that were learned last."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[str, Sketch]] = (
            OrderedDict()
        )  # category and text, by id
        self._matrix: Sketch | None = None  # [n_labels, SKETCH]; None: not made since the last one

    def learn(self, labels: Iterable[tuple[str, str, str]]) -> None:
        """Take in labels as id, text and category; without a category, forget them."""
        for label_id, text, category in labels:
            self._known.pop(label_id, None)
            if category:
                self._known[label_id] = (category, sketch(text))
        while len(self._known) > MOST_LABELS:
            self._known.popitem(last=False)
        self._matrix = None

    def similar(self, text: str) -> list[tuple[str, str, float]]:
        """Id, category and cosine of the labels nearest to a text, the nearest first."""
        if not self._known:
            return []
        if self._matrix is None:
            self._matrix = np.stack([one for _, one in self._known.values()])
        cosines = self._matrix @ sketch(text)
        labels = list(self._known.items())
        nearest = np.argsort(-cosines, kind="stable")[:MOST_SIMILAR].tolist()
        found = [(labels[i][0], labels[i][1][0], float(cosines[i])) for i in nearest]
        return [one for one in found if one[-1] >= LEAST_SIMILAR]


def votes(similar: Iterable[tuple[str, str, float]]) -> dict[str, float]:
    """What such labels add to the decision values of their categories."""
    added: dict[str, float] = {}
    for _, category, cosine in similar:
        vote = _NEAR_WEIGHT * (cosine - _NEAR) + _SAME_WEIGHT * max(0.0, cosine - _SAME)
        if vote > 0:
            added[category] = added.get(category, 0.0) + vote
    return added


def sketch(text: str) -> Sketch:
    """The text's features, folded: the product of two sketches is about their cosine."""
    buckets = bucket_ids(text)
    signs: npt.NDArray[Any] = 1.0 - 2.0 * ((buckets >> 8) & 1)
    folded = np.bincount(buckets % SKETCH, signs, SKETCH).astype(np.float32)
    return folded / (float(np.linalg.norm(folded)) or 1.0)
