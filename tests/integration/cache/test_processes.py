"""Two real processes that ask the same share one work."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest_asyncio
import redis

from tests.integration.cache.conftest import TAKE_SETS, CountCommands
from tests.unit.interceptors.cache.questions import until

PATIENCE_S = 60.0
StartAsker = Callable[[], Awaitable[Process]]


@pytest_asyncio.fixture
async def start_asker(redis_url: str) -> AsyncIterator[StartAsker]:
    """Starts processes that ask."""
    started: list[Process] = []

    async def start() -> Process:
        command = (sys.executable, "-m", "tests.integration.cache.asker", redis_url)
        started.append(await asyncio.create_subprocess_exec(*command, stdout=PIPE))
        return started[-1]

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_two_processes_that_ask_at_once_share_one_work(
    redis_url: str, count: CountCommands, start_asker: StartAsker
) -> None:
    first = await start_asker()
    await until(lambda: count("incrby") == 1)
    second = await start_asker()
    await until(lambda: count("set") >= 2 * TAKE_SETS)
    with redis.Redis.from_url(redis_url) as client:
        client.rpush("may_end", "", "")
    ends = [await end_of(process) for process in (first, second)]
    assert ends == [b"1 miss\n", b"1 coalesced\n"]


async def test_a_killed_process_leaves_its_work_to_the_next(
    redis_url: str, count: CountCommands, start_asker: StartAsker
) -> None:
    first = await start_asker()
    await until(lambda: count("incrby") == 1)
    second = await start_asker()
    await until(lambda: count("set") >= 2 * TAKE_SETS)
    first.kill()
    await end_of(first)
    await until(lambda: count("incrby") == 2)
    with redis.Redis.from_url(redis_url) as client:
        client.rpush("may_end", "")
    assert await end_of(second) == b"2 miss\n"


async def end_of(process: Process) -> bytes:
    """What a process has said when it ends."""
    return (await asyncio.wait_for(process.communicate(), PATIENCE_S))[0]
