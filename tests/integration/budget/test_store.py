"""Budgets are set with a record of who did it, and reports show each tenant its own."""

import uuid
from datetime import date

from server.audit.store import AuditLog
from server.budget.budget import Account, Budget, DayReport, Spending, WhenSpent
from server.budget.store import BudgetStore, Settlement, delete_budget
from server.storage.database import Database
from tests.integration.budget.conftest import LIMIT, Site

FIRST, SECOND = date(2026, 1, 1), date(2026, 1, 2)


async def book(store: BudgetStore, *accounts: Account) -> None:
    spent = [(account, Spending(1, 20, 3, 4)) for account in sorted(accounts)]
    await store.settle(Settlement(uuid.uuid4().hex, 1, spent, []))


async def test_a_change_of_a_budget_is_on_record(
    site: Site, tenant: str, budget_database: Database
) -> None:
    await site.allow(tenant, 5)
    await site.allow(tenant, None)
    log = await AuditLog(budget_database).page(tenant, "budget.set", None, 9)
    facts = {"daily_micro_usd": 5, "when_spent": "refuse"}
    changes = [(event.change.actor, event.change.before, event.change.after) for event in log]
    assert changes == [("somebody", facts, None), ("somebody", None, facts)]


async def test_of_a_budget_only_tenants_that_have_one_are_named(site: Site, tenant: str) -> None:
    await site.allow(tenant)
    expected = {tenant: Budget(tenant, LIMIT, WhenSpent.REFUSE)}
    assert await site.store.budgets([tenant, f"{tenant}-2"]) == expected


async def test_a_share_is_a_hundredth_of_the_budget_at_most_beyond_what_is_needed(
    site: Site, tenant: str
) -> None:
    await site.allow(tenant)
    share = await site.store.take(tenant, FIRST, 10, LIMIT)
    assert share.micro_usd == 10 + LIMIT // 100


async def test_of_the_last_of_a_budget_a_share_leaves_most_to_others(
    site: Site, tenant: str
) -> None:
    await site.allow(tenant)
    await site.store.take(tenant, FIRST, LIMIT - 170, 0)
    share = await site.store.take(tenant, FIRST, 10, LIMIT)
    assert share.micro_usd == 10 + (170 - 10) // 16


async def test_usage_is_told_by_tenant_day_and_model(site: Site, tenant: str) -> None:
    accounts = [
        Account(tenant, FIRST, "a"),
        Account(tenant, FIRST, "b"),
        Account(tenant, SECOND, "a"),
    ]
    await book(site.store, *accounts)
    found = await site.store.usage(FIRST, SECOND, tenant)
    assert found == [(account, Spending(1, 20, 3, 4)) for account in accounts]


async def test_usage_of_other_days_and_tenants_is_left_out(site: Site, tenant: str) -> None:
    other = f"{tenant}-2"
    await book(
        site.store,
        Account(tenant, FIRST, "a"),
        Account(tenant, SECOND, "a"),
        Account(other, SECOND, "a"),
    )
    found = await site.store.usage(SECOND, SECOND, tenant)
    assert [account for account, _ in found] == [Account(tenant, SECOND, "a")]


async def test_the_operator_sees_the_usage_of_all_tenants(site: Site, tenant: str) -> None:
    day = date(2026, 2, 3)
    accounts = [Account(tenant, day, "a"), Account(f"{tenant}-2", day, "a")]
    await book(site.store, *accounts)
    assert [account for account, _ in await site.store.usage(day, day)] == accounts


async def test_a_report_shows_budget_spending_and_what_processes_hold(
    site: Site, tenant: str
) -> None:
    await site.allow(tenant)
    share = await site.store.take(tenant, FIRST, 10, 0)
    await book(site.store, Account(tenant, FIRST, "a"), Account(tenant, FIRST, "b"))
    assert await site.store.report(tenant, FIRST) == DayReport(
        share.budget, Spending(2, 40, 6, 8), 10
    )


async def test_a_report_of_nothing_is_empty(site: Site, tenant: str) -> None:
    assert await site.store.report(tenant, FIRST) == DayReport(None, Spending(), 0)


async def test_a_tenant_that_is_deleted_takes_its_budget_along(
    site: Site, tenant: str, budget_database: Database
) -> None:
    await site.allow(tenant)
    await site.store.take(tenant, FIRST, 10, 0)
    await book(site.store, Account(tenant, FIRST, "a"))
    async with budget_database.connection("test") as connection:
        await delete_budget(connection, tenant)
    assert await site.store.report(tenant, FIRST) == DayReport(None, Spending(), 0)
