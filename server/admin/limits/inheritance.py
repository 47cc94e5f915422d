"""Custom limits go with their key or tenant, unless another key inherits them."""

from server.access.key import ApiKey
from server.access.key_store import IS_LIVE
from server.admin.limits.control import SETTING
from server.admin.orders import notice_of
from server.admin.store import notify
from server.audit.store import Change, record
from server.caller import DEFAULT_TENANT
from server.storage.database import Connection

# The limits of a caller, and of a caller at a method: see `subject_of`.
COPY = """
INSERT INTO settings (tenant, kind, subject, value)
SELECT tenant, kind, %(new)s || substr(subject, strpos(subject, ' ')), value FROM settings
WHERE tenant = %(operator)s AND kind = %(kind)s AND split_part(subject, ' ', 1) = %(old)s
RETURNING subject, value
"""
# Otherwise keys that come and go would fill the book of custom limits.
DELETE_OF_DEAD_KEYS = f"""
DELETE FROM settings s USING api_keys k
WHERE s.tenant = %(operator)s AND s.kind = %(kind)s AND k.tenant = %(tenant)s
AND split_part(s.subject, ' ', 1) = k.tenant || '/apiKeys/' || k.key_id AND NOT ({IS_LIVE})
RETURNING s.subject, s.value
"""
DELETE_OF_TENANT = """
DELETE FROM settings WHERE tenant = %s AND kind = %s AND split_part(subject, '/', 1) = %s
"""


async def inherit_limits(
    connection: Connection, old: ApiKey, new: ApiKey | None, actor: str
) -> None:
    """Within the open transaction, give a key the custom limits of the one that it replaces; those
    of the tenant's dead keys go, also where there is no new one.
    """
    values = {
        "operator": DEFAULT_TENANT,
        "kind": SETTING,
        "tenant": old.tenant,
        "old": f"{old.tenant}/{old.name}",
        "new": f"{new.tenant}/{new.name}" if new else None,
    }
    inherited = await (await connection.execute(COPY, values)).fetchall() if new else []
    left = await (await connection.execute(DELETE_OF_DEAD_KEYS.encode(), values)).fetchall()
    changes = [(subject, None, value) for subject, value in inherited]
    changes += [(subject, value, None) for subject, value in left]
    for subject, before, after in changes:
        change = Change(DEFAULT_TENANT, actor, f"{SETTING}.set", subject, before, after)
        await record(connection, change)
    if changes:
        await _tell(connection, old.tenant)


async def delete_limits(connection: Connection, tenant: str) -> None:
    """Within the open transaction, delete the custom limits of all callers of a tenant."""
    cursor = await connection.execute(DELETE_OF_TENANT, [DEFAULT_TENANT, SETTING, tenant])
    if cursor.rowcount:
        await _tell(connection, tenant)


async def _tell(connection: Connection, tenant: str) -> None:
    """One notice makes every process read all settings anew."""
    await notify(connection, notice_of("setting", SETTING, tenant))
