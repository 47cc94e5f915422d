"""What can go wrong with an operator's order. `server/errors.py` gives each its status."""

from collections.abc import Sequence


class AdminError(Exception):
    """Anything that administration raises on purpose."""


class InvalidOrder(AdminError):
    """A field that breaks a rule which the contract cannot state."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field} {rule}")
        self.field = field
        self.rule = rule


class NotCached(AdminError):
    """A field that names a method whose contract allows no cache."""

    def __init__(self, field: str, cached: Sequence[str]) -> None:
        super().__init__(field)
        self.field = field
        self.cached = tuple(cached)


class ProviderNotFound(AdminError):
    """No provider of language models has this name."""

    def __init__(self, provider: str) -> None:
        super().__init__(provider)
        self.provider = provider


class BreakerNotFound(AdminError):
    """No breaker of this name guards anything."""

    def __init__(self, breaker: str) -> None:
        super().__init__(breaker)
        self.breaker = breaker
