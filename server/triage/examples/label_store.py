"""The SQL of labels: one a text and tenant, whoever states it."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg.rows import TupleRow

from server.storage.database import Connection, Database
from server.triage.examples.label import (
    HELD_BACK,
    Change,
    Conflict,
    Kept,
    Label,
    LabelSource,
    RecentLabel,
    contradicts,
    cut,
    digest_of,
    merge,
    text_of,
)
from server.triage.examples.rows import CHANGEABLE, COLUMNS, TYPES, decode_label, encode_labels

LABEL_CHANNEL = "switchyard_labels"  # NOTIFY with the tenant as payload
RECENT_BYTES = 2 * 1024 * 1024  # of the texts of a tenant's recent labels
PAGE = 500  # labels of at most 9 KiB

# In the order of the unique index: of two transactions one waits for the other, never each.
INSERT = f"""
INSERT INTO labels (tenant, label_id, text_digest, {COLUMNS}, create_time, update_time)
SELECT %(tenant)s, gen_random_uuid(), decode(text_digest, 'hex'), {COLUMNS}, %(now)s, %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS row({TYPES})
ORDER BY text_digest ON CONFLICT DO NOTHING
RETURNING text_digest, label_id
"""
LOCK = f"""
SELECT text_digest, label_id, {COLUMNS} FROM labels
WHERE tenant = %(tenant)s AND text_digest = ANY(%(digests)s)
ORDER BY text_digest FOR UPDATE
"""
UPDATE = f"""
UPDATE labels SET {", ".join(f"{name} = row.{name}" for name in CHANGEABLE)},
    number = nextval('label_numbers'), update_time = %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS row({TYPES})
WHERE tenant = %(tenant)s AND labels.text_digest = decode(row.text_digest, 'hex')
"""

PAGE_OF_LABELS = f"""
SELECT number, label_id, create_time, update_time, {COLUMNS} FROM labels
WHERE tenant = %(tenant)s AND number > %(after)s
  AND (%(source)s::smallint IS NULL OR source = %(source)s)
  AND (%(category)s = '' OR category = %(category)s)
  AND (%(start_time)s::timestamptz IS NULL OR create_time >= %(start_time)s)
ORDER BY number LIMIT %(size)s
"""
RECENT = f"""
SELECT label_id, subject, body, category, number <= %s AND get_byte(text_digest, 0) >= {HELD_BACK}
FROM (
    SELECT *, sum(octet_length(subject) + octet_length(body)) OVER (ORDER BY number DESC) AS bytes
    FROM (
        SELECT number, label_id, text_digest, subject, body, category FROM labels
        WHERE tenant = %s AND source < 3 AND category IS NOT NULL
        ORDER BY number DESC LIMIT %s
    ) AS newest
) AS counted
WHERE bytes <= %s ORDER BY number
"""
RECENT_STATE = """
SELECT coalesce(max(number), 0), count(*) FROM (
    SELECT number FROM labels WHERE tenant = %s AND source < 3 AND category IS NOT NULL
    ORDER BY number DESC LIMIT %s
) AS newest
"""
# As many of each category as there is room for, the newest first.
SAMPLE = f"""
SELECT number, label_id, create_time, update_time, {COLUMNS} FROM (
    SELECT *, row_number() OVER (PARTITION BY category ORDER BY number DESC) AS place FROM labels
    WHERE tenant = %s AND category = ANY(%s) AND get_byte(text_digest, 0) >= {HELD_BACK}
) AS placed
ORDER BY place, number DESC LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class LabelFilter:
    """Which labels to read; empty or None: any."""

    source: LabelSource | None = None
    category: str = ""
    start_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredLabel:
    """A label on record."""

    label_id: str
    number: int  # grows with every change of a label
    create_time: datetime
    update_time: datetime
    label: Label


async def keep(connection: Connection, tenant: str, label: Label, now: datetime) -> Kept:
    """Put a person's label on record, on the open transaction, whatever was there before."""
    (kept,) = await keep_many(connection, tenant, [(label, True)], now)
    assert isinstance(kept, Kept)  # noqa: S101  # what may replace has no conflict
    return kept


@dataclass(slots=True)
class _Known:
    """A label on record, locked, and what is to become of it."""

    label_id: str
    label: Label
    has_changed: bool = False

    def take_in(self, new: Label, *, may_replace: bool) -> Kept | Conflict:
        """Merge a label into it, unless it contradicts and may not."""
        if not may_replace and contradicts(self.label, new):
            return Conflict(self.label_id, self.label.category)
        merged = merge(self.label, new)
        if merged == self.label:
            return Kept(self.label_id, Change.UNCHANGED)
        self.label, self.has_changed = merged, True
        return Kept(self.label_id, Change.REPLACED)


async def keep_many(
    connection: Connection, tenant: str, given: Sequence[tuple[Label, bool]], now: datetime
) -> list[Kept | Conflict]:
    """Put labels on record, on the open transaction; what became of each, in order.

    Each comes with whether it may replace one that it contradicts: else that one stands.
    """
    # Hundreds of long texts take a while: not while others wait.
    digests, rows = await asyncio.to_thread(_prepare, [label for label, _ in given])
    added = await _insert(connection, tenant, rows, now)
    are_all_new = len(added) == len(given)
    known = {} if are_all_new else await _lock(connection, tenant, digests)
    results: list[Kept | Conflict] = []
    for digest, (label, may_replace) in zip(digests, given, strict=True):
        label_id = added.pop(digest, None)
        if label_id is None:
            results.append(known[digest].take_in(label, may_replace=may_replace))
        else:
            results.append(Kept(label_id, Change.ADDED))
    changed = {digest: one.label for digest, one in known.items() if one.has_changed}
    if changed:
        values = {"tenant": tenant, "now": now, "rows": encode_labels(changed.items())}
        await connection.execute(UPDATE.encode(), values)
    if changed or Change.ADDED in {one.change for one in results if isinstance(one, Kept)}:
        await connection.execute("SELECT pg_notify(%s, %s)", [LABEL_CHANNEL, tenant])
    return results


async def delete_labels(connection: Connection, tenant: str) -> None:
    """Delete a tenant's labels on the open transaction."""
    await connection.execute("DELETE FROM labels WHERE tenant = %s", [tenant])
    await connection.execute("SELECT pg_notify(%s, %s)", [LABEL_CHANNEL, tenant])


class LabelStore:
    """Reads labels. Every method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def recent(self, tenant: str, most: int, learned: int = 0) -> list[RecentLabel]:
        """The newest labels with a category that people stated, the oldest of them first: at most
        `most`, and 2 MiB of text. learned: number of the newest label that a training has seen.
        """
        rows = await self._fetch("labels.recent", RECENT, [learned, tenant, most, RECENT_BYTES])
        # A part at a time, and in a thread: others need the interpreter meanwhile.
        parts = [rows[start : start + PAGE] for start in range(0, len(rows), PAGE)]
        return [label for part in parts for label in await asyncio.to_thread(_recent, part)]

    async def recent_state(self, tenant: str, most: int) -> tuple[int, int]:
        """Newest number and count of what `recent` would read; while they are the same, so is
        that.
        """
        ((number, count),) = await self._fetch("labels.recent_state", RECENT_STATE, [tenant, most])
        return number, count

    async def pages(
        self, tenant: str, which: LabelFilter | None = None, after: int = 0, size: int = PAGE
    ) -> AsyncGenerator[list[StoredLabel], None]:
        """All labels beyond the number `after`, the oldest change first, so many at a time."""
        values = asdict(which or LabelFilter()) | {"tenant": tenant, "size": size}
        while True:
            values["after"] = after
            rows = await self._fetch("labels.page", PAGE_OF_LABELS, values)
            if rows:
                yield await asyncio.to_thread(_all_stored, rows)
                after = rows[-1][0]
            if len(rows) < size:
                return

    async def sample(self, tenant: str, categories: Sequence[str], most: int) -> list[Label]:
        """At most `most` labels of these categories, none of those held back: as many of each as
        there is room for, the newest first.
        """
        rows = await self._fetch("labels.sample", SAMPLE, [tenant, list(categories), most])
        return [_stored(row).label for row in rows]

    async def _fetch(
        self, work: str, query: str, values: Sequence[Any] | Mapping[str, Any]
    ) -> list[TupleRow]:
        async with self._database.connection(work) as connection:
            return await (await connection.execute(query.encode(), values)).fetchall()


def _prepare(labels: Sequence[Label]) -> tuple[list[bytes], str]:
    """The digests of the labels' texts, and the first label of each text as rows."""
    digests = [digest_of(text_of(label)) for label in labels]
    first: dict[bytes, Label] = {}
    for digest, label in zip(digests, labels, strict=True):
        first.setdefault(digest, cut(label))
    return digests, encode_labels(first.items())


async def _insert(
    connection: Connection, tenant: str, rows: str, now: datetime
) -> dict[bytes, str]:
    """The ids of those labels whose text is new, by their digests."""
    values = {"tenant": tenant, "now": now, "rows": rows}
    cursor = await connection.execute(INSERT.encode(), values)
    return {digest: label_id.hex for digest, label_id in await cursor.fetchall()}


async def _lock(
    connection: Connection, tenant: str, digests: Sequence[bytes]
) -> dict[bytes, _Known]:
    """What is on record of these texts, by their digests; nobody else changes it meanwhile."""
    cursor = await connection.execute(LOCK.encode(), {"tenant": tenant, "digests": list(digests)})
    rows = await cursor.fetchall()
    return {
        digest: _Known(label_id.hex, decode_label(columns)) for digest, label_id, *columns in rows
    }


def _recent(rows: Sequence[TupleRow]) -> list[RecentLabel]:
    return [
        RecentLabel(label_id.hex, text_of(Label(subject, body)), category, is_learned)
        for label_id, subject, body, category, is_learned in rows
    ]


def _all_stored(rows: Sequence[TupleRow]) -> list[StoredLabel]:
    return [_stored(row) for row in rows]


def _stored(row: TupleRow) -> StoredLabel:
    number, label_id, create_time, update_time, *columns = row
    return StoredLabel(
        label_id.hex,
        number,
        create_time.astimezone(UTC),
        update_time.astimezone(UTC),
        decode_label(columns),
    )
