"""Sliding-window counters: what is spent, whether more fits, and when it will.

A window counts in buckets of its width. What was spent in the bucket before fades evenly while
the present one passes, one whole unit after the other:

    spent = floor(previous * (time left of the bucket / width)) + current

Parts of a unit do not count: of a small limit a whole one would fit at the bucket's end alone.

A cost above a window's limit is taken as the whole limit: the call waits for an empty window and
then spends all of it, where it could otherwise never be made.
"""

import math
from dataclasses import dataclass

NEAR_SHARE = 0.8  # of a limit; from there on a caller counts as near it
MARGIN_S = 1e-6  # above what a clock rounds away, so that a wait never ends too early

ADMITTED = "admitted"
NEAR = "near"
REFUSED = "refused"
SHADOW = "shadow"  # refused in shadow mode, therefore admitted
OUTCOMES = (ADMITTED, NEAR, REFUSED, SHADOW)


@dataclass(slots=True)
class Window:
    """The units spent in one width of time, and the limit on them."""

    name: str  # "minute"; of a limit at one method "package.Service/Method minute"
    limit: int
    width_s: int
    ends_at: float = 0.0  # when the present bucket does
    previous: int = 0  # units of the bucket before
    current: int = 0  # units of the present bucket

    def roll(self, now: float) -> None:
        """Go to the bucket of `now`, which is not before `ends_at`."""
        passed = (now - self.ends_at) // self.width_s
        self.previous = self.current if passed == 0 else 0
        self.current = 0
        self.ends_at += (passed + 1) * self.width_s

    def spent(self, now: float) -> int:
        """Units that count at `now`."""
        if now >= self.ends_at:
            self.roll(now)
        return int(self.previous * (self.ends_at - now) / self.width_s) + self.current

    def wait_s(self, cost: int, now: float) -> float:
        """Seconds until `cost` fits, if nobody spends meanwhile."""
        room = self.limit - min(cost, self.limit)
        if self.spent(now) <= room:
            return 0.0
        fading, fades_until = self.previous, self.ends_at
        free = room - self.current
        if free < 0:  # not before the present bucket has become the previous one
            fading, fades_until = self.current, self.ends_at + self.width_s
            free = room
        # What fades fits as soon as it is less than the next whole unit.
        fits_for_s = self.width_s * min(1.0, (free + 1) / fading)
        return fades_until - fits_for_s - now + MARGIN_S

    def whole_in_s(self, now: float) -> float:
        """Seconds until the whole limit is there again, if nobody spends meanwhile."""
        return self.wait_s(self.limit, now)


@dataclass(slots=True)
class Meter:
    """The windows that are charged together, and how callers are told of them."""

    windows: tuple[Window, ...]
    policy: str  # the value of ratelimit-policy
    asked_at: float = -math.inf  # when Redis last told what is spent


@dataclass(slots=True)
class Verdict:
    """How a charge went, told by the window that matters most.

    That is the one closest to its limit or, where the charge was refused, the last to admit it.
    """

    outcome: str  # ADMITTED, NEAR, REFUSED or SHADOW
    window: Window
    remaining_units: int
    reset_s: float  # until the window's bucket ends; of a refusal, until the cost fits
    wait_s: float  # 0.0: the charge was made
    policy: str


def charge(meter: Meter, cost: int, now: float) -> Verdict | None:
    """Spend `cost` units of every window, or of none. None: there is no limit."""
    # On the path of every call: Window.spent is spelled out.
    closest, closest_spent, highest_share = None, 0, 0.0
    for window in meter.windows:
        if now >= window.ends_at:
            window.roll(now)
        limit = window.limit
        spent = window.current + (cost if cost < limit else limit)
        if window.previous:
            spent += int(window.previous * (window.ends_at - now) / window.width_s)
        if spent > limit:
            return refuse(meter, cost, now)
        share = spent / limit
        if share >= highest_share:
            closest, closest_spent, highest_share = window, spent, share
    if closest is None:
        return None
    for window in meter.windows:
        window.current += cost if cost < window.limit else window.limit
    outcome = NEAR if highest_share >= NEAR_SHARE else ADMITTED
    remaining = closest.limit - closest_spent
    return Verdict(outcome, closest, remaining, closest.ends_at - now, 0.0, meter.policy)


def fits(meter: Meter, cost: int, now: float) -> bool:
    """Whether every window has room for `cost` units."""
    return not any(window.wait_s(cost, now) for window in meter.windows)


def is_near(meter: Meter, now: float) -> bool:
    """Whether a window is spent to NEAR_SHARE of its limit or more."""
    return any(window.spent(now) >= NEAR_SHARE * window.limit for window in meter.windows)


def admit(meter: Meter, now: float) -> Verdict:
    """The verdict on units that Redis has admitted and that the windows already hold."""
    closest = max(meter.windows, key=lambda window: window.spent(now) / window.limit)
    is_near = closest.spent(now) >= NEAR_SHARE * closest.limit
    remaining, reset_s = remaining_units(closest, now), closest.ends_at - now
    return Verdict(NEAR if is_near else ADMITTED, closest, remaining, reset_s, 0.0, meter.policy)


def refuse(meter: Meter, cost: int, now: float) -> Verdict:
    """The verdict on `cost` units that do not fit; nothing is spent."""
    wait_s, last = max(
        ((window.wait_s(cost, now), window) for window in meter.windows),
        key=lambda waiting: waiting[0],
    )
    # Where another clock has refused, this one may be a moment ahead of it.
    wait_s = max(wait_s, MARGIN_S)
    return Verdict(REFUSED, last, remaining_units(last, now), wait_s, wait_s, meter.policy)


def remaining_units(window: Window, now: float) -> int:
    """Units that can be spent at `now`."""
    return max(0, window.limit - window.spent(now))
