"""Pays for calls: what one may cost is set aside before it is made, what it did cost is booked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import orjson

from server.budget.budget import OverBudget, Spending, WhenSpent
from server.budget.errors import BudgetSpent
from server.budget.ledger import Ledger
from server.engines.llm.completion import Completion, Question
from server.engines.llm.provider import Provider

# Of ASCII, fewer than there are: a call must not cost more than was set aside.
CHARACTERS_A_TOKEN = 2


@dataclass(slots=True)
class Bill:
    """What a call brought, for whoever books it."""

    completion: Completion | None = None
    is_running: bool = False  # the provider may be at work, and has told nothing else


class Till:
    """The budget of one tenant, as one question meets it."""

    def __init__(self, ledger: Ledger, tenant: str) -> None:
        self._ledger = ledger
        self._tenant = tenant

    @asynccontextmanager
    async def paying(self, provider: Provider, question: Question) -> AsyncIterator[Bill]:
        """Round one call. Raises BudgetSpent, StorageUnavailable before it is made."""
        input_tokens = most_input_tokens(question)
        most = provider.cost_micro_usd(input_tokens, question.most_tokens)
        reservation = await self._ledger.reserve(self._tenant, most)
        if isinstance(reservation, OverBudget):
            must_refuse = reservation.budget.when_spent is WhenSpent.REFUSE
            raise BudgetSpent(self._tenant, reservation.renew_time, must_refuse=must_refuse)
        bill = Bill()
        try:
            yield bill
        finally:
            model = f"{provider.name}/{provider.model}"
            used = _used(bill, input_tokens)
            spending = Spending(1, *used, provider.cost_micro_usd(*used)) if used else Spending()
            self._ledger.settle(reservation, model, spending)


def most_input_tokens(question: Question) -> int:
    """As many tokens as a question may be to a provider, its schema with it."""
    texts = [message.text for message in question.messages]
    texts.append(orjson.dumps(question.schema).decode())
    characters = sum(map(len, texts))
    plain = sum(len(text.encode("ascii", "ignore")) for text in texts)
    # Beyond ASCII, as in Chinese, a character is a token by itself.
    return -(-plain // CHARACTERS_A_TOKEN) + characters - plain


def _used(bill: Bill, most_input_tokens: int) -> tuple[int, int] | None:
    """Tokens of the question and the answer; None: the provider asks for nothing.

    A call that was given up is paid for all the same: its question was read.
    """
    if bill.completion is not None:
        return bill.completion.input_tokens, bill.completion.output_tokens
    return (most_input_tokens, 0) if bill.is_running else None
