"""The SQL of reuse: entries with their vectors, and what the gates have learned."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
from psycopg.rows import TupleRow

from server.statistics.risk_control import Observation
from server.storage.database import Connection, Database
from server.storage.group_commit import GroupCommit
from server.triage.reuse.facts import Facts, decode_facts
from server.triage.reuse.gate import Learned, Neighbour

Vector = npt.NDArray[np.float32]

# Not of a run that was overturned or deleted. One whose row is locked is being so just now; to wait
# for that could be to wait for one another.
INSERT_ENTRIES = """
INSERT INTO reuse_entries (tenant, prompt_version, engine, language, embedder, embedding, facts,
                           category, answer, run_id, create_time)
SELECT tenant, prompt_version, engine, language, embedder, embedding::vector, facts,
       row.category, row.answer, run_id, row.create_time
FROM jsonb_to_recordset(%s::jsonb) AS row(
    tenant text, prompt_version text, engine text, language text, embedder text, embedding text,
    facts jsonb, category text, answer jsonb, run_id uuid, create_time timestamptz)
JOIN triage_runs AS run USING (tenant, run_id)
WHERE run.is_overturned IS NOT TRUE
FOR KEY SHARE OF run SKIP LOCKED
"""

# The length of the vectors stands in the text, or the index of that length would not be found.
NEAREST = """
SELECT 1 - (embedding::vector({length}) <=> %(embedding)s::vector) AS similarity,
       category, facts, answer, run_id, create_time
FROM reuse_entries
WHERE tenant = %(tenant)s AND prompt_version = %(prompt_version)s AND engine = %(engine)s
  AND embedder = %(embedder)s AND language = %(language)s AND vector_dims(embedding) = {length}
ORDER BY embedding::vector({length}) <=> %(embedding)s::vector LIMIT %(most)s
"""

# In the order of their numbers, as all who delete: they would otherwise wait for one another.
TRIM = """
DELETE FROM reuse_entries WHERE tenant = %(tenant)s AND number IN (
    SELECT number FROM reuse_entries WHERE tenant = %(tenant)s AND number <= (
        SELECT number FROM reuse_entries WHERE tenant = %(tenant)s
        ORDER BY number DESC OFFSET %(most)s LIMIT 1)
    ORDER BY number FOR UPDATE)
"""

ADD_DRIFT = """
INSERT INTO reuse_gates AS gate (tenant, prompt_version, engine, era, drift)
VALUES (%(tenant)s, %(prompt_version)s, %(engine)s, 0, %(drift)s)
ON CONFLICT (tenant, prompt_version, engine) DO UPDATE
SET drift = CASE WHEN gate.era = %(era)s THEN greatest(gate.drift, 0) + %(drift)s
            ELSE gate.drift END
RETURNING era, drift
"""

ADD_EVIDENCE = """
INSERT INTO reuse_evidence AS known
SELECT %(tenant)s, %(prompt_version)s, %(engine)s,
    threshold, propensity, is_census, is_wrong, items
FROM jsonb_to_recordset(%(rows)s::jsonb) AS row(
    threshold float8, propensity float8, is_census bool, is_wrong bool, items bigint)
ON CONFLICT (tenant, prompt_version, engine, threshold, propensity, is_census, is_wrong)
DO UPDATE SET items = known.items + excluded.items
"""

_OF_GATE = (
    "WHERE tenant = %(tenant)s AND prompt_version = %(prompt_version)s AND engine = %(engine)s"
)
_SEEN = "threshold, propensity, is_census, is_wrong, items"
EVIDENCE = f"SELECT {_SEEN} FROM reuse_evidence {_OF_GATE}"
GATES = f"""
SELECT prompt_version, engine, era, drift,
       json_agg(json_build_array({_SEEN})) FILTER (WHERE items > 0)
FROM reuse_gates LEFT JOIN reuse_evidence USING (tenant, prompt_version, engine)
WHERE tenant = %(tenant)s GROUP BY prompt_version, engine, era, drift
ORDER BY coalesce(sum(items), 0) DESC, prompt_version, engine LIMIT %(most)s
"""
NEXT_ERA = f"UPDATE reuse_gates SET era = era + 1, drift = 0 {_OF_GATE} AND era = %(era)s"
FORGET_EVIDENCE = f"DELETE FROM reuse_evidence {_OF_GATE}"


@dataclass(frozen=True, slots=True)
class Partition:
    """Within which answers may be reused; each has a gate of its own."""

    tenant: str
    prompt_version: str
    engine: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An answer and the text that it was given to."""

    language: str
    embedder: str  # the model that made the vector
    embedding: Vector  # [n_dimensions]
    facts: Facts
    category: str
    answer: bytes  # JSON
    run_id: str
    create_time: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """An entry near a text."""

    neighbour: Neighbour
    answer: Any  # parsed JSON
    run_id: str
    create_time: datetime


class ReuseStore:
    """Entries and gates, committed."""

    def __init__(self, database: Database, commits: GroupCommit) -> None:
        self._database = database
        self._commits = commits

    async def add(self, partition: Partition, entry: Entry) -> None:
        """Commit an entry, unless its run was overturned or deleted. Raises StorageUnavailable."""
        row = asdict(partition) | {
            "language": entry.language,
            "embedder": entry.embedder,
            "embedding": _encode(entry.embedding),
            "facts": entry.facts,
            "category": entry.category,
            "answer": orjson.Fragment(entry.answer),
            "run_id": entry.run_id,
            "create_time": entry.create_time,
        }
        await self._commits.append(_insert_entries, row)

    async def nearest(
        self, partition: Partition, embedder: str, embedding: Vector, language: str, most: int
    ) -> list[Found]:
        """At most `most` entries of the same language, the nearest first. Exact in partitions
        that are small; in large ones the index may miss one. Raises StorageUnavailable.
        """
        values = asdict(partition) | {
            "embedder": embedder,
            "embedding": _encode(embedding),
            "language": language,
            "most": most,
        }
        query = NEAREST.format(length=len(embedding)).encode()
        async with self._database.connection("reuse.nearest") as connection:
            cursor = await connection.execute(query, values)
            return [_found(row) for row in await cursor.fetchall()]

    async def trim(self, tenant: str, most: int) -> int:
        """Delete a tenant's oldest entries above `most`; how many those were.

        Raises StorageUnavailable.
        """
        async with self._database.connection("reuse.trim") as connection:
            return (await connection.execute(TRIM, {"tenant": tenant, "most": most})).rowcount

    async def exchange(self, partition: Partition, new: Learned) -> Learned:
        """Commit what a process has learned; what all have learned together.

        What was learned in an era that is over is thrown away. Raises StorageUnavailable.
        """
        values = asdict(partition) | {"era": new.era, "drift": new.drift}
        async with (
            self._database.connection("reuse.exchange") as connection,
            connection.transaction(),
        ):
            # Locks the gate's row: exchanges of one gate follow one another.
            row = await (await connection.execute(ADD_DRIFT, values)).fetchone()
            assert row is not None  # noqa: S101  # RETURNING of an INSERT that updates
            era, drift = row
            if new.counts and era == new.era:
                rows = [seen._asdict() | {"items": n} for seen, n in new.counts.items()]
                values["rows"] = orjson.dumps(rows).decode()
                await connection.execute(ADD_EVIDENCE, values)
            cursor = await connection.execute(EVIDENCE.encode(), values)
            counts = Counter({Observation(*seen): n for *seen, n in await cursor.fetchall()})
        return Learned(counts, drift, era)

    async def gates(self, tenant: str, most: int) -> list[tuple[Partition, Learned]]:
        """What at most `most` gates of a tenant have learned, those with most of it first.

        Raises StorageUnavailable.
        """
        async with self._database.connection("reuse.gates") as connection:
            cursor = await connection.execute(GATES.encode(), {"tenant": tenant, "most": most})
            return [_gate(tenant, row) for row in await cursor.fetchall()]

    async def count(self, tenant: str) -> int:
        """How many entries a tenant has. Raises StorageUnavailable."""
        query = "SELECT count(*) FROM reuse_entries WHERE tenant = %s"
        async with self._database.connection("reuse.count") as connection:
            row = await (await connection.execute(query, [tenant])).fetchone()
        return row[0] if row else 0

    async def start_anew(self, partition: Partition, era: int) -> None:
        """Void what was learned until `era`, unless that was done. Raises StorageUnavailable."""
        values = asdict(partition) | {"era": era}
        async with (
            self._database.connection("reuse.start_anew") as connection,
            connection.transaction(),
        ):
            cursor = await connection.execute(NEXT_ERA.encode(), values)
            if cursor.rowcount:
                await connection.execute(FORGET_EVIDENCE.encode(), values)


async def delete_reuse(connection: Connection, tenant: str) -> None:
    """Delete a tenant's entries and gates on the open transaction."""
    await connection.execute("DELETE FROM reuse_gates WHERE tenant = %s", [tenant])
    await connection.execute("DELETE FROM reuse_entries WHERE tenant = %s", [tenant])


async def _insert_entries(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[None]:
    await connection.execute(INSERT_ENTRIES, [orjson.dumps(rows).decode()], prepare=True)
    return [None] * len(rows)


def _encode(embedding: Vector) -> str:
    """As pgvector reads it."""
    return orjson.dumps(embedding, option=orjson.OPT_SERIALIZE_NUMPY).decode()


def _found(row: TupleRow) -> Found:
    similarity, category, facts, answer, run_id, create_time = row
    neighbour = Neighbour(similarity, category, decode_facts(facts))
    return Found(neighbour, answer, run_id.hex, create_time.astimezone(UTC))


def _gate(tenant: str, row: TupleRow) -> tuple[Partition, Learned]:
    prompt_version, engine, era, drift, evidence = row
    counts = Counter({Observation(*seen): items for *seen, items in evidence or ()})
    return Partition(tenant, prompt_version, engine), Learned(counts, drift, era)
