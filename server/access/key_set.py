"""The public keys of an outside issuer: a JSON Web Key Set."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import jwt
import orjson

from server.access.errors import IssuerUnavailable
from server.access.refusals import INVALID

# Signatures that only the holder of a private key can make. A shared secret is no public key.
ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
FETCH_S = 3.0
REFRESH_S = 300.0  # after which keys are read again, for those that were withdrawn
RETRY_S = 10.0  # between two readings, however many unknown keys are asked for
MOST_KEYS = 100

Read = Callable[[], Awaitable[bytes]]  # raises OSError or ValueError


class KeySet:
    """Keys by `kid`. When the source is away, or holds no key set, the old keys stay."""

    def __init__(
        self,
        read: Read,
        report: Callable[[Mapping[str, object]], None],
        clock: Callable[[], float] = time.monotonic,
        fetch_s: float = FETCH_S,
    ) -> None:
        self._read = read
        self._fetch_s = fetch_s
        self._report = report
        self._clock = clock
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._read_s = float("-inf")  # when the source was last asked
        self._is_away = False
        self._reading = asyncio.Lock()

    async def find(self, key_id: str) -> jwt.PyJWK:
        """The key of a token, bound to its algorithm.

        Raises Unauthenticated, or IssuerUnavailable when it cannot be known whether there is one.
        """
        if self._is_due(key_id) or key_id not in self._keys:
            async with self._reading:  # also for who must know what is being read right now
                if self._is_due(key_id):
                    await self._refresh()
        key = self._keys.get(key_id)
        if key is not None:
            return key
        raise IssuerUnavailable(RETRY_S) if self._is_away else INVALID.error()

    def _is_due(self, key_id: str) -> bool:
        wait_s = REFRESH_S if key_id in self._keys else RETRY_S
        return self._clock() - self._read_s >= wait_s

    async def _refresh(self) -> None:
        self._read_s = self._clock()
        try:
            async with asyncio.timeout(self._fetch_s):  # for all of it, however slowly it drips in
                text = await self._read()
            self._keys = read_key_set(text)
        except (OSError, ValueError) as error:
            self._is_away = True
            self._report(
                {"event": "jwks_unreadable", "cause": type(error.__cause__ or error).__name__}
            )
        else:
            self._is_away = False


def read_key_set(text: bytes) -> Mapping[str, jwt.PyJWK]:
    """The keys that can verify signatures. Raises ValueError when there are none."""
    try:
        listed = [*orjson.loads(text)["keys"]][:MOST_KEYS]
    except (TypeError, KeyError) as error:
        raise ValueError("not a JSON Web Key Set") from error
    keys = [key for key in map(_public_key, listed) if key is not None]
    if not keys:
        raise ValueError("no key to verify signatures with")
    return {str(key.key_id): key for key in keys}


def _public_key(content: Any) -> jwt.PyJWK | None:
    """A key of the set; None when it is for something else, or of a kind that is not taken."""
    if not isinstance(content, dict) or "d" in content or not content.get("kid"):
        return None
    if content.get("use", "sig") != "sig":
        return None
    try:
        key = jwt.PyJWK(content)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    return key if key.algorithm_name in ALGORITHMS else None
