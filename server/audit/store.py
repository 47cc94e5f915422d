"""The SQL of the audit log. The database refuses to change or delete what was recorded."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from server.storage.database import Connection, Database

COMMAND_LINE = "command-line"  # the actor of what a person does on the server's own machine

Facts = Mapping[str, object]  # of a resource, fit for JSON and without secrets


@dataclass(frozen=True, slots=True)
class Change:
    """Who did what to which resource of a tenant."""

    tenant: str
    # "apiKeys/...", the subject of an outside token, "loopback", "command-line", or what of the
    # server acted: "server", "schedule", "overturn-alarm".
    actor: str
    action: str  # "resource.verb"
    resource: str  # its name
    before: Facts | None = None  # None: there was none
    after: Facts | None = None  # None: there is none


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """A change on record."""

    number: int
    time: datetime
    change: Change


async def record(connection: Connection, change: Change) -> None:
    """Put a change on record, in the transaction that makes it."""
    await connection.execute(
        "INSERT INTO audit_events (tenant, actor, action, resource, before, after)"
        " VALUES (%s, %s, %s, %s, %s::jsonb, %s::jsonb)",
        [
            change.tenant,
            change.actor,
            change.action,
            change.resource,
            _encode(change.before),
            _encode(change.after),
        ],
    )


class AuditLog:
    """Reads what is on record."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, tenant: str, action: str, before: int | None, size: int
    ) -> list[AuditEvent]:
        """At most `size` events of a tenant, the newest first; `action` "" and `before` None: any.

        Raises StorageUnavailable.
        """
        query = (
            "SELECT number, time, actor, action, resource, before, after FROM audit_events"
            " WHERE tenant = %(tenant)s"
        )
        query += " AND action = %(action)s" if action else ""
        query += " AND number < %(before)s" if before is not None else ""
        query += " ORDER BY number DESC LIMIT %(size)s"
        values = {"tenant": tenant, "action": action, "before": before, "size": size}
        async with self._database.connection("audit.page") as connection:
            rows = await (await connection.execute(query.encode(), values)).fetchall()
        return [
            AuditEvent(number, time.astimezone(UTC), Change(tenant, *facts))
            for number, time, *facts in rows
        ]


def _encode(facts: Facts | None) -> str | None:
    return None if facts is None else orjson.dumps(facts).decode()
