"""Pays for calls: what one may cost is set aside before it is made, what it did cost is booked."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson

from server.budget.budget import OverBudget, Spending, WhenSpent
from server.budget.errors import BudgetSpent
from server.budget.ledger import Ledger, Reservation
from server.engines.llm.completion import Completion, Question
from server.engines.llm.provider import Provider

# Of ASCII, fewer than there are: a call must not cost more than was set aside.
CHARACTERS_A_TOKEN = 2
# Set aside for any call, also where there is no price: a budget that is spent allows for none.
LEAST_MICRO_USD = 1


@dataclass(slots=True)
class Bill:
    """What was set aside for one call, and what it brought."""

    question: Question
    reservation: Reservation | None = None  # None: nobody counts the money
    completion: Completion | None = None
    is_running: bool = False  # the provider is at work, or was when the call was given up
    received: list[str] = field(default_factory=list)  # pieces of an answer that is streamed

    def used(self) -> tuple[int, int]:
        """Tokens of the question and the answer; none where the provider asks for nothing.

        What a provider does not tell is estimated, never beyond what was set aside: else nobody
        would pay for it. A call that was given up, or whose answer broke off, is paid for all the
        same: its question was read.
        """
        done = self.completion
        if done is not None:
            told = done.input_tokens or most_input_tokens(self.question)
            return told, done.output_tokens or self._most_written(done.text)
        if self.is_running or self.received:
            return most_input_tokens(self.question), self._most_written("".join(self.received))
        return 0, 0

    def _most_written(self, text: str) -> int:
        return min(_most_tokens([text]), self.question.most_tokens)


class Till:
    """The budget of one tenant, as one question meets it."""

    def __init__(self, ledger: Ledger, tenant: str) -> None:
        self._ledger = ledger
        self._tenant = tenant

    async def open_bill(self, provider: Provider, question: Question) -> Bill:
        """Set aside what a call may cost. The bill is to be settled, however the call ends.

        Raises BudgetSpent, StorageUnavailable.
        """
        most = provider.cost_micro_usd(most_input_tokens(question), question.most_tokens)
        reservation = await self._ledger.reserve(self._tenant, max(LEAST_MICRO_USD, most))
        if isinstance(reservation, OverBudget):
            must_refuse = reservation.budget.when_spent is WhenSpent.REFUSE
            raise BudgetSpent(self._tenant, reservation.renew_time, must_refuse=must_refuse)
        return Bill(question, reservation)

    def settle(self, provider: Provider, bill: Bill) -> None:
        """Book what a call took."""
        if bill.reservation is None:
            return
        used = bill.used()
        spending = Spending(1, *used, provider.cost_micro_usd(*used)) if any(used) else Spending()
        self._ledger.settle(bill.reservation, f"{provider.name}/{provider.model}", spending)


def most_input_tokens(question: Question) -> int:
    """As many tokens as a question may be to a provider, its schema with it."""
    texts = [message.text for message in question.messages]
    texts.append(orjson.dumps(question.schema).decode())
    return _most_tokens(texts)


def _most_tokens(texts: Sequence[str]) -> int:
    characters = sum(map(len, texts))
    # Nearly every text is ASCII, and knows it: none is read through for that.
    others = [text for text in texts if not text.isascii()]
    beyond = sum(len(text) - len(text.encode("ascii", "ignore")) for text in others)
    # Beyond ASCII, as in Chinese, a character is a token by itself.
    return -(-(characters - beyond) // CHARACTERS_A_TOKEN) + beyond
