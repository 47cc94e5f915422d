"""Roles, the permissions that each stands for, and the tier that they give."""

from collections.abc import Iterable
from enum import IntEnum

from interceptors.call import EVERY_PERMISSION, UNLIMITED_TIER
from interceptors.limits.tiers import FREE_TIER
from server.caller import DEFAULT_TENANT


class Role(IntEnum):
    """A set of permissions; the numbers are those of the contract."""

    READER = 1
    AGENT = 2
    SUPERVISOR = 3
    ADMIN = 4


READER = frozenset(
    {
        "triage.read",
        "taxonomy.read",
        "feedback.read",
        "models.read",
        "automation.read",
        "experiments.read",
        "limits.read",
        "token.issue",
    }
)
AGENT = READER | {
    "triage.run",
    "feedback.submit",
    "reviews.take",
    "experiments.assign",
    "experiments.record",
}
SUPERVISOR = AGENT | {
    "taxonomy.update",
    "labels.import",
    "labels.export",
    "models.train",
    "models.activate",
    "automation.manage",
    "experiments.manage",
    "audit.read",
}
ADMIN = SUPERVISOR | {
    "access.read",
    "access.manage",
    "budget.read",
    "letters.read",
    "letters.manage",
}
PERMISSIONS = {
    Role.READER: READER,
    Role.AGENT: AGENT,
    Role.SUPERVISOR: SUPERVISOR,
    Role.ADMIN: ADMIN,
}

# What concerns every tenant: had through the operator's tenant alone.
OPERATOR_PERMISSIONS = frozenset(
    {
        "tenants.read",
        "tenants.manage",
        "limits.manage",
        "budget.manage",
        "cache.read",
        "cache.manage",
        "resilience.read",
        "resilience.manage",
    }
)


def permissions_of(
    tenant: str, roles: Iterable[Role], others: Iterable[str] = ()
) -> frozenset[str]:
    """What roles and other permissions amount to in a tenant."""
    roles = frozenset(roles)
    if tenant != DEFAULT_TENANT:
        others = ADMIN.intersection(others)
    elif Role.ADMIN in roles:
        return frozenset({EVERY_PERMISSION})
    return frozenset(others).union(*(PERMISSIONS[role] for role in roles))


def usual_tier(tenant: str, roles: Iterable[Role]) -> str:
    """The tier of a caller for which nobody has chosen one: administrators are not to be locked
    out of their own server.
    """
    return UNLIMITED_TIER if tenant == DEFAULT_TENANT and Role.ADMIN in roles else FREE_TIER


def givable_permissions(tenant: str) -> frozenset[str]:
    """Every permission that somebody in the tenant can have."""
    return ADMIN | OPERATOR_PERMISSIONS if tenant == DEFAULT_TENANT else ADMIN


def narrowed(asked: frozenset[str], held: frozenset[str]) -> frozenset[str]:
    """The part of `asked` that stands in `held`."""
    if EVERY_PERMISSION in held:
        return asked
    return held if EVERY_PERMISSION in asked else asked & held


def role_named(name: str) -> Role | None:
    """The role of a lower-case name, as tokens carry it; None: there is none."""
    return Role.__members__.get(name.upper())
