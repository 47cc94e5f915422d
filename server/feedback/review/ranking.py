"""The order in which people should look at what waits: by what is learned from it."""

from collections import deque
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from server.feedback.review.item import Candidate, Ranked
from server.feedback.review.likeness import Sketch, alike
from server.triage.review import ReviewReason

AUDIT_SHARE = 1 / 3  # of the items, while there are audits and others
REPEATED = 0.2  # of the worth of an item remains where somebody has nearly the same one in hand
RANDOM_DIGITS = 12  # where those of a run's id begin that do not tell its time

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]


def ranked(
    candidates: Sequence[Candidate],
    sketches: Sequence[Sketch],
    in_hand: Sequence[Sketch],
    most: int,
    draw: Callable[[], float],
) -> list[Ranked]:
    """At most so many candidates, what to look at first in front.

    sketches  of the candidates' texts
    in_hand   of texts that people have in hand already
    draw      gives random numbers in [0, 1)
    Audits are an unbiased sample: they have a share of their own and come in an order that depends
    on nothing that is known of them, always the same.
    """
    if not candidates:
        return []
    near = alike(np.array([*sketches, *in_hand]))
    count = len(candidates)
    similar = near[:count, :count].sum(axis=1) - 1
    values = _values(candidates, similar)
    worth = np.where(near[:count, count:].any(axis=1), values * REPEATED, values)
    is_audit = np.array([one.reason is ReviewReason.AUDIT for one in candidates])
    order = _order(candidates, worth, is_audit, near[:count, :count], most, draw)
    return [
        Ranked(candidates[at].run_id, candidates[at].reason, float(values[at]), int(similar[at]))
        for at in order
    ]


def _values(candidates: Sequence[Candidate], similar: npt.NDArray[np.int64]) -> Floats:
    """As likely as one of several looks would find something: a run with many like it counts for
    several, and one that people disagree about for one more.
    """
    own = np.clip([one.value for one in candidates], 0.0, 1.0)
    is_disputed = np.array([one.reason is ReviewReason.DISAGREEMENT for one in candidates])
    looks = 1 + np.log2(1 + similar) + is_disputed
    return np.asarray(1 - (1 - own) ** looks, np.float64)


def _order(
    candidates: Sequence[Candidate],
    worth: Floats,
    is_audit: Booleans,
    near: Booleans,
    most: int,
    draw: Callable[[], float],
) -> list[int]:
    """Positions of candidates; `worth` is used up."""
    audits = deque(
        sorted(is_audit.nonzero()[0].tolist(), key=lambda at: candidates[at].run_id[RANDOM_DIGITS:])
    )
    others = len(candidates) - len(audits)
    worth[is_audit] = -1.0
    order: list[int] = []
    while len(order) < most and (audits or others):
        if audits and (not others or draw() < AUDIT_SHARE):
            at = audits.popleft()
        else:
            at = int(worth.argmax())
            others -= 1
        order.append(at)
        worth[near[at] & (worth > 0)] *= REPEATED
        worth[at] = -1.0
    return order
