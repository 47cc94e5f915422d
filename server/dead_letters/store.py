"""The SQL of dead letters.

A letter is claimed before it is replayed: whoever holds the claim is the only one who works on it,
until the claim expires. A process that dies with one delays the letter, and loses nothing.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC
from typing import Any

import orjson
from psycopg.rows import TupleRow

from server.audit.store import Change, record
from server.dead_letters.letter import (
    DeadLetter,
    FailedAttempt,
    LetterCounts,
    LetterFilter,
    Severity,
    State,
)
from server.storage.database import Connection, Database

MOST_LETTERS = 10_000  # of a tenant; the oldest leave first

COLUMNS = (
    "tenant, letter_id, create_time, function, severity, reason, attempts, request, state,"
    " replay_run"
)
INSERT = f"""
INSERT INTO dead_letters ({COLUMNS})
SELECT {COLUMNS}
FROM json_to_recordset(%s::json) AS row(
    tenant text, letter_id uuid, create_time timestamptz, function text, severity smallint,
    reason text, attempts json, request text, state smallint, replay_run text)
ORDER BY tenant, letter_id
ON CONFLICT DO NOTHING
"""
# Rows that others hold are left to them or to the next time: group commits must never wait for
# one another.
TRIM = """
DELETE FROM dead_letters USING (
    SELECT old.tenant, old.letter_id
    FROM unnest(%(tenants)s::text[]) AS full_tenant(tenant)
    CROSS JOIN LATERAL (
        SELECT letter_id AS newest_to_go FROM dead_letters
        WHERE tenant = full_tenant.tenant ORDER BY letter_id DESC OFFSET %(most)s LIMIT 1) AS bound
    JOIN dead_letters AS old
        ON old.tenant = full_tenant.tenant AND old.letter_id <= newest_to_go
    FOR UPDATE OF old SKIP LOCKED) AS gone
WHERE dead_letters.tenant = gone.tenant AND dead_letters.letter_id = gone.letter_id
"""
CLAIM = f"""
UPDATE dead_letters
SET claim = %(claim)s, claim_expire_time = now() + make_interval(secs => %(lease_s)s)
WHERE (tenant, letter_id) = (
    SELECT tenant, letter_id FROM dead_letters WHERE {{conditions}}
    AND state = {State.WAITING} AND letter_id > %(after)s
    AND (claim_expire_time IS NULL OR claim_expire_time <= now())
    ORDER BY letter_id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING {COLUMNS}
"""
BEFORE_ALL = "0" * 32
CONDITIONS = {  # by field of LetterFilter
    "letter_ids": "letter_id = ANY(%(letter_ids)s::uuid[])",
    "function": "function = %(function)s",
    "severity": "severity = %(severity)s",
    "state": "state = %(state)s",
    "start_time": "create_time >= %(start_time)s",
    "end_time": "create_time < %(end_time)s",
}


class DeadLetterStore:
    """Letters on record, each its tenant's alone. Every method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, tenant: str, which: LetterFilter, before: str, size: int
    ) -> list[DeadLetter]:
        """At most `size` letters, the newest first, older than the letter `before` ("": any)."""
        conditions, values = _conditions(tenant, which)
        conditions += " AND letter_id < %(before)s" if before else ""
        query = f"SELECT {COLUMNS} FROM dead_letters WHERE {conditions}"
        query += " ORDER BY letter_id DESC LIMIT %(size)s"
        values |= {"before": before, "size": size}
        return [_letter(row) for row in await self._fetch("dead_letters.page", query, values)]

    async def counts(self, tenant: str, which: LetterFilter) -> LetterCounts:
        """How many letters of each function and of each severity there are."""
        conditions, values = _conditions(tenant, which)
        query = f"SELECT function, severity, count(*) FROM dead_letters WHERE {conditions}"
        query += " GROUP BY function, severity"
        functions: Counter[str] = Counter()
        severities: Counter[Severity] = Counter()
        for function, severity, count in await self._fetch("dead_letters.count", query, values):
            functions[function] += count
            severities[Severity(severity)] += count
        return LetterCounts(dict(functions), dict(severities))

    async def claim(
        self, tenant: str, which: LetterFilter, claim: str, lease_s: float, after: str = ""
    ) -> DeadLetter | None:
        """The oldest letter behind `after` that waits and that nobody works on, now claimed for
        `lease_s`. `claim` is a UUID of this claim's own.
        """
        conditions, values = _conditions(tenant, which)
        values |= {"claim": claim, "lease_s": lease_s, "after": after or BEFORE_ALL}
        query = CLAIM.format(conditions=conditions)
        rows = await self._fetch("dead_letters.claim", query, values)
        return _letter(rows[0]) if rows else None

    async def release(self, letter: DeadLetter, claim: str) -> None:
        """Give a claim back: the letter waits on."""
        await self._end_claim(letter, claim, "claim = NULL", {})

    async def mark_replayed(self, letter: DeadLetter, claim: str, run: str, actor: str) -> bool:
        """Put on record which run a replay in the name of `actor` made; False when the claim is
        another's by now.
        """
        change = f"claim = NULL, state = {State.REPLAYED}, replay_run = %(run)s"
        audited = Change(
            letter.tenant, actor, "dead_letter.replay", letter.name, None, {"run": run}
        )
        return await self._end_claim(letter, claim, change, {"run": run}, audited)

    async def purge(self, tenant: str, which: LetterFilter, actor: str) -> int:
        """Forget the requests of letters for good, in the name of `actor`; how many there were.
        That they failed stays on record.
        """
        conditions, values = _conditions(tenant, which)
        query = (
            f"UPDATE dead_letters SET state = {State.PURGED}, request = NULL, claim = NULL,"
            f" claim_expire_time = NULL WHERE {conditions} AND state <> {State.PURGED}"
        )
        async with (
            self._database.connection("dead_letters.purge") as connection,
            connection.transaction(),
        ):
            purged = (await connection.execute(query.encode(), values)).rowcount
            if purged:
                facts = {"letters": purged, **_wanted(which)}
                change = Change(tenant, actor, "dead_letter.purge", "deadLetters", None, facts)
                await record(connection, change)
        return purged

    async def _end_claim(
        self,
        letter: DeadLetter,
        claim: str,
        change: str,
        more: dict[str, Any],
        audited: Change | None = None,
    ) -> bool:
        query = (
            f"UPDATE dead_letters SET claim_expire_time = NULL, {change}"
            " WHERE tenant = %(tenant)s AND letter_id = %(letter_id)s AND claim = %(claim)s"
        )
        values = {"tenant": letter.tenant, "letter_id": letter.letter_id, "claim": claim}
        async with (
            self._database.connection("dead_letters.end_claim") as connection,
            connection.transaction(),
        ):
            cursor = await connection.execute(query.encode(), values | more)
            is_ours = bool(cursor.rowcount)
            if is_ours and audited is not None:
                await record(connection, audited)
        return is_ours

    async def _fetch(self, work: str, query: str, values: dict[str, Any]) -> list[TupleRow]:
        async with self._database.connection(work) as connection:
            return await (await connection.execute(query.encode(), values)).fetchall()


async def delete_letters(connection: Connection, tenant: str) -> int:
    """Delete a tenant's letters on the open transaction; how many there were."""
    cursor = await connection.execute("DELETE FROM dead_letters WHERE tenant = %s", [tenant])
    return cursor.rowcount


async def keep_letters(
    connection: Connection, letters: Sequence[DeadLetter], most_letters: int = MOST_LETTERS
) -> None:
    """Put letters on record on the open transaction, with what failed: neither is without the
    other. A letter that is there stays as it is; beyond `most_letters` of a tenant the oldest
    leave.
    """
    rows = orjson.dumps([_row(letter) for letter in letters]).decode()
    await connection.execute(INSERT.encode(), [rows])
    tenants = sorted({letter.tenant for letter in letters})
    await connection.execute(TRIM.encode(), {"tenants": tenants, "most": most_letters})


def _conditions(tenant: str, which: LetterFilter) -> tuple[str, dict[str, Any]]:
    """An SQL condition and its values; the tenant is part of every one."""
    values = _wanted(which)
    conditions = ["tenant = %(tenant)s", *(CONDITIONS[name] for name in values)]
    return " AND ".join(conditions), {**values, "tenant": tenant}


def _wanted(which: LetterFilter) -> dict[str, Any]:
    """What a filter asks for, by field."""
    return {name: value for name in CONDITIONS if (value := getattr(which, name))}


def _row(letter: DeadLetter) -> dict[str, Any]:
    return {
        "tenant": letter.tenant,
        "letter_id": letter.letter_id,
        "create_time": letter.create_time,
        "function": letter.function,
        "severity": letter.severity,
        "reason": letter.reason,
        "attempts": letter.attempts,
        "request": None if letter.request is None else letter.request.decode(),
        "state": letter.state,
        "replay_run": letter.replay_run,
    }


def _letter(row: TupleRow) -> DeadLetter:
    tenant, letter_id, create_time, function, severity, reason, attempts, request, state, run = row
    return DeadLetter(
        tenant=tenant,
        letter_id=letter_id.hex,
        create_time=create_time.astimezone(UTC),
        function=function,
        severity=Severity(severity),
        reason=reason,
        attempts=tuple(FailedAttempt(**attempt) for attempt in attempts),
        request=None if request is None else request.encode(),
        state=State(state),
        replay_run=run,
    )
