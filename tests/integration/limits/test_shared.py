"""Limits shared through a real Redis: exact under concurrency, and never in the way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
import redis
from prometheus_client import CollectorRegistry

from interceptors.call import Call
from interceptors.chain import Interceptor
from interceptors.codec import Codec
from interceptors.error_status import ErrorStatus
from interceptors.errors import InterceptorError, interceptor_status
from interceptors.limits.book import LimitBook
from interceptors.limits.interceptor import RateLimit
from interceptors.limits.limiter import REFUSAL_HOLDS_S, Limiter
from interceptors.limits.metrics import LimitMetrics
from interceptors.limits.shared import MOST_OWED, PAUSE_S, SharedWindows, connect
from interceptors.limits.tiers import Limits
from interceptors.limits.windows import ADMITTED, NEAR, REFUSED, Verdict
from tests.unit.interceptors.echo_server import call, count, echo_channel, stream
from tests.unit.interceptors.limits.clock import Clock
from tools.redis_process import RedisProcess

METHOD = "a.B/C"
KEY = "switchyard:limits:1:{t/a}"  # of the caller in Redis
HUNDRED_A_DAY = Limits(day=100)
# A busy machine must not pass for a Redis that hangs.
PATIENT_S = 10.0
SHORT_S = 2.0  # where one does


@pytest.fixture
def clock() -> Clock:
    return Clock()


@asynccontextmanager
async def limiter_on(
    url: str, clock: Clock, limits: Limits, timeout_s: float = PATIENT_S
) -> AsyncIterator[Limiter]:
    """The limiter of one process, with connections of its own."""
    async with connect(url, timeout_s) as client:
        book = LimitBook({"free": limits, "anonymous": Limits(minute=60)})
        yield Limiter(book, SharedWindows(client, clock), clock, clock.sleep)


@pytest_asyncio.fixture
async def limiter(redis_url: str, clock: Clock) -> AsyncIterator[Limiter]:
    """A limiter that admits a hundred units a day."""
    async with limiter_on(redis_url, clock, HUNDRED_A_DAY) as limiter:
        yield limiter


@pytest_asyncio.fixture
async def other(redis_url: str, clock: Clock) -> AsyncIterator[Limiter]:
    """The limiter of another process on the same Redis."""
    async with limiter_on(redis_url, clock, HUNDRED_A_DAY) as limiter:
        yield limiter


@pytest_asyncio.fixture
async def exposed(own_redis: RedisProcess, clock: Clock) -> AsyncIterator[Limiter]:
    """A limiter on the Redis that the test may kill and pause."""
    async with limiter_on(own_redis.url, clock, HUNDRED_A_DAY, SHORT_S) as limiter:
        yield limiter


async def spend(limiter: Limiter, cost: int = 1, method: str = METHOD) -> Verdict:
    """Charge a caller that has limits."""
    verdict = await limiter.charge("t/a", "free", method, cost)
    assert verdict is not None
    return verdict


async def spend_at_once(limiters: list[Limiter], times: int) -> list[str]:
    """The outcomes of many charges that are made at the same time."""
    charges = (spend(limiter) for limiter in limiters for _ in range(times))
    return [verdict.outcome for verdict in await asyncio.gather(*charges)]


def asked(redis_url: str) -> int:
    """How many charges Redis has seen."""
    with redis.Redis.from_url(redis_url) as client:
        statistics: Any = client.info("commandstats")
    return int(statistics.get("cmdstat_evalsha", {"calls": 0})["calls"])


def let_a_day_pass(redis_url: str) -> None:
    """Make what was spent today what was spent yesterday."""
    with redis.Redis.from_url(redis_url) as client:
        kept: Any = client.hget(KEY, "day")
        ends, previous, current = map(int, kept.split())
        client.hset(KEY, "day", f"{ends - 86_400} {previous} {current}")


async def test_two_thousand_calls_at_once_admit_exactly_the_limit(limiter: Limiter) -> None:
    outcomes = await spend_at_once([limiter], 2000)
    assert len(outcomes) - outcomes.count(REFUSED) == 100
    assert limiter.is_shared


async def test_of_two_processes_one_gets_the_last_unit(limiter: Limiter, other: Limiter) -> None:
    await spend(limiter, 99)
    outcomes = await spend_at_once([limiter, other], 1)
    assert sorted(outcomes) == [NEAR, REFUSED]


async def test_processes_spend_the_same_units(limiter: Limiter, other: Limiter) -> None:
    await spend(limiter, 30)
    assert (await spend(other, 30)).remaining_units == 40


async def test_a_refusal_spends_nothing_in_any_window(limiter: Limiter) -> None:
    limiter.book.set_limits(Limits(hour=1), method=METHOD)
    assert [(await spend(limiter)).outcome for _ in range(3)] == [NEAR, REFUSED, REFUSED]
    remaining = {w.method: w.remaining_units for w in await limiter.status("t/a", "free")}
    assert remaining == {"": 99, METHOD: 0}


async def test_the_units_of_the_bucket_before_fade(redis_url: str, clock: Clock) -> None:
    async with limiter_on(redis_url, clock, Limits(day=86_400)) as limiter:
        await spend(limiter, 86_400)
        let_a_day_pass(redis_url)
        (window,) = await limiter.status("t/a", "free")
    # One unit a second fades. Redis was asked within the second that its answer names.
    assert window.remaining_units == pytest.approx(86_400 - window.reset_s, abs=1)


async def test_part_of_a_unit_does_not_keep_a_whole_one_out(redis_url: str, clock: Clock) -> None:
    async with limiter_on(redis_url, clock, Limits(day=1)) as limiter:
        await spend(limiter)
        let_a_day_pass(redis_url)
        clock.now += REFUSAL_HOLDS_S
        assert (await spend(limiter)).outcome == NEAR


async def test_a_refusal_by_redis_tells_the_wait_of_its_clock(limiter: Limiter) -> None:
    await spend(limiter, 100)
    (window,) = await limiter.status("t/a", "free")
    # The bucket must end, and a hundredth of what is spent in it must fade.
    assert (await spend(limiter)).wait_s == pytest.approx(window.reset_s - 0.99 * 86_400, abs=1)


async def test_a_cost_above_the_limit_takes_an_empty_window_whole(limiter: Limiter) -> None:
    assert (await spend(limiter, 1000)).remaining_units == 0


async def test_what_redis_keeps_of_a_caller_is_one_key_that_expires(
    limiter: Limiter, redis_url: str
) -> None:
    limiter.book.set_limits(Limits(minute=5), method=METHOD)
    await spend(limiter)
    with redis.Redis.from_url(redis_url) as client:
        assert client.keys() == [KEY.encode()]
        ttl_s: Any = client.ttl(KEY)
    assert 0 < ttl_s <= 2 * 86_400


async def test_a_charge_of_narrow_windows_does_not_shorten_what_wide_ones_keep(
    redis_url: str, clock: Clock
) -> None:
    async with limiter_on(redis_url, clock, Limits(second=5)) as limiter:
        limiter.book.set_limits(Limits(day=5), method=METHOD)
        await spend(limiter)
        await spend(limiter, method="a.B/Other")
    with redis.Redis.from_url(redis_url) as client:
        ttl_s: Any = client.ttl(KEY)
    assert ttl_s > 86_400


async def test_a_redis_that_has_lost_the_script_gets_it_again(
    limiter: Limiter, redis_url: str
) -> None:
    await spend(limiter)
    with redis.Redis.from_url(redis_url) as client:
        client.script_flush()
    assert (await spend(limiter)).remaining_units == 98
    assert limiter.is_shared


async def test_a_caller_over_its_limit_does_not_reach_redis(
    limiter: Limiter, redis_url: str
) -> None:
    await spend(limiter, 100)
    await spend(limiter)
    before = asked(redis_url)
    outcomes = await spend_at_once([limiter], 50)
    assert outcomes == [REFUSED] * 50
    assert asked(redis_url) == before


async def test_a_reset_by_another_process_is_heard_of_within_a_second(
    limiter: Limiter, other: Limiter, clock: Clock
) -> None:
    await spend(limiter, 100)
    await other.reset("t/a")
    assert (await spend(limiter)).outcome == REFUSED
    clock.now += REFUSAL_HOLDS_S
    assert (await spend(limiter)).outcome == ADMITTED


async def test_a_caller_that_is_reset_begins_anew(limiter: Limiter) -> None:
    await spend(limiter, 100)
    await limiter.reset("t/a")
    assert (await spend(limiter)).remaining_units == 99


async def test_status_tells_what_other_processes_have_spent(
    limiter: Limiter, other: Limiter
) -> None:
    await spend(other, 30)
    assert [w.remaining_units for w in await limiter.status("t/a", "free")] == [70]


async def test_calls_that_are_cancelled_leave_the_others_their_own_answers(
    limiter: Limiter,
) -> None:
    for turns in range(8):
        charges = [asyncio.ensure_future(spend(limiter)) for _ in range(10)]
        for _ in range(turns):
            await asyncio.sleep(0)
        for charge in charges[::2]:
            charge.cancel()
        await asyncio.gather(*charges, return_exceptions=True)
    status = (await limiter.status("t/a", "free"))[0]
    assert (await spend(limiter)).remaining_units == status.remaining_units - 1


async def test_a_stream_of_requests_shares_its_limit(limiter: Limiter, other: Limiter) -> None:
    await spend(other, 99)
    verdicts = [await limiter.charge_patiently("t/a", "free", METHOD, 1) for _ in range(2)]
    assert [verdict and verdict.outcome for verdict in verdicts] == [NEAR, REFUSED]


async def test_without_redis_calls_go_on_with_what_was_last_known(
    exposed: Limiter, own_redis: RedisProcess
) -> None:
    await spend(exposed, 60)
    own_redis.kill()
    assert (await spend(exposed, 30)).remaining_units == 10
    assert not exposed.is_shared


async def test_without_redis_local_limits_hold(exposed: Limiter, own_redis: RedisProcess) -> None:
    own_redis.kill()
    outcomes = await spend_at_once([exposed], 500)
    assert len(outcomes) - outcomes.count(REFUSED) == 100


async def test_a_redis_that_hangs_costs_its_timeout_once_a_pause(
    exposed: Limiter, own_redis: RedisProcess, clock: Clock
) -> None:
    shared = exposed.shared
    assert shared is not None
    await spend(exposed)
    own_redis.pause()
    for _ in range(20):
        await spend(exposed)
    assert shared.failures == 1
    clock.now += PAUSE_S
    for _ in range(20):
        await spend(exposed)
    assert shared.failures == 2
    assert not exposed.is_shared


async def test_calls_at_once_do_not_queue_for_a_redis_that_hangs(
    exposed: Limiter, own_redis: RedisProcess
) -> None:
    own_redis.pause()
    await spend_at_once([exposed], 500)
    assert exposed.shared is not None
    assert exposed.shared.failures < 100  # as many as were on their way, not all of them


async def test_limits_are_shared_again_once_redis_is_back(
    exposed: Limiter, own_redis: RedisProcess, clock: Clock
) -> None:
    await spend(exposed)
    own_redis.kill()
    await spend(exposed)
    own_redis.start()
    clock.now += PAUSE_S
    await spend(exposed)
    assert exposed.is_shared


async def test_a_redis_that_was_restarted_between_calls_fails_none(
    exposed: Limiter, own_redis: RedisProcess
) -> None:
    await spend_at_once([exposed], 20)
    own_redis.kill()
    own_redis.start()
    outcomes = await spend_at_once([exposed], 20)
    assert REFUSED not in outcomes


async def test_a_full_redis_fails_no_call(folder: Path, clock: Clock) -> None:
    full = RedisProcess(folder / "full", "--maxmemory", "1").start()
    try:
        async with limiter_on(full.url, clock, HUNDRED_A_DAY) as limiter:
            outcomes = await spend_at_once([limiter], 150)
    finally:
        full.stop()
    assert len(outcomes) - outcomes.count(REFUSED) == 100
    assert not limiter.is_shared


class ClosedConnection:
    """Stands for a client whose connection the event loop finds closed as it writes."""

    def register_script(self, _script: str) -> Any:
        """A script that cannot be sent."""
        return self._send

    async def _send(self, _keys: list[str], _arguments: list[str | int]) -> None:
        raise RuntimeError("the handler is closed")


async def test_a_connection_that_closes_as_it_is_written_to_fails_no_call(clock: Clock) -> None:
    client: Any = ClosedConnection()
    shared = SharedWindows(client, clock)
    limiter = Limiter(LimitBook({"free": HUNDRED_A_DAY}), shared, clock)
    assert (await spend(limiter)).remaining_units == 99
    assert not limiter.is_shared


async def test_a_reset_without_redis_is_made_up_for_before_redis_is_asked_again(
    exposed: Limiter, own_redis: RedisProcess, clock: Clock
) -> None:
    await spend(exposed, 100)
    own_redis.pause()
    await exposed.reset("t/b")  # finds out that Redis is away
    await exposed.reset("t/a")
    own_redis.resume()
    clock.now += PAUSE_S
    assert (await spend(exposed)).remaining_units == 99
    assert (await spend(exposed)).remaining_units == 98  # and it is made up for once


async def test_of_many_resets_without_redis_the_last_are_made_up_for(
    exposed: Limiter, own_redis: RedisProcess, clock: Clock
) -> None:
    await spend(exposed, 100)
    own_redis.pause()
    await exposed.reset("t/b")
    for caller in ("t/a", *(f"t/{i}" for i in range(MOST_OWED))):
        await exposed.reset(caller)
    own_redis.resume()
    clock.now += PAUSE_S
    assert (await spend(exposed)).outcome == REFUSED


async def test_metrics_tell_that_redis_is_away(exposed: Limiter, own_redis: RedisProcess) -> None:
    registry = CollectorRegistry()
    registry.register(LimitMetrics(exposed))
    assert registry.get_sample_value("rate_limit_shared") == 1
    own_redis.kill()
    await spend(exposed)
    assert registry.get_sample_value("rate_limit_shared") == 0
    assert registry.get_sample_value("rate_limit_redis_failures_total") == 1


def _own_status(_call: Call, error: Exception) -> Any:
    assert isinstance(error, InterceptorError)
    return interceptor_status(error)


async def test_calls_of_every_shape_share_their_limit(redis_url: str, clock: Clock) -> None:
    async with AsyncExitStack() as stack:
        channels = []
        for _ in range(2):
            limiter = await stack.enter_async_context(limiter_on(redis_url, clock, Limits()))
            limiter.book.set_limits(Limits(day=3), caller="address/127.0.0.1")
            codec = Codec(items_stand_alone=lambda _name: True)
            members: list[Interceptor] = [ErrorStatus(_own_status), RateLimit({}, limiter), codec]
            channels.append(await stack.enter_async_context(echo_channel(members)))
        await call(channels[0], "Echo", b"")
        await count(channels[1], b"")
        await stream(channels[0], "EchoStream", [b""])
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await call(channels[1], "Echo", b"")
    assert raised.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
