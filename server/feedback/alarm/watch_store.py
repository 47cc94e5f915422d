"""The SQL of overturn watches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg.rows import TupleRow

from server.audit.store import Change, Facts, record
from server.feedback.alarm.settings import Settings
from server.feedback.alarm.subjects import Kind, Subject, weight_of
from server.feedback.alarm.watch import Verdict, Watch, amended, begun, begun_anew, judged
from server.feedback.errors import OverturnWatchNotFound
from server.statistics.excess import Attempt
from server.storage.database import Connection, Database
from server.triage.run import Run

ACTOR = "overturn-alarm"  # of what is flagged and taken back without a person
MOST_WATCHES = 1000  # of a tenant; beyond them those that were judged least recently are forgotten
MOST_LISTED = 200

_COLUMNS = (
    "kind, subject, start_time, number, began_after, overturned, bound, attempt, log_capitals,"
    " attempt_began_after, raise_time, action"
)
_NAMES = _COLUMNS.split(", ")
BEGIN = f"""
INSERT INTO overturn_watches (tenant, update_time, evidence, {_COLUMNS})
VALUES (%(tenant)s, %(update_time)s, %(evidence)s, {", ".join(f"%({name})s" for name in _NAMES)})
ON CONFLICT DO NOTHING
"""
UPDATE = f"""
UPDATE overturn_watches SET update_time = %(update_time)s, evidence = %(evidence)s,
    {", ".join(f"{name} = %({name})s" for name in _NAMES)}
WHERE tenant = %(tenant)s AND kind = %(kind)s AND subject = %(subject)s
"""
LOCK = f"""
SELECT {_COLUMNS} FROM overturn_watches
WHERE tenant = %s AND (kind, subject) IN (SELECT * FROM unnest(%s::text[], %s::text[]))
ORDER BY kind, subject FOR UPDATE
"""
# Those that others are about to judge stay.
PRUNE = """
DELETE FROM overturn_watches WHERE tenant = %(tenant)s AND (kind, subject) IN (
    SELECT kind, subject FROM overturn_watches WHERE tenant = %(tenant)s AND update_time < (
        SELECT update_time FROM overturn_watches WHERE tenant = %(tenant)s
        ORDER BY update_time DESC OFFSET %(most)s - 1 LIMIT 1)
    FOR UPDATE SKIP LOCKED)
"""
JUDGEMENTS = """
SELECT kind, number, overturned FROM overturn_judgements WHERE tenant = %s AND run_id = %s
"""
KEEP = """
INSERT INTO overturn_judgements VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (tenant, run_id, kind) DO UPDATE SET overturned = excluded.overturned
"""
LIST = f"""
SELECT {_COLUMNS} FROM overturn_watches WHERE tenant = %s
ORDER BY evidence DESC, update_time DESC, kind, subject LIMIT {MOST_LISTED}
"""
ACT = """
UPDATE overturn_watches SET action = %s
WHERE tenant = %s AND kind = %s AND subject = %s AND raise_time = %s AND action = ''
"""


@dataclass(frozen=True, slots=True)
class Raised:
    """A watch whose alarm is raised and about which nothing was done yet."""

    watch: Watch
    is_new: bool  # whether it was raised just now
    rolls_back: bool  # whether its subject is to be taken back


async def watch(
    connection: Connection,
    run: Run,
    subjects: Sequence[Subject],
    overturned: bool,
    settings: Settings,
    now: datetime,
) -> list[Raised]:
    """Count the verdict on a run for all who answered it, on the open transaction; what is to be
    done once it is committed. The same verdict again counts nothing, another one is amended.
    """
    weight = weight_of(run.answer)
    known = await _judgements(connection, run)
    if weight is None or all(known.get(s.kind, (0, None))[1] is overturned for s in subjects):
        return []
    verdict, raised = Verdict(overturned, weight), []
    for before in await _locked(connection, run.tenant, subjects, now):
        kind = before.subject.kind
        if kind not in known:
            after = judged(before, verdict, settings.most_overturned, now)
            number = after.number
        else:
            number = known[kind][0]
            after = amended(before, number, verdict, now)
        await connection.execute(UPDATE, _values(run.tenant, after, now))
        await connection.execute(KEEP, [run.tenant, run.run_id, kind, number, overturned])
        if after.raise_time != before.raise_time:
            await _record(connection, run.tenant, ACTOR, "raise", after)
        if _needs_action(before, after, settings):
            is_new = before.raise_time is None
            raised.append(Raised(after, is_new, settings.rolls_back))
    return raised


class WatchStore:
    """Overturn watches on record. Every method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self, tenant: str) -> list[Watch]:
        """The most alarming first; at most 200."""
        async with self._database.connection("overturn_watches.all") as connection:
            rows = await (await connection.execute(LIST, [tenant])).fetchall()
        return [_watch(row) for row in rows]

    async def reset(self, tenant: str, subject: Subject, actor: str, now: datetime) -> Watch:
        """Commit that a subject is watched anew. Raises OverturnWatchNotFound."""
        async with (
            self._database.connection("overturn_watches.reset") as connection,
            connection.transaction(),
        ):
            found = await _lock(connection, tenant, [subject])
            if not found:
                raise OverturnWatchNotFound(subject.kind, subject.name)
            after = begun_anew(found[0], now)
            await connection.execute(UPDATE, _values(tenant, after, now))
            await _record(connection, tenant, actor, "reset", after)
        return after

    async def act(self, tenant: str, watch: Watch, action: str) -> None:
        """Commit what was done about an alarm, unless another process was first."""
        subject = watch.subject
        key = [tenant, subject.kind, subject.name, watch.raise_time]
        async with (
            self._database.connection("overturn_watches.act") as connection,
            connection.transaction(),
        ):
            if (await connection.execute(ACT, [action, *key])).rowcount:
                facts = {"action": action}
                change = Change(tenant, ACTOR, "overturn_alarm.act", _name(watch), None, facts)
                await record(connection, change)


async def delete_watches(connection: Connection, tenant: str) -> None:
    """Delete a tenant's watches on the open transaction."""
    await connection.execute("DELETE FROM overturn_judgements WHERE tenant = %s", [tenant])
    await connection.execute("DELETE FROM overturn_watches WHERE tenant = %s", [tenant])


def _needs_action(before: Watch, after: Watch, settings: Settings) -> bool:
    """Whether an alarm was raised, or an earlier one has not taken back what it should have."""
    if after.raise_time is None:
        return False
    return before.raise_time is None or (settings.rolls_back and not after.action)


async def _judgements(connection: Connection, run: Run) -> Mapping[str, tuple[int, bool]]:
    """What the run counted as, by kind of subject: number and whether it was overturned."""
    rows = await connection.execute(JUDGEMENTS, [run.tenant, run.run_id])
    return {kind: (number, overturned) async for kind, number, overturned in rows}


async def _locked(
    connection: Connection, tenant: str, subjects: Sequence[Subject], now: datetime
) -> list[Watch]:
    """The watches of subjects, new ones included, in the one order in which all lock them."""
    are_new = [
        (await connection.execute(BEGIN, _values(tenant, begun(subject, now), now))).rowcount
        for subject in sorted(subjects)
    ]
    if any(are_new):
        await connection.execute(PRUNE, {"tenant": tenant, "most": MOST_WATCHES})
    return await _lock(connection, tenant, subjects)


async def _lock(connection: Connection, tenant: str, subjects: Sequence[Subject]) -> list[Watch]:
    kinds, names = [str(s.kind) for s in subjects], [s.name for s in subjects]
    rows = await connection.execute(LOCK, [tenant, kinds, names])
    return [_watch(row) async for row in rows]


async def _record(connection: Connection, tenant: str, actor: str, verb: str, watch: Watch) -> None:
    facts: Facts = {
        "judged": watch.judged,
        "overturned": watch.overturned,
        "most_overturned": watch.bound,
    }
    await record(
        connection, Change(tenant, actor, f"overturn_alarm.{verb}", _name(watch), None, facts)
    )


def _name(watch: Watch) -> str:
    return f"{watch.subject.kind} {watch.subject.name}"


def _values(tenant: str, watch: Watch, now: datetime) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "kind": watch.subject.kind,
        "subject": watch.subject.name,
        "start_time": watch.start_time,
        "update_time": now,
        "number": watch.number,
        "began_after": watch.began_after,
        "overturned": watch.overturned,
        "bound": watch.bound,
        "attempt": watch.attempt.number,
        "log_capitals": list(watch.attempt.log_capitals),
        "attempt_began_after": watch.attempt_began_after,
        "evidence": watch.evidence,
        "raise_time": watch.raise_time,
        "action": watch.action,
    }


def _watch(row: TupleRow) -> Watch:
    kind, name, start_time, number, began_after, overturned, bound, *evidence = row
    attempt, log_capitals, attempt_began_after, raise_time, action = evidence
    return Watch(
        Subject(Kind(kind), name),
        start_time.astimezone(UTC),
        number,
        began_after,
        overturned,
        bound,
        Attempt(attempt, tuple(log_capitals)),
        attempt_began_after,
        raise_time and raise_time.astimezone(UTC),
        action,
    )
