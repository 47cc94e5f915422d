"""The SQL of reliability: how often answers were right, by the confidence that they came with."""

from collections.abc import Mapping
from dataclasses import dataclass

from server.storage.database import Connection
from server.triage.automation.budget import Field
from server.triage.automation.reliability import Bin, bin_of
from server.triage.automation.standing import Key

MOST_ANSWERERS = 64  # of a field; those that showed least leave first

# What answers before a drift showed is forgotten for good.
_NOT_FORGOTTEN = """
NOT EXISTS (
    SELECT FROM gates WHERE gates.tenant = %(tenant)s AND gates.field = %(field)s
    AND gates.answerer = %(answerer)s AND gates.era > %(era)s::bigint)
"""
ADD = f"""
INSERT INTO reliability AS known (tenant, field, answerer, bin, items, right_items, score_sum)
SELECT %(tenant)s, %(field)s, %(answerer)s, %(bin)s, %(items)s, %(right_items)s, %(score_sum)s
WHERE {_NOT_FORGOTTEN}
ON CONFLICT (tenant, field, answerer, bin) DO UPDATE
SET items = known.items + excluded.items,
    right_items = known.right_items + excluded.right_items,
    score_sum = known.score_sum + excluded.score_sum
RETURNING xmax = 0
"""
AMEND = f"""
UPDATE reliability SET right_items = least(items, greatest(0, right_items + %(right_items)s))
WHERE tenant = %(tenant)s AND field = %(field)s AND answerer = %(answerer)s AND bin = %(bin)s
  AND {_NOT_FORGOTTEN}
"""
# Rows that somebody holds are in use: they stay, and nobody waits for them.
MAKE_ROOM = """
DELETE FROM reliability WHERE (tenant, field, answerer, bin) IN (
    SELECT tenant, field, answerer, bin FROM reliability
    WHERE tenant = %(tenant)s AND field = %(field)s AND answerer IN (
        SELECT answerer FROM reliability
        WHERE tenant = %(tenant)s AND field = %(field)s AND answerer <> %(answerer)s
        GROUP BY answerer ORDER BY sum(items) DESC, answerer OFFSET %(most)s - 1)
    FOR UPDATE SKIP LOCKED)
"""
FORGET = "DELETE FROM reliability WHERE tenant = %s AND field = %s AND answerer = %s"
OF_TENANT = """
SELECT field, answerer, bin, items, right_items, score_sum FROM reliability WHERE tenant = %s
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer whose truth is known."""

    key: Key
    score: float  # confidence that it came with
    weight: float  # answers that it stands for
    era: int | None  # of the gate that it came to, or when it was counted; None: any
    was_right: bool


async def add(connection: Connection, tenant: str, shown: Shown) -> None:
    """Count an answer, unless its answerer drifted since."""
    values = _values(tenant, shown) | {
        "items": shown.weight,
        "right_items": shown.weight * shown.was_right,
        "score_sum": shown.weight * shown.score,
        "most": MOST_ANSWERERS,
    }
    is_new = await (await connection.execute(ADD.encode(), values)).fetchone()
    if is_new and is_new[0]:
        await connection.execute(MAKE_ROOM, values)


async def amend(connection: Connection, tenant: str, shown: Shown) -> None:
    """Let an answer that was counted be right after all, or wrong."""
    change = shown.weight if shown.was_right else -shown.weight
    await connection.execute(AMEND.encode(), _values(tenant, shown) | {"right_items": change})


async def forget(connection: Connection, tenant: str, key: Key) -> None:
    """Forget what was counted of one who answers."""
    await connection.execute(FORGET, [tenant, *key])


async def bins_of(connection: Connection, tenant: str) -> Mapping[Key, Mapping[int, Bin]]:
    """What was counted of a tenant, by bin."""
    bins: dict[Key, dict[int, Bin]] = {}
    cursor = await connection.execute(OF_TENANT, [tenant])
    for field, answerer, at, *counted in await cursor.fetchall():
        bins.setdefault((Field(field), answerer), {})[at] = Bin(*counted)
    return bins


def _values(tenant: str, shown: Shown) -> dict[str, object]:
    field, answerer = shown.key
    return {
        "tenant": tenant,
        "field": field,
        "answerer": answerer,
        "bin": bin_of(shown.score),
        "era": shown.era,
    }
