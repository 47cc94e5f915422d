"""What tenants may spend on language models, and what they have spent."""

from switchyard_client.connection import Connection
from switchyard_client.messages.switchyard.admin.v1 import (
    Budget,
    GetBudgetRequest,
    GetBudgetResponse,
    ListSpendingRequest,
    ListSpendingResponse,
    OverBudget,
    SetBudgetRequest,
    SetBudgetResponse,
)

EVERY_TENANT = "-"
_SERVICE = "switchyard.admin.v1.BudgetService"


class BudgetAdmin:
    """Money is in millionths of a US dollar. An empty `tenant` is the caller's."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def get(self, tenant: str = "") -> Budget:
        """The tenant's budget, and what is spent of it today."""
        request = GetBudgetRequest(tenant=tenant)
        response = await self._connection.call(_SERVICE, request, GetBudgetResponse)
        return response.budget or Budget()

    async def set(
        self,
        tenant: str,
        daily_micro_usd: int | None,
        over_budget: OverBudget = OverBudget.DEGRADE,
    ) -> Budget:
        """The tenant's new budget for a day; None: it may spend what it likes."""
        request = SetBudgetRequest(
            tenant=tenant, daily_micro_usd=daily_micro_usd, over_budget=over_budget
        )
        response = await self._connection.call(_SERVICE, request, SetBudgetResponse)
        return response.budget or Budget()

    async def spending(self, tenant: str = "", *, days: int = 7) -> ListSpendingResponse:
        """What was spent by day, tenant and model, the newest first, today included. EVERY_TENANT
        is for operators.
        """
        request = ListSpendingRequest(tenant=tenant, days=days)
        return await self._connection.call(_SERVICE, request, ListSpendingResponse)
