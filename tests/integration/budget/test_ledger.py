"""What is reserved and spent never exceeds the budget, whatever processes do."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from datetime import UTC, date, datetime

import pytest

from server.budget.budget import Account, Budget, OverBudget, Spending, WhenSpent
from server.budget.ledger import RESERVED_S, Ledger, Reservation
from server.budget.store import BudgetStore, Settlement, Share
from server.storage.database import Database
from server.storage.errors import StorageUnavailable
from tests.integration.budget.conftest import LIMIT, Site, reserve_all, reserved

DAY = date(1970, 1, 1)
A_DAY_S = 86400.0
PATIENCE_S = 60.0


async def charged(site: Site, tenant: str, day: date = DAY) -> int:
    return (await site.store.report(tenant, day)).charged_micro_usd


async def settle_up(site: Site) -> None:
    """What two seconds without calls do in both processes."""
    for _ in range(2):
        for ledger in site.ledgers:
            await ledger.settle_up()


async def test_a_tenant_without_a_budget_spends_what_it_likes(site: Site, tenant: str) -> None:
    assert isinstance(await site.ledger.reserve(tenant, 10**15), Reservation)


async def test_what_the_budget_does_not_cover_is_told(site: Site, tenant: str) -> None:
    await site.allow(tenant)
    assert await site.ledger.reserve(tenant, LIMIT + 1) == OverBudget(
        Budget(tenant, LIMIT, WhenSpent.REFUSE), datetime(1970, 1, 2, tzinfo=UTC)
    )


async def test_the_whole_budget_may_be_reserved(site: Site, tenant: str) -> None:
    await site.allow(tenant)
    await reserved(site.ledger, tenant, LIMIT)


async def test_a_budget_of_nothing_covers_nothing(site: Site, tenant: str) -> None:
    await site.allow(tenant, 0)
    assert isinstance(await site.ledger.reserve(tenant, 1), OverBudget)


async def test_what_a_call_did_not_take_is_free_at_once(site: Site, tenant: str) -> None:
    await site.allow(tenant)
    reservation = await reserved(site.ledger, tenant, LIMIT)
    site.ledger.settle(reservation, "m", Spending(1, 5, 5, LIMIT - 10))
    await reserved(site.ledger, tenant, 10)


async def test_what_calls_took_is_booked(site: Site, tenant: str) -> None:
    for cost in (30, 40):
        reservation = await reserved(site.ledger, tenant, 100)
        site.ledger.settle(reservation, "m", Spending(1, 5, 6, cost))
    await site.ledger.settle_up()
    found = await site.store.usage(DAY, DAY, tenant)
    assert found == [(Account(tenant, DAY, "m"), Spending(2, 10, 12, 70))]


async def test_what_a_call_took_beyond_its_reservation_is_charged(site: Site, tenant: str) -> None:
    await site.allow(tenant)
    site.ledger.settle(await reserved(site.ledger, tenant, 10), "m", Spending(1, 1, 1, 50))
    await settle_up(site)
    assert await charged(site, tenant) == 50


async def test_an_idle_process_holds_nothing(site: Site, tenant: str) -> None:
    await site.allow(tenant)
    site.ledger.settle(await reserved(site.ledger, tenant, 10), "m", Spending(1, 1, 1, 7))
    await settle_up(site)
    assert await charged(site, tenant) == 7


async def test_a_reservation_that_nobody_settles_comes_back(site: Site, tenant: str) -> None:
    await site.allow(tenant)
    await reserved(site.ledger, tenant, LIMIT)
    site.clock.now_s += RESERVED_S
    await settle_up(site)
    await reserved(site.ledgers[1], tenant, LIMIT)


async def test_what_is_settled_after_it_came_back_is_charged_all_the_same(
    site: Site, tenant: str
) -> None:
    await site.allow(tenant)
    reservation = await reserved(site.ledger, tenant, 100)
    site.clock.now_s += RESERVED_S
    await settle_up(site)
    site.ledger.settle(reservation, "m", Spending(1, 1, 1, 60))
    await settle_up(site)
    assert await charged(site, tenant) == 60


async def test_far_from_the_limit_a_reservation_does_not_ask_the_database(
    site: Site, tenant: str
) -> None:
    await site.allow(tenant, 10**9)
    for _ in range(1000):
        site.ledger.settle(await reserved(site.ledger, tenant, 10), "m", Spending(1, 1, 1, 5))
    assert site.asked["budget.take"] < 20
    await site.ledger.settle_up()
    site.asked.clear()
    for _ in range(1000):
        site.ledger.settle(await reserved(site.ledger, tenant, 10), "m", Spending(1, 1, 1, 5))
    assert site.asked["budget.take"] == 0


async def test_without_a_budget_the_database_is_asked_once(site: Site, tenant: str) -> None:
    for _ in range(3):
        site.ledger.settle(await reserved(site.ledger, tenant, 10), "m", Spending(1, 1, 1, 5))
        await site.ledger.settle_up()
    assert site.asked["budget.take"] == 1


async def test_beyond_the_budget_the_database_is_not_asked_at_every_call(
    site: Site, tenant: str
) -> None:
    await site.allow(tenant, 0)
    for _ in range(100):
        assert isinstance(await site.ledger.reserve(tenant, 10), OverBudget)
    assert site.asked["budget.take"] == 1


async def test_callers_at_once_share_one_question(site: Site, tenant: str) -> None:
    await site.allow(tenant, 10**9)
    await asyncio.gather(*(reserved(site.ledger, tenant, 10) for _ in range(8)))
    assert site.asked["budget.take"] == 1


async def test_processes_that_race_for_the_last_cents_never_spend_more_than_there_is(
    site: Site, tenant: str
) -> None:
    await site.allow(tenant, 1003)
    counts = await asyncio.gather(
        *(reserve_all(ledger, tenant, 10) for ledger in (*site.ledgers, *site.ledgers))
    )
    assert sum(counts) <= 100
    while again := await more_for_each(site, tenant):
        counts.append(again)
    assert sum(counts) == 100


async def more_for_each(site: Site, tenant: str) -> int:
    """What the processes still get, once what one held in vain is back."""
    await settle_up(site)
    counts = await asyncio.gather(*(reserve_all(ledger, tenant, 10) for ledger in site.ledgers))
    return sum(counts)


async def test_a_killed_process_costs_no_more_than_its_share(site: Site, tenant: str) -> None:
    await site.allow(tenant)
    cost = 10
    command = [sys.executable, "-m", "tests.integration.budget.spender"]
    process = await asyncio.create_subprocess_exec(
        *command, site.url, tenant, str(cost), stdout=PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE_S):
            for _ in range(500):
                await process.stdout.readline()
    finally:
        process.kill()
    rest, _ = await process.communicate()
    spent = (500 + rest.count(b"spent\n")) * cost
    got = 0
    while more := await more_for_each(site, tenant):
        got += more * cost
    # A hundredth of the budget is the largest share, and one call may have reserved.
    assert LIMIT - LIMIT // 100 - 2 * cost <= spent + got <= LIMIT


async def test_a_new_day_has_a_budget_of_its_own(site: Site, tenant: str) -> None:
    await site.allow(tenant)
    await reserved(site.ledger, tenant, LIMIT)
    site.clock.now_s += A_DAY_S
    await reserved(site.ledger, tenant, LIMIT)


async def test_a_call_is_charged_to_the_day_on_which_it_began(site: Site, tenant: str) -> None:
    await site.allow(tenant)
    reservation = await reserved(site.ledger, tenant, 10)
    site.clock.now_s += A_DAY_S
    site.ledger.settle(reservation, "m", Spending(1, 1, 1, 10))
    await settle_up(site)
    assert [await charged(site, tenant, day) for day in (DAY, date(1970, 1, 2))] == [10, 0]


async def test_a_changed_budget_is_in_force_at_the_next_second(site: Site, tenant: str) -> None:
    await site.allow(tenant)
    assert isinstance(await site.ledger.reserve(tenant, 2 * LIMIT), OverBudget)
    await site.allow(tenant, 2 * LIMIT)
    await site.ledger.settle_up()
    await reserved(site.ledger, tenant, 2 * LIMIT)


async def test_a_budget_that_is_given_later_counts_what_was_spent_before(
    site: Site, tenant: str
) -> None:
    site.ledger.settle(await reserved(site.ledger, tenant, 70), "m", Spending(1, 1, 1, 70))
    await settle_up(site)
    await site.allow(tenant, 100)
    await reserved(site.ledger, tenant, 30)
    assert isinstance(await site.ledger.reserve(tenant, 1), OverBudget)


async def test_a_process_that_stops_gives_everything_back(site: Site, tenant: str) -> None:
    await site.allow(tenant)
    site.ledger.start()
    site.ledger.settle(await reserved(site.ledger, tenant, 10), "m", Spending(1, 1, 1, 7))
    await site.ledger.stop()
    assert await charged(site, tenant) == 7


async def test_a_budget_that_is_given_while_a_call_runs_counts_the_call(
    site: Site, tenant: str
) -> None:
    reservation = await reserved(site.ledger, tenant, 100)
    await site.ledger.settle_up()
    await site.allow(tenant)
    await reserved(site.ledgers[1], tenant, 1)
    site.ledger.settle(reservation, "m", Spending(1, 1, 1, 60))
    await settle_up(site)
    assert await charged(site, tenant) == 60 + 1


class SlowToAnswer(BudgetStore):
    """A store that has charged a share before it may say so."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.has_charged = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def take(self, tenant: str, day: date, needed: int, more: int) -> Share:
        share = await super().take(tenant, day, needed, more)
        self.has_charged.set()
        await self.may_answer.wait()
        return share


async def test_a_caller_that_leaves_loses_no_share(site: Site, tenant: str) -> None:
    await site.allow(tenant)
    store = SlowToAnswer(site.databases[0])
    ledger = Ledger(store, site.clock)
    leaving = asyncio.create_task(ledger.reserve(tenant, LIMIT))
    await store.has_charged.wait()
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    store.may_answer.set()
    await reserved(ledger, tenant, LIMIT)


class LosesAnswers(BudgetStore):
    """A store that the first settlement is lost on the way to, or its answer on the way back."""

    def __init__(self, database: Database, *, is_booked: bool) -> None:
        super().__init__(database)
        self._is_booked = is_booked
        self._losses = 1

    async def settle(self, settlement: Settlement) -> None:
        if self._is_booked or not self._losses:
            await super().settle(settlement)
        if self._losses:
            self._losses -= 1
            raise StorageUnavailable("connection lost")


@pytest.mark.parametrize("is_booked", [True, False])
async def test_a_settlement_whose_answer_is_lost_is_booked_once(
    site: Site, tenant: str, is_booked: bool
) -> None:
    await site.allow(tenant)
    ledger = Ledger(LosesAnswers(site.databases[0], is_booked=is_booked), site.clock)
    ledger.settle(await reserved(ledger, tenant, 10), "m", Spending(1, 1, 1, 7))
    with pytest.raises(StorageUnavailable):
        await ledger.settle_up()
    ledger.settle(await reserved(ledger, tenant, 10), "m", Spending(1, 1, 1, 5))
    for _ in range(2):
        await ledger.settle_up()
    report = await site.store.report(tenant, DAY)
    assert (report.spent.cost_micro_usd, report.charged_micro_usd) == (12, 12)


class Away(BudgetStore):
    """A store that can be away."""

    is_away = False

    async def take(self, tenant: str, day: date, needed: int, more: int) -> Share:
        if self.is_away:
            raise StorageUnavailable("away")
        return await super().take(tenant, day, needed, more)


async def test_while_the_database_is_away_a_process_spends_what_it_holds_and_no_more(
    site: Site, tenant: str
) -> None:
    await site.allow(tenant)
    store = Away(site.databases[0])
    ledger = Ledger(store, site.clock)
    await reserved(ledger, tenant, 10)
    store.is_away = True
    await reserved(ledger, tenant, 10)
    with pytest.raises(StorageUnavailable):
        await ledger.reserve(tenant, LIMIT // 2)


async def test_processes_that_settle_at_once_book_everything(site: Site, tenant: str) -> None:
    for _ in range(5):
        for ledger in site.ledgers:
            for model in "abc":
                reservation = await reserved(ledger, tenant, 1)
                ledger.settle(reservation, model, Spending(1, 1, 1, 1))
        await asyncio.gather(*(ledger.settle_up() for ledger in site.ledgers))
    found = await site.store.usage(DAY, DAY, tenant)
    assert [spending.calls for _, spending in found] == [10, 10, 10]


async def test_a_settlement_that_fails_once_is_made_later(site: Site, tenant: str) -> None:
    class FailsOnce(BudgetStore):
        """Raises at the first settlement what nobody has foreseen."""

        settled = 0

        async def settle(self, settlement: Settlement) -> None:
            self.settled += 1
            if self.settled == 1:
                raise ValueError
            await super().settle(settlement)

    store = FailsOnce(site.databases[0])
    ledger = Ledger(store, site.clock)
    await site.allow(tenant)
    ledger.settle(await reserved(ledger, tenant, 100), "m", Spending(1, 5, 5, 40))
    ledger.start()
    async with asyncio.timeout(PATIENCE_S):
        while store.settled < 2:  # noqa: ASYNC110  # what is watched tells no event
            await asyncio.sleep(0.01)
    await ledger.stop()
    assert await charged(site, tenant) == 40


async def test_nobody_is_paid_for_a_call(site: Site, tenant: str) -> None:
    site.ledger.settle(await reserved(site.ledger, tenant, 10), "m", Spending(1, -5, -5, -100))
    await site.ledger.settle_up()
    found = await site.store.usage(DAY, DAY, tenant)
    assert found == [(Account(tenant, DAY, "m"), Spending(1, 0, 0, 0))]


async def test_a_settlement_that_cannot_be_booked_does_not_stop_those_after_it(
    site: Site, tenant: str
) -> None:
    site.ledger.settle(await reserved(site.ledger, tenant, 10), "m", Spending(1, 1, 1, 2**63))
    await site.ledger.settle_up()
    site.ledger.settle(await reserved(site.ledger, tenant, 10), "m", Spending(1, 1, 1, 7))
    await site.ledger.settle_up()
    found = await site.store.usage(DAY, DAY, tenant)
    assert found == [(Account(tenant, DAY, "m"), Spending(1, 1, 1, 7))]
