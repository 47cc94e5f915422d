"""The right to do one work for all processes, for a short time that the worker keeps extending.

Who dies with it delays the others until the time is over and no longer.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import blake2b
from types import TracebackType

from interceptors.cache.entry import Entry, pack, unpack
from interceptors.cache.redis_link import RedisLink
from interceptors.cache.tags import owner_in

FIRST_POLL_S = 0.005
LONGEST_POLL_S = 0.05
MOST_OWNERS = 1024  # the names of whose entries are made once
VERSION_LIFE_S = 7 * 24 * 3600  # after the last use; without its version no entry can be read


def names_of(key: bytes, tags: Sequence[str]) -> list[str]:
    """What Redis holds for one question: the entry, the lock, and the version of each tag."""
    digest = key.hex()
    return [f"{entries_of(owner_in(tags))}{digest}", f"lock:{digest}", *map(tag_name, tags)]


@lru_cache(MOST_OWNERS)
def entries_of(owner: str) -> str:
    """What the names of all entries that carry the tag of a tenant begin with."""
    return f"entry:{blake2b(owner.encode(), digest_size=8).hexdigest()}:"


def key_in(entry_name: bytes) -> bytes:
    """The key of the question whose entry has this name."""
    return bytes.fromhex(entry_name.rpartition(b":")[2].decode())


def tag_name(tag: str) -> str:
    """Under which Redis holds the version of a tag."""
    return f"tag:{tag}"


def index_name(tag: str) -> str:
    """Under which Redis holds the names of the entries whose answers carry a tag."""
    return f"answers:{tag}"


class Lease:
    """Held by one process at a time, as far as Redis answers: else nobody holds it, nobody waits
    and nothing is stored.
    """

    def __init__(
        self, link: RedisLink, key: bytes, tags: tuple[str, ...], token: bytes, lease_s: float
    ) -> None:
        self._link = link
        self._names = names_of(key, tags)
        self._tags = tags
        self._token = token
        self._lease_s = lease_s
        self._holder: bytes | None = None
        self._versions: Sequence[bytes] = ()
        self._extending: asyncio.Task[None] | None = None
        self.entry: Entry | None = None  # what was stored when the lease was asked for

    @property
    def is_held(self) -> bool:
        """Whether the work is ours."""
        return self._holder == self._token

    @property
    def is_held_elsewhere(self) -> bool:
        """Whether another process does the work."""
        return self._holder is not None and not self.is_held

    async def __aenter__(self) -> "Lease":
        """Take the lease unless another process has it."""
        lives_ms = (int(self._lease_s * 1000), VERSION_LIFE_S * 1000)
        taken = await self._link.run("take", self._names, self._token, *lives_ms)
        if taken is not None:
            data, self._holder, *self._versions = taken
            self.entry = unpack(data, self._tags, self._versions)
        if self.is_held:
            self._extending = asyncio.create_task(self._extend_forever())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the lease back."""
        if self._extending is not None:
            self._extending.cancel()
        if self.is_held:
            await self._extend(0)

    async def wait(self, will_do: Callable[[Entry], bool]) -> Entry | None:
        """The entry that the holder stores; None when it ends or dies without one that will do."""
        poll_s, holder = FIRST_POLL_S, self._holder
        while holder is not None and holder == self._holder:
            await asyncio.sleep(poll_s)
            poll_s = min(2 * poll_s, LONGEST_POLL_S)
            entry, holder = await self._look()
            if entry is not None and will_do(entry):
                return entry
        return None

    async def store(self, entry: Entry, life_s: float) -> None:
        """Store an entry, unless one of its tags was invalidated since the lease was asked for."""
        if self._holder is None:
            return
        names = [*self._names, *map(index_name, entry.answer_tags)]
        data, life_ms = pack(entry, self._versions), max(1, int(life_s * 1000))
        stored = await self._link.run("store", names, data, life_ms, self._token, *self._versions)
        if stored is not None:
            self._holder = None  # the script has given the lease back

    async def _look(self) -> tuple[Entry | None, bytes | None]:
        data, holder, *versions = await self._link.read(self._names) or (None, None)
        if data is None or versions != list(self._versions):
            return None, holder
        return unpack(data, self._tags, self._versions), holder

    async def _extend_forever(self) -> None:
        while True:
            await asyncio.sleep(self._lease_s / 3)
            await self._extend(int(self._lease_s * 1000))

    async def _extend(self, ms: int) -> None:
        await self._link.run("extend", self._names[1:2], self._token, ms)
