"""Tickets on their way through triage, with the gates of an error budget in it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import pytest_asyncio

from server.engines.embedded.process import EngineProcess
from server.engines.embedded.remote import RemoteEngineMaker
from server.storage.database import Database
from server.storage.group_commit import GroupCommit
from server.triage.automation.budget import Field, Terms
from server.triage.automation.catalog import AutomationCatalog
from server.triage.automation.gate_store import GateKey, lock_gate, put_gate
from server.triage.automation.store import AutomationStore
from server.triage.catalog import TaxonomyCatalog
from server.triage.decision import DecisionPolicy
from server.triage.engine import Parts
from server.triage.pipeline import Order, TriagePipeline
from server.triage.review import ReviewReason
from server.triage.run import Decision, Run
from server.triage.store import RunStore
from server.triage.ticket import Ticket
from server.triage.wire import write_result
from tests.integration.automation.desk import NOW, Desk
from tests.integration.callers import until
from tests.integration.triage.supplies import make_supply

LENIENT = Terms(max_error=0.3, audit_share=0.5)
ALL = Parts()
TICKET = Ticket("1", "I was charged twice for my invoice and want the second payment back")


@dataclass
class Site:
    """A pipeline whose draws are set."""

    database: Database
    runs: RunStore
    pipeline: TriagePipeline
    catalog: AutomationCatalog
    draws: list[float] = field(default_factory=lambda: [1.0])

    async def triage(self, tenant: str, parts: Parts = ALL) -> Run:
        """The run of a ticket, as it is on record."""
        recorded = await self.pipeline.triage(Order(tenant, TICKET, parts=parts))
        return await self.runs.get(tenant, recorded.run.run_id)

    async def open(self, desk: Desk) -> None:
        """Judge the same ticket right until the gate opens."""
        await desk.promise(LENIENT)
        await self.follow(desk.tenant)
        run = await self.triage(desk.tenant)
        for number in range(300):
            other = replace(run, run_id=f"{number:032x}")
            (learned,) = await desk.tell(other, {Field.CATEGORY: run.answer.category.label})
            if learned.has_moved_gate:
                break
        await self.follow(desk.tenant)

    async def doubt(self, desk: Desk) -> None:
        """Let audits of late have found more errors than usual."""
        key = GateKey(desk.tenant, Field.CATEGORY, (await desk.gate()).answerer)
        async with self.database.connection("test") as connection, connection.transaction():
            gate = await lock_gate(connection, key, NOW)
            await put_gate(connection, key, replace(gate, drift=2.0))
        await self.follow(desk.tenant)

    async def follow(self, tenant: str) -> None:
        """Go by what is on record now."""
        self.catalog.forget(tenant)

        async def is_read() -> bool:
            return await self.catalog.find_generation(tenant) is not None

        await until(is_read)

    async def review_of(self, run: Run) -> tuple[Any, ...]:
        """What the queue of reviews knows of a run."""
        query = (
            "SELECT review_value, review_reason FROM triage_runs WHERE tenant = %s AND run_id = %s"
        )
        async with self.database.connection("test") as connection:
            row = await (await connection.execute(query, [run.tenant, run.run_id])).fetchone()
        assert row is not None
        return row


@pytest_asyncio.fixture(scope="module")
async def site(automation_database: Database) -> AsyncIterator[Site]:
    """A pipeline of the embedded engine."""
    async with AsyncExitStack() as stack:
        commits = GroupCommit(automation_database)
        commits.start()
        stack.push_async_callback(commits.stop)
        process = EngineProcess()
        await process.start()
        stack.push_async_callback(process.stop)
        taxonomies = TaxonomyCatalog(
            await make_supply(automation_database, RemoteEngineMaker(process))
        )
        stack.push_async_callback(taxonomies.stop)
        runs = RunStore(automation_database, commits)
        now = 0.0
        catalog = AutomationCatalog(AutomationStore(automation_database).standing, lambda: now)
        catalog.forget(None)
        draws = [1.0]
        pipeline = TriagePipeline(
            catalog=taxonomies,
            runs=runs,
            policy=DecisionPolicy(0.85, catalog.of, lambda: draws[-1]),
            digest_key=b"k" * 32,
            recorded=lambda _run: None,
        )
        yield Site(automation_database, runs, pipeline, catalog, draws)


async def test_without_a_budget_no_gate_is_told(site: Site, desk: Desk) -> None:
    run = await site.triage(desk.tenant)
    assert {passage.field for passage in run.answer.gates} == set(Field)
    assert not write_result(run)["gates"]


async def test_a_field_that_is_not_asked_for_is_not_judged(site: Site, desk: Desk) -> None:
    run = await site.triage(desk.tenant, parts=Parts(sentiment=False))
    assert {one.field for one in run.answer.gates} == {Field.CATEGORY, Field.PRIORITY}


async def test_without_evidence_everything_goes_to_review(site: Site, desk: Desk) -> None:
    await desk.promise(LENIENT)
    await site.follow(desk.tenant)
    run = await site.triage(desk.tenant)
    assert run.answer.decision is Decision.REVIEW
    assert "not backed by evidence yet" in run.answer.decision_reason
    (gate,) = write_result(run)["gates"]
    assert (gate.field, gate.passed, gate.propensity) == ("category", False, 1.0)
    assert not gate.HasField("threshold")


async def test_what_waits_for_a_review_is_in_the_queue(site: Site, desk: Desk) -> None:
    await desk.promise(LENIENT)
    await site.follow(desk.tenant)
    run = await site.triage(desk.tenant)
    value, reason = await site.review_of(run)
    assert value == pytest.approx(1 - run.answer.category.confidence, abs=1e-6)
    assert reason == ReviewReason.UNCERTAIN


async def test_evidence_opens_the_gate_for_tickets(site: Site, desk: Desk) -> None:
    await site.open(desk)
    site.draws.append(0.99)
    run = await site.triage(desk.tenant)
    assert run.answer.decision is Decision.AUTOMATIC
    assert "the error budget of 30% needs" in run.answer.decision_reason
    assert await site.review_of(run) == (None, None)
    (gate,) = write_result(run)["gates"]
    assert (gate.passed, gate.audited, gate.propensity) == (True, False, 0.5)


async def test_an_audited_ticket_is_automatic_and_in_the_queue(site: Site, desk: Desk) -> None:
    await site.open(desk)
    site.draws.append(0.01)
    run = await site.triage(desk.tenant)
    assert run.answer.decision is Decision.AUTOMATIC
    _, reason = await site.review_of(run)
    assert reason == ReviewReason.AUDIT
    (gate,) = write_result(run)["gates"]
    assert (gate.passed, gate.audited, gate.propensity) == (True, True, 0.5)


async def test_a_ticket_that_is_looked_at_first_goes_to_review_and_is_in_the_queue(
    site: Site, desk: Desk
) -> None:
    await site.open(desk)
    site.draws.append(0.01)
    await site.doubt(desk)
    run = await site.triage(desk.tenant)
    assert run.answer.decision is Decision.REVIEW
    _, reason = await site.review_of(run)
    assert reason == ReviewReason.AUDIT
    (gate,) = write_result(run)["gates"]
    assert (gate.passed, gate.audited, gate.propensity) == (True, True, 0.5)


async def test_judged_errors_lower_the_confidence_of_the_next_answer(
    site: Site, desk: Desk
) -> None:
    await desk.promise(LENIENT)  # or nobody would look at what is automatic
    await site.follow(desk.tenant)
    run = await site.triage(desk.tenant)
    for number in range(60):
        await desk.judge(replace(run, run_id=f"{number:032x}"), is_right=False)
    await desk.promise(None)
    await site.follow(desk.tenant)
    another = await site.triage(desk.tenant)
    assert another.answer.category.confidence < run.answer.category.confidence / 2
    assert another.answer.decision is Decision.REVIEW
    assert another.answer.gates[0].score == run.answer.gates[0].score
