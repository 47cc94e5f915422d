"""How much a caller may spend in each window, by tier."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from interceptors.call import ANONYMOUS_TIER

FREE_TIER = "free"


@dataclass(frozen=True, slots=True)
class Limits:
    """Units that may be spent in each window; 0: as many as one likes."""

    second: int = 0
    minute: int = 0
    hour: int = 0
    day: int = 0

    def windows(self) -> tuple[tuple[str, int, int], ...]:
        """Name, width in seconds and units of every window that has a limit."""
        windows = (
            ("second", 1, self.second),
            ("minute", 60, self.minute),
            ("hour", 3600, self.hour),
            ("day", 86400, self.day),
        )
        return tuple(window for window in windows if window[2] > 0)


TIERS: Mapping[str, Limits] = MappingProxyType(
    {
        ANONYMOUS_TIER: Limits(minute=60),
        FREE_TIER: Limits(2, 60, 1_000, 10_000),
        "basic": Limits(5, 150, 5_000, 50_000),
        "pro": Limits(10, 300, 15_000, 150_000),
        "enterprise": Limits(50, 1_000, 50_000, 500_000),
    }
)
