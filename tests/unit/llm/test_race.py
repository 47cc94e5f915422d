"""A hedge: the first good answer wins, and nobody is left behind."""

import asyncio
from collections.abc import Coroutine

import pytest

from server.engines.llm.race import race


class Runner:
    """A call that ends when it is told to."""

    def __init__(self) -> None:
        self.end: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.has_begun = asyncio.Event()
        self.is_cancelled = False

    async def run(self) -> str:
        """What it is told to answer or to raise."""
        self.has_begun.set()
        try:
            return await self.end
        except asyncio.CancelledError:
            self.is_cancelled = True
            raise


def never() -> Coroutine[None, None, str]:
    raise AssertionError("there is no need for a second call")


async def test_a_quick_answer_needs_no_second_call() -> None:
    first = Runner()
    first.end.set_result("first")
    assert await race(first.run(), 60.0, never) == "first"


async def test_a_quick_failure_needs_no_second_call() -> None:
    first = Runner()
    first.end.set_exception(KeyError("first"))
    with pytest.raises(KeyError):
        await race(first.run(), 60.0, never)


async def test_the_second_call_wins_when_it_is_faster_and_the_first_is_cancelled() -> None:
    first, second = Runner(), Runner()
    second.end.set_result("second")
    assert await race(first.run(), 0.0, second.run) == "second"
    assert first.is_cancelled


async def test_the_first_call_may_still_win_and_the_second_is_cancelled() -> None:
    first, second = Runner(), Runner()
    racing = asyncio.create_task(race(first.run(), 0.0, second.run))
    await second.has_begun.wait()
    first.end.set_result("first")
    assert await racing == "first"
    assert second.is_cancelled


@pytest.mark.parametrize("fails", ["first", "second"])
async def test_a_failure_leaves_the_other_in_the_race(fails: str) -> None:
    runners = {"first": Runner(), "second": Runner()}
    racing = asyncio.create_task(race(runners["first"].run(), 0.0, runners["second"].run))
    await runners["second"].has_begun.wait()
    runners.pop(fails).end.set_exception(KeyError(fails))
    (other,) = runners.values()
    other.end.set_result("other")
    assert await racing == "other"


async def test_of_two_failures_the_first_calls_is_told() -> None:
    first, second = Runner(), Runner()
    racing = asyncio.create_task(race(first.run(), 0.0, second.run))
    await second.has_begun.wait()
    second.end.set_exception(KeyError("second"))
    first.end.set_exception(ValueError("first"))
    with pytest.raises(ValueError, match="first"):
        await racing


async def test_where_there_is_to_be_no_second_call_the_first_goes_on() -> None:
    first = Runner()
    racing = asyncio.create_task(race(first.run(), 0.0, lambda: None))
    await first.has_begun.wait()
    first.end.set_result("first")
    assert await racing == "first"


async def test_who_cancels_the_race_cancels_both_calls() -> None:
    first, second = Runner(), Runner()
    racing = asyncio.create_task(race(first.run(), 0.0, second.run))
    await second.has_begun.wait()
    racing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await racing
    assert first.is_cancelled
    assert second.is_cancelled
