"""The SQL of administration: what operators have set, and the figures of every process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from server.audit.store import Change, record
from server.caller import DEFAULT_TENANT
from server.storage.database import Connection, Database

ORDERS_CHANNEL = "switchyard_orders"  # NOTIFY with an order as JSON

Value = Mapping[str, Any]
Merge = Callable[[Value | None], Value | None]  # what is set by then -> what shall be

_LOCK = 0x73657474  # of advisory locks, each with the hash of a setting


@dataclass(frozen=True, slots=True)
class Setting:
    """What is set for one thing; None: the usual."""

    kind: str
    subject: str
    value: Value | None


class OrderStore:
    """Settings that last, and orders that are carried out once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def settings(self) -> list[Setting]:
        """All that is set. Raises StorageUnavailable."""
        async with self._database.connection("admin.settings") as connection:
            cursor = await connection.execute(
                "SELECT kind, subject, value FROM settings WHERE tenant = %s", [DEFAULT_TENANT]
            )
            return [Setting(*row) for row in await cursor.fetchall()]

    async def set(self, kind: str, subject: str, merge: Merge, actor: str, notice: str) -> Setting:
        """Commit what `merge` makes of a setting, with its audit event, and tell every process.

        Changes of one setting wait for each other: none is lost. Raises StorageUnavailable and
        what `merge` raises, and then nothing has changed.
        """
        async with self._database.connection("admin.set") as connection, connection.transaction():
            before = await _lock(connection, kind, subject)
            setting = Setting(kind, subject, merge(before))
            await _replace(connection, setting)
            action = f"{kind}.set"
            change = Change(DEFAULT_TENANT, actor, action, subject, before, setting.value)
            await record(connection, change)
            await notify(connection, notice)
        return setting

    async def order(self, kind: str, subject: str, facts: Value, actor: str, notice: str) -> None:
        """Commit the audit event of an order, and tell every process. Raises StorageUnavailable."""
        async with self._database.connection("admin.order") as connection, connection.transaction():
            change = Change(DEFAULT_TENANT, actor, kind, subject, None, facts)
            await record(connection, change)
            await notify(connection, notice)


async def _lock(connection: Connection, kind: str, subject: str) -> Value | None:
    """What is set, which nobody else changes until the open transaction ends."""
    # Where nothing is set yet, there is no row to lock.
    await connection.execute(
        "SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCK, f"{kind} {subject}"]
    )
    cursor = await connection.execute(
        "SELECT value FROM settings WHERE tenant = %s AND kind = %s AND subject = %s FOR UPDATE",
        [DEFAULT_TENANT, kind, subject],
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def _replace(connection: Connection, setting: Setting) -> None:
    key = [DEFAULT_TENANT, setting.kind, setting.subject]
    if setting.value is None:
        await connection.execute(
            "DELETE FROM settings WHERE tenant = %s AND kind = %s AND subject = %s", key
        )
    else:
        await connection.execute(
            "INSERT INTO settings (tenant, kind, subject, value) VALUES (%s, %s, %s, %s::jsonb)"
            " ON CONFLICT (tenant, kind, subject)"
            " DO UPDATE SET value = excluded.value, update_time = now()",
            [*key, orjson.dumps(setting.value).decode()],
        )


async def notify(connection: Connection, notice: str) -> None:
    await connection.execute("SELECT pg_notify(%s, %s)", [ORDERS_CHANNEL, notice])


class FigureStore:
    """The figures of the processes that share this database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def publish(self, process: str, figures: bytes) -> None:
        """Put this process' figures, as JSON, in place of its last. Raises StorageUnavailable."""
        async with self._database.connection("admin.publish") as connection:
            await connection.execute(
                "INSERT INTO process_figures (tenant, process, figures) VALUES (%s, %s, %s::jsonb)"
                " ON CONFLICT (tenant, process)"
                " DO UPDATE SET figures = excluded.figures, time = now()",
                [DEFAULT_TENANT, process, figures.decode()],
            )

    async def of_others(self, process: str, newer_than_s: float) -> list[dict[str, Any]]:
        """The figures of the other processes that live. Raises StorageUnavailable."""
        async with self._database.connection("admin.of_others") as connection:
            cursor = await connection.execute(
                "SELECT figures FROM process_figures WHERE tenant = %s AND process <> %s"
                " AND time > now() - make_interval(secs => %s)",
                [DEFAULT_TENANT, process, newer_than_s],
            )
            return [figures for (figures,) in await cursor.fetchall()]

    async def withdraw(self, process: str, older_than_s: float) -> None:
        """Remove a process that ends, and those that ended without a word."""
        async with self._database.connection("admin.withdraw") as connection:
            await connection.execute(
                "DELETE FROM process_figures WHERE tenant = %s AND"
                " (process = %s OR time < now() - make_interval(secs => %s))",
                [DEFAULT_TENANT, process, older_than_s],
            )
