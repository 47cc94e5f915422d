"""Pooled connections to a provider, and what comes over them."""

import ssl
from pathlib import Path
from types import SimpleNamespace

import aiohttp

from server.engines.llm.classification import failure
from server.engines.llm.completion import AddTrace
from server.engines.llm.dialect import MOST_ANSWER_BYTES
from server.engines.llm.errors import ProviderError

KEEP_ALIVE_S = 30.0  # that an unused connection is kept
IDENTITY = "identity"  # not compressed: a small answer could become a large one
SUCCESS = range(200, 300)  # HTTP statuses
BROKEN = (aiohttp.ClientError, OSError)  # what sessions raise, and timeouts; they may hold the key


def open_session(
    most_connections: int, ca_file: Path | None, add_trace: AddTrace | None = None
) -> aiohttp.ClientSession:
    """A session without timeouts: whoever asks has one. To be opened inside a running event loop.

    ca_file: authorities to trust; None: those that this machine trusts.
    add_trace: None: requests belong to no trace.
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
        trace_configs=trace_configs(add_trace),
    )


def trace_configs(add_trace: AddTrace | None) -> list[aiohttp.TraceConfig]:
    """What a session is opened with so that its requests belong to a trace."""
    if add_trace is None:
        return []

    async def begin(
        _session: aiohttp.ClientSession,
        _context: SimpleNamespace,
        request: aiohttp.TraceRequestStartParams,
    ) -> None:
        add_trace(request.headers)

    config = aiohttp.TraceConfig()
    config.on_request_start.append(begin)
    return [config]


class Body:
    """The bytes of an answer, up to as many as an answer may have. Raises ProviderError."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._is_answer = response.status in SUCCESS
        if self._is_answer and _is_packed(response):
            raise failure("unreadable")
        self._content = response.content
        self._bytes_left = MOST_ANSWER_BYTES

    async def portion(self) -> bytes:
        """What has come in since the last time; empty: the body has ended."""
        try:
            portion = await self._content.readany()
        except BROKEN as error:
            raise broken(error, has_begun=self._is_answer) from None
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


def broken(error: BaseException | None, *, has_begun: bool = False) -> ProviderError:
    """What one of BROKEN means; None: something broke. What `Body` raised is passed on."""
    if isinstance(error, ProviderError):
        return error
    if isinstance(error, TimeoutError):
        return failure("timeout")
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return failure("untrusted")
    return failure("network", has_begun=has_begun)
