"""Embeddings by any OpenAI-compatible endpoint: POST {base_url}/embeddings."""

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import numpy.typing as npt
import orjson

from interceptors.breaker.breaker import CircuitBreaker
from server.embedders.batches import Batches
from server.embedders.embedder import Vector
from server.embedders.metrics import EmbeddingMetrics
from server.engines.llm.classification import classify, failure
from server.engines.llm.completion import AddTrace
from server.engines.llm.connections import trace_configs
from server.engines.llm.errors import ProviderError
from server.sentence_model import unit_length
from server.triage.engine import believable

MOST_ANSWER_BYTES = 16 * 1024 * 1024  # 32 vectors of 4096 numbers take 3
DIGEST_DIGITS = 16
OK = 200
MOST_CONNECTIONS = 8
MOST_BATCH = 32  # texts
LONGEST_WAIT_S = 0.005  # of a text for others to go with it
OF_ONE_TEXT = frozenset({"bad_request", "context_too_long", "content_refused"})


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    """A model and where it is. An answer whose vectors have other than `dimensions` numbers is
    unreadable.
    """

    base_url: str  # such as https://api.openai.com/v1
    key: str = field(repr=False)  # empty: the endpoint wants none
    name: str
    dimensions: int


class EndpointEmbedder:
    """An Embedder, to be made inside a running event loop."""

    def __init__(
        self,
        model: EmbeddingModel,
        *,
        breaker: CircuitBreaker,
        metrics: EmbeddingMetrics,
        timeout_s: float = 5.0,  # of a request, however long its callers wait
        ca_file: Path | None = None,  # None: the authorities that this machine trusts
        add_trace: AddTrace | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._url = f"{model.base_url.rstrip('/')}/embeddings"
        self._model = model.name
        self._breaker = breaker
        self._metrics = metrics
        self._timeout_s = timeout_s
        self._clock = clock
        facts = f"{self._url}\n{model.name}\n{model.dimensions}".encode()
        self.name = f"{model.name}@{sha256(facts).hexdigest()[:DIGEST_DIGITS]}"
        self.dimensions = model.dimensions
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=MOST_CONNECTIONS, ssl=ssl.create_default_context(cafile=ca_file)
            ),
            headers=_headers(model.key),
            timeout=aiohttp.ClientTimeout(),  # none of its own: it would round ours up to seconds
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trace_configs=trace_configs(add_trace),
        )
        self._batches = Batches(
            self._work,
            lambda error: isinstance(error, ProviderError) and error.reason in OF_ONE_TEXT,
            most_batch=MOST_BATCH,
            longest_wait_s=LONGEST_WAIT_S,
            most_at_once=MOST_CONNECTIONS,
        )

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """A vector for each text. Raises ProviderError, CircuitOpen, EmbedderBusy."""
        return await self._batches.ask(texts)

    async def close(self) -> None:
        """Give up what is in progress and close the connections."""
        await self._batches.close()
        await self._session.close()

    async def _work(self, texts: Sequence[str]) -> Sequence[Vector]:
        # Callers may leave earlier; the request goes on: a breaker must not learn their haste.
        async with self._breaker.guard():
            try:
                answer = _read_answer(await self._told(texts))
                vectors = _vectors(answer, len(texts), self.dimensions)
            except ProviderError as error:
                self._metrics.asked(self._model, error.reason)
                raise
        self._metrics.asked(self._model, "ok", _tokens(answer))
        return vectors

    async def _told(self, texts: Sequence[str]) -> bytes:
        body = orjson.dumps({"model": self._model, "input": texts, "encoding_format": "float"})
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._post(body)
        except TimeoutError:
            raise failure("timeout") from None
        except aiohttp.ClientConnectorCertificateError:
            raise failure("untrusted") from None
        except (aiohttp.ClientError, OSError):
            raise failure("network") from None  # the error holds the key

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


def _read_answer(data: bytes) -> Mapping[str, Any]:
    """Raises ProviderError."""
    try:
        answer = orjson.loads(data)
    except ValueError:
        raise failure("unreadable") from None
    if not isinstance(answer, dict):
        raise failure("unreadable")
    return answer


def _tokens(answer: Mapping[str, Any]) -> int:
    """What the texts took; 0: the endpoint does not say."""
    usage = answer.get("usage")
    return believable(usage.get("prompt_tokens")) if isinstance(usage, dict) else 0


def _vectors(answer: Mapping[str, Any], texts: int, dimensions: int) -> Sequence[Vector]:
    """The vectors of an answer in the order of the texts. Raises ProviderError."""
    try:
        items = sorted(answer["data"], key=lambda item: item["index"])
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
