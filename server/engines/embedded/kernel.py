"""The part of a model that reads vectors: every text that was learned votes, the nearer the more.

A Gaussian kernel machine: exp(BREADTH * (cosine - 1)) of each prototype, times its votes.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from server.engines.embedded.calibration import Calibration

BREADTH = 4.0  # by cross-validation on banking77


@dataclass(frozen=True, eq=False)
class Kernel:
    """Immutable. Vectors of another embedding model mean nothing to it."""

    embedding_model: str  # name of the sentence model, with its digest
    prototypes: npt.NDArray[np.float16]  # [prototypes, dimensions], rows of length 1
    votes: npt.NDArray[np.float16]  # [prototypes, categories]
    biases: npt.NDArray[np.float32]  # [categories]
    weight: float  # of its decision values beside those of the words
    calibration: Calibration  # of both together, by VECTOR_SIGNALS

    @cached_property
    def _wide_prototypes(self) -> npt.NDArray[np.float32]:
        return self.prototypes.astype(np.float32)

    @cached_property
    def _wide_votes(self) -> npt.NDArray[np.float32]:
        return self.votes.astype(np.float32)

    def prepare(self) -> None:
        """Build its tables, so that the first decision is fast too."""
        _ = self._wide_prototypes, self._wide_votes

    def decide(self, vector: npt.NDArray[np.float32]) -> tuple[list[float], float]:
        """Decision values of the categories, and the cosine of the nearest prototype."""
        cosines = self._wide_prototypes @ vector
        values = np.exp(BREADTH * (cosines - 1)) @ self._wide_votes + self.biases
        return values.tolist(), float(cosines.max())
