"""A test of the cache from end to end: write, read and delete a value of no meaning."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from redis.exceptions import AuthenticationError, OutOfMemoryError, ResponseError

from interceptors.cache.answer_cache import AnswerCache
from interceptors.cache.entry import Entry
from interceptors.cache.memory import Memory
from interceptors.cache.redis_link import FAILURES

PROBE_KEY = b"probe"  # shorter than a digest: no question has it


@dataclass(frozen=True, slots=True)
class Probe:
    """How one part did. `problem` is for people; empty: there is none."""

    part: str  # "memory" or "redis"
    latency_s: float
    problem: str = ""


async def probe(cache: AnswerCache, clock: Callable[[], float] = time.perf_counter) -> list[Probe]:
    """How memory does, and Redis where it is configured."""

    async def try_memory() -> str:
        return _problem_of_memory(cache.memory)

    shared = cache.shared
    probes = [await _timed("memory", try_memory, clock)]
    if shared is not None:

        async def try_redis() -> str:
            try:
                await shared.probe()
            except FAILURES as error:
                return _problem_of_redis(error)
            return ""

        probes.append(await _timed("redis", try_redis, clock))
    return probes


async def _timed(
    part: str, attempt: Callable[[], Awaitable[str]], clock: Callable[[], float]
) -> Probe:
    start_s = clock()
    problem = await attempt()
    return Probe(part, clock() - start_s, problem)


def _problem_of_memory(memory: Memory) -> str:
    memory.put(PROBE_KEY, Entry(b"probe", 0.0, 0.0, ()))
    found = memory.get(PROBE_KEY)
    memory.drop(PROBE_KEY)
    return "" if found is not None else "The memory has no room for an entry."


def _problem_of_redis(error: BaseException) -> str:
    """Text without addresses, which the errors of the driver hold."""
    if isinstance(error, OutOfMemoryError):
        return "Redis is full: raise maxmemory, or let it evict what was used least recently."
    if isinstance(error, AuthenticationError):
        return "Redis does not take the user and password."
    if isinstance(error, ResponseError):
        return "Redis refuses the commands: is it a replica, or are rights missing?"
    if isinstance(error, TimeoutError):
        return "Redis does not answer in time."
    return "Redis cannot be reached."
