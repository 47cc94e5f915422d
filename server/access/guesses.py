"""Credentials that had to be looked up and proved wrong, by the address that brought them."""

from interceptors.call import ANONYMOUS_TIER
from interceptors.limits.limiter import Limiter, anonymous_name


class Guesses:
    """Bounds the look-ups that an address can cause; `limiter` is for that alone.

    Failures that cost no look-up are no guesses: a caller that repeats what was refused keeps
    nobody out who shares its address.
    """

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter

    def check(self, address: str) -> None:
        """Raises RateLimited where the address has guessed too often."""
        self._limiter.check_here(anonymous_name(address), ANONYMOUS_TIER)

    def count(self, address: str) -> None:
        """The address has guessed wrong."""
        self._limiter.charge_here(anonymous_name(address), ANONYMOUS_TIER, "", 1)
