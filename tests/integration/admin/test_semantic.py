"""The semantic cache is set for all processes, and shows how its gates stand."""

import uuid
from typing import Any

import pytest
import pytest_asyncio

from tests.integration.admin.servers import Pair, at, becomes, new_tenant, serving
from tests.integration.callers import CACHE, TRIAGE, Caller

pytestmark = pytest.mark.usefixtures("model")  # which answers well

USUAL = {"enabled": True, "error_budget": 0.02, "audit_rate": 0.1, "fixed_similarity": 0.0}


async def change(operator: Caller, **settings: Any) -> dict[str, Any]:
    answer = await operator.call(f"{CACHE}/UpdateSemanticCache", settings=settings)
    return read(answer.settings)


async def settings_at(operator: Caller) -> dict[str, Any]:
    return read((await operator.call(f"{CACHE}/GetSemanticCache")).settings)


def read(message: Any) -> dict[str, Any]:
    return {name: getattr(message, name) for name in USUAL}


async def triage(caller: Caller) -> Any:
    """The answer to a text that is always the same, of a ticket that is not."""
    ticket = {"id": uuid.uuid4().hex, "body": "Where is the parcel that was sent on Monday?"}
    return (await caller.call(f"{TRIAGE}/Triage", ticket=ticket)).result


@pytest_asyncio.fixture(autouse=True)
async def _usual(desks: Pair) -> None:
    """The usual settings are in force in both servers."""
    await change(desks.one, **USUAL)
    await becomes(USUAL, lambda: settings_at(desks.other))


async def test_settings_are_in_force_in_the_other_server(desks: Pair) -> None:
    wanted = {"enabled": False, "error_budget": 0.05, "audit_rate": 0.5, "fixed_similarity": 0.95}
    assert await change(desks.one, **wanted) == wanted
    await becomes(wanted, lambda: settings_at(desks.other))


@pytest.mark.parametrize(
    "changed",
    [{"enabled": False}, {"error_budget": 0.05}, {"audit_rate": 0.5}, {"fixed_similarity": 0.95}],
    ids=str,
)
async def test_what_is_not_given_stays_as_it_is(desks: Pair, changed: dict[str, Any]) -> None:
    assert await change(desks.one, **changed) == USUAL | changed


async def test_settings_are_in_force_after_a_restart(desks: Pair) -> None:
    await change(desks.one, fixed_similarity=0.9)
    async with serving(desks.settings) as channel:
        found = await settings_at(at(desks.one, channel))
    assert found == USUAL | {"fixed_similarity": 0.9}


async def test_a_server_without_an_embedder_shows_what_is_set_and_that_nothing_comes_of_it(
    pair: Pair,
) -> None:
    await change(pair.one, error_budget=0.03)
    found = await pair.one.call(f"{CACHE}/GetSemanticCache")
    assert (found.available, found.settings.error_budget) == (False, 0.03)


async def test_a_gate_starts_closed_and_learns(desks: Pair) -> None:
    admin = await new_tenant(desks.one)
    for _ in range(2):
        assert not (await triage(admin)).HasField("reuse")

    async def gates() -> list[tuple[bool, int, int]]:
        tenant = admin.name.partition("/")[0]
        found = await desks.other.call(f"{CACHE}/GetSemanticCache", tenant=tenant)
        return [(gate.open, gate.observed, found.entries) for gate in found.gates]

    await becomes([(False, 1, 2)], gates)


async def test_a_gate_with_a_fixed_similarity_is_open_and_shown_as_unguaranteed(
    desks: Pair,
) -> None:
    admin = await new_tenant(desks.one)
    await change(desks.one, fixed_similarity=0.9)
    await triage(admin)
    await triage(admin)
    found = await desks.one.call(f"{CACHE}/GetSemanticCache", tenant=admin.name.partition("/")[0])
    (gate,) = found.gates
    assert (gate.open, gate.threshold, gate.guaranteed) == (True, 0.9, False)


async def test_a_cache_that_is_off_keeps_nothing(desks: Pair) -> None:
    admin = await new_tenant(desks.one)
    await change(desks.one, enabled=False)
    await triage(admin)
    tenant = admin.name.partition("/")[0]
    found = await desks.one.call(f"{CACHE}/GetSemanticCache", tenant=tenant)
    assert (found.available, found.entries, len(found.gates)) == (True, 0, 0)
