"""Pooled connections to a provider, and what comes over them."""

import ssl
from pathlib import Path

import aiohttp

from server.engines.llm.classification import failure
from server.engines.llm.dialect import MOST_ANSWER_BYTES
from server.engines.llm.errors import ProviderError

KEEP_ALIVE_S = 30.0  # that an unused connection is kept
IDENTITY = "identity"  # not compressed: a small answer could become a large one
SUCCESS = range(200, 300)  # HTTP statuses
BROKEN = (aiohttp.ClientError, OSError)  # what sessions raise, and timeouts; they may hold the key


def open_session(most_connections: int, ca_file: Path | None) -> aiohttp.ClientSession:
    """A session without timeouts: whoever asks has one. To be opened inside a running event loop.

    ca_file: authorities to trust; None: those that this machine trusts.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=most_connections,
            keepalive_timeout=KEEP_ALIVE_S,
            ssl=ssl.create_default_context(cafile=ca_file),
        ),
        timeout=aiohttp.ClientTimeout(),  # none of its own: it would round ours up to seconds
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    )


class Body:
    """The bytes of an answer, up to as many as an answer may have. Raises ProviderError."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        if response.status in SUCCESS and _is_packed(response):
            raise failure("unreadable")
        self._content = response.content
        self._bytes_left = MOST_ANSWER_BYTES

    async def portion(self) -> bytes:
        """What has come in since the last time; empty: the body has ended."""
        portion = await self._content.readany()
        self._bytes_left -= len(portion)
        if self._bytes_left < 0:
            raise failure("unreadable")
        return portion

    async def whole(self) -> bytes:
        """All of it."""
        portions = [await self.portion()]
        while portions[-1]:
            portions.append(await self.portion())
        return b"".join(portions)


def _is_packed(response: aiohttp.ClientResponse) -> bool:
    """Whether it comes in another form than the one that was asked for."""
    encodings = ",".join(response.headers.getall("Content-Encoding", [])).lower().split(",")
    return not {encoding.strip() for encoding in encodings} <= {IDENTITY, ""}


def broken(error: BaseException | None) -> ProviderError:
    """What one of BROKEN means; None: something broke."""
    if isinstance(error, TimeoutError):
        return failure("timeout")
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return failure("untrusted")
    return failure("network")
