"""The SQL of feedback."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from psycopg.rows import TupleRow

from server.feedback.alarm.subjects import prompt_of
from server.feedback.errors import FeedbackNotFound
from server.feedback.submission.effects import Effects, decode_effects, encode_effects
from server.feedback.submission.feedback import Feedback, decode_said, encode_said
from server.feedback.submission.judgement import Judgement
from server.storage.database import Connection, Database
from server.triage.run import Run, first_id_since

COLUMNS = (
    "feedback_id, run_id, reviewer, submitter, create_time, content,"
    " coalesce(replaces::text, ''), in_force"
)

INSERT = """
INSERT INTO feedback (tenant, feedback_id, run_id, reviewer, submitter, create_time, request_id,
                      digest, replaces, in_force, content, effects, run_time, category, language,
                      model, prompt, variant, verdicts, overturned, accepted, rating,
                      right_category)
VALUES (%(tenant)s, %(feedback_id)s, %(run_id)s, %(reviewer)s, %(submitter)s, %(create_time)s,
        %(request_id)s, %(digest)s, %(replaces)s, TRUE, %(content)s::jsonb, %(effects)s::jsonb,
        %(run_time)s, %(category)s, %(language)s, %(model)s, %(prompt)s, %(variant)s,
        %(verdicts)s::jsonb, %(overturned)s, %(accepted)s, %(rating)s, %(right_category)s)
"""


@dataclass(frozen=True, slots=True)
class Submitted:
    """Feedback on record, and what it has set in motion."""

    feedback: Feedback
    effects: Effects
    is_repeated: bool = False


@dataclass(frozen=True, slots=True)
class FeedbackFilter:
    """Which feedback to list; empty or None: any."""

    run_id: str = ""
    reviewer: str = ""
    category: str = ""  # that was answered
    is_overturned: bool = False
    start_time: datetime | None = None
    end_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class InForce:
    """What a reviewer says about a run at present."""

    submitted: Submitted
    right_category: str | None


async def lock_run(connection: Connection, tenant: str, run_id: str) -> bool:
    """Keep others from judging the run until the transaction ends; False: it is gone."""
    cursor = await connection.execute(
        "SELECT FROM triage_runs WHERE tenant = %s AND run_id = %s FOR UPDATE", [tenant, run_id]
    )
    return cursor.rowcount > 0


async def of_request(
    connection: Connection, tenant: str, request_id: str
) -> tuple[Submitted, bytes] | None:
    """The feedback that came with a request id, and the digest of what was said."""
    cursor = await connection.execute(
        f"SELECT {COLUMNS}, effects, digest FROM feedback WHERE tenant = %s AND request_id = %s",
        [tenant, request_id],
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    *known, effects, digest = row
    return Submitted(_feedback(known), decode_effects(effects), is_repeated=True), digest


async def in_force(connection: Connection, tenant: str, run_id: str) -> list[InForce]:
    """What reviewers say about a run at present, the newest first."""
    cursor = await connection.execute(
        f"SELECT {COLUMNS}, effects, right_category FROM feedback"
        " WHERE tenant = %s AND run_id = %s AND in_force ORDER BY feedback_id DESC",
        [tenant, run_id],
    )
    return [
        InForce(Submitted(_feedback(known), decode_effects(effects)), right_category)
        for *known, effects, right_category in await cursor.fetchall()
    ]


async def add(
    connection: Connection,
    run: Run,
    submitted: Submitted,
    judgement: Judgement,
    request_id: str,
    digest: bytes,
) -> None:
    """Put feedback on record, in place of that of the same reviewer."""
    feedback, answer = submitted.feedback, run.answer
    if feedback.replaces:
        await connection.execute(
            "UPDATE feedback SET in_force = FALSE WHERE tenant = %s AND feedback_id = %s",
            [run.tenant, feedback.replaces],
        )
    said, enrolled = feedback.said, answer.experiment
    values: dict[str, Any] = {
        "tenant": run.tenant,
        "feedback_id": feedback.feedback_id,
        "run_id": feedback.run_id,
        "reviewer": feedback.reviewer,
        "submitter": feedback.submitter,
        "create_time": feedback.create_time,
        "request_id": request_id or None,
        "digest": digest,
        "replaces": feedback.replaces or None,
        "content": encode_said(said).decode(),
        "effects": encode_effects(submitted.effects).decode(),
        "run_time": run.create_time,
        "category": answer.category.label,
        "language": answer.language.label,
        "model": " ".join((answer.engine.engine, answer.engine.model, answer.engine.version)),
        "prompt": prompt_of(answer),
        "variant": f"{enrolled.name} {enrolled.variant}" if enrolled else "",
        "verdicts": orjson.dumps(judgement.verdicts).decode(),
        "overturned": judgement.overturned,
        "accepted": None if said.acceptance is None else said.acceptance.name == "ACCEPTED",
        "rating": said.rating,
        "right_category": judgement.truths.get("category"),
    }
    await connection.execute(INSERT, values)


async def delete_feedback(connection: Connection, tenant: str) -> None:
    """Delete a tenant's feedback on the open transaction."""
    await connection.execute("DELETE FROM feedback WHERE tenant = %s", [tenant])


class FeedbackStore:
    """Reads feedback. Every method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, tenant: str, feedback_id: str) -> Feedback:
        """One piece. Raises FeedbackNotFound."""
        found = await self._fetch("feedback_id = %(id)s", {"tenant": tenant, "id": feedback_id})
        if not found:
            raise FeedbackNotFound(f"feedback/{feedback_id}")
        return found[0]

    async def page(
        self, tenant: str, which: FeedbackFilter, before: str, size: int
    ) -> list[Feedback]:
        """At most `size` pieces, the newest first, older than `before` ("": any)."""
        found, values = conditions(which)
        if before:
            found.append("feedback_id < %(before)s")
        values |= {"tenant": tenant, "before": before, "size": size}
        wanted = " AND ".join(found or ["TRUE"])
        return await self._fetch(f"{wanted} ORDER BY feedback_id DESC LIMIT %(size)s", values)

    async def _fetch(self, wanted: str, values: dict[str, Any]) -> list[Feedback]:
        query = f"SELECT {COLUMNS} FROM feedback WHERE tenant = %(tenant)s AND {wanted}"
        async with self._database.connection("feedback.read") as connection:
            rows = await (await connection.execute(query.encode(), values)).fetchall()
        return [_feedback(row) for row in rows]


def conditions(which: FeedbackFilter) -> tuple[list[str], dict[str, Any]]:
    """SQL conditions and their values. The id of feedback begins with its time."""
    values: dict[str, Any] = {
        name: value
        for name, value in (
            ("run_id", which.run_id),
            ("reviewer", which.reviewer),
            ("category", which.category),
        )
        if value
    }
    found = [f"{column} = %({column})s" for column in values]
    if which.is_overturned:
        found.append("overturned")
    for name, comparison, time in (("start", ">=", which.start_time), ("end", "<", which.end_time)):
        if time is not None:
            values[name] = first_id_since(time)
            found.append(f"feedback_id {comparison} %({name})s")
    return found, values


def _feedback(row: TupleRow | list[Any]) -> Feedback:
    feedback_id, run_id, reviewer, submitter, create_time, content, replaces, is_in_force = row
    return Feedback(
        feedback_id=feedback_id.hex,
        run_id=run_id.hex,
        reviewer=reviewer,
        submitter=submitter,
        create_time=create_time.astimezone(UTC),
        said=decode_said(content),
        replaces=replaces.replace("-", ""),
        is_in_force=is_in_force,
    )
