"""How the server behaves: how long it takes, what goes wrong, whether it is there at all."""

import math
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from server.fake_llm.faults import FAULTS

MOST_QUEUED = 100_000  # faults for the next requests
LONGEST_S = 86_400.0
ORDERS = {"latency", "faults", "retry_after_s", "next", "down", "down_for_s"}


class UnusableOrder(Exception):
    """An order that cannot be followed; its text says why."""


@dataclass(frozen=True, slots=True)
class Latency:
    """How long an answer takes: lognormal, or always as long where sigma is 0."""

    median_ms: float = 0.0
    sigma: float = 0.0

    def draw_s(self, random: Random) -> float:
        """The seconds that one answer takes."""
        if not self.sigma:
            return self.median_ms / 1000
        return self.median_ms / 1000 * math.exp(random.gauss(0.0, self.sigma))


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be ordered, and stays until the next order."""

    latency: Latency = Latency()
    faults: Mapping[str, float] = field(default_factory=dict)  # shares of all requests
    retry_after_s: float = 1.0  # what a refused caller is told to wait

    def __post_init__(self) -> None:
        check_names(self.faults)
        shares = self.faults.values()
        if any(share < 0 for share in shares) or sum(shares) > 1 + 1e-9:
            raise UnusableOrder("faults: the shares must be 0 or more, and at most 1 together")
        numbers = (self.latency.median_ms / 1000, self.latency.sigma, self.retry_after_s)
        if not all(0 <= number <= LONGEST_S for number in numbers):
            raise UnusableOrder("latency, retry_after_s: must be 0 or more, and at most a day")


class Behaviour:
    """Decides for every request. The same seed and the same requests: the same decisions."""

    def __init__(self, settings: Settings, seed: int, clock: Callable[[], float]) -> None:
        self._first = settings
        self._seed = seed
        self._clock = clock  # seconds that only grow
        self.restart()

    def restart(self) -> None:
        """Behave as at the start."""
        self.settings = self._first
        self._random = Random(self._seed)  # noqa: S311  # no secret: it must be repeatable
        self._next: deque[str] = deque()
        self._down_until = 0.0

    @property
    def is_down(self) -> bool:
        """Whether every connection is to be reset."""
        return self._clock() < self._down_until

    def next_fault(self) -> str:
        """What goes wrong with the next request; empty: nothing."""
        if self._next:
            return self._next.popleft()
        if not self.settings.faults:
            return ""
        drawn = self._random.random()
        for name, share in self.settings.faults.items():
            drawn -= share
            if drawn < 0:
                return name
        return ""

    def next_latency_s(self) -> float:
        """How long the next answer takes."""
        return self.settings.latency.draw_s(self._random)

    def follow(self, order: Mapping[str, Any]) -> None:
        """Do what was ordered; what is not named stays. Raises UnusableOrder, and does nothing."""
        try:
            if unknown := order.keys() - ORDERS:
                raise UnusableOrder(f"unknown: {', '.join(sorted(unknown))}")
            settings = self._changed(order)
            queued = [str(name) for name in order.get("next", self._next)]
            down_for_s = _down_for_s(order)
        except (AttributeError, TypeError, ValueError) as error:
            raise UnusableOrder(str(error)) from error
        check_names(queued)
        self.settings = settings
        self._next = deque(queued[:MOST_QUEUED])
        if down_for_s is not None:
            self._down_until = self._clock() + down_for_s

    def as_json(self) -> Mapping[str, object]:
        """What is in force."""
        latency = self.settings.latency
        return {
            "latency": {"median_ms": latency.median_ms, "sigma": latency.sigma},
            "faults": dict(self.settings.faults),
            "retry_after_s": self.settings.retry_after_s,
            "next": list(self._next),
            "down": self.is_down,
        }

    def _changed(self, order: Mapping[str, Any]) -> Settings:
        present = self.settings
        latency = Latency(**order["latency"]) if "latency" in order else present.latency
        faults = order.get("faults", present.faults)
        wait_s = order.get("retry_after_s", present.retry_after_s)
        return Settings(latency, dict(faults), wait_s)


def check_names(names: Mapping[str, float] | list[str]) -> None:
    """Raises UnusableOrder when one of them is no fault's name."""
    for name in names:
        if name not in FAULTS:
            raise UnusableOrder(f"{name}: no such fault; there are {', '.join(FAULTS)}")


def _down_for_s(order: Mapping[str, Any]) -> float | None:
    """For how long it is to be away; 0: it is to be back; None: the order does not say."""
    if "down_for_s" in order:
        return float(order["down_for_s"])
    if "down" in order:
        return math.inf if order["down"] else 0.0
    return None
