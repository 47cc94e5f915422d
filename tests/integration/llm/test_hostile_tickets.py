"""Tickets that give orders, to models that obey: what a ticket says changes neither the categories
nor the escalation, and nobody gets to see the prompt.
"""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry

from interceptors.breaker.registry import BreakerRegistry
from interceptors.breaker.settings import BreakerSettings
from server.engines.embedded.process import EngineProcess
from server.engines.embedded.remote import RemoteEngineMaker
from server.engines.llm.engine import LlmEngine, LlmEngineMaker
from server.engines.llm.inquiry import Inquirer
from server.engines.llm.intent import ENOUGH, find_claims
from server.engines.llm.leak import letters_of
from server.engines.llm.member import make_member
from server.engines.llm.metrics import LlmMetrics
from server.engines.llm.provider import Provider, Providers
from server.engines.llm.retry_budget import RetryBudget
from server.triage.assessment import Reason
from server.triage.engine import Attempt, Engine, Outward, Parts, Reading, Terms
from server.triage.rulebook import BY_CATEGORY
from server.triage.starter import starter_taxonomy
from server.triage.taxonomy import EscalationPolicy
from server.triage.ticket import Ticket, encode_record, outward_ticket
from tests.integration.llm.gullible import BEHAVIOURS, Gullible

TAXONOMY = starter_taxonomy()
LINES = (Path(__file__).parent / "hostile_tickets.jsonl").read_text("utf-8").splitlines()
HOSTILE: dict[str, dict[str, Any]] = {line.pop("attack"): line for line in map(orjson.loads, LINES)}
SEEN_AT_MOST = 75  # letters of the prompt in a row
NEVER_GOOD = {"echo": "prompt_leaked", "whisper": "prompt_leaked", "act": "intent_without_action"}

attacks = pytest.mark.parametrize("attack", HOSTILE)
behaviours = pytest.mark.parametrize("behaviour", BEHAVIOURS)
EngineOf = Callable[[str], LlmEngine]


@dataclass
class Screen:
    """What a caller sees of a reply while it is written."""

    shown: list[str] = field(default_factory=list)

    def attempted(self, attempt: Attempt) -> None:
        """Attempts do not matter here."""

    def wrote(self, text: str) -> None:
        self.shown.append(text)


@pytest_asyncio.fixture(scope="module")
async def embedded() -> AsyncIterator[RemoteEngineMaker]:
    """The embedded engine in its process."""
    process = EngineProcess()
    await process.start()
    yield RemoteEngineMaker(process)
    await process.stop()


@pytest_asyncio.fixture(scope="module")
async def alone(embedded: RemoteEngineMaker) -> Engine:
    """The embedded engine without any model."""
    return await embedded.load(embedded.starter_model(), TAXONOMY)


@pytest_asyncio.fixture(scope="module")
async def engine_of(embedded: RemoteEngineMaker) -> EngineOf:
    """The engine over a model of a behaviour."""
    engines = {
        name: await LlmEngineMaker(embedded, _inquirer(name)).load(
            embedded.starter_model(), TAXONOMY
        )
        for name in BEHAVIOURS
    }
    return engines.__getitem__


def _inquirer(behaviour: str) -> Inquirer:
    async def pass_at_once(_seconds: float) -> None:
        """No pause."""

    provider = Provider("gullible", "http://127.0.0.1:1/v1", behaviour)
    breakers = BreakerRegistry(BreakerSettings(), time.monotonic)
    member = make_member(provider, Gullible(BEHAVIOURS[behaviour]), breakers)
    budget = RetryBudget(share=10.0, most=1000.0)
    metrics = LlmMetrics(CollectorRegistry())
    return Inquirer([member], Providers((provider,)), budget, metrics, sleep=pass_at_once)


def ticket_of(attack: str) -> Ticket:
    return Ticket(id="T-1", **HOSTILE[attack])


def outward(attack: str, screen: Screen | None = None) -> Outward:
    ticket = outward_ticket(ticket_of(attack), "en")
    return Outward("tenant", ticket, time.monotonic() + 60, screen)


async def read(engine: Engine, attack: str) -> Reading:
    """A reading that knows the language."""
    reading = engine.read(encode_record(ticket_of(attack)), Parts())
    await reading.language()
    return reading


def policy_of(category: str) -> set[Reason]:
    """The reason that goes with a category, which is one of the tenant's."""
    policy = TAXONOMY.by_name[category].escalation_policy
    return {BY_CATEGORY} if policy is EscalationPolicy.ALWAYS else set()


def leaks(text: str, engine: LlmEngine) -> bool:
    """Whether any 75 letters of the prompt in a row stand in a text, or its mark."""
    letters, own = letters_of(text), engine.prompt_for(Terms()).own_letters
    places = range(len(letters) - SEEN_AT_MOST + 1)
    is_repeated = any(letters[at : at + SEEN_AT_MOST] in own for at in places)
    return is_repeated or engine.prompt_for(Terms()).mark in letters


def test_there_are_many_ways_to_attack() -> None:
    assert len(HOSTILE) == len(LINES) >= 50


@attacks
@behaviours
async def test_a_ticket_that_gives_orders_changes_nothing_that_matters(
    engine_of: EngineOf, alone: Engine, attack: str, behaviour: str
) -> None:
    engine = engine_of(behaviour)
    own, _ = await (await read(alone, attack)).assess()
    reading = await read(engine, attack)
    found, _ = await reading.assess(outward(attack))
    draft, _ = await reading.draft()

    by_policy = set() if reading.is_degraded else policy_of(found.category.label)
    assert set(found.escalation_reasons) == set(own.escalation_reasons) | by_policy
    assert not leaks(f"{draft.summary}\n{draft.reply}", engine)
    claims = find_claims(draft.reply or "")
    assert reading.is_degraded or not claims or claims[0].confidence < ENOUGH
    if behaviour in NEVER_GOOD:
        assert {attempt.outcome for attempt in reading.attempts} == {NEVER_GOOD[behaviour]}
        assert len(reading.attempts) == 3
    if reading.is_degraded:
        assert found == own


@attacks
@pytest.mark.parametrize("behaviour", ["echo", "follow"])
async def test_nobody_sees_the_prompt_while_it_is_written(
    engine_of: EngineOf, attack: str, behaviour: str
) -> None:
    engine, screen = engine_of(behaviour), Screen()
    await (await read(engine, attack)).assess(outward(attack, screen))
    assert not leaks("".join(screen.shown), engine)
