"""The SQL of error budgets: what is promised, and all that its gates show.

Terms are committed together with every gate ruled by them.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from server.audit.store import Change, record
from server.statistics.drift import is_doubtful
from server.storage.database import Connection, Database
from server.triage.automation.budget import Field, Terms
from server.triage.automation.evidence import Evidence, GateState
from server.triage.automation.gate_store import (
    MOST_ANSWERERS,
    MOST_MOMENTS,
    STATE,
    GateKey,
    decode_evidence,
    evidence_of,
    move_gate,
    put_gate,
    state_of,
    tell,
)
from server.triage.automation.reliability import reliability_of
from server.triage.automation.reliability_store import bins_of
from server.triage.automation.standing import Gate, Standing
from server.triage.errors import StaleEtag

MAKE_BUDGET = """
INSERT INTO error_budgets (tenant, field, revision, update_time)
VALUES (%(tenant)s, %(field)s, 0, %(now)s) ON CONFLICT DO NOTHING
"""
BUDGET = """
SELECT terms, revision, update_time FROM error_budgets
WHERE tenant = %(tenant)s AND field = %(field)s
"""
SET_TERMS = """
UPDATE error_budgets SET terms = %(terms)s::jsonb, revision = revision + 1, update_time = %(now)s
WHERE tenant = %(tenant)s AND field = %(field)s
"""
LOCK_GATES = f"""
SELECT answerer, {STATE} FROM gates WHERE tenant = %(tenant)s AND field = %(field)s
ORDER BY answerer FOR UPDATE
"""
REPORTS = f"""
SELECT answerer, {STATE},
    ARRAY(SELECT json_build_array(observation, items) FROM gate_evidence AS e
          WHERE e.tenant = g.tenant AND e.field = g.field AND e.answerer = g.answerer
          AND items > 0),
    ARRAY(SELECT json_build_array(extract(epoch FROM time), threshold, error_bound, judged, cause)
          FROM gate_moments AS m
          WHERE m.tenant = g.tenant AND m.field = g.field AND m.answerer = g.answerer
          ORDER BY number DESC LIMIT %(most_moments)s)
FROM gates AS g WHERE tenant = %(tenant)s AND field = %(field)s
ORDER BY answers DESC, judged DESC, answerer LIMIT %(most)s
"""
ALL_TERMS = "SELECT field, terms FROM error_budgets WHERE tenant = %s AND terms IS NOT NULL"
ALL_GATES = "SELECT field, answerer, era, threshold, drift FROM gates WHERE tenant = %s"
TABLES = (
    "error_budgets",
    "gate_judgements",
    "gate_moments",
    "gates",
    "reliability",
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A change of a gate."""

    time: datetime
    threshold: float | None  # from then on; None: closed
    error_bound: float
    judged: int
    cause: str  # "evidence", "drift" or "terms"


@dataclass(frozen=True, slots=True)
class GateReport:
    """A gate and all that it is at."""

    answerer: str
    state: GateState
    evidence: Evidence
    history: Sequence[Moment]  # the newest first


@dataclass(frozen=True, slots=True)
class Budget:
    """The error budget of a field."""

    field: Field
    terms: Terms | None = None  # None: nothing is promised
    revision: int = 0
    update_time: datetime | None = None  # None: terms were never set
    gates: Sequence[GateReport] = ()  # the busiest first

    @property
    def etag(self) -> str:
        """Changes with the terms."""
        return f"{self.revision}"


class AutomationStore:
    """Error budgets on record. Every method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, tenant: str, field: Field) -> Budget:
        """The budget of a field with its gates."""
        async with (
            self._database.connection("automation.get") as connection,
            connection.transaction(),
        ):
            # Terms and gates of one moment.
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            return await _read(connection, tenant, field)

    async def set(
        self, tenant: str, field: Field, terms: Terms | None, etag: str, actor: str, now: datetime
    ) -> Budget:
        """Put other terms in force, None for no promise at all; the gates stand by them at once.

        What gates have learned stays. Raises StaleEtag where `etag` is another's; empty: any.
        """
        async with (
            self._database.connection("automation.set") as connection,
            connection.transaction(),
        ):
            await _set_terms(connection, tenant, field, terms, etag, actor, now)
            await _rule_anew(connection, tenant, field, terms, actor, now)
            await tell(connection, tenant)
            return await _read(connection, tenant, field)

    async def standing(self, tenant: str) -> Standing:
        """What decisions go by."""
        async with (
            self._database.connection("automation.standing") as connection,
            connection.transaction(),
        ):
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            terms = await (await connection.execute(ALL_TERMS, [tenant])).fetchall()
            gates = await (await connection.execute(ALL_GATES, [tenant])).fetchall()
            bins = await bins_of(connection, tenant)
        return Standing(
            terms={Field(field): Terms(**facts) for field, facts in terms},
            gates={
                (Field(field), who): Gate(era, threshold, is_doubtful(drift))
                for field, who, era, threshold, drift in gates
            },
            reliability={key: reliability_of(counted) for key, counted in bins.items()},
        )


async def delete_automation(connection: Connection, tenant: str) -> None:
    """Delete a tenant's error budgets and what they learned, on the open transaction."""
    for table in TABLES:
        await connection.execute(f"DELETE FROM {table} WHERE tenant = %s".encode(), [tenant])
    await tell(connection, tenant)


async def _set_terms(
    connection: Connection,
    tenant: str,
    field: Field,
    terms: Terms | None,
    etag: str,
    actor: str,
    now: datetime,
) -> None:
    key = {"tenant": tenant, "field": field, "now": now}
    await connection.execute(MAKE_BUDGET, key)
    row = await (await connection.execute((BUDGET + "FOR UPDATE").encode(), key)).fetchone()
    assert row is not None  # noqa: S101  # it was made, and nothing removes it but with the tenant
    before, revision, _ = row
    if etag not in ("", Budget(field, revision=revision).etag):
        raise StaleEtag("error budget")
    after = None if terms is None else asdict(terms)
    encoded = None if after is None else orjson.dumps(after).decode()
    await connection.execute(SET_TERMS, key | {"terms": encoded})
    resource = f"errorBudgets/{field.word}"
    await record(connection, Change(tenant, actor, "error_budget.set", resource, before, after))


async def _rule_anew(
    connection: Connection,
    tenant: str,
    field: Field,
    terms: Terms | None,
    actor: str,
    now: datetime,
) -> None:
    cursor = await connection.execute(LOCK_GATES.encode(), {"tenant": tenant, "field": field})
    for answerer, *row in await cursor.fetchall():
        key, gate = GateKey(tenant, field, answerer), state_of(row)
        ruled = gate.ruled(terms, await evidence_of(connection, key))
        await put_gate(connection, key, ruled)
        if ruled.threshold != gate.threshold:
            await move_gate(connection, key, gate, ruled, "terms", actor, now)


async def _read(connection: Connection, tenant: str, field: Field) -> Budget:
    values = {
        "tenant": tenant,
        "field": field,
        "most": MOST_ANSWERERS,
        "most_moments": MOST_MOMENTS,
    }
    row = await (await connection.execute(BUDGET, values)).fetchone()
    gates = await (await connection.execute(REPORTS.encode(), values)).fetchall()
    reports = tuple(
        GateReport(answerer, state_of(state), decode_evidence(evidence), _moments(moments))
        for answerer, *state, evidence, moments in gates
    )
    if row is None:
        return Budget(field, gates=reports)
    facts, revision, update_time = row
    terms = None if facts is None else Terms(**facts)
    return Budget(field, terms, revision, update_time.astimezone(UTC), reports)


def _moments(rows: Sequence[Sequence[Any]]) -> tuple[Moment, ...]:
    return tuple(Moment(datetime.fromtimestamp(time, UTC), *facts) for time, *facts in rows)
