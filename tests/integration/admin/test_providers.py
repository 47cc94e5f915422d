"""Providers are listed with how they do, and a drill is in force in every process."""

import json
import uuid
from typing import Any

import pytest
import pytest_asyncio

from tests.integration.admin.servers import Pair, at, becomes, newest_event, serving
from tests.integration.callers import RESILIENCE, TRIAGE, Caller
from tools.fake_llm_process import FakeLlm


async def listed(operator: Caller) -> Any:
    """The one provider as the operator's server lists it."""
    (found,) = (await operator.call(f"{RESILIENCE}/ListProviders")).providers
    return found


async def is_drilled(operator: Caller) -> bool:
    return bool((await listed(operator)).drilled)


async def drill(operator: Caller, *, drilled: bool) -> Any:
    fields = {"provider": "openai", "drilled": drilled}
    return (await operator.call(f"{RESILIENCE}/SetProviderDrill", **fields)).provider


async def triage(caller: Caller) -> Any:
    ticket = {"id": uuid.uuid4().hex, "body": f"Where is parcel {uuid.uuid4()}?"}
    return (await caller.call(f"{TRIAGE}/Triage", ticket=ticket)).result


@pytest_asyncio.fixture(autouse=True)
async def _no_drill(desks: Pair) -> None:
    """No drill is on, and both servers know it."""
    await drill(desks.one, drilled=True)
    await becomes(wanted=True, read=lambda: is_drilled(desks.other))
    await drill(desks.one, drilled=False)
    await becomes(wanted=False, read=lambda: is_drilled(desks.other))


async def test_a_provider_is_listed_with_its_model_price_and_circuit(desks: Pair) -> None:
    provider = await listed(desks.one)
    assert (provider.provider, provider.model) == ("openai", "small")
    assert provider.input_micro_usd_per_million_tokens == 150_000
    assert provider.output_micro_usd_per_million_tokens == 600_000
    breakers = (await desks.one.call(f"{RESILIENCE}/ListCircuitBreakers")).circuit_breakers
    assert provider.breaker in {breaker.breaker for breaker in breakers}


async def test_failures_lower_the_share_of_successes(model: FakeLlm, desks: Pair) -> None:
    await triage(desks.one)
    before = (await listed(desks.one)).success_share
    model.control(next=["http_401"])
    await triage(desks.one)
    assert (await listed(desks.one)).success_share < before


async def test_a_server_without_models_lists_no_provider(pair: Pair) -> None:
    assert not (await pair.one.call(f"{RESILIENCE}/ListProviders")).providers


async def test_a_drilled_provider_fails_in_the_other_server_and_the_embedded_engine_answers(
    model: FakeLlm, desks: Pair
) -> None:
    assert (await drill(desks.one, drilled=True)).drilled
    await becomes(wanted=True, read=lambda: is_drilled(desks.other))
    calls = model.stats()
    result = await triage(desks.other)
    assert (result.degraded, result.attempts[0].outcome) == (True, "drill")
    assert model.stats() == calls


@pytest.mark.usefixtures("model")
async def test_a_provider_works_again_when_its_drill_ends(desks: Pair) -> None:
    await drill(desks.one, drilled=True)
    assert not (await drill(desks.one, drilled=False)).drilled
    assert not (await triage(desks.one)).degraded


async def test_a_drill_is_in_force_after_a_restart(desks: Pair) -> None:
    await drill(desks.one, drilled=True)
    async with serving(desks.settings) as channel:
        assert await is_drilled(at(desks.one, channel))


async def test_a_drill_is_on_record(desks: Pair) -> None:
    await drill(desks.one, drilled=True)
    event = await newest_event(desks.one, "provider_drill.set")
    assert (event.resource, json.loads(event.after)) == ("openai", {"is_drilled": True})
    await drill(desks.other, drilled=False)
    event = await newest_event(desks.one, "provider_drill.set")
    assert (json.loads(event.before), event.after) == ({"is_drilled": True}, "")
