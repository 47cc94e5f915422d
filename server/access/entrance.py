"""The parts of access, joined: from a header to a caller, and back to what was changed."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from server.access.authenticator import Authenticator
from server.access.directory import Directory
from server.access.guesses import Guesses
from server.access.key_set import KeySet
from server.access.key_store import Inherit, KeyStore
from server.access.last_use import last_use
from server.access.outside_issuer import OutsideIssuer, Terms
from server.access.remembered import Remembered
from server.access.signing_keys import SigningKeys
from server.access.tenant_store import Forget, TenantStore
from server.access.tokens import Tokens
from server.access.verification import verification
from server.storage.database import Database
from server.storage.rounds import Repeated

FOLLOW_KEYS_EVERY_S = 1.0
CLEAR_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class Issuer:
    """An outside issuer of tokens: where its keys are, and what its tokens must say."""

    jwks: str  # a file or a URL
    terms: Terms


@dataclass(frozen=True, slots=True)
class Entrance:
    """Everything that knows who may call."""

    keys: KeyStore
    tenants: TenantStore
    directory: Directory
    tokens: Tokens
    remembered: Remembered
    authenticator: Authenticator


async def open_entrance(
    database: Database,
    token_keys: Path,
    issuer: Issuer | None,
    inherit: Inherit,
    charge_failure: Callable[[str], Awaitable[None]],
    guesses: Guesses,
    report: Callable[[Mapping[str, object]], None],
    stack: AsyncExitStack,
    belongings: Sequence[Forget] = (),
) -> Entrance:
    """Join the parts; what they leave to be done is done when `stack` closes.

    Raises UnusableKey or OSError when no token could be signed.
    """
    keys, tenants = KeyStore(database, inherit), TenantStore(database, belongings)
    remembered = Remembered(time.time)
    directory = Directory(keys, tenants)
    signing_keys = SigningKeys(token_keys, time.time, changed=remembered.forget_verified)
    await signing_keys.newest()  # a file that cannot be used must not wait for the first token
    tokens = Tokens(signing_keys, directory.live_key, time.time)
    verify_outside = None
    if issuer is not None:
        from server.access.key_set_source import key_set_source  # noqa: PLC0415  # slow, seldom needed

        key_set = KeySet(key_set_source(issuer.jwks), report)
        outside = OutsideIssuer(key_set, issuer.terms, directory.check_tenant, time.time)
        verify_outside = outside.verify
    authenticator = Authenticator(
        remembered,
        verification(directory.verify_secret, tokens.verify, verify_outside),
        keys.any,
        charge_failure,
        guesses,
        is_open_at_first=issuer is None,
    )
    for work in (
        last_use(remembered.take_uses, keys.write_uses),
        # A token that is remembered is not looked up among the keys that signed it.
        Repeated("key-watch", signing_keys.follow, FOLLOW_KEYS_EVERY_S),
        Repeated("deleted-tenants", tenants.clear_deleted, CLEAR_EVERY_S),
    ):
        work.start()
        stack.push_async_callback(work.stop)
    return Entrance(keys, tenants, directory, tokens, remembered, authenticator)
