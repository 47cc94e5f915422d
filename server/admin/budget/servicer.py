"""switchyard.admin.v1.BudgetService: what tenants may spend on models, and what they have spent."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import grpc
from switchyard.admin.v1 import budget_service_pb2 as pb
from switchyard.admin.v1 import budget_service_pb2_grpc

from server.access.errors import TenantNotFound
from server.access.grants import READ_ALL, check_held, reached_tenant
from server.budget.budget import Account, Budget, Spending, WhenSpent, day_of, end_of
from server.budget.store import MOST_REPORTED, BudgetStore
from server.caller import caller_of

Context = grpc.aio.ServicerContext[Any, Any]

EVERY_TENANT = "-"
DEFAULT_DAYS = 7
OVER_BUDGET: dict[WhenSpent, Any] = {
    WhenSpent.EMBEDDED: pb.OVER_BUDGET_DEGRADE,
    WhenSpent.REFUSE: pb.OVER_BUDGET_REFUSE,
}
WHEN_SPENT = {number: when for when, number in OVER_BUDGET.items()}


class BudgetServicer(budget_service_pb2_grpc.BudgetServiceServicer):
    """The wire side of budgets. The clock is Unix time."""

    def __init__(
        self,
        budgets: BudgetStore,
        find_tenant: Callable[[str], Awaitable[object | None]],
        clock: Callable[[], float],
    ) -> None:
        self._budgets = budgets
        self._find_tenant = find_tenant
        self._clock = clock

    async def GetBudget(
        self, request: pb.GetBudgetRequest, context: Context
    ) -> pb.GetBudgetResponse:
        """What a tenant may spend, and has spent today."""
        tenant = reached_tenant(caller_of(context), request.tenant, READ_ALL)
        await self._check(tenant)
        return pb.GetBudgetResponse(budget=await self._read(tenant))

    async def SetBudget(
        self, request: pb.SetBudgetRequest, context: Context
    ) -> pb.SetBudgetResponse:
        """Change what a tenant may spend."""
        caller = caller_of(context)
        tenant = request.tenant or caller.tenant
        await self._check(tenant)
        budget = None
        if request.HasField("daily_micro_usd"):
            when = WHEN_SPENT.get(request.over_budget, WhenSpent.EMBEDDED)
            budget = Budget(tenant, request.daily_micro_usd, when)
        await self._budgets.set(tenant, budget, caller.subject)
        return pb.SetBudgetResponse(budget=await self._read(tenant))

    async def ListSpending(
        self, request: pb.ListSpendingRequest, context: Context
    ) -> pb.ListSpendingResponse:
        """What was spent of late."""
        caller, tenant = caller_of(context), ""
        if request.tenant == EVERY_TENANT:
            check_held(caller, [READ_ALL])
        else:
            tenant = reached_tenant(caller, request.tenant, READ_ALL)
            await self._check(tenant)
        today = day_of(self._clock())
        first = today - timedelta(days=(request.days or DEFAULT_DAYS) - 1)
        found = await self._budgets.usage(first, today, tenant)
        found.sort(key=lambda booked: booked[0].day, reverse=True)  # stable: by tenant and model
        return pb.ListSpendingResponse(
            spending=[_write_spending(*booked) for booked in found],
            incomplete=len(found) >= MOST_REPORTED,
        )

    async def _check(self, tenant: str) -> None:
        if await self._find_tenant(tenant) is None:
            raise TenantNotFound(f"tenants/{tenant}")

    async def _read(self, tenant: str) -> pb.Budget:
        today = day_of(self._clock())
        report = await self._budgets.report(tenant, today)
        spent_micro_usd = report.spent.cost_micro_usd
        message = pb.Budget(
            tenant=tenant, spent_micro_usd=spent_micro_usd, reset_time=end_of(today)
        )
        if report.budget is not None:
            message.daily_micro_usd = report.budget.daily_micro_usd
            message.over_budget = OVER_BUDGET[report.budget.when_spent]
            message.held_micro_usd = max(0, report.charged_micro_usd - spent_micro_usd)
        return message


def _write_spending(account: Account, spending: Spending) -> pb.Spending:
    return pb.Spending(
        day=account.day.isoformat(),
        tenant=account.tenant,
        model=account.model,
        calls=spending.calls,
        input_tokens=spending.input_tokens,
        output_tokens=spending.output_tokens,
        cost_micro_usd=spending.cost_micro_usd,
    )
