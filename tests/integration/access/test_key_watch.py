"""Tokens end with the keys that signed them, also in a process that has verified them before."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from interceptors.errors import Unauthenticated
from interceptors.limits.book import LimitBook
from interceptors.limits.limiter import Limiter
from server.access.entrance import Entrance, open_entrance
from server.access.guesses import Guesses
from server.access.key import new_secret
from server.access.key_store import KeyOrder
from server.access.roles import Role
from server.admin.limits.inheritance import inherit_limits
from server.storage.database import Database
from server.storage.migrate import migrate, read_migrations

PATIENCE_S = 60.0


async def _charge_nobody(_address: str) -> None:
    """No failure counts."""


@pytest_asyncio.fixture
async def entrance(database: Database, folder: Path) -> AsyncIterator[Entrance]:
    """Whoever verifies tokens, and hears of changes."""
    await migrate(database, read_migrations())
    async with AsyncExitStack() as stack:
        opened = await open_entrance(
            database,
            folder / "token.keys",
            None,
            inherit_limits,
            _charge_nobody,
            Guesses(Limiter(LimitBook())),
            print,
            stack,
        )
        opened.authenticator.forget(None)
        yield opened


async def token_of(entrance: Entrance) -> str:
    """The header of a token that was verified, and is remembered."""
    order = KeyOrder("default", "", (Role.ADMIN,), (), "free", None)
    key = await entrance.keys.add(order, new_secret(lambda count: b"s" * count), "somebody")
    header = f"Bearer {(await entrance.tokens.issue(key, (), 600.0)).text}"
    await entrance.authenticator.authenticate([header], "192.0.2.1")
    assert entrance.remembered.known(header)
    return header


@pytest.mark.parametrize("content", [None, b'{"keys": []}'], ids=["deleted", "changed"])
async def test_a_remembered_token_ends_with_its_key(
    entrance: Entrance, folder: Path, content: bytes | None
) -> None:
    header = await token_of(entrance)
    (folder / "token.keys").unlink()
    if content is not None:
        (folder / "token.keys").write_bytes(content)
    async with asyncio.timeout(PATIENCE_S):
        while entrance.remembered.known(header):  # noqa: ASYNC110  # what is watched tells no event
            await asyncio.sleep(0.01)
    with pytest.raises(Unauthenticated):
        await entrance.authenticator.authenticate([header], "192.0.2.1")
