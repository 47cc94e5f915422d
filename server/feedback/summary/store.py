"""The SQL of feedback in figures: sums over millions of pieces, made where they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.rows import TupleRow

from server.feedback.submission.judgement import FIELDS
from server.feedback.submission.store import FeedbackFilter, conditions
from server.feedback.summary.agreement import Judged
from server.feedback.summary.summary import RATINGS, Grouping, Ratings, Share, Summary
from server.storage.database import Connection, Database

MOST_GROUPS = 200
MOST_JUDGEMENTS = 20_000  # of which agreement is told: the newest
BY_TIME = (Grouping.DAY, Grouping.WEEK)
KEYS = {
    Grouping.NONE: "''",
    Grouping.CATEGORY: "category",
    Grouping.LANGUAGE: "language",
    Grouping.MODEL: "model",
    Grouping.PROMPT: "prompt",
    Grouping.VARIANT: "variant",
    Grouping.DAY: "to_char(run_time AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
    Grouping.WEEK: "to_char(date_trunc('week', run_time AT TIME ZONE 'UTC'), 'YYYY-MM-DD')",
    Grouping.REVIEWER: "reviewer",
}

# A run is counted once, with the newest verdict: the highest of numbers that are odd where
# something was overturned, and twice the time else.
_NUMBERED = {field: f"(verdicts->>'{field}')::boolean" for field in FIELDS}
_NUMBERED |= {"overturned": "overturned", "accepted": "accepted"}
_NEWEST = ", ".join(f"max(moment + {said}::int) AS {name}" for name, said in _NUMBERED.items())
_RATED = ", ".join(f"(count(*) FILTER (WHERE rating = {r}))::int AS rated_{r}" for r in RATINGS)
_SHARES = ", ".join(f"count(*) FILTER (WHERE {name} & 1 = 1), count({name})" for name in _NUMBERED)
_RATINGS = ", ".join(f"coalesce(sum(rated_{r}), 0)" for r in RATINGS)
FIGURES = f"""
WITH chosen AS (
    SELECT {{unit}} AS unit, {{key}} AS key, verdicts, overturned, accepted, rating,
        (extract(epoch FROM create_time) * 1000)::bigint * 2 AS moment
    FROM feedback WHERE {{wanted}}
), units AS (
    SELECT min(key) AS key, count(*)::int AS pieces, {_NEWEST}, {_RATED} FROM chosen GROUP BY unit
)
SELECT grouping(key) = 1 AS is_whole, key, count(*) AS size, coalesce(sum(pieces), 0), {_SHARES},
    {_RATINGS}
FROM units GROUP BY GROUPING SETS ((), (key))
ORDER BY is_whole DESC, {{order}} LIMIT {MOST_GROUPS} + 1
"""
JUDGEMENTS = f"""
SELECT {{key}}, run_id, reviewer, right_category FROM feedback
WHERE {{wanted}} AND right_category IS NOT NULL AND EXISTS (
    SELECT FROM feedback AS other
    WHERE other.tenant = feedback.tenant AND other.run_id = feedback.run_id AND other.in_force
    AND other.right_category IS NOT NULL AND other.reviewer <> feedback.reviewer)
ORDER BY feedback_id DESC LIMIT {MOST_JUDGEMENTS}
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What the database says, all of one moment."""

    whole: Summary
    groups: Mapping[str, Summary]  # by key, in order
    judgements: Sequence[tuple[str, Judged]]  # with the key of the group


class SummaryStore:
    """Sums up feedback. Raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def figures(self, tenant: str, which: FeedbackFilter, grouping: Grouping) -> Figures:
        """Figures without agreement, and the judgements that it is told of."""
        found, values = conditions(which)
        query = {"wanted": " AND ".join(["tenant = %(tenant)s", "in_force", *found])}
        query["order"] = "key DESC" if grouping in BY_TIME else "size DESC, key"
        values["tenant"] = tenant
        async with (
            self._database.connection("feedback.summarize") as connection,
            connection.transaction(),
        ):
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            whole, groups = await _figures(connection, query, values, grouping)
            query["key"] = KEYS[grouping]
            rows = await _fetch(connection, JUDGEMENTS, query, values)
        judgements = [(key, Judged(run.hex, *said)) for key, run, *said in rows]
        return Figures(whole, groups, judgements)


async def _figures(
    connection: Connection,
    query: Mapping[str, str],
    values: Mapping[str, Any],
    grouping: Grouping,
) -> tuple[Summary, dict[str, Summary]]:
    """All, and by group."""
    runs = {**query, "unit": "run_id", "key": KEYS[grouping]}
    if grouping is not Grouping.REVIEWER:
        whole, *groups = await _fetch(connection, FIGURES, runs, values)
    else:  # a run belongs to each of its reviewers, with what that one says
        whole, *_ = await _fetch(connection, FIGURES, {**runs, "key": "''"}, values)
        pieces = {**runs, "unit": "feedback_id"}
        _, *groups = await _fetch(connection, FIGURES, pieces, values)
    if grouping is Grouping.NONE:
        groups = []
    if grouping in BY_TIME:
        groups.reverse()
    return _summary(whole), {row[1]: _summary(row) for row in groups}


async def _fetch(
    connection: Connection, template: str, query: Mapping[str, str], values: Mapping[str, Any]
) -> list[TupleRow]:
    cursor = await connection.execute(template.format_map(query).encode(), values)
    return await cursor.fetchall()


def _summary(row: TupleRow) -> Summary:
    _, _, runs, pieces, *counts = row
    rated = counts[2 * len(_NUMBERED) :]
    shares = {name: Share(*counts[2 * at : 2 * at + 2]) for at, name in enumerate(_NUMBERED)}
    return Summary(
        runs=runs,
        feedback=int(pieces),
        fields={field: shares[field] for field in FIELDS},
        overturned=shares["overturned"],
        accepted=shares["accepted"],
        ratings=Ratings(tuple(int(count) for count in rated)),
    )
