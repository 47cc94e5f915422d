"""Caches over a real Redis, each as a process of its own would have it."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
import redis

from interceptors.cache.answer_cache import AnswerCache
from interceptors.cache.memory import Memory
from interceptors.cache.shared import SharedCache
from tools.redis_process import RedisProcess

MakeCache = Callable[..., AnswerCache]
CountCommands = Callable[[str], int]

TAKE_SETS = 5  # SET commands of asking for a lease: the lock and four tags


@pytest.fixture(scope="package")
def quiet_redis(session_folder: Path) -> Iterator[RedisProcess]:
    """A Redis that no server of other tests speaks to: here commands are counted."""
    process = RedisProcess(session_folder / "quiet-redis").start()
    yield process
    process.stop()


@pytest.fixture
def redis_url(quiet_redis: RedisProcess) -> str:
    """The URL of an empty Redis."""
    with redis.Redis.from_url(quiet_redis.url) as client:
        client.flushall()
    return quiet_redis.url


@pytest.fixture
def count(redis_url: str) -> Iterator[CountCommands]:
    """How often Redis has run a command in this test."""
    with redis.Redis.from_url(redis_url) as client:
        client.config_resetstat()

        def calls(command: str) -> int:
            figures = client.info("commandstats")
            assert isinstance(figures, dict)
            return int(figures.get(f"cmdstat_{command}", {}).get("calls", 0))

        yield calls


@pytest_asyncio.fixture
async def make_cache() -> AsyncIterator[MakeCache]:
    """Makes a cache on a URL; what else it is told is for its SharedCache."""
    made: list[AnswerCache] = []

    def make(url: str, **options: float | Callable[[], float]) -> AnswerCache:
        patient = {"timeout_s": 20.0} | options  # this machine may be slow; Redis is not
        shared = SharedCache(url, **patient)  # type: ignore[arg-type]  # options by name
        made.append(AnswerCache(Memory(), shared, chance=lambda: 0.0))
        return made[-1]

    yield make
    for cache in made:
        await cache.close()
