"""Sliding windows in Redis, shared by all processes: one script, one round trip a charge."""

import asyncio
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from interceptors.limits.windows import Window

Reply = TypeVar("Reply")

TIMEOUT_S = 0.2
PAUSE_S = 1.0  # without Redis, once it has failed
MOST_IN_FLIGHT = 64  # charges, and therefore connections
MOST_OWED = 10_000  # callers to forget once Redis is back; of more, those that were owed last
# RuntimeError is uvloop's word for a connection that the other side has just closed.
FAILURES = (RedisError, OSError, RuntimeError)


def connect(url: str, timeout_s: float = TIMEOUT_S) -> Redis:
    """A client of the Redis at `url` that gives up early and never tries twice."""
    return Redis.from_url(
        url,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 0),
    )


class SharedWindows:
    """Charges windows in Redis, as long as that answers. `clock` is that of the windows."""

    def __init__(self, client: Redis, clock: Callable[[], float], pause_s: float = PAUSE_S) -> None:
        self.is_up = True
        self.failures = 0
        self._client = client
        self._clock = clock
        self._pause_s = pause_s
        self._retry_at = 0.0
        self._owed: dict[str, None] = {}  # keys to delete before anything else is asked
        self._gate = asyncio.Semaphore(MOST_IN_FLIGHT)
        script = files(__package__).joinpath("charge.lua").read_text(encoding="utf-8")
        self._script: Any = client.register_script(script)

    async def charge(self, caller: str, windows: tuple[Window, ...], cost: int) -> bool | None:
        """Whether Redis admitted `cost` units; `windows` then hold what Redis holds.

        A cost of 0 spends nothing. None: Redis is away, and `windows` are as they were.
        """
        arguments: list[str | int] = [cost]
        for window in windows:
            arguments += (window.name, window.limit, window.width_s)
        answer = await self._ask(lambda: self._script([_key(caller)], arguments))
        if answer is None:
            return None
        _read(answer, windows, self._clock())
        return bool(answer[0])

    async def forget(self, caller: str) -> None:
        """Let a caller begin anew now, or while Redis is away, before it is asked again."""
        key = _key(caller)
        if await self._ask(lambda: self._client.delete(key)) is None:
            self._owed[key] = None
            if len(self._owed) > MOST_OWED:
                del self._owed[next(iter(self._owed))]

    async def _ask(self, question: Callable[[], Awaitable[Reply]]) -> Reply | None:
        """The reply, or None while Redis is away.

        Once it has failed, one question after each pause finds out whether it is back. The others
        are not asked: a Redis that hangs costs its timeout once a pause, not once a call.
        """
        is_probe = not self.is_up
        if is_probe and not self._is_time_to_probe():
            return None
        async with self._gate:
            if not (self.is_up or is_probe):  # it has failed while this one waited
                return None
            try:
                if self._owed:
                    await self._delete_owed()
                reply = await question()
            except FAILURES:
                self._fail()
                return None
        self.is_up = True
        return reply

    async def _delete_owed(self) -> None:
        owed = tuple(self._owed)
        await self._client.delete(*owed)
        for key in owed:
            self._owed.pop(key, None)

    def _is_time_to_probe(self) -> bool:
        now = self._clock()
        if now < self._retry_at:
            return False
        self._retry_at = now + self._pause_s
        return True

    def _fail(self) -> None:
        self.is_up = False
        self.failures += 1
        self._retry_at = self._clock() + self._pause_s


def _key(caller: str) -> str:
    # The number changes with the form; braces keep all of a caller on one node of a cluster.
    return f"switchyard:limits:1:{{{caller}}}"


def _read(answer: list[int], windows: tuple[Window, ...], now: float) -> None:
    """Give the windows what Redis holds, on the clock of this process."""
    left_us, previous, current = answer[1::3], answer[2::3], answer[3::3]
    for i, window in enumerate(windows):
        window.ends_at = now + left_us[i] / 1e6
        window.previous, window.current = previous[i], current[i]
