"""What a caller may give to others, and whose access it may see and change."""

from collections.abc import Iterable, Sequence

from interceptors.call import ANONYMOUS_TIER, UNLIMITED_TIER, Caller
from interceptors.errors import PermissionDenied
from interceptors.limits.tiers import FREE_TIER, TIERS
from server.access.key import ApiKey
from server.access.roles import Role, givable_permissions, narrowed, permissions_of
from server.triage.errors import InvalidFieldValue

READ_ALL = "tenants.read"  # and with it what belongs to any tenant
MANAGE_ALL = "tenants.manage"
CHOOSE_TIER = "limits.manage"
KEY_TIERS = (*(tier for tier in TIERS if tier != ANONYMOUS_TIER), UNLIMITED_TIER)


def reached_tenant(caller: Caller, named: str, permission: str) -> str:
    """The tenant that a request names, or the caller's where it names none.

    Raises PermissionDenied when it is another's and the caller lacks `permission`.
    """
    tenant = named or caller.tenant
    if tenant != caller.tenant:
        check_held(caller, [permission])
    return tenant


def check_held(caller: Caller, permissions: Iterable[str]) -> None:
    """Raises PermissionDenied when the caller lacks one: nobody gives what it does not have."""
    for permission in sorted(permissions):
        if not caller.may(permission):
            raise PermissionDenied(permission)


def check_tier(caller: Caller, tier: str) -> None:
    """Raises PermissionDenied when the caller may not choose, InvalidFieldValue for no tier."""
    if tier not in KEY_TIERS:
        raise InvalidFieldValue("tier", f"must be one of {', '.join(KEY_TIERS)}")
    if tier != FREE_TIER:
        check_held(caller, [CHOOSE_TIER])


def check_key_permissions(tenant: str, permissions: Sequence[str]) -> None:
    """Raises InvalidFieldValue for a permission that nobody in the tenant can have."""
    givable = givable_permissions(tenant)
    for position, permission in enumerate(permissions):
        if permission not in givable:
            rule = f"is no permission that a key of tenant {tenant} can have"
            raise InvalidFieldValue(f"permissions[{position}]", rule)


def check_token_roles(key: ApiKey, roles: Sequence[Role]) -> None:
    """Raises InvalidFieldValue for a role that stands for more than the key may do."""
    for position, role in enumerate(roles):
        asked = permissions_of(key.tenant, [role])
        if narrowed(asked, key.permissions) != asked:
            raise InvalidFieldValue(f"roles[{position}]", "must be a role that the key has")
