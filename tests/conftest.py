"""Fixtures that every kind of test may use. All parts are real."""

import asyncio
import functools
import inspect
import io
import os
import signal
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import hypothesis
import psutil
import psycopg
import pytest
import pytest_asyncio
import redis
from psycopg import sql
from switchyard.triage.v1 import triage_service_pb2_grpc

from server.app import Application, application
from server.logs import JsonLog
from server.settings import Address, Settings
from server.storage.database import Database
from server.storage.embedded import DATA, EmbeddedPostgres
from server.storage.postmaster import find_postmaster
from tools.redis_process import RedisProcess
from tools.server_process import ServerProcess

# Tests start processes while servers run in this one. gRPC's fork handlers, which are there for
# children that use gRPC, would then break connections now and then, crash, or never return.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

# What a shell starts in the background ignores Ctrl-C, and so would the commands that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Of any test that is a coroutine. Less than faulthandler_timeout, which ends the whole worker and
# leaves its processes behind.
LONGEST_S = 180.0
END_S = 30.0

# A busy machine is no fault: no example is timed.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_itemcollected(item: pytest.Item) -> None:
    """A coroutine that waits for what never comes fails, and its fixtures end."""
    if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
        item.obj = bounded(item.obj)


def bounded(test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """The same test, which fails when it takes too long."""

    @functools.wraps(test)
    async def in_time(*arguments: Any, **fixtures: Any) -> None:
        async with asyncio.timeout(LONGEST_S):
            await test(*arguments, **fixtures)

    return in_time


@pytest.fixture(scope="session")
def session_folder() -> Iterator[Path]:
    """A folder for databases. Not pytest's own: it closes that to the database's user."""
    with tempfile.TemporaryDirectory(prefix="switchyard-test-") as folder:
        yield Path(folder)
        end_databases(Path(folder))


@pytest.fixture
def folder(session_folder: Path) -> Path:
    """An empty folder of the test's own, fit for a database."""
    return Path(tempfile.mkdtemp(dir=session_folder))


@pytest.fixture(scope="session")
def server(session_folder: Path) -> Iterator[ServerProcess]:
    """A server in a process of its own, shared by the whole session."""
    process = ServerProcess(session_folder / "server").start()
    yield process
    assert process.stop() == 0


@pytest_asyncio.fixture(scope="session")
async def postgres_url(session_folder: Path) -> AsyncIterator[str]:
    """A PostgreSQL of its own, shared by the whole session: by more servers than usual."""
    postgres = EmbeddedPostgres(session_folder / "postgres")
    url = await postgres.start()
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("ALTER SYSTEM SET max_connections = 400")
        await connection.execute("ALTER SYSTEM SET fsync = off")  # no machine crashes here
    await postgres.stop()  # it counts from the next start on
    yield await postgres.start()
    await postgres.stop()


@pytest_asyncio.fixture
async def database_url(postgres_url: str) -> str:
    """An empty database of the test's own."""
    return await make_database(postgres_url)


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open pool on an empty database."""
    database = Database(database_url)
    await database.open()
    yield database
    await database.close()


@pytest.fixture(scope="session")
def session_redis(session_folder: Path) -> Iterator[RedisProcess]:
    """A Redis shared by the whole session; use `redis_url`, which empties it."""
    process = RedisProcess(session_folder / "redis").start()
    yield process
    process.stop()


@pytest.fixture
def redis_url(session_redis: RedisProcess) -> str:
    """The URL of an empty Redis."""
    with redis.Redis.from_url(session_redis.url) as client:
        client.flushall()
    return session_redis.url


@pytest.fixture
def own_redis(folder: Path) -> Iterator[RedisProcess]:
    """A Redis of the test's own, to be killed and paused."""
    process = RedisProcess(folder / "redis").start()
    yield process
    process.stop()


@pytest_asyncio.fixture(scope="session")
async def settings(session_folder: Path, postgres_url: str) -> Settings:
    """Settings of a server on free ports and an empty database."""
    return Settings(
        listen=Address("127.0.0.1", 0),
        metrics_listen=Address("127.0.0.1", 0),
        data_folder=session_folder / "app",
        database_url=await make_database(postgres_url),
    )


@pytest_asyncio.fixture(scope="session")
async def app(settings: Settings) -> AsyncIterator[Application]:
    """A server inside the test process, shared by the whole session."""
    log = JsonLog(io.BytesIO())
    async with application(settings, log) as running:
        yield running
    await log.close()


@pytest_asyncio.fixture(scope="session")
async def channel(app: Application) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to `app`."""
    async with grpc.aio.insecure_channel(str(app.address)) as channel:
        yield channel


@pytest.fixture(scope="session")
def triage(channel: grpc.aio.Channel) -> Any:
    """A stub of TriageService."""
    return triage_service_pb2_grpc.TriageServiceStub(channel)  # type: ignore[no-untyped-call]  # generated


def end_databases(folder: Path) -> None:
    """End every PostgreSQL that tests have left behind in a folder, also one that is paused."""
    for lock in folder.rglob(f"{DATA}/postmaster.pid"):
        if lock.is_file() and (postmaster := find_postmaster(lock.parent)):
            with suppress(psutil.NoSuchProcess):
                processes = [postmaster.process, *postmaster.process.children(recursive=True)]
                for process in processes:
                    process.kill()
                psutil.wait_procs(processes, END_S)


async def make_database(postgres_url: str, options: str = "") -> str:
    """The URL of a new, empty database."""
    name = f"test_{uuid.uuid4().hex}"
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as connection:
        create = f"CREATE DATABASE {{}} {options} STRATEGY file_copy"  # less to write than a log
        await connection.execute(sql.SQL(create).format(sql.Identifier(name)))
    return postgres_url.replace("/postgres?", f"/{name}?")
