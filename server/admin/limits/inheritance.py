"""Custom limits outlive the key that they were given to: who replaces a key keeps its limits."""

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
# Otherwise a key that is replaced again and again would fill the book of custom limits.
DELETE_OF_DEAD_KEYS = f"""
DELETE FROM settings s USING api_keys k
WHERE s.tenant = %(operator)s AND s.kind = %(kind)s AND k.tenant = %(tenant)s
AND split_part(s.subject, ' ', 1) = k.tenant || '/apiKeys/' || k.key_id AND NOT ({IS_LIVE})
RETURNING s.subject, s.value
"""


async def inherit_limits(connection: Connection, old: ApiKey, new: ApiKey, actor: str) -> None:
    """Within the open transaction, give a key the custom limits of the one that it replaces."""
    values = {
        "operator": DEFAULT_TENANT,
        "kind": SETTING,
        "tenant": old.tenant,
        "old": f"{old.tenant}/{old.name}",
        "new": f"{new.tenant}/{new.name}",
    }
    inherited = await (await connection.execute(COPY, values)).fetchall()
    left = await (await connection.execute(DELETE_OF_DEAD_KEYS.encode(), values)).fetchall()
    changes = [(subject, None, value) for subject, value in inherited]
    changes += [(subject, value, None) for subject, value in left]
    for subject, before, after in changes:
        change = Change(DEFAULT_TENANT, actor, f"{SETTING}.set", subject, before, after)
        await record(connection, change)
    if changes:  # one notice makes every process read all settings anew
        await notify(connection, notice_of("setting", SETTING, values["new"]))
