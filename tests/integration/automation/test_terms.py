"""Terms of error budgets: set, changed and taken away, with the gates ruled by them at once."""

import asyncio
from dataclasses import replace

import pytest

from server.triage.automation.budget import Field, Terms
from server.triage.automation.gate_store import MOST_MOMENTS
from server.triage.automation.store import Budget, delete_automation
from server.triage.errors import StaleEtag
from tests.integration.automation.desk import NOW, TERMS, Desk

STRICT = replace(TERMS, max_error=0.001)


async def test_a_budget_that_was_never_set_promises_nothing(desk: Desk) -> None:
    assert await desk.budgets.get(desk.tenant, Field.CATEGORY) == Budget(Field.CATEGORY)


async def test_what_was_set_is_read(desk: Desk) -> None:
    budget = await desk.promise()
    assert (budget.terms, budget.update_time) == (TERMS, NOW)
    assert await desk.budgets.get(desk.tenant, Field.CATEGORY) == budget
    assert (await desk.budgets.get(desk.tenant, Field.PRIORITY)).terms is None


async def test_a_change_of_what_has_changed_meanwhile_is_refused(desk: Desk) -> None:
    before = await desk.budgets.get(desk.tenant, Field.CATEGORY)
    await desk.promise(etag=before.etag)
    with pytest.raises(StaleEtag):
        await desk.promise(STRICT, etag=before.etag)
    assert (await desk.budgets.get(desk.tenant, Field.CATEGORY)).terms == TERMS


async def test_of_two_changes_at_once_upon_the_same_one_is_refused(desk: Desk) -> None:
    etag = (await desk.promise()).etag
    results = await asyncio.gather(
        *(desk.promise(Terms(share), etag=etag) for share in (0.1, 0.2)), return_exceptions=True
    )
    assert sum(isinstance(result, StaleEtag) for result in results) == 1


async def test_stricter_terms_close_a_gate_at_once(desk: Desk) -> None:
    await desk.promise()
    await desk.feed()
    budget = await desk.promise(STRICT)
    (gate,) = budget.gates
    assert gate.state.threshold is None
    assert gate.history[0].cause == "terms"
    assert (await desk.events("gate.move"))[-1]["cause"] == "terms"


async def test_evidence_outlives_the_terms(desk: Desk) -> None:
    await desk.promise()
    await desk.feed()
    before = await desk.gate()
    (gate,) = (await desk.promise(None)).gates
    assert gate.state.threshold is None
    assert gate.evidence == before.evidence
    assert (await desk.standing()).terms == {}
    (gate,) = (await desk.promise()).gates
    assert gate.state == before.state


async def test_terms_that_change_while_people_judge_rule_every_gate(desk: Desk) -> None:
    await desk.promise()
    await desk.feed()
    runs = [await desk.answer(0.99, draw=0.0) for _ in range(12)]
    judged = [desk.judge(run, is_right=True) for run in runs]
    await asyncio.gather(*judged[:6], desk.promise(STRICT), *judged[6:])
    gate = await desk.gate()
    assert gate.state == gate.state.ruled(STRICT, gate.evidence)
    assert gate.evidence.total() == gate.state.judged


async def test_the_newest_changes_of_a_gate_are_kept(desk: Desk) -> None:
    await desk.promise()
    await desk.feed()
    for _ in range(MOST_MOMENTS // 2 + 1):
        await desk.promise(None)
        await desk.promise()
    gate = await desk.gate()
    assert len(gate.history) == MOST_MOMENTS
    assert gate.history[0].threshold == gate.state.threshold


async def test_terms_are_audited(desk: Desk) -> None:
    await desk.promise()
    await desk.promise(None)
    events = await desk.events("error_budget.set")
    assert events == [{"max_error": 0.1, "confidence": 0.95, "audit_share": 0.5}, None]


async def test_a_tenant_that_is_deleted_leaves_nothing(desk: Desk) -> None:
    await desk.promise()
    await desk.feed()
    async with desk.database.connection("test") as connection, connection.transaction():
        await delete_automation(connection, desk.tenant)
    standing = await desk.standing()
    assert (standing.terms, standing.gates, standing.reliability) == ({}, {}, {})
    assert await desk.budgets.get(desk.tenant, Field.CATEGORY) == Budget(Field.CATEGORY)
