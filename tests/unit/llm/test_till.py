"""What calls are booked with, however they end."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
from prometheus_client import CollectorRegistry

from server.budget.budget import Budget, Spending
from server.budget.ledger import Ledger
from server.budget.store import BudgetStore, Settlement, Share
from server.engines.llm.alarm import Alarm
from server.engines.llm.call import Calls
from server.engines.llm.completion import Completion, Message, Question, Role
from server.engines.llm.errors import REASONS, ProviderError
from server.engines.llm.metrics import LlmMetrics
from server.engines.llm.till import Till, most_input_tokens
from tests.unit.llm.answers import answer
from tests.unit.llm.fake_members import Script, Silence, member


class NoBudgets(BudgetStore):
    """A store of tenants that may spend what they like; it keeps what is settled."""

    def __init__(self) -> None:
        self.settled: list[Settlement] = []

    async def take(self, _tenant: str, _day: date, _needed: int, _more: int) -> Share:
        return Share(None, 0)

    async def settle(self, settlement: Settlement) -> None:
        self.settled.append(settlement)

    async def budgets(self, _tenants: Sequence[str]) -> dict[str, Budget]:
        return {}


def asking(text: str = "Where is it?") -> Question:
    """A question with an empty schema, which is two characters of JSON."""
    return Question((Message(Role.USER, text),), "triage", {}, most_tokens=100)


async def booked(
    transport: Script | Silence, left_s: float = 5.0, after_s: float = 60.0
) -> Spending:
    """What a call is booked with that is cancelled `after_s`."""
    store = NoBudgets()
    ledger = Ledger(store)
    metrics = LlmMetrics(CollectorRegistry())
    calls: Calls[Completion] = Calls(
        lambda completion: completion,
        time.monotonic() + left_s,
        None,
        metrics,
        Alarm(metrics, time.monotonic),
        time.monotonic,
        Till(ledger, "default"),
    )
    prices = {"input_usd_per_million": Decimal(3), "output_usd_per_million": Decimal(5)}
    one = member(transport, time.monotonic, "a", **prices)
    with suppress(ProviderError, TimeoutError):
        async with asyncio.timeout(after_s):
            await calls.call(one, asking(), "first")
    await ledger.settle_up()
    return sum((spending for _, spending in _spent(store)), start=Spending())


def _spent(store: NoBudgets) -> list[tuple[object, Spending]]:
    return [(account, spending) for each in store.settled for account, spending in each.spent]


async def test_an_answer_is_booked_as_its_provider_counts_it() -> None:
    said = answer()
    found = await booked(Script([said]))
    assert (found.input_tokens, found.output_tokens) == (said.input_tokens, said.output_tokens)


@pytest.mark.parametrize(("left_s", "after_s"), [(0.05, 60.0), (5.0, 0.05)])
async def test_a_call_that_is_given_up_is_booked_with_its_question(
    left_s: float, after_s: float
) -> None:
    tokens = most_input_tokens(asking())
    assert await booked(Silence(), left_s, after_s) == Spending(1, tokens, 0, 3 * tokens)


async def test_a_call_that_the_provider_refused_is_not_booked() -> None:
    assert await booked(Script([ProviderError(REASONS["overloaded"], "overloaded")])) == Spending()


@pytest.mark.parametrize(("text", "tokens"), [("abcd", 3), ("請求書が違う", 7), ("abcd請求", 5)])
def test_a_character_beyond_ascii_counts_as_a_token(text: str, tokens: int) -> None:
    assert most_input_tokens(asking(text)) == tokens


def test_a_schema_counts() -> None:
    plain = asking()
    described = Question(plain.messages, "triage", {"type": "x" * 1000}, most_tokens=100)
    assert most_input_tokens(described) > most_input_tokens(plain) + 400
