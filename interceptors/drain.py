"""Refuses calls that begin while the server drains, and knows when the others are done."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from interceptors.call import Call
from interceptors.chain import Method, StreamHandler, UnaryHandler


class DrainGate:
    """Open until `close`. `refusal` makes what a refused call raises; methods for which
    `is_exempt` holds are always let through and never waited for, as health is.
    """

    def __init__(self, refusal: Callable[[], Exception], is_exempt: Callable[[str], bool]) -> None:
        self._refusal = refusal
        self._is_exempt = is_exempt
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.closed = asyncio.Event()

    def close(self) -> None:
        """Refuse every call that begins from now on."""
        self.closed.set()

    async def wait_until_idle(self) -> None:
        """Until no call is running."""
        await self._idle.wait()

    def wrap_unary(self, method: Method, handler: UnaryHandler) -> UnaryHandler:
        """Refuses, or counts the call while it runs."""
        if self._is_exempt(method.name):
            return handler

        async def answer(request: Any, call: Call) -> Any:
            self._enter()
            try:
                return await handler(request, call)
            finally:
                self._leave()

        return answer

    def wrap_stream(self, method: Method, handler: StreamHandler) -> StreamHandler:
        """Refuses, or counts the call while it runs."""
        if self._is_exempt(method.name):
            return handler

        async def answer(request: Any, call: Call) -> AsyncGenerator[Any, None]:
            self._enter()
            try:
                async with aclosing(handler(request, call)) as responses:
                    async for response in responses:
                        yield response
            finally:
                self._leave()

        return answer

    def _enter(self) -> None:
        if self.closed.is_set():
            raise self._refusal()
        self._running += 1
        self._idle.clear()

    def _leave(self) -> None:
        self._running -= 1
        if self._running == 0:
            self._idle.set()
