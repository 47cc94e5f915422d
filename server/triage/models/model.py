"""A trained model: what it was made from, how good it is, whether it answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

Figures = Mapping[str, Any]  # what a training found, fit for JSON

OWN = 0  # the version that stands for the model that a taxonomy was given with its last change


class ModelState(IntEnum):
    """Whether a model answers; the numbers are those of the contract."""

    ACTIVE = 1
    READY = 2  # it can be activated
    OUTDATED = 3  # it knows another revision of the taxonomy, and cannot


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on labels that neither has learned from."""

    other_version: int
    labels: int
    both_right: int
    only_this_right: int
    only_other_right: int
    difference: float  # of the accuracies, this one's less the other's
    lower: float  # end of its one-sided 95 % interval
    margin: float  # the most that accuracy may fall for a model to be no worse
    is_no_worse: bool


@dataclass(frozen=True, slots=True)
class Training:
    """What a training has made, and of what."""

    model: bytes
    taxonomy_revision: int
    creator: str
    data_digest: str  # SHA-256 of what it learned from, in hexadecimal
    label_number: int  # of the newest label that it has seen
    figures: Figures
    embedding_model: str = ""  # empty: none
    comparison: Comparison | None = None
    lineage: int | None = None  # whose evidence counts for it, too; None: it begins a line


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A model on record. It never changes but for its state."""

    version: int
    state: ModelState
    create_time: datetime | None  # None: it came with the starter taxonomy
    taxonomy_revision: int
    digest: str  # SHA-256 of the model, in hexadecimal
    size_bytes: int
    creator: str = ""
    lineage: int = OWN  # the version that its line began with
    data_digest: str = ""
    embedding_model: str = ""
    label_number: int = 0
    figures: Figures | None = None  # None, as what follows: it stands with the taxonomy
    comparison: Comparison | None = None

    @property
    def name(self) -> str:
        """Its resource name."""
        return f"models/{self.version}"
