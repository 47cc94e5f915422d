"""How a streaming call ended, as the server said it."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, TypeVar

from grpc import StatusCode
from grpc.aio import AioRpcError, Call, Metadata

Value = TypeVar("Value")

_WAIT_S = 1.0  # both statuses come from one event of the transport, milliseconds apart


class CallEnding:
    """Keeps the status that the server gave.

    grpc.aio overwrites it with INTERNAL when a write fails because the call has ended, now before
    and now after it has arrived (github.com/grpc/grpc/issues/36066).
    """

    def __init__(self, call: Call) -> None:
        self._call = call
        self._error: AioRpcError | None = None
        self._has_come = asyncio.Event()
        call.add_done_callback(self._note)

    def _note(self, _: object) -> None:
        code, details = _now(self._call.code()), _now(self._call.details())
        error = AioRpcError(code, Metadata(), _now(self._call.trailing_metadata()), details)
        if not _is_mask(error):
            self._error = error
            self._has_come.set()

    async def behind(self, error: AioRpcError) -> AioRpcError:
        """What the server said, where `error` hides it; its code may be OK."""
        if _is_mask(error):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._has_come.wait(), _WAIT_S)
        return self._error or error


def _is_mask(error: AioRpcError) -> bool:
    return error.code() is StatusCode.INTERNAL and error.details() == "Internal error from Core"


def _now(ready: Coroutine[Any, Any, Value]) -> Value:
    """The value of a coroutine that does not wait: the status is there when the call is done."""
    try:
        ready.send(None)
    except StopIteration as end:
        value: Value = end.value
        return value
    raise RuntimeError("a call without a status is not done")
