"""Ends a call from outside the task that works on it."""

import asyncio
from types import TracebackType
from typing import Self

WRITE_GRACE_S = 5.0  # for a message that is being sent when the error comes


class Interruption:
    """Cancels the task that enters it, and makes that the error that it was told.

    A cancellation from elsewhere stays one, also when both come at the same time. One that pauses
    for longer than `write_grace_s` after the error is cancelled all the same; a generator, which
    gRPC then lets go of, ends with the error as it is closed.
    """

    __slots__ = (
        "_cancels_before",
        "_error",
        "_has_cancelled",
        "_is_working",
        "_last_call",
        "_task",
        "_write_grace_s",
    )

    def __init__(self, write_grace_s: float = WRITE_GRACE_S) -> None:
        self._write_grace_s = write_grace_s
        self._error: Exception | None = None
        self._is_working = True
        self._has_cancelled = False
        self._last_call: asyncio.TimerHandle | None = None

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
        self._call_off()
        if not self._has_cancelled:
            return
        is_ours_alone = self._task.uncancel() <= self._cancels_before
        # A generator that has yielded does not see the cancellation; it is closed after it.
        is_cancelled = kind in (asyncio.CancelledError, GeneratorExit)
        if is_ours_alone and is_cancelled and self._error is not None:
            raise self._error from error

    def end_with(self, error: Exception) -> None:
        """Cancel what runs now with this error; while paused, end with it at `resume`, or
        cancel what nobody has resumed in time.
        """
        self._error = error
        if self._is_working:
            self._cancel()
        elif self._last_call is None:
            loop = self._task.get_loop()
            self._last_call = loop.call_later(self._write_grace_s, self._cancel)

    def pause(self) -> None:
        """Cancel nothing for now: cancelled while it sends a message, gRPC would end the call
        without a status.
        """
        self._is_working = False

    def resume(self) -> None:
        """Go on. Raises the error that came meanwhile."""
        self._is_working = True
        if self._error is not None:
            self._call_off()
            raise self._error

    def _cancel(self) -> None:
        self._has_cancelled = True
        self._task.cancel()

    def _call_off(self) -> None:
        if self._last_call is not None:
            self._last_call.cancel()
