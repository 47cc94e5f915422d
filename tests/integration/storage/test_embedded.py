"""The embedded PostgreSQL has one owner and survives kills."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from server.storage.embedded import EmbeddedPostgres, running_url
from server.storage.errors import DataFolderInUse

OWNER = """
import asyncio, sys, time
from pathlib import Path
from server.storage.embedded import EmbeddedPostgres
print(asyncio.run(EmbeddedPostgres(Path(sys.argv[1])).start()), flush=True)
time.sleep(600)
"""


def start_owner(folder: Path) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", OWNER, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


async def test_data_outlives_its_server(folder: Path) -> None:
    postgres = EmbeddedPostgres(folder / "data")
    with psycopg.connect(await postgres.start(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (tenant text)")
    await postgres.stop()
    assert running_url(folder / "data") is None
    url = await postgres.start()
    with psycopg.connect(url) as connection:
        connection.execute("SELECT * FROM kept")
    await postgres.stop()


async def test_a_second_owner_is_told_who_the_first_is(folder: Path) -> None:
    first, second = EmbeddedPostgres(folder / "data"), EmbeddedPostgres(folder / "data")
    await first.start()
    with pytest.raises(DataFolderInUse, match=str(os.getpid())):
        await second.start()
    await first.stop()


async def test_what_a_killed_owner_left_is_adopted(folder: Path) -> None:
    owner, url = start_owner(folder)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (tenant text)")
    owner.kill()
    owner.communicate()
    postgres = EmbeddedPostgres(folder)
    with psycopg.connect(await postgres.start()) as connection:
        connection.execute("SELECT * FROM kept")
    await postgres.stop()
    assert running_url(folder) is None


async def test_a_killed_database_starts_again(folder: Path) -> None:
    owner, url = start_owner(folder)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (tenant text)")
    owner.kill()
    owner.communicate()
    postmaster = int((folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    os.kill(postmaster, signal.SIGKILL)
    postgres = EmbeddedPostgres(folder)
    with psycopg.connect(await postgres.start()) as connection:
        connection.execute("SELECT * FROM kept")
    await postgres.stop()


async def test_a_first_start_that_was_cut_short_is_begun_again(folder: Path) -> None:
    half = folder / "data" / "postgres"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    postgres = EmbeddedPostgres(folder / "data")
    with psycopg.connect(await postgres.start()) as connection:
        connection.execute("SELECT 1")
    await postgres.stop()


async def test_nobody_else_may_enter_its_folders(folder: Path) -> None:
    postgres = EmbeddedPostgres(folder / "data")
    await postgres.start()
    assert (folder / "data" / "postgres").stat().st_mode & 0o077 == 0
    await postgres.stop()
