"""Pays for calls: what one may cost is set aside before it is made, what it did cost is booked."""

from dataclasses import dataclass

import orjson

from server.budget.budget import OverBudget, Spending, WhenSpent
from server.budget.errors import BudgetSpent
from server.budget.ledger import Ledger, Reservation
from server.engines.llm.completion import Completion, Question
from server.engines.llm.provider import Provider

# Of ASCII, fewer than there are: a call must not cost more than was set aside.
CHARACTERS_A_TOKEN = 2


@dataclass(slots=True)
class Bill:
    """What was set aside for one call, and what it brought."""

    reservation: Reservation | None = None  # None: nobody counts the money
    most_input_tokens: int = 0
    completion: Completion | None = None
    is_running: bool = False  # the provider may be at work, and has told nothing else


class Till:
    """The budget of one tenant, as one question meets it."""

    def __init__(self, ledger: Ledger, tenant: str) -> None:
        self._ledger = ledger
        self._tenant = tenant

    async def open_bill(self, provider: Provider, question: Question) -> Bill:
        """Set aside what a call may cost. The bill is to be settled, however the call ends.

        Raises BudgetSpent, StorageUnavailable.
        """
        input_tokens = most_input_tokens(question)
        most = provider.cost_micro_usd(input_tokens, question.most_tokens)
        reservation = await self._ledger.reserve(self._tenant, most)
        if isinstance(reservation, OverBudget):
            must_refuse = reservation.budget.when_spent is WhenSpent.REFUSE
            raise BudgetSpent(self._tenant, reservation.renew_time, must_refuse=must_refuse)
        return Bill(reservation, input_tokens)

    def settle(self, provider: Provider, bill: Bill) -> None:
        """Book what a call took."""
        if bill.reservation is None:
            return
        used = _used(bill)
        spending = Spending(1, *used, provider.cost_micro_usd(*used)) if used else Spending()
        self._ledger.settle(bill.reservation, f"{provider.name}/{provider.model}", spending)


def most_input_tokens(question: Question) -> int:
    """As many tokens as a question may be to a provider, its schema with it."""
    texts = [message.text for message in question.messages]
    texts.append(orjson.dumps(question.schema).decode())
    characters = sum(map(len, texts))
    # Nearly every text is ASCII, and knows it: none is read through for that.
    others = [text for text in texts if not text.isascii()]
    beyond = sum(len(text) - len(text.encode("ascii", "ignore")) for text in others)
    # Beyond ASCII, as in Chinese, a character is a token by itself.
    return -(-(characters - beyond) // CHARACTERS_A_TOKEN) + beyond


def _used(bill: Bill) -> tuple[int, int] | None:
    """Tokens of the question and the answer; None: the provider asks for nothing.

    A call that was given up is paid for all the same: its question was read.
    """
    if bill.completion is not None:
        return bill.completion.input_tokens, bill.completion.output_tokens
    return (bill.most_input_tokens, 0) if bill.is_running else None
