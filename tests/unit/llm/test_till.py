"""What calls are booked with, however they end."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import pytest
from prometheus_client import CollectorRegistry

from server.budget.budget import Budget, Spending
from server.budget.errors import BudgetSpent
from server.budget.ledger import Ledger
from server.budget.store import BudgetStore, Settlement, Share
from server.engines.llm.alarm import Alarm
from server.engines.llm.call import Calls, Listener
from server.engines.llm.classification import failure
from server.engines.llm.completion import Completion, Message, Question, Role
from server.engines.llm.errors import ProviderError
from server.engines.llm.metrics import LlmMetrics
from server.engines.llm.till import Till, most_input_tokens
from server.triage.engine import Attempt
from tests.unit.llm.answers import answer
from tests.unit.llm.fake_members import Script, Silence, member

SHORT_S = 1.0  # in which a call has begun on a busy machine
BROKE_OFF = failure("network", has_begun=True)


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


class LeftOver(NoBudgets):
    """A store of tenants that have so much left of their budgets."""

    def __init__(self, left_micro_usd: int) -> None:
        super().__init__()
        self._left_micro_usd = left_micro_usd

    async def take(self, tenant: str, _day: date, needed: int, _more: int) -> Share:
        granted = needed if needed <= self._left_micro_usd else 0
        return Share(Budget(tenant, 1000), granted)


def asking(text: str = "Where is it?") -> Question:
    """A question with an empty schema, which is two characters of JSON."""
    return Question((Message(Role.USER, text),), "triage", {}, most_tokens=100)


class Breaks(Script):
    """A transport whose answers break off after their first letters."""

    async def complete(self, _question: Question, _timeout_s: float) -> Completion:
        """It began."""
        raise BROKE_OFF

    async def stream(
        self, _question: Question, _timeout_s: float
    ) -> AsyncGenerator[str | Completion, None]:
        """Nine letters."""
        for letters in ("abc", "def", "ghi"):
            yield letters
        raise BROKE_OFF


class Hears:
    """Hears a stream, and shows nobody any of it."""

    def attempted(self, _attempt: Attempt) -> None:
        """Nothing to do."""

    def wrote(self, _piece: str) -> bool:
        """It is not shown."""
        return False


@dataclass
class Ending:
    """How a call ended, as everybody tells of it."""

    booked: Spending
    attempts: list[Attempt]
    metrics: CollectorRegistry


async def ending(
    transport: Script | Silence,
    left_s: float = 5.0,
    after_s: float = 60.0,
    listener: Listener | None = None,
) -> Ending:
    """What comes of a call that is cancelled `after_s`."""
    store, registry = NoBudgets(), CollectorRegistry()
    ledger = Ledger(store)
    metrics = LlmMetrics(registry)
    calls: Calls[Completion] = Calls(
        lambda completion: completion,
        time.monotonic() + left_s,
        listener,
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
    spent = sum((spending for _, spending in _spent(store)), start=Spending())
    return Ending(spent, calls.attempts, registry)


async def booked(
    transport: Script | Silence, left_s: float = 5.0, after_s: float = 60.0
) -> Spending:
    """What a call is booked with that is cancelled `after_s`."""
    return (await ending(transport, left_s, after_s)).booked


def _spent(store: NoBudgets) -> list[tuple[object, Spending]]:
    return [(account, spending) for each in store.settled for account, spending in each.spent]


async def test_an_answer_is_booked_as_its_provider_counts_it() -> None:
    said = answer()
    found = await booked(Script([said]))
    assert (found.input_tokens, found.output_tokens) == (said.input_tokens, said.output_tokens)


@pytest.mark.parametrize(("left_s", "after_s"), [(SHORT_S, 60.0), (60.0, SHORT_S)])
async def test_a_call_that_is_given_up_is_booked_with_its_question(
    left_s: float, after_s: float
) -> None:
    tokens = most_input_tokens(asking())
    assert await booked(Silence(), left_s, after_s) == Spending(1, tokens, 0, 3 * tokens)


@pytest.mark.parametrize("listener", [None, Hears()])
async def test_what_the_provider_does_not_count_is_estimated(listener: Listener | None) -> None:
    silent = replace(answer(), input_tokens=0, output_tokens=0)
    found = (await ending(Script([silent]), listener=listener)).booked
    written = -(-len(silent.text) // 2)
    assert (found.input_tokens, found.output_tokens) == (most_input_tokens(asking()), written)


async def test_an_estimate_is_within_what_was_set_aside() -> None:
    long = replace(answer(), text="x" * 1000, output_tokens=0)
    assert (await booked(Script([long]))).output_tokens == asking().most_tokens


@pytest.mark.parametrize(("listener", "written"), [(None, 0), (Hears(), 5)])
async def test_an_answer_that_broke_off_is_booked_as_far_as_it_came(
    listener: Listener | None, written: int
) -> None:
    tokens = most_input_tokens(asking())
    found = (await ending(Breaks([]), listener=listener)).booked
    assert found == Spending(1, tokens, written, 3 * tokens + 5 * written)


@pytest.mark.parametrize("transport", [Silence(), Breaks([]), Script([answer()])])
async def test_attempts_and_metrics_say_what_is_booked(transport: Script | Silence) -> None:
    found = await ending(transport, left_s=SHORT_S, listener=Hears())
    (attempt,), spent = found.attempts, found.booked
    assert (attempt.input_tokens, attempt.output_tokens, attempt.cost_micro_usd) == (
        spent.input_tokens,
        spent.output_tokens,
        spent.cost_micro_usd,
    )
    labels = {"provider": "a", "model": "a-1"}
    counted = found.metrics.get_sample_value("llm_cost_usd_total", labels)
    assert counted == pytest.approx(spent.cost_micro_usd / 1e6)


@pytest.mark.parametrize(("left", "is_made"), [(1, True), (0, False)])
async def test_a_call_without_a_price_needs_a_budget_that_is_not_spent(
    left: int, is_made: bool
) -> None:
    till = Till(Ledger(LeftOver(left)), "default")
    free = member(Script([answer()]), time.monotonic).provider
    with nullcontext() if is_made else pytest.raises(BudgetSpent):
        await till.open_bill(free, asking())


async def test_a_call_that_the_provider_refused_is_not_booked() -> None:
    assert await booked(Script([failure("overloaded")])) == Spending()


@pytest.mark.parametrize(("text", "tokens"), [("abcd", 3), ("請求書が違う", 7), ("abcd請求", 5)])
def test_a_character_beyond_ascii_counts_as_a_token(text: str, tokens: int) -> None:
    assert most_input_tokens(asking(text)) == tokens


def test_a_schema_counts() -> None:
    plain = asking()
    described = Question(plain.messages, "triage", {"type": "x" * 1000}, most_tokens=100)
    assert most_input_tokens(described) > most_input_tokens(plain) + 400
