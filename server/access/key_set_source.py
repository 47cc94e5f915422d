"""Where the key set of an outside issuer is read: a file or a URL."""

import asyncio
import ssl
from pathlib import Path

import aiohttp

from server.access.key_set import Read

MOST_BYTES = 1024 * 1024
OK = 200


def key_set_source(place: str) -> Read:
    """Reads a key set from a file, or from a URL without following it elsewhere."""
    if not place.startswith(("https://", "http://")):
        return lambda: asyncio.to_thread(_read_file, Path(place))
    trusted = ssl.create_default_context()

    async def fetch() -> bytes:
        try:
            async with (
                _session(trusted) as session,
                session.get(place, allow_redirects=False) as answer,
            ):
                if answer.status != OK:
                    raise OSError(f"status {answer.status}")
                return await _read_bounded(answer.content)
        except aiohttp.ClientError as error:
            raise OSError("no answer") from error

    return fetch


def _session(trusted: ssl.SSLContext) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=trusted),
        headers={"Accept-Encoding": "identity"},
        timeout=aiohttp.ClientTimeout(),  # none of its own: whoever reads has one
        auto_decompress=False,
        trust_env=True,  # an issuer elsewhere may be behind a proxy
    )


async def _read_bounded(content: aiohttp.StreamReader) -> bytes:
    text = bytearray()
    async for portion in content.iter_any():
        text += portion
        _check_length(text)
    return bytes(text)


def _read_file(path: Path) -> bytes:
    with path.open("rb") as file:
        text = file.read(MOST_BYTES + 1)
    _check_length(text)
    return text


def _check_length(text: bytes | bytearray) -> None:
    if len(text) > MOST_BYTES:
        raise ValueError("too long for a key set")
