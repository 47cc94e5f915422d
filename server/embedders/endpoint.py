"""Embeddings by any OpenAI-compatible endpoint: POST {base_url}/embeddings."""

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import numpy.typing as npt
import orjson

from server.embedders.batches import Batches
from server.embedders.embedder import Vector
from server.engines.llm.classification import classify, failure
from server.engines.llm.errors import ProviderError
from server.sentence_model import unit_length

MOST_ANSWER_BYTES = 16 * 1024 * 1024  # 32 vectors of 4096 numbers take 3
DIGEST_DIGITS = 16
OK = 200
MOST_CONNECTIONS = 8
OF_ONE_TEXT = frozenset({"bad_request", "context_too_long", "content_refused"})


class EndpointEmbedder:
    """An Embedder, to be made inside a running event loop. An answer whose vectors have other than
    `dimensions` numbers is unreadable.
    """

    def __init__(
        self,
        base_url: str,  # such as https://api.openai.com/v1
        key: str,  # empty: the endpoint wants none
        model: str,
        dimensions: int,
        *,
        timeout_s: float = 10.0,
        most_batch: int = 32,
        longest_wait_s: float = 0.005,
        ca_file: Path | None = None,  # None: the authorities that this machine trusts
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._url = f"{base_url.rstrip('/')}/embeddings"
        self._model = model
        self._timeout_s = timeout_s
        self._clock = clock
        facts = f"{self._url}\n{model}\n{dimensions}".encode()
        self.name = f"{model}@{sha256(facts).hexdigest()[:DIGEST_DIGITS]}"
        self.dimensions = dimensions
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=MOST_CONNECTIONS, ssl=ssl.create_default_context(cafile=ca_file)
            ),
            headers=_headers(key),
            timeout=aiohttp.ClientTimeout(),  # none of its own: it would round ours up to seconds
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )
        self._batches = Batches(
            self._work,
            lambda error: isinstance(error, ProviderError) and error.reason in OF_ONE_TEXT,
            most_batch=most_batch,
            longest_wait_s=longest_wait_s,
            most_at_once=MOST_CONNECTIONS,
        )

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """A vector for each text. Raises ProviderError, EmbedderBusy."""
        return await self._batches.ask(texts)

    async def close(self) -> None:
        """Give up what is in progress and close the connections."""
        await self._batches.close()
        await self._session.close()

    async def _work(self, texts: Sequence[str]) -> Sequence[Vector]:
        body = orjson.dumps({"model": self._model, "input": texts, "encoding_format": "float"})
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._post(body)
        except TimeoutError:
            raise failure("timeout") from None
        except aiohttp.ClientConnectorCertificateError:
            raise failure("untrusted") from None
        except (aiohttp.ClientError, OSError):
            raise failure("network") from None  # the error holds the key
        return _vectors(answer, len(texts), self.dimensions)

    async def _post(self, body: bytes) -> bytes:
        async with self._session.post(self._url, data=body, allow_redirects=False) as answer:
            told = await _read(answer.content)
            if answer.status != OK:
                raise classify(answer.status, answer.headers, told, self._clock())
            return told


def _headers(key: str) -> Mapping[str, str]:
    headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
    return headers | ({"Authorization": f"Bearer {key}"} if key else {})


async def _read(content: aiohttp.StreamReader) -> bytes:
    data = bytearray()
    async for portion in content.iter_any():
        data += portion
        if len(data) > MOST_ANSWER_BYTES:
            raise failure("unreadable")
    return bytes(data)


def _vectors(data: bytes, texts: int, dimensions: int) -> Sequence[Vector]:
    """The vectors of an answer in the order of the texts. Raises ProviderError."""
    try:
        items = sorted(orjson.loads(data)["data"], key=lambda item: item["index"])
        if [item["index"] for item in items] != list(range(texts)):
            raise failure("unreadable")
        vectors = unit_length(_rows(items, dimensions))
    except (ValueError, TypeError, KeyError):
        raise failure("unreadable") from None
    if not np.isfinite(vectors).all():
        raise failure("unreadable")
    return list(vectors)


def _rows(items: Sequence[Mapping[str, Any]], dimensions: int) -> npt.NDArray[np.float32]:
    """Raises ValueError where a vector is of another length."""
    if any(len(item["embedding"]) != dimensions for item in items):
        raise ValueError("a vector of another length")
    numbers = chain.from_iterable(item["embedding"] for item in items)
    return np.fromiter(numbers, np.float32, len(items) * dimensions).reshape(-1, dimensions)
