"""Identifies callers whose credentials are not remembered: the long way of `Identity`."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

from interceptors.call import Caller, is_loopback
from interceptors.errors import Overloaded, Unauthenticated
from interceptors.identity import bearer
from server.access.guesses import Guesses
from server.access.refusals import MISSING, Refusal
from server.access.remembered import Remembered, Verified
from server.caller import LOOPBACK
from server.storage.errors import StorageUnavailable

MOST_FLIGHTS = 256  # verifications under way at once; they share the database with all calls
VERIFY_S = 5.0
LOST_VERIFY_S = 0.5  # while no changes are heard of: the database is most likely away
RETRY_S = 1.0

T = TypeVar("T")


class Authenticator:
    """Verifies a header once, however many calls bring it at the same time.

    `verify` raises Unauthenticated or StorageUnavailable; `charge_failure` hears the address of
    each caller that was not identified, and raises RateLimited when there are too many. `guesses`
    hears of those that had to be verified for that; after too many, no others are.
    `is_open_at_first`: callers of this machine need no credentials until the first key is made.
    While changes are not heard of, one caller a second waits for the database, and no longer than
    half a second; the others are refused at once.
    """

    def __init__(
        self,
        remembered: Remembered,
        verify: Callable[[str], Awaitable[Verified]],
        has_keys: Callable[[], Awaitable[bool]],
        charge_failure: Callable[[str], Awaitable[None]],
        guesses: Guesses,
        *,
        is_open_at_first: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._remembered = remembered
        self._verify = verify
        self._has_keys = has_keys
        self._charge_failure = charge_failure
        self._guesses = guesses
        self._is_open_at_first = is_open_at_first
        self._clock = clock
        self._flights: dict[str, asyncio.Task[Any]] = {}
        self._is_lost = False
        self._away_until_s = 0.0

    async def authenticate(self, headers: Sequence[str], address: str) -> Caller:
        """The caller with these `authorization` headers.

        Raises Unauthenticated, StorageUnavailable, Overloaded, RateLimited.
        """
        try:
            if headers:
                return await self._with_credentials(headers, address)
            return await self._without_credentials(address)
        except Unauthenticated:
            await self._charge_failure(address)
            raise

    def forget(self, name: str | None) -> None:
        """Verify anew what has to do with "apiKeys/..." or "tenants/..."; None: everything."""
        self._remembered.forget(name)
        self._is_lost = self._is_lost and name is not None
        self._flights.clear()  # what is under way may have read what was before

    def lose(self) -> None:
        """Verify everything anew, at each call, until `forget(None)`: nothing is heard."""
        self._remembered.lose()
        self._is_lost = True
        self._flights.clear()

    async def _with_credentials(self, headers: Sequence[str], address: str) -> Caller:
        credentials, header = bearer(headers), headers[0]
        caller = self._remembered.known(header)  # of a call that sent other metadata twice
        if caller is not None:
            return caller
        refusal = self._remembered.refusal(header)
        if refusal is not None:
            raise refusal.error()
        self._guesses.check(address)
        verified = await self._once(
            header, lambda: self._verify_and_remember(header, credentials, address)
        )
        return verified.caller

    async def _without_credentials(self, address: str) -> Caller:
        if self._is_open_at_first and is_loopback(address) and not await self._keys_were_made():
            return LOOPBACK
        raise MISSING.error()

    async def _keys_were_made(self) -> bool:
        known = self._remembered.has_keys
        return await self._once("", self._ask_for_keys) if known is None else known

    async def _verify_and_remember(self, header: str, credentials: str, address: str) -> Verified:
        generation = self._remembered.generation
        try:
            verified = await self._verify(credentials)
        except Unauthenticated as error:
            self._remembered.refuse(header, Refusal(error.reason, str(error)))
            self._guesses.count(address)
            raise
        self._remembered.remember(header, verified, generation)
        return verified

    async def _ask_for_keys(self) -> bool:
        generation = self._remembered.generation
        has_keys = await self._has_keys()
        self._remembered.remember_keys(has_keys, generation)
        return has_keys

    async def _once(self, what: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The outcome of the one flight for `what`; a caller that leaves does not end it."""
        if self._is_lost and self._clock() < self._away_until_s:
            raise StorageUnavailable("credentials cannot be verified")
        flight = self._flights.get(what)
        if flight is None:
            if len(self._flights) >= MOST_FLIGHTS:
                raise Overloaded(RETRY_S)
            flight = self._flights[what] = asyncio.create_task(work())
            flight.add_done_callback(lambda done: self._land(what, done))
        return await self._bounded(asyncio.shield(flight))

    async def _bounded(self, outcome: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(LOST_VERIFY_S if self._is_lost else VERIFY_S):
                return await outcome
        except (TimeoutError, StorageUnavailable) as error:
            self._away_until_s = self._clock() + RETRY_S
            raise StorageUnavailable("credentials could not be verified") from error

    def _land(self, what: str, flight: asyncio.Task[Any]) -> None:
        if self._flights.get(what) is flight:
            del self._flights[what]
        if not flight.cancelled():
            flight.exception()  # everybody who asked may have left
