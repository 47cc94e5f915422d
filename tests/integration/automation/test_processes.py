"""Several processes: what one learns is in force in the others, and their counts are added up."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import pytest_asyncio

from server.storage.database import Database
from server.storage.notifications import Notifications
from server.triage.automation.budget import Field
from server.triage.automation.catalog import AutomationCatalog
from server.triage.automation.counting_store import GateCounter
from server.triage.automation.gate_store import AUTOMATION_CHANNEL
from server.triage.automation.standing import Gate, Standing
from server.triage.automation.store import AutomationStore
from tests.integration.automation.desk import ENGINE, TERMS, Desk, answer
from tests.integration.callers import until
from tests.integration.databases import opened


@pytest_asyncio.fixture(scope="module")
async def elsewhere(automation_url: str) -> AsyncIterator[Database]:
    """The pool of another process."""
    async with opened(automation_url) as database:
        yield database


@pytest_asyncio.fixture(scope="module")
async def catalog(elsewhere: Database, automation_url: str) -> AsyncIterator[AutomationCatalog]:
    """The catalog of another process, which hears of changes."""
    catalog = AutomationCatalog(AutomationStore(elsewhere).standing, time.monotonic)
    notifications = Notifications(
        automation_url, {AUTOMATION_CHANNEL: catalog.forget}, [catalog.lose]
    )
    notifications.start()
    yield catalog
    await notifications.stop()


async def until_known(
    catalog: AutomationCatalog, tenant: str, holds: Callable[[Standing], bool]
) -> None:
    """Wait until it holds how automation stands in the other process."""

    async def is_known() -> bool:
        return holds(await catalog.of(tenant)) and catalog.generation_of(tenant) is not None

    await until(is_known)


async def test_terms_are_in_force_in_every_process(desk: Desk, catalog: AutomationCatalog) -> None:
    assert (await catalog.of(desk.tenant)).terms == {}
    await desk.promise()
    await until_known(catalog, desk.tenant, lambda known: known.terms == {Field.CATEGORY: TERMS})


async def test_a_gate_that_opens_opens_in_every_process(
    desk: Desk, catalog: AutomationCatalog
) -> None:
    await desk.promise()
    await until_known(catalog, desk.tenant, lambda known: bool(known.terms))
    threshold = (await desk.open_by_reviews()).threshold
    await until_known(
        catalog,
        desk.tenant,
        lambda known: known.gates.get((Field.CATEGORY, ENGINE)) == Gate(0, threshold),
    )


async def test_a_doubt_is_heard_in_every_process(desk: Desk, catalog: AutomationCatalog) -> None:
    await desk.promise()
    await desk.feed()
    gate = (Field.CATEGORY, ENGINE)
    await until_known(catalog, desk.tenant, lambda known: gate in known.gates)
    await desk.doubt()
    await until_known(catalog, desk.tenant, lambda known: known.gates[gate].is_doubted)


async def test_counts_of_all_processes_are_added_up(desk: Desk, elsewhere: Database) -> None:
    await desk.promise()
    counters = [GateCounter(database, _now) for database in (desk.database, elsewhere)]
    standing = await desk.standing()
    for counter in counters:
        for _ in range(5):
            counter.count(answer(desk.tenant, standing, 0.9))
    await asyncio.gather(*(counter.flush() for counter in counters))
    state = (await desk.gate()).state
    assert (state.answers, state.automated) == (10, 0)


async def test_what_was_counted_is_handed_over_once(desk: Desk) -> None:
    await desk.promise()
    counter = GateCounter(desk.database, _now)
    counter.count(await desk.answer(0.9))
    await counter.stop()
    await counter.stop()
    assert (await desk.gate()).state.answers == 1


async def test_answers_of_an_era_that_is_over_are_not_counted(desk: Desk) -> None:
    await desk.promise()
    late = await desk.answer(0.9)
    await desk.judge(late, is_right=True)
    async with desk.database.connection("test") as connection:
        await connection.execute("UPDATE gates SET era = 5 WHERE tenant = %s", [desk.tenant])
    counter = GateCounter(desk.database, _now)
    counter.count(late)
    await counter.flush()
    assert (await desk.gate()).state.answers == 0


def _now() -> datetime:
    return datetime.now(UTC)
