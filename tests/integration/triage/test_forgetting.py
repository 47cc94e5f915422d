"""What an overturned answer takes with it of the answers that may be given again."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import orjson
import pytest
import pytest_asyncio

from server.feedback.submission.store import lock_run
from server.storage.database import Database
from server.storage.group_commit import GroupCommit
from server.triage.assessment import Prediction
from server.triage.hiding import wording_of
from server.triage.reuse.facts import facts_of
from server.triage.reuse.forgetting_store import forget_like
from server.triage.reuse.store import Entry, Partition, ReuseStore
from server.triage.run import Reuse, Run
from server.triage.store import delete_runs
from server.triage.ticket import Ticket
from tests.integration.databases import add_run, make_schema, opened
from tests.unit.triage.test_run_records import ANSWER

NOW = datetime(2026, 1, 2, tzinfo=UTC)
TICKET = Ticket("t-1", "Where is my card?")
OVERTURNED = "billing"  # by a person, of every run here


@dataclass
class Shelf:
    """The entries of one tenant."""

    database: Database
    store: ReuseStore
    tenant: str
    length: int = 5  # of vectors; of some lengths there is an index

    async def put(
        self,
        cosine: float = 1.0,
        category: str = OVERTURNED,
        *,
        engine: str = "model",
        asked: str = "",
        run_id: str = "",
    ) -> str:
        """An entry so near to the text that all runs are about; the run that it is of, which is
        made where no id is given.
        """
        if not run_id:
            run_id = uuid.uuid4().hex
            await add_run(self.database, self.tenant, run_id)
        vector = np.zeros(self.length, np.float32)
        vector[:2] = cosine, np.sqrt(1 - cosine**2)
        answer = orjson.dumps({"asked": asked})
        entry = Entry("en", "table", vector, facts_of("", "en"), category, answer, run_id, NOW)
        await self.store.add(Partition(self.tenant, "v1", engine), entry)
        return run_id

    async def forget(self, run_id: str, reuse: Reuse | None = None) -> int:
        """Overturn the answer of a run."""
        answer = replace(ANSWER, category=Prediction(OVERTURNED, 0.9), reuse=reuse)
        run = Run(self.tenant, run_id, NOW, TICKET, b"{}", b"", "", answer, "1")
        async with self.database.connection("test") as connection, connection.transaction():
            return await forget_like(connection, run)

    async def left(self) -> set[str]:
        """The runs whose entries are there."""
        query = "SELECT run_id FROM reuse_entries WHERE tenant = %s"
        async with self.database.connection("test") as connection:
            rows = await (await connection.execute(query, [self.tenant])).fetchall()
        return {run_id.hex for (run_id,) in rows}


@pytest_asyncio.fixture(scope="module")
async def database(postgres_url: str) -> AsyncIterator[Database]:
    """A database that the tests here share."""
    async with opened(await make_schema(postgres_url)) as database:
        yield database


@pytest_asyncio.fixture
async def shelf(database: Database) -> AsyncIterator[Shelf]:
    """The shelf of a tenant of the test's own."""
    commits = GroupCommit(database)
    commits.start()
    yield Shelf(database, ReuseStore(database, commits), f"tenant-{uuid.uuid4().hex}")
    await commits.stop()


@pytest.mark.parametrize("length", [5, 384])
async def test_the_entry_of_the_run_goes_with_its_neighbours_of_the_same_category(
    shelf: Shelf, length: int
) -> None:
    shelf.length = length
    run_id = await shelf.put()
    await shelf.put(0.95)
    far, other = await shelf.put(0.85), await shelf.put(0.95, "refund")
    assert await shelf.forget(run_id) == 2
    assert await shelf.left() == {far, other}


async def test_the_entry_that_was_reused_goes_with_its_neighbours(shelf: Shelf) -> None:
    source = await shelf.put()
    await shelf.put(0.95)
    reuse = Reuse(source, 0.97, 0.02, is_guaranteed=True)
    assert await shelf.forget(uuid.uuid4().hex, reuse) == 2


async def test_what_is_as_near_as_the_entry_that_was_reused_goes(shelf: Shelf) -> None:
    source = await shelf.put()
    await shelf.put(0.75)
    farther = await shelf.put(0.65)
    reuse = Reuse(source, 0.7, 1.0, is_guaranteed=False)
    assert await shelf.forget(uuid.uuid4().hex, reuse) == 2
    assert await shelf.left() == {farther}


async def test_entries_of_another_engine_have_other_neighbours(shelf: Shelf) -> None:
    run_id = await shelf.put()
    elsewhere = await shelf.put(engine="other")
    assert await shelf.forget(run_id) == 1
    assert await shelf.left() == {elsewhere}


async def test_entries_of_another_tenant_stay(shelf: Shelf) -> None:
    theirs = replace(shelf, tenant=f"tenant-{uuid.uuid4().hex}")
    run_id = await shelf.put()
    await add_run(theirs.database, theirs.tenant, run_id)
    await theirs.put(run_id=run_id)
    assert await shelf.forget(run_id) == 1
    assert await theirs.left() == {run_id}


async def test_of_a_run_without_an_entry_those_to_the_same_words_go(shelf: Shelf) -> None:
    asked = wording_of({"body": "where is my CARD"})
    await shelf.put(asked=asked)
    kept = {await shelf.put(asked="other words"), await shelf.put(category="refund", asked=asked)}
    assert await shelf.forget(uuid.uuid4().hex) == 1
    assert await shelf.left() == kept


async def test_what_is_overturned_twice_is_dropped_once(shelf: Shelf) -> None:
    run_id = await shelf.put()
    assert [await shelf.forget(run_id) for _ in range(2)] == [1, 0]


async def test_an_answer_that_was_overturned_before_it_was_kept_is_not_kept(shelf: Shelf) -> None:
    run_id = uuid.uuid4().hex
    await add_run(shelf.database, shelf.tenant, run_id)
    assert await shelf.forget(run_id) == 0
    await shelf.put(run_id=run_id)
    assert await shelf.left() == set()


async def test_an_answer_that_is_overturned_while_it_is_kept_is_not_kept(shelf: Shelf) -> None:
    run_id = uuid.uuid4().hex
    await add_run(shelf.database, shelf.tenant, run_id)
    run = Run(shelf.tenant, run_id, NOW, TICKET, b"{}", b"", "", ANSWER, "1")
    async with shelf.database.connection("test") as connection, connection.transaction():
        await lock_run(connection, shelf.tenant, run_id)
        await shelf.put(run_id=run_id)  # waits for nobody
        await forget_like(connection, run)
    assert await shelf.left() == set()


async def test_an_answer_of_a_deleted_run_is_not_kept(shelf: Shelf) -> None:
    run_id = uuid.uuid4().hex
    await add_run(shelf.database, shelf.tenant, run_id)
    async with shelf.database.connection("test") as connection:
        await delete_runs(connection, shelf.tenant)
    await shelf.put(run_id=run_id)
    assert await shelf.left() == set()


async def test_what_is_rolled_back_is_not_forgotten(shelf: Shelf) -> None:
    run_id = await shelf.put()
    run = Run(shelf.tenant, run_id, NOW, TICKET, b"{}", b"", "", ANSWER, "1")
    async with (
        shelf.database.connection("test") as connection,
        connection.transaction(force_rollback=True),
    ):
        await forget_like(connection, run)
    assert await shelf.left() == {run_id}
