"""Reads a stream no faster than its caller may spend."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from interceptors.limits.limiter import rate_limited
from interceptors.limits.windows import REFUSED, Verdict


class PacedItems:
    """The items of a stream, each once `charge` has admitted it; None: there is no limit.

    Raises RateLimited.
    """

    def __init__(
        self,
        items: AsyncIterator[Any],
        caller: str,
        charge: Callable[[], Awaitable[Verdict | None]],
    ) -> None:
        self.verdict: Verdict | None = None  # on the last item
        self._items = aiter(items)
        self._caller = caller
        self._charge = charge

    def __aiter__(self) -> "PacedItems":
        return self

    async def __anext__(self) -> Any:
        """The next item."""
        item = await anext(self._items)
        self.verdict = await self._charge()
        if self.verdict is not None and self.verdict.outcome == REFUSED:
            raise rate_limited(self._caller, self.verdict)
        return item
