"""What was invalidated lately: an answer that was being made meanwhile must not be kept."""

from collections import deque
from collections.abc import Sequence
from itertools import islice

MOST_REMEMBERED = 1024


class Invalidations:
    """Remembers the last tags in order. `count` is the moment to ask about later."""

    def __init__(self) -> None:
        self.count = 0
        self._latest: deque[str] = deque(maxlen=MOST_REMEMBERED)

    def add(self, tag: str) -> None:
        """`tag` is invalidated now."""
        self.count += 1
        self._latest.append(tag)

    def have_touched(self, tags: Sequence[str], since: int) -> bool:
        """Whether one of `tags` may have been invalidated since `count` was `since`."""
        missed = self.count - since
        if not missed:
            return False
        if missed > len(self._latest):
            return True  # forgotten which: better to throw an answer away
        return any(tag in tags for tag in islice(reversed(self._latest), missed))
