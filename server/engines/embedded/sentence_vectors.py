"""Vectors of texts for a model that reads them, on the thread that asks."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from server.sentence_model import SentenceModel, TextUnreadable

READ_CHARACTERS = 1_200  # about what sentence models read; a longer text would cost its tokens


def vectors_of(embedder: SentenceModel, texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """A row for each text; zeros where the embedding model can make nothing of it."""
    rows = [vector_of(embedder, text) for text in texts]
    nothing = np.zeros(embedder.dimensions, np.float32)
    return np.array([nothing if row is None else row for row in rows], np.float32)


def vector_of(embedder: SentenceModel, text: str) -> npt.NDArray[np.float32] | None:
    """The text's vector; None where the embedding model can make nothing of it."""
    try:
        (vector,) = embedder.vectors([text[:READ_CHARACTERS]])
    except TextUnreadable:
        return None
    return vector if np.isfinite(vector).all() else None
