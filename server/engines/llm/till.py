"""Pays for calls: what one may cost is set aside before it is made, what it did cost is booked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from server.budget.budget import OverBudget, Spending, WhenSpent
from server.budget.errors import BudgetSpent
from server.budget.ledger import Ledger
from server.engines.llm.completion import Completion, Question
from server.engines.llm.provider import Provider

CHARACTERS_A_TOKEN = 2  # fewer than there are: a call must not cost more than was set aside


@dataclass(slots=True)
class Bill:
    """What a call brought, for whoever books it."""

    completion: Completion | None = None


class Till:
    """The budget of one tenant, as one question meets it."""

    def __init__(self, ledger: Ledger, tenant: str) -> None:
        self._ledger = ledger
        self._tenant = tenant

    @asynccontextmanager
    async def paying(self, provider: Provider, question: Question) -> AsyncIterator[Bill]:
        """Round one call. Raises BudgetSpent, StorageUnavailable before it is made."""
        characters = sum(len(message.text) for message in question.messages)
        most = provider.cost_micro_usd(characters // CHARACTERS_A_TOKEN, question.most_tokens)
        reservation = await self._ledger.reserve(self._tenant, most)
        if isinstance(reservation, OverBudget):
            must_refuse = reservation.budget.when_spent is WhenSpent.REFUSE
            raise BudgetSpent(self._tenant, reservation.renew_time, must_refuse=must_refuse)
        bill = Bill()
        try:
            yield bill
        finally:
            model = f"{provider.name}/{provider.model}"
            self._ledger.settle(reservation, model, _spending(provider, bill.completion))


def _spending(provider: Provider, completion: Completion | None) -> Spending:
    """What a call took; without a completion the provider asks for nothing."""
    if completion is None:
        return Spending()
    used = completion.input_tokens, completion.output_tokens
    return Spending(1, *used, provider.cost_micro_usd(*used))
