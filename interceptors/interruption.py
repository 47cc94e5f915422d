"""Ends a call from outside the task that works on it."""

import asyncio
from types import TracebackType
from typing import Self


class Interruption:
    """Cancels the task that enters it, and makes that the error that it was told.

    A cancellation from elsewhere stays one, also when both come at the same time.
    """

    __slots__ = ("_cancels_before", "_error", "_has_cancelled", "_is_working", "_task")

    def __init__(self) -> None:
        self._error: Exception | None = None
        self._is_working = True
        self._has_cancelled = False

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only a task can be cancelled")
        self._task = task
        self._cancels_before = task.cancelling()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._has_cancelled:
            return
        is_ours_alone = self._task.uncancel() <= self._cancels_before
        if is_ours_alone and kind is asyncio.CancelledError and self._error is not None:
            raise self._error from error

    def end_with(self, error: Exception) -> None:
        """Cancel what runs now, or end at `resume`, with this error."""
        self._error = error
        if self._is_working:
            self._has_cancelled = True
            self._task.cancel()

    def pause(self) -> None:
        """Cancel nothing for now: cancelled while it sends a message, gRPC would end the call
        without a status.
        """
        self._is_working = False

    def resume(self) -> None:
        """Go on. Raises the error that came meanwhile."""
        self._is_working = True
        if self._error is not None:
            raise self._error
