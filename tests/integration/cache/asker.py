"""A process that asks one question of the cache on a Redis and prints what it got.

python -m tests.integration.cache.asker URL

Its work counts itself in the key `runs` and ends when something is pushed on `may_end`.
"""

import asyncio
import sys

from redis.asyncio.client import Redis

from interceptors.cache.answer_cache import AnswerCache
from interceptors.cache.memory import Memory
from interceptors.cache.shared import SharedCache
from tests.unit.interceptors.cache.questions import Question, Worker, terms_in


class RemoteWorker(Worker):
    """Works until another process lets it end."""

    def __init__(self, client: Redis) -> None:
        super().__init__()
        self._client = client

    async def work(self) -> bytes:
        run: int = await self._client.incr("runs")
        await self._client.blpop(["may_end"])
        return b"%d" % run


async def main(url: str) -> None:
    """Ask once."""
    cache = AnswerCache(Memory(), SharedCache(url, timeout_s=20.0))
    async with Redis.from_url(url, socket_timeout=None) as client:
        answer, did = await cache.answer(Question(RemoteWorker(client), terms_in(cache)))
    await cache.close()
    print(answer.decode(), did)  # noqa: T201  # read by the test


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
