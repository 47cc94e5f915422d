"""API keys and tenants as values, and the secret that a key is called with."""

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from server.access.roles import Role, permissions_of

KEY_ID_BYTES = 8
SECRET_BYTES = 32
SECRET = re.compile(r"sy_([0-9a-f]{16})_[0-9a-f]{64}", re.ASCII)
SECRET_MARK = "sy_"  # noqa: S105  # how every secret begins, and no secret
KEYS = "apiKeys/"

RandomBytes = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is on record of a key. Its secret is not."""

    tenant: str
    key_id: str  # 16 hexadecimal digits
    digest: bytes
    title: str
    roles: tuple[Role, ...]
    other_permissions: tuple[str, ...]
    tier: str
    create_time: datetime
    expire_time: datetime | None = None  # None: never
    revoke_time: datetime | None = None  # None: it was not
    last_use_time: datetime | None = None  # to the minute; None: never
    replaced_by: str = ""  # id of another key; empty: none
    number: int = 0  # grows from key to key

    @property
    def name(self) -> str:
        """Its name as a resource."""
        return KEYS + self.key_id

    @property
    def prefix(self) -> str:
        """How its secret begins."""
        return SECRET_MARK + self.key_id

    @property
    def permissions(self) -> frozenset[str]:
        """Everything that it may do."""
        return permissions_of(self.tenant, self.roles, self.other_permissions)


@dataclass(frozen=True, slots=True)
class Tenant:
    """Whose data it is."""

    tenant: str
    title: str
    suspended: bool
    create_time: datetime

    @property
    def name(self) -> str:
        """Its name as a resource."""
        return f"tenants/{self.tenant}"


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret that was just made: the only time that it is seen whole."""

    key_id: str
    text: str
    digest: bytes


def new_secret(random_bytes: RandomBytes) -> NewSecret:
    """A secret of 256 random bits that begins with its key's id."""
    key_id = random_bytes(KEY_ID_BYTES).hex()
    text = f"{SECRET_MARK}{key_id}_{random_bytes(SECRET_BYTES).hex()}"
    return NewSecret(key_id, text, digest_of(text))


def key_id_in(secret: str) -> str:
    """The id in a well-formed secret; empty when it is none."""
    match = SECRET.fullmatch(secret)
    return match[1] if match else ""


def digest_of(secret: str) -> bytes:
    """What is stored of a secret. SHA-256 suffices: nobody guesses 256 random bits, so that a
    slow hash would slow down nobody but ourselves.
    """
    return hashlib.sha256(secret.encode()).digest()


def opens(secret: str, key: ApiKey) -> bool:
    """Whether the secret is the key's; takes as long either way."""
    return hmac.compare_digest(digest_of(secret), key.digest)
