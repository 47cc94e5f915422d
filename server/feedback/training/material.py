"""What a training learns from, and what is kept back to compare models on.

Whether a text may be kept back follows from its digest, so it is the same for every training: the
newest of them have taught no model yet, neither the new one nor the one that answers.
"""

from collections import deque
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass

from server.engines.embedded.training_set import TrainingLabel, training_label
from server.triage.examples.label import digest_of, is_held_back
from server.triage.examples.label_store import StoredLabel

MOST_HELD_OUT = 1000
MOST_BYTES = 64 * 1024 * 1024  # of texts: 100,000 tickets of a few sentences


@dataclass(frozen=True, slots=True)
class Material:
    """Labels for a training."""

    labels: Sequence[TrainingLabel]
    held_out: Sequence[TrainingLabel]
    number: int  # of the newest label
    forgotten: int  # oldest labels, for which there is no room


async def gather(
    pages: AsyncIterator[Sequence[StoredLabel]], categories: Collection[str]
) -> Material:
    """All labels but those held out; of too many the newest. `pages` come the oldest first."""
    labels: deque[TrainingLabel] = deque()
    held_out: deque[TrainingLabel] = deque()
    size, number, forgotten = 0, 0, 0
    async for page in pages:
        for stored in page:
            number = stored.number
            label = training_label(stored.label)
            if label.category in categories and is_held_back(digest_of(label.text)):
                held_out.append(label)
                if len(held_out) <= MOST_HELD_OUT:
                    continue
                label = held_out.popleft()
            labels.append(label)
            size += len(label.text)
        while size > MOST_BYTES:
            size -= len(labels.popleft().text)
            forgotten += 1
    return Material(labels, held_out, number, forgotten)
