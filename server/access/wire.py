"""Messages of AccessService to domain values, and back."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import orjson
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from switchyard.admin.v1 import access_service_pb2 as pb

from server.access.key import KEYS, ApiKey, Tenant
from server.access.roles import Role
from server.audit.store import AuditEvent, Facts
from server.triage.errors import InvalidFieldValue

TENANTS = "tenants/"


def read_roles(numbers: Iterable[int]) -> tuple[Role, ...]:
    """The roles of a message that keeps the contract's rules."""
    return tuple(Role(number) for number in numbers)


def read_title(title: str) -> str:
    """A title for people. Raises InvalidFieldValue."""
    if not title.isprintable():
        raise InvalidFieldValue("title", "must not contain line breaks or control characters")
    return title


def read_duration(message: Message, field: str) -> timedelta | None:
    """A duration of a message; None when it is absent."""
    if not message.HasField(field):
        return None
    duration: Duration = getattr(message, field)
    return duration.ToTimedelta()


def key_id_of(name: str) -> str:
    """The id in a key's name."""
    return name.removeprefix(KEYS)


def tenant_id_of(name: str) -> str:
    """The id in a tenant's name."""
    return name.removeprefix(TENANTS)


def write_key(key: ApiKey) -> pb.ApiKey:
    """A key without its secret."""
    return pb.ApiKey(
        name=key.name,
        tenant=key.tenant,
        title=key.title,
        prefix=key.prefix,
        roles=_role_numbers(key.roles),
        permissions=key.other_permissions,
        tier=key.tier,
        create_time=key.create_time,
        expire_time=key.expire_time,
        revoke_time=key.revoke_time,
        last_use_time=key.last_use_time,
        replaced_by=KEYS + key.replaced_by if key.replaced_by else "",
    )


def write_tenant(tenant: Tenant) -> pb.Tenant:
    """A tenant."""
    return pb.Tenant(
        name=tenant.name,
        title=tenant.title,
        suspended=tenant.suspended,
        create_time=tenant.create_time,
    )


def write_event(event: AuditEvent) -> pb.AuditEvent:
    """An event of the audit log."""
    change = event.change
    return pb.AuditEvent(
        name=f"auditEvents/{event.number}",
        time=event.time,
        tenant=change.tenant,
        actor=change.actor,
        action=change.action,
        resource=change.resource,
        before=_write_facts(change.before),
        after=_write_facts(change.after),
    )


def _role_numbers(roles: Iterable[Role]) -> Any:
    """Typed Any, because the generated stubs refuse numbers."""
    return [int(role) for role in roles]


def _write_facts(facts: Facts | None) -> str:
    return orjson.dumps(facts).decode() if facts is not None else ""
