"""What a training learns from, and what is kept back to compare models on.

Whether a text is kept back follows from its digest, so it is the same for every training: no model
ever learns from it, neither the new one nor the one that answers.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from server.engines.embedded.training_set import TrainingLabel, training_label
from server.triage.examples.label import digest_of, is_held_back
from server.triage.examples.label_store import StoredLabel
from server.triage.taxonomy import Category

MOST_HELD_OUT = 1000
MOST_BYTES = 64 * 1024 * 1024  # of texts: 100,000 tickets of a few sentences
KEPT_BACK = "kept back from every training, and more than models are compared on"
TOO_OLD = "older than those for which there is room"


@dataclass(frozen=True, slots=True)
class Material:
    """Labels for a training."""

    labels: Sequence[TrainingLabel]
    held_out: Sequence[TrainingLabel]
    number: int  # of the newest label
    left_out: Mapping[str, int]  # labels that are in neither, by the reason


@dataclass(slots=True)
class _Gathered:
    """What has been read so far."""

    categories: Collection[str]
    examples: Collection[bytes]  # digests of texts that teach in any case
    labels: deque[TrainingLabel] = field(default_factory=deque)
    held_out: deque[TrainingLabel] = field(default_factory=lambda: deque(maxlen=MOST_HELD_OUT))
    number: int = 0
    size: int = 0  # of the labels' texts
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, page: Sequence[StoredLabel]) -> None:
        """Take in newer labels; of too many the newest remain."""
        for stored in page:
            self.number = stored.number
            label = training_label(stored.label)
            digest = digest_of(label.text)
            if is_held_back(digest) and digest not in self.examples:
                self._hold_out(label)
            else:
                self.labels.append(label)
                self.size += len(label.text)
        while self.size > MOST_BYTES:
            self.size -= len(self.labels.popleft().text)
            self.left_out[TOO_OLD] += 1

    def _hold_out(self, label: TrainingLabel) -> None:
        is_asked = label.category in self.categories
        if not is_asked or len(self.held_out) == MOST_HELD_OUT:
            self.left_out[KEPT_BACK] += 1
        if is_asked:
            self.held_out.append(label)


async def gather(
    pages: AsyncIterator[Sequence[StoredLabel]], categories: Sequence[Category]
) -> Material:
    """All labels but those kept back; of too many the newest. `pages` come the oldest first.

    A text that is an example sentence of a category is never kept back: models learn those.
    """
    examples = {digest_of(example) for category in categories for example in category.examples}
    gathered = _Gathered({category.name for category in categories}, examples)
    async for page in pages:
        # In a thread: hundreds of long texts take a while.
        await asyncio.to_thread(gathered.add, page)
    return Material(gathered.labels, gathered.held_out, gathered.number, gathered.left_out)
