"""Counts what comes to each gate and what becomes of it, without a write for each answer."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

import orjson

from server.storage.database import Database
from server.storage.rounds import Repeated
from server.triage.automation.budget import Field
from server.triage.automation.evidence import is_eligible
from server.triage.automation.gate_store import GateKey, make_room
from server.triage.run import Decision, Run

FLUSH_S = 1.0
MOST_WAITING = 10_000  # gates that are counted between two flushes; others are not

# In the order in which gates are locked.
ADD = """
INSERT INTO gates AS gate (tenant, field, answerer, era, start_time, error_bound, drift,
                           judged, audited, wrong, answers, automated, reviewed)
SELECT tenant, field, answerer, era, %(now)s, 1, '0', 0, 0, 0, answers, automated, reviewed
FROM jsonb_to_recordset(%(rows)s::jsonb) AS row(
    tenant text, field smallint, answerer text, era bigint, answers bigint, automated bigint,
    reviewed bigint)
ORDER BY tenant, field, answerer, era
ON CONFLICT (tenant, field, answerer) DO UPDATE
SET answers = gate.answers + excluded.answers, automated = gate.automated + excluded.automated,
    reviewed = gate.reviewed + excluded.reviewed
WHERE gate.era = excluded.era
RETURNING tenant, field, answerer, xmax = 0
"""


class _Counted(NamedTuple):
    key: GateKey
    era: int


class GateCounter:
    """Counts in memory, and adds to what all processes have counted once a second.

    What cannot be added is lost: told twice, it would count twice.
    """

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self._answers = Counter[_Counted]()
        self._automated = Counter[_Counted]()
        self._reviewed = Counter[_Counted]()
        self._flushing = Repeated("automation", self.flush, FLUSH_S, at_end=self.flush)

    def count(self, run: Run) -> None:
        """Count a run that was committed."""
        decision = run.answer.decision
        for passage in run.answer.gates:
            if passage.era is None or len(self._answers) >= MOST_WAITING:
                continue
            counted = _Counted(GateKey(run.tenant, passage.field, passage.answerer), passage.era)
            self._answers[counted] += 1
            self._automated[counted] += decision is Decision.AUTOMATIC
            self._reviewed[counted] += decision is Decision.REVIEW and is_eligible(passage)

    def start(self) -> None:
        """Add to what all processes have counted, from now on."""
        self._flushing.start()

    async def stop(self) -> None:
        """Hand over what was counted last."""
        await self._flushing.stop()

    async def flush(self) -> None:
        """Commit what was counted since the last time. Raises StorageUnavailable."""
        if not self._answers:
            return
        rows = [
            counted.key._asdict()
            | {
                "era": counted.era,
                "answers": n,
                "automated": self._automated[counted],
                "reviewed": self._reviewed[counted],
            }
            for counted, n in self._answers.items()
        ]
        self._answers, self._automated, self._reviewed = Counter(), Counter(), Counter()
        values = {"rows": orjson.dumps(rows).decode(), "now": self._now()}
        async with (
            self._database.connection("automation.flush") as connection,
            connection.transaction(),
        ):
            cursor = await connection.execute(ADD, values)
            for tenant, field, answerer, is_new in await cursor.fetchall():
                if is_new:
                    await make_room(connection, GateKey(tenant, Field(field), answerer))
