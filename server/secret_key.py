"""A secret of this installation: made once, kept in a file that only its owner reads."""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

KEY_BYTES = 32


class UnusableKey(Exception):
    """A key file that is too short or too open."""


def load_or_make_key(path: Path) -> bytes:
    """The key in `path`, made there when there is none.

    Raises UnusableKey when the file holds less than 32 bytes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _make_key(path)
    return read_key(path)


def read_key(path: Path) -> bytes:
    """The key in `path`. Raises UnusableKey, and OSError where it cannot be read."""
    key = path.read_bytes()
    if len(key) < KEY_BYTES:
        raise UnusableKey(
            f"{path} holds {len(key)} bytes, a key has {KEY_BYTES}; restore it or delete it"
        )
    return key


def _make_key(path: Path) -> None:
    """Write a key under another name first: it appears whole, or not at all."""
    descriptor, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):  # the first of two servers wins
            os.link(name, path)
    finally:
        Path(name).unlink()
