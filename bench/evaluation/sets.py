"""Public data sets: texts with their labels."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import orjson

OUTSIDE = "oos"  # the label of texts that fit no category

Places = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Texts:
    """Texts with a label each."""

    texts: list[str]
    labels: npt.NDArray[np.str_]

    def part(self, places: Places) -> "Texts":
        """The texts at these places."""
        return Texts([self.texts[place] for place in places], self.labels[places])

    def where(self, chosen: npt.NDArray[np.bool_]) -> "Texts":
        """The texts that are chosen."""
        return self.part(np.flatnonzero(chosen))

    @property
    def is_outside(self) -> npt.NDArray[np.bool_]:
        """Which of them fit no category."""
        return np.asarray(self.labels == OUTSIDE)


def read_texts(folder: Path, name: str, domain: str = "") -> Texts:
    """The texts of a file, or of one domain of it."""
    rows = [row for row in _rows(folder / name) if not domain or row["domain"] == domain]
    texts = [row.get("text") or f"{row['title']}\n{row['body']}".strip() for row in rows]
    return Texts(texts, np.array([row.get("label") or row["category"] for row in rows]))


def _rows(path: Path) -> Iterator[dict[str, str]]:
    content = path.read_bytes()
    lines = (gzip.decompress(content) if path.suffix == ".gz" else content).splitlines()
    return map(orjson.loads, lines)
