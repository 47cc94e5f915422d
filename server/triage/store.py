"""The SQL of runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import compress
from typing import Any

import orjson
from psycopg.rows import TupleRow

from server.dead_letters.letter import DeadLetter
from server.dead_letters.store import keep_letters
from server.experiments.records.record import Exposure
from server.experiments.records.record_store import expose
from server.storage.database import Connection, Database
from server.storage.errors import StorageUnavailable
from server.storage.group_commit import GroupCommit
from server.triage.errors import RequestIdReused, RunNotFound, TenantDeleted
from server.triage.review import review_interest
from server.triage.run import Decision, Run, decode_answer, encode_answer, first_id_since
from server.triage.ticket import decode_record

# Nothing for a tenant that was deleted, or is being deleted now: that holds its row, perhaps for
# long, and nobody waits for it. A later deletion waits for these rows, and takes them along.
# In the order of the unique index: two servers that insert the same request ids in one statement
# each would otherwise wait for one another.
INSERT_RUNS = """
WITH live AS MATERIALIZED (
    SELECT tenant AS name FROM tenants WHERE tenant = ANY(%s) AND delete_time IS NULL
    FOR KEY SHARE SKIP LOCKED)
INSERT INTO triage_runs
SELECT tenant, run_id, create_time, ticket_id, category, decision, request_id,
       decode(ticket_digest, 'hex'), ticket, answer, server_version, review_value, review_reason
FROM jsonb_to_recordset(%s::jsonb) AS row(
    tenant text, run_id uuid, create_time timestamptz, ticket_id text, category text,
    decision smallint, request_id uuid, ticket_digest text, ticket jsonb, answer jsonb,
    server_version text, review_value real, review_reason smallint)
WHERE tenant IN (SELECT name FROM live)
ORDER BY tenant, request_id
ON CONFLICT DO NOTHING
RETURNING run_id
"""

RUN = """
SELECT run_id, create_time, ticket, ticket_digest, request_id, answer, server_version
FROM triage_runs WHERE tenant = %(tenant)s
"""


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs to list; empty or None: any."""

    category: str = ""
    decision: Decision | None = None
    ticket_id: str = ""
    start_time: datetime | None = None
    end_time: datetime | None = None


class RunStore:
    """Committed runs."""

    def __init__(self, database: Database, commits: GroupCommit) -> None:
        self._database = database
        self._commits = commits

    async def add(
        self, run: Run, exposure: Exposure | None = None, letter: DeadLetter | None = None
    ) -> Run:
        """Commit the run; if it is new, with it what an experiment counts, and the letter of what
        failed for good. The run that is on record when it returns.

        That is an earlier one when the request id came before with the same request: whichever
        is committed first is the answer to all, in every process, for as long as it is kept.
        Raises RequestIdReused when it came with another request, TenantDeleted when the tenant was
        deleted meanwhile, StorageUnavailable.
        """
        if await self._commits.append(_insert_runs, (_row(run), exposure, letter)):
            return run
        first = await self._of_request(run.tenant, run.request_id)
        if first is None:
            if not run.request_id or await self._is_deleted(run.tenant):
                raise TenantDeleted(f"tenants/{run.tenant}")
            raise StorageUnavailable("the run of the same request id was erased just now")
        difference = _difference(first, run)
        if difference:
            raise RequestIdReused(run.request_id, f"triageRuns/{first.run_id}", difference)
        return first

    async def get(self, tenant: str, run_id: str) -> Run:
        """One run. Raises RunNotFound, StorageUnavailable."""
        query = RUN + "AND run_id = %(run_id)s"
        rows = await self._fetch(query, {"tenant": tenant, "run_id": run_id})
        if not rows:
            raise RunNotFound(f"triageRuns/{run_id}")
        return _run(tenant, rows[0])

    async def among(self, tenant: str, run_ids: Sequence[str]) -> list[Run]:
        """Those of these runs that there are, in any order. Raises StorageUnavailable."""
        query = RUN + "AND run_id = ANY(%(run_ids)s::uuid[])"
        rows = await self._fetch(query, {"tenant": tenant, "run_ids": list(run_ids)})
        return [_run(tenant, row) for row in rows]

    async def page(self, tenant: str, which: RunFilter, before: str, size: int) -> list[Run]:
        """At most `size` runs, the newest first, older than the run `before` ("": any)."""
        conditions, values = _conditions(which)
        if before:
            conditions.append("run_id < %(before)s")
        query = RUN + "".join(f" AND {c}" for c in conditions)
        query += " ORDER BY run_id DESC LIMIT %(size)s"
        values |= {"tenant": tenant, "before": before, "size": size}
        return [_run(tenant, row) for row in await self._fetch(query, values)]

    async def _of_request(self, tenant: str, request_id: str) -> Run | None:
        query = RUN + "AND request_id = %(request_id)s"
        rows = await self._fetch(query, {"tenant": tenant, "request_id": request_id or None})
        return _run(tenant, rows[0]) if rows else None

    async def _is_deleted(self, tenant: str) -> bool:
        query = "SELECT FROM tenants WHERE tenant = %(tenant)s AND delete_time IS NOT NULL"
        return bool(await self._fetch(query, {"tenant": tenant}))

    async def _fetch(self, query: str, values: dict[str, Any]) -> list[TupleRow]:
        async with self._database.connection("runs.read") as connection:
            return await (await connection.execute(query.encode(), values)).fetchall()


def _difference(first: Run, repeated: Run) -> str:
    """What a request asks for that the first one with its id did not; empty: they are the same.

    Tickets, not their digests: two servers may hold different keys.
    """
    if first.ticket != repeated.ticket:
        return "another ticket"
    return "" if first.answer.parts == repeated.answer.parts else "other options"


def _row(run: Run) -> dict[str, Any]:
    interest = review_interest(run.answer)
    return {
        "tenant": run.tenant,
        "run_id": run.run_id,
        "create_time": run.create_time,
        "ticket_id": run.ticket.id,
        "category": run.answer.category.label,
        "decision": run.answer.decision,
        "request_id": run.request_id or None,
        "ticket_digest": run.ticket_digest.hex(),
        "ticket": orjson.Fragment(run.ticket_record),
        "answer": orjson.Fragment(encode_answer(run.answer)),
        "server_version": run.server_version,
        "review_value": None if interest is None else interest.value,
        "review_reason": None if interest is None else interest.reason,
    }


async def _insert_runs(
    connection: Connection,
    runs: Sequence[tuple[dict[str, Any], Exposure | None, DeadLetter | None]],
) -> list[bool]:
    """Whether each run was new. Of those that were, exposures count and letters are kept."""
    rows, exposures, letters = zip(*runs, strict=True)
    if not any(exposures) and not any(letters):  # one statement is a transaction of its own
        return await _insert_rows(connection, rows)
    async with connection.transaction():
        are_new = await _insert_rows(connection, rows)
        if new_exposures := list(filter(None, compress(exposures, are_new))):
            await expose(connection, new_exposures)
        if new_letters := list(filter(None, compress(letters, are_new))):
            await keep_letters(connection, new_letters)
    return are_new


async def _insert_rows(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[bool]:
    tenants = list({row["tenant"] for row in rows})
    values = [tenants, orjson.dumps(rows).decode()]
    cursor = await connection.execute(INSERT_RUNS, values, prepare=True)
    if cursor.rowcount == len(rows):  # nearly always: then nobody needs to know their ids
        return [True] * len(rows)
    added = {run_id.hex for (run_id,) in await cursor.fetchall()}
    return [row["run_id"] in added for row in rows]


def _conditions(which: RunFilter) -> tuple[list[str], dict[str, Any]]:
    """SQL conditions and their values. A run's id begins with its time."""
    values: dict[str, Any] = {}
    if which.category:
        values["category"] = which.category
    if which.decision:
        values["decision"] = int(which.decision)
    if which.ticket_id:
        values["ticket_id"] = which.ticket_id
    conditions = [f"{column} = %({column})s" for column in values]
    for name, comparison, time in (("start", ">=", which.start_time), ("end", "<", which.end_time)):
        if time:
            values[name] = first_id_since(time)
            conditions.append(f"run_id {comparison} %({name})s")
    return conditions, values


def _run(tenant: str, row: TupleRow) -> Run:
    run_id, create_time, ticket, digest, request_id, answer, server_version = row
    return Run(
        tenant=tenant,
        run_id=run_id.hex,
        create_time=create_time.astimezone(UTC),
        ticket=decode_record(ticket),
        ticket_record=orjson.dumps(ticket),
        ticket_digest=digest,
        request_id=str(request_id) if request_id else "",
        answer=decode_answer(answer),
        server_version=server_version,
    )


async def delete_runs(connection: Connection, tenant: str) -> int:
    """Delete a tenant's runs on the open transaction; how many there were."""
    cursor = await connection.execute("DELETE FROM triage_runs WHERE tenant = %s", [tenant])
    return cursor.rowcount
