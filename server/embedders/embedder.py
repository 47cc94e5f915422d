"""What is asked of an embedder, whatever computes its vectors."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float32]  # [dimensions], of length 1


class Embedder(Protocol):
    """Makes a vector of every text. Vectors of different names must never be compared."""

    @property
    def name(self) -> str:
        """The model and a digest of what its vectors depend on."""

    @property
    def dimensions(self) -> int:
        """Numbers of a vector."""

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """A vector for each text, in their order. Raises what the first text that fails raises."""

    async def close(self) -> None:
        """Give up what is in progress, and everything that is held."""
