"""The SQL of gates: how they stand, what they learned, and from which runs.

Whoever changes what a gate learned holds the lock of its row. Rows of several gates are locked in
the order of tenant, field and answerer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson
from psycopg.rows import TupleRow

from server.audit.store import Change, record
from server.statistics.risk_control import Observation
from server.storage.database import Connection
from server.triage.automation.budget import Field, Terms
from server.triage.automation.evidence import Evidence, GateState

AUTOMATION_CHANNEL = "switchyard_automation"  # NOTIFY with the tenant as payload
MOST_ANSWERERS = 64  # gates of a field that are in their first era; the least used leave first
MOST_MOMENTS = 100  # of a gate
STATE = (
    "era, start_time, threshold, error_bound, drift, judged, audited, wrong, answers, automated,"
    " reviewed"
)

_OF_GATE = "tenant = %(tenant)s AND field = %(field)s AND answerer = %(answerer)s"
MAKE_GATE = """
INSERT INTO gates (tenant, field, answerer, era, start_time, error_bound, drift,
                   judged, audited, wrong, answers, automated, reviewed)
VALUES (%(tenant)s, %(field)s, %(answerer)s, 0, %(now)s, 1, '0', 0, 0, 0, 0, 0, 0)
ON CONFLICT DO NOTHING
"""
LOCK_GATE = f"SELECT {STATE} FROM gates WHERE {_OF_GATE} FOR UPDATE"
UPDATE_GATE = f"""
UPDATE gates SET era = %(era)s, start_time = %(start_time)s, threshold = %(threshold)s,
    error_bound = %(error_bound)s, drift = to_jsonb(%(drift)s::float8), judged = %(judged)s,
    audited = %(audited)s, wrong = %(wrong)s, answers = %(answers)s, automated = %(automated)s,
    reviewed = %(reviewed)s
WHERE {_OF_GATE}
"""
# A gate that leaves may come again, in its first era: what was judged for it is evidence no more,
# but is not judged for the first time, either. One whose evidence was void before stays, or what is
# void would count again. Rows that somebody holds are in use: they stay, too.
MAKE_ROOM = """
WITH gone AS (
    SELECT tenant, field, answerer FROM gates
    WHERE tenant = %(tenant)s AND field = %(field)s AND answerer IN (
        SELECT answerer FROM gates
        WHERE tenant = %(tenant)s AND field = %(field)s AND answerer <> %(answerer)s AND era = 0
        ORDER BY answers DESC, judged DESC, answerer OFFSET %(most)s - 1)
    FOR UPDATE SKIP LOCKED),
judgements AS (
    UPDATE gate_judgements SET observation = NULL FROM gone
    WHERE gate_judgements.tenant = gone.tenant AND gate_judgements.field = gone.field
    AND gate_judgements.answerer = gone.answerer AND observation IS NOT NULL),
moments AS (
    DELETE FROM gate_moments USING gone
    WHERE gate_moments.tenant = gone.tenant AND gate_moments.field = gone.field
    AND gate_moments.answerer = gone.answerer)
DELETE FROM gates USING gone
WHERE gates.tenant = gone.tenant AND gates.field = gone.field AND gates.answerer = gone.answerer
"""
COUNT = """
INSERT INTO gate_evidence AS known
SELECT %(tenant)s, %(field)s, %(answerer)s, observation, items
FROM jsonb_to_recordset(%(rows)s::jsonb) AS row(observation jsonb, items bigint)
ON CONFLICT (tenant, field, answerer, observation)
DO UPDATE SET items = known.items + excluded.items
"""
EVIDENCE = f"SELECT observation, items FROM gate_evidence WHERE {_OF_GATE} AND items > 0"
VOID = f"DELETE FROM gate_evidence WHERE {_OF_GATE}"
JUDGEMENT = """
SELECT era, was_right, observation FROM gate_judgements
WHERE tenant = %(tenant)s AND run_id = %(run_id)s AND field = %(field)s
"""
PUT_JUDGEMENT = f"""
INSERT INTO gate_judgements (tenant, run_id, field, answerer, era, was_right, observation)
VALUES (%(tenant)s, %(run_id)s, %(field)s, %(answerer)s,
        coalesce(%(era)s::bigint, (SELECT era FROM gates WHERE {_OF_GATE}), 0), %(was_right)s,
        %(observation)s::jsonb)
ON CONFLICT (tenant, run_id, field) DO UPDATE
SET was_right = excluded.was_right, observation = excluded.observation
"""
ADD_MOMENT = """
INSERT INTO gate_moments (tenant, field, answerer, time, threshold, error_bound, judged, cause)
VALUES (%(tenant)s, %(field)s, %(answerer)s, %(now)s, %(threshold)s, %(error_bound)s, %(judged)s,
        %(cause)s)
"""
TRIM_MOMENTS = f"""
DELETE FROM gate_moments WHERE {_OF_GATE} AND number <= (
    SELECT number FROM gate_moments WHERE {_OF_GATE} ORDER BY number DESC OFFSET %(most)s LIMIT 1)
"""


class GateKey(NamedTuple):
    """Whose gate it is, in front of which field, for whose answers."""

    tenant: str
    field: Field
    answerer: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the truth about a run counted as."""

    era: int | None  # of the gate that the answer came to; None: there was none, so of it now
    was_right: bool
    seen: Observation | None = None  # None: it was no evidence


async def lock_gate(connection: Connection, key: GateKey, now: datetime) -> GateState:
    """The gate, made where it is missing; nobody else changes it until the transaction ends."""
    row = await _lock(connection, key)
    if row is None:
        made = await connection.execute(MAKE_GATE, key._asdict() | {"now": now})
        if made.rowcount:
            await make_room(connection, key)
        row = await _lock(connection, key)
    assert row is not None  # noqa: S101  # it was made, and whoever removes it must lock it first
    return state_of(row)


async def make_room(connection: Connection, key: GateKey) -> None:
    """Remove the least used gates beside a new one where a field has too many."""
    values = key._asdict() | {"most": MOST_ANSWERERS}
    if (await connection.execute(MAKE_ROOM, values)).rowcount:
        await tell(connection, key.tenant)


async def put_gate(connection: Connection, key: GateKey, state: GateState) -> None:
    """Commit a gate that is locked."""
    await connection.execute(UPDATE_GATE.encode(), key._asdict() | asdict(state))


async def move_gate(
    connection: Connection,
    key: GateKey,
    before: GateState,
    after: GateState,
    cause: str,
    actor: str,
    now: datetime,
) -> None:
    """Put on record that a gate is another one now, and tell every process."""
    values = key._asdict() | asdict(after) | {"now": now, "cause": cause, "most": MOST_MOMENTS}
    await connection.execute(ADD_MOMENT, values)
    await connection.execute(TRIM_MOMENTS.encode(), values)
    facts = {"answerer": key.answerer, "threshold": before.threshold}
    change = Change(
        key.tenant,
        actor,
        "gate.move",
        f"errorBudgets/{key.field.word}",
        facts,
        facts | {"threshold": after.threshold, "judged": after.judged, "cause": cause},
    )
    await record(connection, change)
    await tell(connection, key.tenant)


async def tell(connection: Connection, tenant: str) -> None:
    """Let every process load the tenant's automation anew, once this is committed."""
    await connection.execute("SELECT pg_notify(%s, %s)", [AUTOMATION_CHANNEL, tenant])


async def count(connection: Connection, key: GateKey, changes: Mapping[Observation, int]) -> None:
    """Add to the evidence of a gate that is locked, or take from it."""
    rows = [{"observation": list(seen), "items": items} for seen, items in changes.items()]
    await connection.execute(COUNT, key._asdict() | {"rows": orjson.dumps(rows).decode()})


async def evidence_of(connection: Connection, key: GateKey) -> Evidence:
    """All that a gate has learned in its era."""
    cursor = await connection.execute(EVIDENCE.encode(), key._asdict())
    return decode_evidence(await cursor.fetchall())


async def void_evidence(connection: Connection, key: GateKey) -> None:
    """Forget what a gate that is locked has learned."""
    await connection.execute(VOID.encode(), key._asdict())


async def judgement_of(connection: Connection, key: GateKey, run_id: str) -> Judgement | None:
    """What the truth about a run counted as before; None: there was none."""
    cursor = await connection.execute(JUDGEMENT, key._asdict() | {"run_id": run_id})
    row = await cursor.fetchone()
    if row is None:
        return None
    era, was_right, seen = row
    return Judgement(era, was_right, None if seen is None else Observation(*seen))


async def put_judgement(
    connection: Connection, key: GateKey, run_id: str, judgement: Judgement
) -> None:
    """What it counts as from now on; the era stays that of the first."""
    seen = judgement.seen
    values = key._asdict() | {
        "run_id": run_id,
        "era": judgement.era,
        "was_right": judgement.was_right,
        "observation": None if seen is None else orjson.dumps(list(seen)).decode(),
    }
    await connection.execute(PUT_JUDGEMENT.encode(), values)


async def terms_of(connection: Connection, tenant: str, field: Field) -> Terms | None:
    """What is promised of a field; None: nothing.

    Read it with the gate's lock: other terms are committed with every gate ruled by them.
    """
    query = "SELECT terms FROM error_budgets WHERE tenant = %s AND field = %s"
    row = await (await connection.execute(query, [tenant, field])).fetchone()
    return None if row is None or row[0] is None else Terms(**row[0])


def decode_evidence(rows: Sequence[TupleRow]) -> Evidence:
    """Evidence as it is stored."""
    return Evidence({Observation(*seen): items for seen, items in rows})


async def _lock(connection: Connection, key: GateKey) -> TupleRow | None:
    return await (await connection.execute(LOCK_GATE.encode(), key._asdict())).fetchone()


def state_of(row: Sequence[Any]) -> GateState:
    """A gate as it is stored, in the order of STATE."""
    era, start_time, *others = row
    return GateState(era, start_time.astimezone(UTC), *others)
