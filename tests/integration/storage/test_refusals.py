"""Whoever cannot connect hears why, and nothing of the URL."""

import psycopg
import pytest

from server.storage.database import Database
from server.storage.errors import StorageUnavailable
from server.storage.refusals import refusal_cause

PATIENCE_S = 60


async def cause(url: str) -> str:
    """Why this URL does not connect."""
    with pytest.raises(psycopg.Error) as raised:
        await psycopg.AsyncConnection.connect(url, connect_timeout=PATIENCE_S)
    return refusal_cause(raised.value)


async def test_what_the_server_refuses_is_told_apart(postgres_url: str) -> None:
    assert "no such database" in await cause(postgres_url.replace("/postgres?", "/secret?"))
    assert "no such user" in await cause(postgres_url.replace("//postgres:", "//secret:"))


async def test_where_no_server_is_is_told_apart() -> None:
    assert "no address" in await cause("postgresql://u:secret@secret.invalid/d")
    assert "nothing listens" in await cause("postgresql://u:secret@127.0.0.1:1/d")
    assert "port and TLS options" in await cause("postgresql://u:secret@127.0.0.1:99999/d")
    assert "cannot be read" in await cause("postgresql://u:secret@[half/d")


async def test_a_cause_that_nobody_foresaw_repeats_nothing() -> None:
    said = refusal_cause(psycopg.OperationalError("u:secret@host did something new"))
    assert said == "no connection could be made (OperationalError)"


async def test_a_pool_that_cannot_open_tells_the_cause() -> None:
    database = Database("postgresql://u:secret@127.0.0.1:1/d")
    with pytest.raises(StorageUnavailable) as raised:
        await database.open()
    said = "database unavailable: nothing listens there; see `switchyard-server doctor`"
    assert str(raised.value) == said
