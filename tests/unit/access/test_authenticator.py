"""Strangers are verified once, refused cheaply, and let in from this machine until a key exists."""

import asyncio
import math
from collections.abc import Awaitable, Callable

import pytest

from interceptors.call import Caller
from interceptors.errors import Overloaded, RateLimited, Unauthenticated
from interceptors.limits.book import LimitBook
from interceptors.limits.limiter import Limiter
from interceptors.limits.tiers import Limits
from server.access.authenticator import MOST_FLIGHTS, RETRY_S, VERIFY_S, Authenticator
from server.access.guesses import Guesses
from server.access.refusals import INVALID
from server.access.remembered import Remembered, Verified
from server.caller import LOOPBACK
from server.storage.errors import StorageUnavailable
from tests.unit.access.clock import Clock

ALICE = Caller("acme", "apiKeys/a", frozenset(), "free")
HERE, ELSEWHERE = "127.0.0.1", "192.0.2.1"


class Desk:
    """An authenticator whose answers are scripted, and what it asked for."""

    def __init__(
        self,
        charge: Callable[[str], None] | None = None,
        *,
        is_open_at_first: bool = True,
        most_guesses: int = 1000,
    ) -> None:
        self._refuse_to_charge = charge
        self.asked: list[str] = []
        self.charged: list[str] = []
        self.keys_exist = False
        self.is_away = False
        self.clock = Clock()
        self.before_answer: Callable[[], Awaitable[object]] | None = None
        self.remembered = Remembered(Clock())
        book = LimitBook({"anonymous": Limits(minute=most_guesses)})
        self.authenticator = Authenticator(
            self.remembered,
            self._verify,
            self._has_keys,
            self._charge,
            Guesses(Limiter(book, clock=self.clock)),
            is_open_at_first=is_open_at_first,
            clock=self.clock,
        )

    async def call(self, header: str | None, address: str = ELSEWHERE) -> Caller:
        headers = [] if header is None else [header]
        return await self.authenticator.authenticate(headers, address)

    async def refused(self, header: str | None, address: str = ELSEWHERE) -> str:
        """The reason of the refusal; fails when there is none."""
        with pytest.raises(Unauthenticated) as raised:
            await self.call(header, address)
        return raised.value.reason

    async def _charge(self, address: str) -> None:
        if self._refuse_to_charge:
            self._refuse_to_charge(address)
        self.charged.append(address)

    async def _verify(self, credentials: str) -> Verified:
        self.asked.append(credentials)
        if self.before_answer:
            await self.before_answer()
        if self.is_away:
            raise StorageUnavailable("gone")
        if credentials != "good":
            raise INVALID.error()
        return Verified(ALICE, "a", math.inf)

    async def _has_keys(self) -> bool:
        self.asked.append("are there keys?")
        if self.is_away:
            raise StorageUnavailable("gone")
        return self.keys_exist


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.authenticator.forget(None)
    return desk


async def test_a_verified_header_is_remembered(desk: Desk) -> None:
    assert await desk.call("Bearer good") == ALICE
    assert desk.remembered.known("Bearer good") == ALICE


async def test_calls_that_bring_a_header_at_once_have_it_verified_once(desk: Desk) -> None:
    callers = await asyncio.gather(*[desk.call("Bearer good") for _ in range(50)])
    assert (callers, desk.asked) == ([ALICE] * 50, ["good"])


async def test_a_bad_header_is_asked_for_once_and_charged_every_time(desk: Desk) -> None:
    reasons = {await desk.refused("Bearer bad") for _ in range(3)}
    assert reasons == {"INVALID_CREDENTIALS"}
    assert (desk.asked, desk.charged) == (["bad"], [ELSEWHERE] * 3)


async def test_too_many_failures_are_answered_with_the_limit() -> None:
    def charge(address: str) -> None:
        raise RateLimited(address, 10, 60.0, 30.0)

    with pytest.raises(RateLimited):
        await Desk(charge).call("Bearer bad")


@pytest.fixture
def strict() -> Desk:
    """A desk that looks three wrong keys of an address up in a minute."""
    desk = Desk(most_guesses=3)
    desk.authenticator.forget(None)
    return desk


async def test_an_address_that_guesses_too_often_is_refused_without_a_look_up(
    strict: Desk,
) -> None:
    for i in range(3):
        await strict.refused(f"Bearer {i}")
    for _ in range(5):
        with pytest.raises(RateLimited) as raised:
            await strict.call("Bearer another")
    assert raised.value.subject == f"address/{ELSEWHERE}"
    assert strict.asked == ["0", "1", "2"]


async def test_after_too_many_guesses_an_address_is_heard_again_in_a_while(strict: Desk) -> None:
    for i in range(3):
        await strict.refused(f"Bearer {i}")
    strict.clock.go(120.0)
    assert await strict.call("Bearer good") == ALICE


async def test_too_many_guesses_refuse_neither_who_is_known_nor_another_address(
    strict: Desk,
) -> None:
    await strict.call("Bearer good")
    for i in range(3):
        await strict.refused(f"Bearer {i}")
    assert await strict.call("Bearer good") == ALICE
    assert await strict.refused("Bearer 4", HERE) == "INVALID_CREDENTIALS"


async def test_who_repeats_one_wrong_key_keeps_nobody_else_out(strict: Desk) -> None:
    for _ in range(10):
        await strict.refused("Bearer bad")
    assert await strict.call("Bearer good") == ALICE


async def test_a_known_header_is_not_verified_again_when_it_comes_the_long_way(
    desk: Desk,
) -> None:
    for _ in range(3):
        assert await desk.call("Bearer good") == ALICE
    assert desk.asked == ["good"]


async def test_a_caller_that_leaves_does_not_end_the_verification_for_others(desk: Desk) -> None:
    answer = asyncio.Event()
    desk.before_answer = answer.wait
    leaving, staying = (asyncio.create_task(desk.call("Bearer good")) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.sleep(0)
    answer.set()
    assert await staying == ALICE


async def test_a_call_after_a_revocation_does_not_join_a_verification_before_it(
    desk: Desk,
) -> None:
    answer = asyncio.Event()
    desk.before_answer = answer.wait
    before = asyncio.create_task(desk.call("Bearer good"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    desk.authenticator.forget("apiKeys/a")
    after = asyncio.create_task(desk.call("Bearer good"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert desk.asked == ["good", "good"]
    answer.set()
    await asyncio.gather(before, after)


async def test_nothing_unknown_is_accepted_while_the_database_is_away(desk: Desk) -> None:
    desk.is_away = True
    for header, address in (("Bearer good", ELSEWHERE), (None, HERE)):
        with pytest.raises(StorageUnavailable):
            await desk.call(header, address)
    assert desk.charged == []


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "unix"])
async def test_this_machine_needs_no_credentials_until_the_first_key(
    desk: Desk, address: str
) -> None:
    assert await desk.call(None, address) == LOOPBACK
    desk.keys_exist = True
    desk.authenticator.forget("apiKeys/a")
    assert await desk.refused(None, address) == "MISSING_CREDENTIALS"


async def test_other_machines_always_need_credentials_and_nobody_is_asked(desk: Desk) -> None:
    assert await desk.refused(None, ELSEWHERE) == "MISSING_CREDENTIALS"
    assert desk.asked == []


async def test_whether_there_are_keys_is_asked_once(desk: Desk) -> None:
    for _ in range(3):
        await desk.call(None, HERE)
    assert desk.asked == ["are there keys?"]


async def test_bad_credentials_do_not_pass_as_none(desk: Desk) -> None:
    assert await desk.refused("Bearer bad", HERE) == "INVALID_CREDENTIALS"
    assert await desk.refused("", HERE) == "INVALID_CREDENTIALS"


async def test_where_tokens_of_an_issuer_are_taken_this_machine_needs_some_too() -> None:
    desk = Desk(is_open_at_first=False)
    assert await desk.refused(None, HERE) == "MISSING_CREDENTIALS"


async def test_more_strangers_at_once_than_can_be_verified_are_told_to_wait(desk: Desk) -> None:
    answer = asyncio.Event()
    desk.before_answer = answer.wait
    calls = [asyncio.create_task(desk.call(f"Bearer {i}")) for i in range(2 * MOST_FLIGHTS)]
    await asyncio.sleep(0)
    answer.set()
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(outcome, Overloaded) for outcome in outcomes) == MOST_FLIGHTS
    assert len(desk.asked) == MOST_FLIGHTS


async def test_while_nothing_is_heard_one_caller_a_second_waits_for_the_database(
    desk: Desk,
) -> None:
    desk.is_away = True
    desk.authenticator.lose()
    for header in ("Bearer one", "Bearer two"):
        with pytest.raises(StorageUnavailable):
            await desk.call(header)
    assert desk.asked == ["one"]
    desk.clock.go(RETRY_S)
    with pytest.raises(StorageUnavailable):
        await desk.call("Bearer three")
    assert desk.asked == ["one", "three"]


async def test_a_database_that_hangs_while_nothing_is_heard_is_not_waited_for(desk: Desk) -> None:
    desk.before_answer = asyncio.Event().wait
    desk.authenticator.lose()
    with pytest.raises(StorageUnavailable):
        await asyncio.wait_for(desk.call("Bearer good"), VERIFY_S / 2)


async def test_callers_are_verified_again_as_soon_as_changes_are_heard_of(desk: Desk) -> None:
    desk.is_away = True
    desk.authenticator.lose()
    with pytest.raises(StorageUnavailable):
        await desk.call("Bearer good")
    desk.is_away = False
    desk.authenticator.forget(None)
    assert await desk.call("Bearer good") == ALICE
