"""Places go to the most urgent first, and calls without a place are shed in time."""

import asyncio

import pytest

from interceptors.concurrency.gradient import GradientLimit
from interceptors.concurrency.limiter import ConcurrencyLimiter
from interceptors.errors import Overloaded, TooManyStreams
from tests.unit.interceptors.clock import Clock

BATCH, INTERACTIVE, CRITICAL = range(3)
LIMIT = 10


def limiter_with(
    most_waiting: int = 10, longest_wait_s: float = 60.0, limit: GradientLimit | None = None
) -> ConcurrencyLimiter:
    return ConcurrencyLimiter(
        limit or GradientLimit(LIMIT, LIMIT, LIMIT, Clock()),
        most_streams=10,
        most_waiting=most_waiting,
        longest_wait_s=longest_wait_s,
        retry_s=2.0,
        draw=lambda: 0.25,
    )


def fill(limiter: ConcurrencyLimiter, rank: int) -> int:
    """Take all the places that a rank may have."""
    places = 0
    while limiter.enter(rank):
        places += 1
    return places


async def waiting_for(limiter: ConcurrencyLimiter, rank: int) -> asyncio.Task[None]:
    """A call that waits."""
    task = asyncio.ensure_future(limiter.wait(rank))
    await turn()
    return task


async def turn() -> None:
    """Lets every task that can run do so."""
    for _ in range(3):
        await asyncio.sleep(0)


@pytest.mark.parametrize(("rank", "places"), [(BATCH, 5), (INTERACTIVE, 9), (CRITICAL, 10)])
def test_each_rank_fills_its_share(rank: int, places: int) -> None:
    assert fill(limiter_with(), rank) == places


def test_batch_work_leaves_room_for_interactive_calls_and_these_for_critical_ones() -> None:
    limiter = limiter_with()
    assert [fill(limiter, rank) for rank in (BATCH, INTERACTIVE, CRITICAL)] == [5, 4, 1]


def test_a_place_that_is_left_can_be_taken_again() -> None:
    limiter = limiter_with()
    fill(limiter, CRITICAL)
    limiter.leave()
    assert fill(limiter, CRITICAL) == 1


async def test_the_most_urgent_gets_a_place_first() -> None:
    limiter = limiter_with()
    fill(limiter, CRITICAL)
    batch, interactive, critical = [await waiting_for(limiter, rank) for rank in range(3)]
    limiter.leave()
    await turn()
    assert [task.done() for task in (batch, interactive, critical)] == [False, False, True]
    for _ in range(2):
        limiter.leave()
    await turn()
    assert [task.done() for task in (batch, interactive)] == [False, True]
    batch.cancel()


async def test_urgency_goes_before_the_order_of_arrival() -> None:
    limit = GradientLimit(LIMIT, LIMIT, LIMIT, Clock())
    limiter = ConcurrencyLimiter(limit, 1, 10, 60.0, shares=(1.0, 1.0, 1.0))
    fill(limiter, CRITICAL)
    batch, critical = [await waiting_for(limiter, rank) for rank in (BATCH, CRITICAL)]
    limiter.leave()
    await turn()
    assert (batch.done(), critical.done()) == (False, True)
    batch.cancel()


async def test_of_one_urgency_the_first_comer_gets_a_place_first() -> None:
    limiter = limiter_with()
    fill(limiter, CRITICAL)
    first, second = [await waiting_for(limiter, CRITICAL) for _ in range(2)]
    limiter.leave()
    await turn()
    assert (first.done(), second.done()) == (True, False)
    second.cancel()


async def test_a_call_that_waits_too_long_is_shed() -> None:
    limiter = limiter_with(longest_wait_s=0.01)
    fill(limiter, CRITICAL)
    with pytest.raises(Overloaded) as raised:
        await limiter.wait(INTERACTIVE)
    assert raised.value.retry_after_s == 1.5
    assert (limiter.shed, limiter.waiting) == ([0, 1, 0], [0, 0, 0])


async def test_a_full_queue_sheds_at_once() -> None:
    limiter = limiter_with(most_waiting=1)
    fill(limiter, CRITICAL)
    waits = await waiting_for(limiter, BATCH)
    with pytest.raises(Overloaded):
        await limiter.wait(BATCH)
    assert not waits.done()
    waits.cancel()


async def test_in_a_full_queue_the_last_of_the_least_urgent_gives_way() -> None:
    limiter = limiter_with(most_waiting=3)
    fill(limiter, CRITICAL)
    first, last = [await waiting_for(limiter, BATCH) for _ in range(2)]
    interactive = await waiting_for(limiter, INTERACTIVE)
    critical = await waiting_for(limiter, CRITICAL)
    assert isinstance(last.exception(), Overloaded)
    assert not any(task.done() for task in (first, interactive, critical))
    for task in (first, interactive, critical):
        task.cancel()


async def test_a_cancelled_call_leaves_the_queue_at_once() -> None:
    limiter = limiter_with()
    fill(limiter, CRITICAL)
    cancelled, next_one = [await waiting_for(limiter, CRITICAL) for _ in range(2)]
    cancelled.cancel()
    limiter.leave()
    await turn()
    assert next_one.done()
    assert limiter.waiting == [0, 0, 0]


async def test_a_call_that_is_cancelled_as_it_gets_its_place_hands_it_on() -> None:
    limiter = limiter_with()
    fill(limiter, CRITICAL)
    cancelled, next_one = [await waiting_for(limiter, CRITICAL) for _ in range(2)]
    limiter.leave()
    cancelled.cancel()
    await turn()
    assert cancelled.cancelled()
    assert next_one.done()
    assert limiter.in_flight == LIMIT


async def test_a_limit_that_grows_admits_who_waits() -> None:
    clock = Clock()
    limit = GradientLimit(1, 1000, LIMIT, clock)
    limiter = limiter_with(most_waiting=1000, limit=limit)
    kind = limit.new_kind()
    fill(limiter, CRITICAL)
    waits = [await waiting_for(limiter, CRITICAL) for _ in range(40)]
    for _ in range(30):
        clock.now_s += 1.0
        limiter.leave_after_success(kind, clock.now_s - 0.01)
    await turn()
    assert limiter.in_flight > LIMIT
    assert limiter.in_flight <= limit.calls
    for task in waits:
        task.cancel()


def test_streams_have_places_of_their_own() -> None:
    limiter = limiter_with()
    fill(limiter, CRITICAL)
    limiter.enter_stream(CRITICAL, "t/a", 1.0)
    assert (limiter.in_flight, limiter.streams) == (LIMIT, 1)


def test_batch_streams_leave_room_for_others() -> None:
    limiter = limiter_with()
    for i in range(5):
        limiter.enter_stream(BATCH, f"t/{i}", 0.1)
    with pytest.raises(Overloaded):
        limiter.enter_stream(BATCH, "t/5", 0.1)
    limiter.enter_stream(INTERACTIVE, "t/5", 0.1)
    assert limiter.shed == [1, 0, 0]


def test_one_caller_does_not_take_the_streams_of_the_others() -> None:
    limiter = limiter_with()
    for _ in range(2):
        limiter.enter_stream(BATCH, "t/greedy", 0.2)
    with pytest.raises(TooManyStreams) as raised:
        limiter.enter_stream(BATCH, "t/greedy", 0.2)
    assert (raised.value.most, raised.value.retry_after_s) == (2, 1.5)
    limiter.enter_stream(BATCH, "t/modest", 0.2)


def test_a_caller_that_ends_a_stream_may_begin_another() -> None:
    limiter = limiter_with()
    for _ in range(3):
        limiter.enter_stream(BATCH, "t/a", 0.1)
        limiter.leave_stream("t/a")
    assert limiter.streams == 0
