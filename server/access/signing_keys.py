"""The keys that our tokens are signed with: in one file, shared by the processes of a machine.

The newest key signs. An older one verifies until the longest token that it signed has expired.
"""

import asyncio
import fcntl
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server.secret_key import UnusableKey

LONGEST_TOKEN_S = 3600.0
ROTATE_AFTER_S = 30 * 86400.0
SLACK_S = 300.0  # by which the clocks of those who share the file may differ
KEY_ID_BYTES = 8


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key; `key_id` is the `kid` of the tokens that it signs."""

    key_id: str
    private_key: Ed25519PrivateKey
    create_time_s: float  # since 1970


class SigningKeys:
    """The keys in `path`. They are made, rotated and read anew where somebody asks for them.

    `changed` hears when somebody else has replaced or deleted them.
    """

    def __init__(
        self,
        path: Path,
        clock: Callable[[], float] = time.time,
        rotate_after_s: float = ROTATE_AFTER_S,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._path = path
        self._clock = clock
        self._rotate_after_s = rotate_after_s
        self._random_bytes = random_bytes
        self._changed = changed
        self._keys: Sequence[SigningKey] = ()  # the newest first
        self._stamp: object = None

    async def newest(self) -> SigningKey:
        """The key to sign with; made when the file has none that is young enough.

        Raises UnusableKey when the file holds something else, OSError when it cannot be used.
        """
        await self.follow()
        if not self._keys or self._is_old(self._keys[0]):
            await asyncio.to_thread(self._rotate)
        return self._keys[0]

    async def find(self, key_id: str) -> SigningKey | None:
        """The key of a token; None when there is none, or no longer."""
        await self.follow()
        return next((key for key in self._keys if key.key_id == key_id), None)

    async def follow(self) -> None:
        """Go by what the file holds now. Raises UnusableKey and OSError."""
        if _stamp(self._path) != self._stamp:
            await asyncio.to_thread(self._read)
            self._changed()

    def _is_old(self, key: SigningKey) -> bool:
        return self._clock() - key.create_time_s >= self._rotate_after_s

    def _rotate(self) -> None:
        """Write a new key in front, unless another process has just done so."""
        self._read()
        try:
            with _locked(self._path):
                self._read()
                if not self._keys or self._is_old(self._keys[0]):
                    _write(self._path, [self._new_key(), *self._still_needed()])
                    self._read()
        except OSError:
            if not self._keys:
                raise  # where keys are given and may not be written, somebody else rotates them

    def _new_key(self) -> SigningKey:
        private_key = Ed25519PrivateKey.from_private_bytes(self._random_bytes(32))
        return SigningKey(self._random_bytes(KEY_ID_BYTES).hex(), private_key, self._clock())

    def _still_needed(self) -> Iterator[SigningKey]:
        """Keys that may have signed a token which has not expired. The newest signs until now."""
        signed_until_s = self._clock()
        for key in self._keys:
            if self._clock() < signed_until_s + LONGEST_TOKEN_S + SLACK_S:
                yield key
            signed_until_s = key.create_time_s

    def _read(self) -> None:
        stamp = _stamp(self._path)
        self._keys = read_signing_keys(self._path) if stamp else ()
        self._stamp = stamp


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _stamp(path: Path) -> object:
    """Differs when the file was replaced; None: there is none."""
    try:
        state = path.stat()
    except FileNotFoundError:
        return None
    return state.st_ino, state.st_mtime_ns


def read_signing_keys(path: Path) -> list[SigningKey]:
    """The keys in a file, the newest first. Raises UnusableKey and OSError."""
    try:
        return [
            SigningKey(
                key["kid"],
                Ed25519PrivateKey.from_private_bytes(bytes.fromhex(key["private_key"])),
                float(key["create_time_s"]),
            )
            for key in orjson.loads(path.read_bytes())["keys"]
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise UnusableKey(
            f"{path} holds no signing keys of this server; restore it, or delete it: "
            "the tokens that it signed end, and a new one is made"
        ) from error


def _write(path: Path, keys: Sequence[SigningKey]) -> None:
    """Put the whole file in place at once, closed to everybody else."""
    content = {
        "keys": [
            {
                "kid": key.key_id,
                "private_key": key.private_key.private_bytes_raw().hex(),
                "create_time_s": key.create_time_s,
            }
            for key in keys
        ]
    }
    descriptor, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(orjson.dumps(content))
            file.flush()
            os.fsync(descriptor)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
