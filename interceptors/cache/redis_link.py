"""The way to Redis: short time-outs, and a while of carrying on alone when something is wrong."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from aiocache import RedisCache  # type: ignore[import-untyped]  # published without types
from aiocache.serializers import NullSerializer  # type: ignore[import-untyped]  # as above
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.client import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

T = TypeVar("T")

NAMESPACE = "switchyard:cache:3"  # the number changes with the form of what is stored
AWAY_S = 1.0  # how long Redis is left alone after a failure
MOST_CONNECTIONS = 16
MOST_OWED = 1024
SWEPT_AT_ONCE = 500  # names that Redis looks at in one step of a search
# RuntimeError is uvloop's word for a connection that the other side has just closed.
FAILURES = (RedisError, TimeoutError, OSError, RuntimeError)


@dataclass(slots=True)
class _Debt:
    """A name to delete before anything else is asked."""

    closed_ms: int
    entries: set[bytes] = field(default_factory=set)  # that went with it


class RedisLink:
    """Asks Redis, and answers None where it is away, full or slow: that is never an error."""

    def __init__(
        self, url: str, timeout_s: float, clock: Callable[[], float], if_too_many: str
    ) -> None:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=MOST_CONNECTIONS,
            timeout=None,
            socket_timeout=None,
            socket_connect_timeout=None,  # one time-out for all of it, in `attempt`
            retry=Retry(NoBackoff(), 1),  # a connection that a restart has cut is made anew
        )
        # aiocache's own time-out starts a task for every command, and of addresses it knows host
        # and port alone: both are done here.
        self.cache: Any = RedisCache(
            serializer=NullSerializer(encoding=None),
            namespace=NAMESPACE,
            timeout=None,
            connection_pool_class=lambda **_host_and_port: pool,
        )
        self._client: Redis = self.cache.client
        # aiocache has no lock that can be extended and no write that depends on other keys.
        self._scripts = {
            path.stem: self._client.register_script(path.read_text())
            for path in Path(__file__).parent.glob("*.lua")
        }
        self._timeout_s = timeout_s
        self._clock = clock
        self._if_too_many = if_too_many  # what to delete instead of more than MOST_OWED names
        self._away_until_s: float | None = None
        self._failures = 0
        self._owed: dict[str, _Debt] = {}  # by name
        self._unswept: set[str] = set()  # beginnings of names
        self._sweeping: asyncio.Task[None] | None = None

    @property
    def is_up(self) -> bool:
        """Whether Redis answered when it was last asked."""
        return self._away_until_s is None

    async def read(self, names: Sequence[str]) -> Sequence[bytes | None] | None:
        """The values under `names`."""
        return await self._ask(lambda: self.cache.multi_get(names))

    async def run(self, script: str, names: Sequence[str], *arguments: bytes | int) -> Any:
        """What a script of this folder answers for these keys."""
        keys = [self.cache.build_key(name) for name in names]
        return await self._ask(lambda: self._scripts[script](keys=keys, args=arguments))

    async def delete(self, names: Mapping[str, int]) -> set[bytes]:
        """Delete values now, or while Redis is away, before anything else is asked of it.

        With each name stands for how many ms an index is closed after that; 0: it is no index.
        Answers the names of the entries that the indexes named.
        """
        debts = [self._owe(name, closed_ms) for name, closed_ms in names.items()]
        await self._ask(_nothing)
        return set().union(*(debt.entries for debt in debts))

    async def sweep(self, beginning: str) -> None:
        """Delete all values whose names begin so, little by little; begins when Redis answers."""
        self._unswept.add(beginning if len(self._unswept) < MOST_OWED else "entry:")
        await self._ask(_nothing)

    async def attempt(self, command: Callable[[], Awaitable[T]]) -> T:
        """What Redis answers. Raises one of FAILURES, and then it is left alone for a while."""
        failures = self._failures
        try:
            async with asyncio.timeout(self._timeout_s):
                if self._owed:
                    await self._delete_owed()
                answer = await command()
        except FAILURES:
            self._failures += 1
            self._away_until_s = self._clock() + AWAY_S
            raise
        if failures == self._failures:  # a full Redis reads on: that must not hide what it refused
            self._away_until_s = None
        if self._unswept and self._sweeping is None:
            self._sweeping = asyncio.create_task(self._sweep_all(), name="sweep")
        return answer

    async def close(self) -> None:
        """Close the connections."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.gather(self._sweeping, return_exceptions=True)
        await self._client.aclose()  # aiocache's close calls a deprecated name

    async def _ask(self, command: Callable[[], Awaitable[T]]) -> T | None:
        if self._away_until_s is not None:
            now_s = self._clock()
            if now_s < self._away_until_s:
                return None
            self._away_until_s = now_s + AWAY_S  # one caller tries; the others do not wait too
        try:
            return await self.attempt(command)
        except FAILURES:
            return None

    def _owe(self, name: str, closed_ms: int) -> _Debt:
        if len(self._owed) >= MOST_OWED:
            name, closed_ms = self._if_too_many, 0
        debt = self._owed[name] = _Debt(closed_ms)
        return debt

    async def _delete_owed(self) -> None:
        owed = dict(self._owed)
        keys = map(self.cache.build_key, owed)
        gone = await self._scripts["forget"](
            keys=[*keys], args=[debt.closed_ms for debt in owed.values()]
        )
        for (name, debt), entries in zip(owed.items(), gone, strict=True):
            debt.entries.update(entries)
            if self._owed.get(name) is debt:  # else it is owed once more since then
                del self._owed[name]

    async def _sweep_all(self) -> None:
        try:
            while self._unswept:
                beginning = self._unswept.pop()
                if not await self._sweep(beginning):
                    self._unswept.add(beginning)  # until Redis answers again
                    return
        finally:
            self._sweeping = None

    async def _sweep(self, beginning: str) -> bool:
        """Whether Redis has answered to the end."""
        pattern, at = f"{self.cache.build_key(beginning)}*", 0
        while True:
            step = await self._ask(partial(self._client.scan, at, pattern, SWEPT_AT_ONCE))
            if step is None:
                return False
            at, names = step
            if names and await self._ask(partial(self._client.unlink, *names)) is None:
                return False
            if not at:
                return True


async def _nothing() -> None:
    """Asks nothing: what is owed is done before."""
