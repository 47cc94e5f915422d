"""What is remembered of credentials: who they are of, or why they were refused."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from interceptors.call import Caller
from server.access.refusals import Refusal

MOST_VERIFIED = 10_000
MOST_REFUSED = 10_000
REFUSED_S = 5.0  # for how long a refusal answers without asking again
DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class Verified:
    """Whose credentials they are, and how long they hold at most."""

    caller: Caller
    key_id: str  # of the API key behind them; empty: there is none
    until_s: float  # since 1970; inf: until they are revoked


class Remembered:
    """Verified and refused `authorization` headers, bounded; the least used are dropped.

    Verified ones are kept only while revocations are heard of, between `forget(None)` and `lose`.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        most_verified: int = MOST_VERIFIED,
        most_refused: int = MOST_REFUSED,
    ) -> None:
        self._clock = clock
        self._most_verified = most_verified
        self._most_refused = most_refused
        self._verified: OrderedDict[str, Verified] = OrderedDict()
        self._refused: OrderedDict[bytes, tuple[Refusal, float]] = OrderedDict()
        self._uses: dict[str, float] = {}
        self._hears_revocations = False
        self.generation = 0  # changes with everything that is heard
        self.has_keys: bool | None = None  # whether a key was ever made; None: not known

    @property
    def verified_known(self) -> int:
        """How many verified headers are kept."""
        return len(self._verified)

    def known(self, header: str) -> Caller | None:
        """Whose header it is; None: not verified, or expired. On the path of every call."""
        verified = self._verified.get(header)
        if verified is None:
            return None
        now_s = self._clock()
        if now_s >= verified.until_s:
            return None
        self._uses[verified.key_id] = now_s
        self._verified.move_to_end(header)
        return verified.caller

    def refusal(self, header: str) -> Refusal | None:
        """Why the header was refused just now; None: it was not."""
        refused = self._refused.get(_digest(header))
        return refused[0] if refused and self._clock() < refused[1] else None

    def remember(self, header: str, verified: Verified, generation: int) -> None:
        """Keep what was verified, unless something was heard since `generation`."""
        self._uses[verified.key_id] = self._clock()
        if not self._hears_revocations or generation != self.generation:
            return
        self._verified[header] = verified
        if len(self._verified) > self._most_verified:
            self._verified.popitem(last=False)

    def remember_keys(self, has_keys: bool, generation: int) -> None:
        """Keep whether a key was ever made, unless something was heard since `generation`."""
        if self._hears_revocations and generation == self.generation:
            self.has_keys = has_keys

    def refuse(self, header: str, refusal: Refusal) -> None:
        """Keep a refusal for a short while; of the header itself only a digest is kept."""
        self._verified.pop(header, None)
        self._refused[_digest(header)] = (refusal, self._clock() + REFUSED_S)
        if len(self._refused) > self._most_refused:
            self._refused.popitem(last=False)

    def forget(self, name: str | None) -> None:
        """Drop what has to do with "apiKeys/..." or "tenants/..."; None: everything, because
        nothing was heard before.
        """
        self.generation += 1
        self.has_keys = None
        self._refused.clear()
        if name is None:
            self._hears_revocations = True
            self._verified.clear()
        else:
            self._drop(name)

    def forget_verified(self) -> None:
        """Drop everything verified, and what is being verified now is not kept."""
        self.generation += 1
        self._verified.clear()

    def lose(self) -> None:
        """Drop everything verified, and keep nothing more: revocations would not be heard of."""
        self.forget_verified()
        self.has_keys = None
        self._hears_revocations = False

    def take_uses(self) -> Mapping[str, float]:
        """When each key was used since this was last asked: key id -> seconds since 1970."""
        uses, self._uses = self._uses, {}
        uses.pop("", None)  # callers without a key
        return uses

    def _drop(self, name: str) -> None:
        kind, _, part = name.partition("/")
        concerned = [
            header
            for header, verified in self._verified.items()
            if part == (verified.key_id if kind == "apiKeys" else verified.caller.tenant)
        ]
        for header in concerned:
            del self._verified[header]


def _digest(header: str) -> bytes:
    return hashlib.blake2b(header.encode(), digest_size=DIGEST_BYTES).digest()
