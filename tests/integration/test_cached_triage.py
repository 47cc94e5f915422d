"""Triage answered by the cache, as its caller asks for it."""

import uuid
from collections.abc import Awaitable, Callable

import grpc
import pytest
import pytest_asyncio

from tests.integration.callers import TRIAGE, Caller, cache_result, until_cached

Ask = Callable[..., Awaitable[tuple[str, str]]]


@pytest_asyncio.fixture
async def ask(channel: grpc.aio.Channel) -> Ask:
    """Asks about one ticket of the test's own; what the cache did, and the run."""
    ticket = {"id": uuid.uuid4().hex, "body": "Where is my parcel?"}
    caller = Caller(channel)
    await until_cached(caller)

    async def ask(cache_control: str = "") -> tuple[str, str]:
        metadata = (("cache-control", cache_control),) if cache_control else ()
        call = caller.call(f"{TRIAGE}/Triage", *metadata, ticket=ticket)
        run = (await call).result.run
        return await cache_result(call), run

    return ask


async def test_the_same_ticket_is_answered_with_the_same_run(ask: Ask) -> None:
    did, run = await ask()
    assert did == "miss"
    assert await ask() == ("hit", run)


async def test_no_cache_makes_the_answer_anew_and_keeps_it(ask: Ask) -> None:
    _, run = await ask()
    did, newer = await ask("no-cache")
    assert did == "miss"
    assert newer != run
    assert await ask() == ("hit", newer)


async def test_no_store_leaves_the_cache_alone(ask: Ask) -> None:
    did, run = await ask("no-store")
    assert did == ""
    did, newer = await ask()
    assert did == "miss"
    assert newer != run


async def test_an_answer_older_than_max_age_is_not_given(ask: Ask) -> None:
    _, run = await ask()
    did, newer = await ask("max-age=0")
    assert did == "miss"
    assert newer != run


async def test_an_answer_younger_than_max_age_is_given(ask: Ask) -> None:
    _, run = await ask()
    assert await ask("max-age=3600") == ("hit", run)


@pytest.mark.parametrize("value", ["max-age=-1", "max-age=soon", "only-if-cached", ",,=", "x" * 9])
async def test_directives_that_mean_nothing_are_ignored(ask: Ask, value: str) -> None:
    _, run = await ask()
    assert await ask(value) == ("hit", run)
