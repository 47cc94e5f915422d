"""The SQL of forgetting: an answer that was overturned answers no other ticket."""

from collections.abc import Mapping
from typing import Any

from psycopg.rows import TupleRow

from server.storage.database import Connection
from server.triage.hiding import hide, wording_of
from server.triage.run import Run
from server.triage.ticket import outward_ticket

# At the default budget gates open at about this similarity (docs/semantic-cache.md): what is
# farther would not answer the text again. Of what it drops, most is right and costs a fresh answer.
NEAR = 0.9
MOST_NEAR = 1000  # entries around one; what lies behind so many waits for its own correction

PLACES = """
SELECT number, prompt_version, engine, embedder, language, embedding::text, vector_dims(embedding)
FROM reuse_entries WHERE tenant = %(tenant)s AND run_id = ANY(%(runs)s::uuid[])
"""

# The length of the vectors stands in the text, or the index of that length would not be found.
NEIGHBOURS = """
SELECT number FROM (
    SELECT number, category,
           embedding::vector({length}) <=> %(embedding)s::vector AS distance
    FROM reuse_entries
    WHERE tenant = %(tenant)s AND prompt_version = %(prompt_version)s AND engine = %(engine)s
      AND embedder = %(embedder)s AND language = %(language)s AND vector_dims(embedding) = {length}
    ORDER BY embedding::vector({length}) <=> %(embedding)s::vector LIMIT %(most)s
) AS nearest WHERE category = %(category)s AND distance <= 1 - %(near)s::float8
"""

SAME_WORDS = """
SELECT number FROM reuse_entries
WHERE tenant = %(tenant)s AND answer->>'asked' = %(wording)s AND category = %(category)s
"""

# So that the run's entry is not kept, either, where that comes after.
OVERTURN = """
UPDATE triage_runs SET is_overturned = TRUE WHERE tenant = %(tenant)s AND run_id = %(run)s::uuid
"""

# In the order of their numbers: two corrections at once would otherwise wait for one another.
DELETE = """
DELETE FROM reuse_entries WHERE tenant = %(tenant)s AND number IN (
    SELECT number FROM reuse_entries WHERE tenant = %(tenant)s AND number = ANY(%(numbers)s)
    ORDER BY number FOR UPDATE)
"""


async def forget_like(connection: Connection, run: Run) -> int:
    """Delete, on the open transaction, what would answer a run's text as wrongly as the run did;
    how many entries there were.

    That is its own entry, the one that it reused, and those near them that name the same category.
    Of a run whose entries are gone, those to the same words: no vector is made for it.
    """
    values = _values(run)
    await connection.execute(OVERTURN, values)
    places = await _fetch(connection, PLACES, values)
    if places:
        numbers = {number for number, *_ in places}
        for place in places:
            numbers |= await _neighbours(connection, values, place)
    else:
        wording = {"wording": _wording(run)}
        numbers = {number for (number,) in await _fetch(connection, SAME_WORDS, values | wording)}
    return (await connection.execute(DELETE, values | {"numbers": sorted(numbers)})).rowcount


def _values(run: Run) -> dict[str, Any]:
    reuse, runs, near = run.answer.reuse, [run.run_id], NEAR
    if reuse is not None:
        # Where less was near enough to answer this text, it would be so again.
        runs, near = [*runs, reuse.source_run], min(NEAR, reuse.similarity)
    category = run.answer.category.label
    values: dict[str, Any] = {"tenant": run.tenant, "run": run.run_id, "runs": runs}
    return values | {"category": category, "near": near}


async def _neighbours(
    connection: Connection, values: Mapping[str, Any], place: TupleRow
) -> set[int]:
    _, prompt_version, engine, embedder, language, embedding, length = place
    where = {
        "prompt_version": prompt_version,
        "engine": engine,
        "embedder": embedder,
        "language": language,
        "embedding": embedding,
        "most": MOST_NEAR,
    }
    # Or a scan of the index would end before it met enough entries of this partition.
    await connection.execute("SET LOCAL hnsw.iterative_scan = strict_order")
    query = NEIGHBOURS.format(length=length)
    return {number for (number,) in await _fetch(connection, query, {**values, **where})}


def _wording(run: Run) -> str:
    """Of a run's ticket, without what the rules know for personal data."""
    language = run.answer.language.label
    _, hidden = hide(outward_ticket(run.ticket, language), run.ticket, language, ())
    return wording_of(hidden)


async def _fetch(connection: Connection, query: str, values: Mapping[str, Any]) -> list[TupleRow]:
    return await (await connection.execute(query.encode(), values)).fetchall()
