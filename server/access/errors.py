"""What can go wrong with access, each with its facts. `server/errors.py` gives each its status.

Callers that cannot be identified raise Unauthenticated instead; see `refusals`.
"""


class AccessError(Exception):
    """Anything that access raises on purpose."""


class KeyNotFound(AccessError):
    """No such key, or none of the caller's tenant."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class KeyNotReplaceable(AccessError):
    """A key that was revoked, has expired, or has been replaced already."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name} {why}")
        self.name = name
        self.why = why


class TooManyKeys(AccessError):
    """A tenant with as many live keys as it may have."""

    def __init__(self, tenant: str, most: int) -> None:
        super().__init__(tenant)
        self.tenant = tenant
        self.most = most


class TenantNotFound(AccessError):
    """No such tenant."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class TenantIdTaken(AccessError):
    """A tenant of this id is there, or was."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class TenantIsSuspended(AccessError):
    """A tenant that takes no new keys before it is resumed."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class TenantNotSuspended(AccessError):
    """Only a suspended tenant can be deleted."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class OperatorTenant(AccessError):
    """The operator's own tenant can neither be suspended nor deleted."""


class FirstKeyNotAdmin(AccessError):
    """A first key that could make no others, though it ends the access without keys."""


class KeyNeeded(AccessError):
    """A token was asked for without an API key."""


class IssuerUnavailable(AccessError):
    """The keys of the outside issuer cannot be read, so that nothing is known of a token."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__()
        self.retry_after_s = retry_after_s
