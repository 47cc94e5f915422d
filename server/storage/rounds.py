"""The rounds of background loops: what goes wrong in one must not end all that come after it."""

import logging
from types import TracebackType

from server.storage.errors import StorageUnavailable


class Rounds:
    """A `with` block for each round of one loop: an exception ends the round, and no more.

    What is `expected` passes in silence: a database that is away is told by its health. Anything
    else is logged, once for as long as round after round fails.
    """

    def __init__(
        self, loop: str, expected: tuple[type[Exception], ...] = (StorageUnavailable,)
    ) -> None:
        self._logger = logging.getLogger(f"switchyard.{loop}")
        self._expected = expected
        self._is_reported = False

    def __enter__(self) -> None:
        """Begin a round."""

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> bool:
        """End the round. What is no Exception, such as a cancellation, ends the loop as well."""
        is_unforeseen = isinstance(error, Exception) and not isinstance(error, self._expected)
        if is_unforeseen and not self._is_reported:
            self._logger.error("a round failed", exc_info=error)
        self._is_reported = is_unforeseen
        return isinstance(error, Exception)
