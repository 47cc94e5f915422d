"""The SQL of reviews: what waits, and who has it in hand.

A lease is a row; whoever commits it first has the run. Runs that others take at the same moment are
stepped over, not waited for.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg.rows import TupleRow

from server.feedback.review.item import Candidate, Wanted
from server.feedback.review.likeness import READ_CHARACTERS
from server.storage.database import Connection, Database
from server.triage.review import ReviewReason

REVIEW_CHANNEL = "switchyard_reviews"  # NOTIFY with a run's id: who had it in hand no longer has
REOPENED_VALUE = 0.9  # of information, of a run that reviewers disagree about
MOST_OF_REASON = 250  # candidates: all that are looked at, however many wait
MOST_IN_HAND = 250
MOST_COUNTED = 10_000
MOST_PRUNED = 500

# Leases of others; where the reviewer's own count, too, `own` is empty.
OTHERS = """
SELECT run_id FROM review_leases
WHERE tenant = %(tenant)s AND expire_time > %(now)s AND reviewer <> %(own)s
"""
# A reviewer is not asked again about a run that they have judged.
WAITING = f"""
FROM triage_runs AS run
WHERE run.tenant = %(tenant)s AND review_value IS NOT NULL AND review_reason {{reason}}
  AND run.run_id >= %(oldest)s {{category}}
  AND run.run_id NOT IN ({OTHERS}) AND run.run_id <> ALL(%(passed_over)s::uuid[])
  AND NOT (review_reason = {ReviewReason.DISAGREEMENT} AND EXISTS (
    SELECT FROM feedback
    WHERE feedback.tenant = run.tenant AND feedback.run_id = run.run_id
      AND feedback.reviewer = %(reviewer)s))
"""
CANDIDATES = f"""
SELECT candidate.* FROM unnest(%(reasons)s::smallint[]) AS asked(reason)
CROSS JOIN LATERAL (
    SELECT run_id, review_reason, review_value {WAITING.replace("{reason}", "= asked.reason")}
    ORDER BY review_value DESC, run_id LIMIT {MOST_OF_REASON}) AS candidate
"""
COUNT = f"""
SELECT count(*) FROM (
    SELECT {WAITING.replace("{reason}", "= ANY(%(reasons)s)")} LIMIT {MOST_COUNTED}) AS waiting
"""
IN_HAND = f"{OTHERS} LIMIT {MOST_IN_HAND}"
LEASES = """
SELECT run_id, expire_time FROM review_leases
WHERE tenant = %(tenant)s AND reviewer = %(reviewer)s AND run_id = ANY(%(runs)s::uuid[])
  AND expire_time > %(now)s
"""
TEXTS = f"""
SELECT run_id, left(concat_ws(E'\\n', ticket->>'subject', ticket->>'body'), {READ_CHARACTERS})
FROM triage_runs WHERE tenant = %(tenant)s AND run_id = ANY(%(runs)s::uuid[])
"""
PRUNE = f"""
DELETE FROM review_leases WHERE (tenant, run_id) IN (
    SELECT tenant, run_id FROM review_leases
    WHERE tenant = %(tenant)s AND expire_time <= %(now)s LIMIT {MOST_PRUNED}
    FOR UPDATE SKIP LOCKED)
"""
# The lock also keeps out runs on which feedback is being committed. Others may have committed a
# lease since this statement began: then it stands, and the run is not among those taken.
TAKE = f"""
WITH free AS (
    SELECT run.run_id FROM unnest(%(runs)s::uuid[]) WITH ORDINALITY AS ranked(run_id, place)
    JOIN triage_runs AS run ON run.tenant = %(tenant)s AND run.run_id = ranked.run_id
    WHERE review_value IS NOT NULL AND run.run_id NOT IN ({OTHERS})
    ORDER BY place LIMIT %(most)s
    FOR NO KEY UPDATE OF run SKIP LOCKED)
INSERT INTO review_leases (tenant, run_id, reviewer, expire_time)
SELECT %(tenant)s, run_id, %(reviewer)s, %(expire_time)s FROM free ORDER BY run_id
ON CONFLICT (tenant, run_id) DO UPDATE
SET reviewer = excluded.reviewer, expire_time = excluded.expire_time
WHERE review_leases.expire_time <= %(now)s OR review_leases.reviewer = %(own)s
RETURNING run_id
"""
RELEASE = f"""
WITH freed AS (
    DELETE FROM review_leases
    WHERE tenant = %(tenant)s AND reviewer = %(reviewer)s AND run_id = ANY(%(runs)s::uuid[])
    RETURNING run_id)
SELECT pg_notify('{REVIEW_CHANNEL}', translate(run_id::text, '-', '')) FROM freed
"""
RENEW = """
UPDATE review_leases SET expire_time = %(expire_time)s
WHERE tenant = %(tenant)s AND reviewer = %(reviewer)s AND run_id = ANY(%(runs)s::uuid[])
  AND expire_time > %(now)s
RETURNING run_id
"""


@dataclass(frozen=True, slots=True)
class Search:
    """Who looks for what."""

    tenant: str
    reviewer: str
    wanted: Wanted
    oldest: str  # id of a run: none before it
    now: datetime
    keeps_own: bool  # whether what the reviewer has in hand is found, too
    passed_over: tuple[str, ...] = ()  # runs that are not looked for

    @property
    def values(self) -> dict[str, Any]:
        """As queries name them."""
        reason = self.wanted.reason
        return {
            "tenant": self.tenant,
            "reviewer": self.reviewer,
            "own": self.reviewer if self.keeps_own else "",
            "reasons": list(map(int, ReviewReason if reason is None else [reason])),
            "category": self.wanted.category,
            "oldest": self.oldest,
            "now": self.now,
            "passed_over": list(self.passed_over),
        }

    def query(self, template: str) -> str:
        """The query with the conditions that it needs."""
        category = "AND run.category = %(category)s" if self.wanted.category else ""
        return template.replace("{category}", category)


async def close(connection: Connection, tenant: str, run_id: str) -> None:
    """Nobody needs to look at the run any more. On the open transaction, which holds its row."""
    await connection.execute(
        "UPDATE triage_runs SET review_value = NULL"
        " WHERE tenant = %s AND run_id = %s AND review_value IS NOT NULL",
        [tenant, run_id],
    )
    await _end_lease(connection, tenant, run_id)


async def reopen(connection: Connection, tenant: str, run_id: str) -> None:
    """Another person must look at the run: those who did disagree. On the open transaction, which
    holds its row.
    """
    await connection.execute(
        "UPDATE triage_runs SET review_value = %s, review_reason = %s"
        " WHERE tenant = %s AND run_id = %s",
        [REOPENED_VALUE, int(ReviewReason.DISAGREEMENT), tenant, run_id],
    )
    await _end_lease(connection, tenant, run_id)


async def delete_leases(connection: Connection, tenant: str) -> None:
    """Delete a tenant's leases on the open transaction."""
    await connection.execute("DELETE FROM review_leases WHERE tenant = %s", [tenant])


async def _end_lease(connection: Connection, tenant: str, run_id: str) -> None:
    cursor = await connection.execute(
        "DELETE FROM review_leases WHERE tenant = %s AND run_id = %s", [tenant, run_id]
    )
    if cursor.rowcount:
        await connection.execute("SELECT pg_notify(%s, %s)", [REVIEW_CHANNEL, run_id])


class ReviewStore:
    """What waits, and leases. Every method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def candidates(self, search: Search) -> list[Candidate]:
        """Those of the most value, a bounded number of each reason."""
        rows = await self._fetch("reviews.candidates", search.query(CANDIDATES), search.values)
        return [
            Candidate(run_id.hex, ReviewReason(reason), value) for run_id, reason, value in rows
        ]

    async def count(self, search: Search) -> int:
        """How many wait; MOST_COUNTED stands for more, too."""
        ((count,),) = await self._fetch("reviews.count", search.query(COUNT), search.values)
        return int(count)

    async def in_hand(self, search: Search) -> list[str]:
        """Runs that others have in hand, a bounded number; the reviewer's own where those are not
        looked for.
        """
        return _ids(await self._fetch("reviews.in_hand", IN_HAND, search.values))

    async def leases(self, search: Search, run_ids: Collection[str]) -> dict[str, datetime]:
        """Which of these runs the reviewer has in hand, and until when."""
        values = search.values | {"runs": list(run_ids)}
        rows = await self._fetch("reviews.leases", LEASES, values)
        return {run_id.hex: expire_time.astimezone(UTC) for run_id, expire_time in rows}

    async def texts(self, tenant: str, run_ids: Collection[str]) -> dict[str, str]:
        """How the tickets of runs begin."""
        values = {"tenant": tenant, "runs": list(run_ids)}
        rows = await self._fetch("reviews.texts", TEXTS, values)
        return {run_id.hex: text for run_id, text in rows}

    async def take(
        self, search: Search, ranked: Sequence[str], most: int, expire_time: datetime
    ) -> list[str]:
        """The first of these runs, now the reviewer's until then: at most so many, and fewer where
        others were quicker.
        """
        values = search.values | {"runs": ranked, "most": most, "expire_time": expire_time}
        await self._execute("reviews.prune", PRUNE, values)
        taken = set(_ids(await self._fetch("reviews.take", TAKE, values)))
        return [run_id for run_id in ranked if run_id in taken]

    async def renew(
        self,
        tenant: str,
        reviewer: str,
        run_ids: Collection[str],
        now: datetime,
        expire_time: datetime,
    ) -> set[str]:
        """Which of these runs the reviewer has in hand; now until then."""
        values = {
            "tenant": tenant,
            "reviewer": reviewer,
            "runs": list(run_ids),
            "now": now,
            "expire_time": expire_time,
        }
        return set(_ids(await self._fetch("reviews.renew", RENEW, values)))

    async def release(self, tenant: str, reviewer: str, run_ids: Collection[str]) -> int:
        """Hand runs back; how many the reviewer had."""
        values = {"tenant": tenant, "reviewer": reviewer, "runs": list(run_ids)}
        return await self._execute("reviews.release", RELEASE, values)

    async def _fetch(self, work: str, query: str, values: dict[str, Any]) -> list[TupleRow]:
        async with self._database.connection(work) as connection:
            return await (await connection.execute(query.encode(), values)).fetchall()

    async def _execute(self, work: str, query: str, values: Any) -> int:
        async with self._database.connection(work) as connection:
            return (await connection.execute(query.encode(), values)).rowcount


def _ids(rows: Sequence[TupleRow]) -> list[str]:
    return [run_id.hex for (run_id,) in rows]
