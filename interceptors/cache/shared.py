"""Entries in Redis, for all processes. Whatever is wrong with it, callers just find nothing.

A tag has a version there, a random word, which stands in every entry that carries the tag.
Invalidating the tag deletes its version: no entry with the old word can be read any more, nor be
stored by a work that began before. A version that Redis evicts has the same effect. Such entries
leave Redis when their life is over; those of a tenant that is no more are searched for and deleted.

The tags of an answer are not known to who asks for it. They have an index of the entries instead,
which lives as long; it is closed for a while when they are dropped, for a work that began before.
An index that Redis evicts before its entries leaves them until their life is over.
"""

import secrets
import time
from collections.abc import Callable, Sequence

from redis.exceptions import RedisError

from interceptors.cache.entry import Entry, unpack
from interceptors.cache.lease import Lease, entries_of, index_name, key_in, names_of, tag_name
from interceptors.cache.redis_link import RedisLink
from interceptors.cache.tags import ALL

CLOSED_MS = 120_000  # as long as a work may go on after it has found its tags


def _new_token() -> bytes:
    return secrets.token_bytes(8)


class SharedCache:
    """The Redis at `url`. A caller waits at most `timeout_s` for it, and not again for a while."""

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float = 0.1,
        lease_s: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
        new_token: Callable[[], bytes] = _new_token,
    ) -> None:
        self._link = RedisLink(url, timeout_s, clock, if_too_many=tag_name(ALL))
        self._lease_s = lease_s
        self._new_token = new_token

    @property
    def is_up(self) -> bool:
        """Whether Redis answered when it was last asked."""
        return self._link.is_up

    async def read(self, key: bytes, tags: tuple[str, ...]) -> Entry | None:
        """The entry of `key`, if none of its tags was invalidated since."""
        data, _lock, *versions = await self._link.read(names_of(key, tags)) or (None, None)
        known = [version for version in versions if version is not None]
        if data is None or len(known) < len(tags):
            return None
        return unpack(data, tags, known)

    def lease(self, key: bytes, tags: tuple[str, ...]) -> Lease:
        """The right to do the work of `key`; enter it to ask for it."""
        return Lease(self._link, key, tags, self._new_token(), self._lease_s)

    async def invalidate(self, tags: Sequence[str]) -> set[bytes]:
        """Make the entries of some tags unreachable; while Redis is away, before it is read again.

        Answers the keys of those that were found by the tags of their answers.
        """
        names = {tag_name(tag): 0 for tag in tags}
        names |= {index_name(tag): CLOSED_MS for tag in tags}
        return {key_in(name) for name in await self._link.delete(names)}

    async def erase(self, owner: str) -> None:
        """Delete the entries that carry the tag of a tenant, also those that were invalidated
        before; while Redis is away, when it is back.
        """
        await self._link.sweep(entries_of(owner))

    async def probe(self) -> None:
        """Write, read and delete a word. Raises one of FAILURES."""
        cache, word = self._link.cache, self._new_token()
        name = f"probe:{word.hex()}"

        async def write_read_delete() -> None:
            await cache.add(name, word, ttl=60)  # its `set` calls a deprecated command
            if await cache.get(name) != word:
                raise RedisError
            await cache.delete(name)

        await self._link.attempt(write_read_delete)

    async def close(self) -> None:
        """Close the connections."""
        await self._link.close()
