"""Answers that are kept, and calls that are paid for."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from interceptors.cache.answer_cache import AnswerCache
from interceptors.cache.memory import Memory
from server.budget.budget import Budget, WhenSpent, day_of
from server.budget.errors import BudgetSpent
from server.budget.ledger import Ledger
from server.budget.store import BudgetStore
from server.engines.llm.exact import ExactAnswers
from server.storage.database import Database
from server.storage.migrate import migrate, read_migrations
from tests.integration.llm.desk import Desk, make_desk, open_lines, told
from tools.fake_llm_process import FakeLlm


@pytest.fixture
def asked() -> list[int]:
    """Each time that the model was asked."""
    return []


@pytest.fixture
def exact() -> ExactAnswers:
    """An empty cache of answers."""
    return ExactAnswers(AnswerCache(Memory()))


def model(asked: list[int]) -> Any:
    numbers = itertools.count(1)

    async def ask() -> bytes:
        asked.append(next(numbers))
        await asyncio.sleep(0)
        return b"answer %d" % asked[-1]

    return ask


async def test_the_same_question_is_asked_once(exact: ExactAnswers, asked: list[int]) -> None:
    ask = model(asked)
    first = await exact.answer("acme", ("m", "p"), "Where  is\nit?", ask)
    again = await exact.answer("acme", ("m", "p"), "Where is it?", ask)
    assert (first, again) == ((b"answer 1", False), (b"answer 1", True))


async def test_questions_at_once_share_one_answer(exact: ExactAnswers, asked: list[int]) -> None:
    ask = model(asked)
    answers = await asyncio.gather(*(exact.answer("a", (), "same", ask) for _ in range(20)))
    assert {answer for answer, _ in answers} == {b"answer 1"}
    assert asked == [1]


@pytest.mark.parametrize(
    ("tenant", "facts", "ticket"),
    [("other", ("m",), "text"), ("acme", ("n",), "text"), ("acme", ("m",), "Text")],
)
async def test_another_tenant_prompt_or_text_is_another_question(
    exact: ExactAnswers, asked: list[int], tenant: str, facts: tuple[str, ...], ticket: str
) -> None:
    ask = model(asked)
    await exact.answer("acme", ("m",), "text", ask)
    assert await exact.answer(tenant, facts, ticket, ask) == (b"answer 2", False)


async def test_a_failure_is_not_kept(exact: ExactAnswers, asked: list[int]) -> None:
    async def fail() -> bytes:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await exact.answer("acme", (), "text", fail)
    assert await exact.answer("acme", (), "text", model(asked)) == (b"answer 1", False)


@pytest_asyncio.fixture
async def ledger(database: Database) -> AsyncIterator[Ledger]:
    """A ledger on an empty database."""
    await migrate(database, read_migrations())
    ledger = Ledger(BudgetStore(database))
    ledger.start()
    yield ledger
    await ledger.stop()


@pytest_asyncio.fixture
async def desk(fake: FakeLlm, ledger: Ledger) -> AsyncIterator[Desk]:
    """A provider with prices, paid by the ledger."""
    prices: dict[str, Any] = {
        "input_usd_per_million": Decimal(10),
        "output_usd_per_million": Decimal(30),
    }
    async with open_lines(fake.url) as lines:
        desk = make_desk(*lines, **prices)
        desk.inquirer.ledger = ledger
        yield desk


async def test_what_a_call_took_is_booked(desk: Desk, ledger: Ledger, database: Database) -> None:
    asked = await desk.ask()
    await ledger.settle_up()
    today = day_of(time.time())
    ((account, spending),) = await BudgetStore(database).usage(today, today)
    (attempt,) = asked.attempts
    assert account.model == "a/model-a"
    assert spending.cost_micro_usd == attempt.cost_micro_usd > 0
    assert spending.input_tokens == attempt.input_tokens


async def test_a_call_that_failed_costs_nothing(
    desk: Desk, ledger: Ledger, fake: FakeLlm, database: Database
) -> None:
    fake.control(faults={"http_400": 1.0})
    await desk.ask()
    await ledger.settle_up()
    today = day_of(time.time())
    assert await BudgetStore(database).usage(today, today) == []


async def test_beyond_the_budget_nobody_is_asked(
    desk: Desk, fake: FakeLlm, database: Database
) -> None:
    await BudgetStore(database).set("", Budget("", 100), "tests")
    asked = await desk.ask()
    assert told(asked) == ["a first over_budget"]
    assert asked.answer is None
    assert fake.stats()["requests"] == 0


async def test_beyond_the_budget_a_ticket_is_refused_where_that_is_set(
    desk: Desk, database: Database
) -> None:
    budget = replace(Budget("", 100), when_spent=WhenSpent.REFUSE)
    await BudgetStore(database).set("", budget, "tests")
    with pytest.raises(BudgetSpent):
        await desk.ask()
