"""Which limits apply to a caller, everywhere and at one method. They can be changed at any time."""

from collections.abc import Mapping

from interceptors.limits.tiers import FREE_TIER, TIERS, Limits

MOST_CUSTOM_LIMITS = 10_000


class TooManyCustomLimits(Exception):
    """The book holds as many custom limits as it may."""

    def __init__(self, most: int) -> None:
        super().__init__(str(most))
        self.most = most


class LimitBook:
    """The limits of the tiers, and the custom ones that stand in their place.

    A custom limit with a caller alone replaces its tier's; with a method alone it holds for every
    caller at that method, each for itself; with both, for that caller at that method. A limit at
    a method is charged beside the caller's limits everywhere. `tiers` holds the free one.
    """

    def __init__(
        self, tiers: Mapping[str, Limits] = TIERS, most_custom: int = MOST_CUSTOM_LIMITS
    ) -> None:
        self.tiers = tiers
        self.version = 0  # grows with every change
        self.limits_methods = False  # whether there is a limit at any method
        self._most_custom = most_custom
        self._custom: dict[tuple[str, str], Limits] = {}

    @property
    def custom(self) -> Mapping[tuple[str, str], Limits]:
        """The custom limits by caller and method, of which one may be empty."""
        return self._custom

    def set_limits(self, limits: Limits | None, *, caller: str = "", method: str = "") -> None:
        """Put custom limits in force, or with None the usual ones.

        What is spent stays spent in the windows that both have; others begin anew.

        Raises TooManyCustomLimits.
        """
        key = (caller, method)
        if limits is None:
            self._custom.pop(key, None)
        elif key in self._custom or len(self._custom) < self._most_custom:
            self._custom[key] = limits
        else:
            raise TooManyCustomLimits(self._most_custom)
        self.limits_methods = any(at_method for _, at_method in self._custom)
        self.version += 1

    def methods_of(self, caller: str) -> list[str]:
        """The methods at which a caller has limits, by name."""
        return sorted(
            {method for whose, method in self._custom if method and whose in ("", caller)}
        )

    def tier(self, tier: str) -> str:
        """The tier that counts: one that is not in the book is as the free one."""
        return tier if tier in self.tiers else FREE_TIER

    def everywhere(self, caller: str, tier: str) -> Limits:
        """What a caller may spend at all methods together."""
        return self._custom.get((caller, "")) or self.tiers[self.tier(tier)]

    def at_method(self, caller: str, method: str) -> Limits | None:
        """What a caller may spend at one method; None: nothing is said of that."""
        return self._custom.get((caller, method)) or self._custom.get(("", method))
