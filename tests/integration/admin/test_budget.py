"""Budgets are set through one server and seen by all; every tenant sees its own alone."""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

from server.budget.budget import Account, Spending
from server.budget.store import BudgetStore, Settlement
from server.storage.database import Database
from tests.integration.admin.servers import Pair, new_tenant
from tests.integration.callers import ACCESS, BUDGET, Caller

DAY = timedelta(days=1)


def today() -> date:
    """By the servers' calendar: a run of all tests may begin on the day before."""
    return datetime.now(UTC).date()


def tenant_of(caller: Caller) -> str:
    return caller.name.partition("/")[0]


async def spend(records: Database, *spent: tuple[Account, Spending]) -> None:
    await BudgetStore(records).settle(Settlement(uuid.uuid4().hex, 1, spent, []))


async def listed(caller: Caller, **fields: Any) -> list[tuple[str, str, str, int]]:
    """Day, tenant, model and cost of what the caller sees."""
    found = await caller.call(f"{BUDGET}/ListSpending", **fields)
    return [(one.day, one.tenant, one.model, one.cost_micro_usd) for one in found.spending]


async def test_a_tenant_without_a_budget_has_no_limit(pair: Pair) -> None:
    admin = await new_tenant(pair.one)
    budget = (await admin.call(f"{BUDGET}/GetBudget")).budget
    assert budget.tenant == tenant_of(admin)
    assert (budget.HasField("daily_micro_usd"), budget.over_budget) == (False, 0)


async def test_a_budget_is_seen_by_its_tenant_at_the_other_server(pair: Pair) -> None:
    admin = await new_tenant(pair.other)
    terms = {"daily_micro_usd": 2_500_000, "over_budget": "OVER_BUDGET_REFUSE"}
    await pair.one.call(f"{BUDGET}/SetBudget", tenant=tenant_of(admin), **terms)
    budget = (await admin.call(f"{BUDGET}/GetBudget")).budget
    assert (budget.daily_micro_usd, budget.over_budget) == (2_500_000, 2)


async def test_a_budget_of_nothing_is_not_the_same_as_none(pair: Pair) -> None:
    tenant = tenant_of(await new_tenant(pair.one))
    nothing = await pair.one.call(f"{BUDGET}/SetBudget", tenant=tenant, daily_micro_usd=0)
    assert nothing.budget.HasField("daily_micro_usd")
    assert nothing.budget.over_budget == 1
    unlimited = await pair.one.call(f"{BUDGET}/SetBudget", tenant=tenant)
    assert not unlimited.budget.HasField("daily_micro_usd")


async def test_what_was_spent_today_and_what_is_held_stand_beside_the_budget(
    pair: Pair, records: Database
) -> None:
    tenant = tenant_of(await new_tenant(pair.one))
    await pair.one.call(f"{BUDGET}/SetBudget", tenant=tenant, daily_micro_usd=1000)
    await BudgetStore(records).take(tenant, today(), 300, 0)
    await spend(records, (Account(tenant, today(), "a/m"), Spending(1, 10, 5, 120)))
    budget = (await pair.one.call(f"{BUDGET}/GetBudget", tenant=tenant)).budget
    assert (budget.spent_micro_usd, budget.held_micro_usd) == (120, 180)
    assert budget.reset_time.ToDatetime(tzinfo=UTC).date() == today() + DAY


async def test_spending_stands_by_day_and_model_the_newest_day_first(
    pair: Pair, records: Database
) -> None:
    admin = await new_tenant(pair.one)
    tenant = tenant_of(admin)
    one_call = Spending(1, 10, 5, 7)
    await spend(
        records,
        (Account(tenant, today() - DAY, "a/m"), one_call),
        (Account(tenant, today(), "b/m"), one_call),
        (Account(tenant, today(), "a/m"), one_call),
    )
    assert await listed(admin) == [
        (str(today()), tenant, "a/m", 7),
        (str(today()), tenant, "b/m", 7),
        (str(today() - DAY), tenant, "a/m", 7),
    ]
    assert [day for day, *_ in await listed(admin, days=1)] == [str(today())] * 2


async def test_operators_see_the_spending_of_every_tenant_and_a_tenant_its_own(
    pair: Pair, records: Database
) -> None:
    ours, theirs = await new_tenant(pair.one), await new_tenant(pair.one)
    for admin in (ours, theirs):
        await spend(records, (Account(tenant_of(admin), today(), "a/m"), Spending(1, 1, 1, 1)))
    everybody = {tenant for _, tenant, *_ in await listed(pair.one, tenant="-")}
    assert {tenant_of(ours), tenant_of(theirs)} <= everybody
    assert [tenant for _, tenant, *_ in await listed(ours)] == [tenant_of(ours)]


async def test_a_deleted_tenant_takes_its_budget_and_spending_along(
    pair: Pair, records: Database
) -> None:
    tenant = tenant_of(await new_tenant(pair.one))
    await pair.one.call(f"{BUDGET}/SetBudget", tenant=tenant, daily_micro_usd=1000)
    await spend(records, (Account(tenant, today(), "a/m"), Spending(1, 1, 1, 1)))
    for method in ("SuspendTenant", "DeleteTenant"):
        await pair.one.call(f"{ACCESS}/{method}", name=f"tenants/{tenant}")
    budgets = BudgetStore(records)
    assert await budgets.budgets([tenant]) == {}
    assert await budgets.usage(today() - DAY, today(), tenant) == []
