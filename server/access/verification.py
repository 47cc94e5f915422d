"""Tells the kinds of credentials apart, and has each verified by who knows it."""

from collections.abc import Awaitable, Callable

from server.access.claims import issuer_of
from server.access.key import SECRET_MARK
from server.access.remembered import Verified
from server.access.tokens import ISSUER

# Whose credentials they are. Raises Unauthenticated, IssuerUnavailable, StorageUnavailable.
Verify = Callable[[str], Awaitable[Verified]]


def verification(secrets: Verify, own_tokens: Verify, outside_tokens: Verify | None) -> Verify:
    """Verifies API keys, our own tokens, and those of an outside issuer where there is one."""

    async def verify(credentials: str) -> Verified:
        if credentials.startswith(SECRET_MARK):
            return await secrets(credentials)
        if outside_tokens is None or issuer_of(credentials) == ISSUER:
            return await own_tokens(credentials)
        return await outside_tokens(credentials)

    return verify
