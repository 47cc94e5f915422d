"""An endpoint on a real socket that answers for embeddings as it is told."""

import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import orjson
import pytest_asyncio
from aiohttp import web
from prometheus_client import CollectorRegistry

from interceptors.breaker.breaker import CircuitBreaker
from interceptors.breaker.settings import BreakerSettings
from server.embedders.endpoint import EmbeddingModel, EndpointEmbedder
from server.embedders.metrics import EmbeddingMetrics
from server.engines.llm.member import counts_against

KEY = "sk-not-for-the-eyes-of-others"
TOKENS = 7  # of any batch

Item = dict[str, Any]


def usual_items(texts: Sequence[str]) -> list[Item]:
    """Of each text a vector that points where its length says; the last text comes first."""
    vectors = [[float(len(text)), 1.0] for text in texts]
    return [{"index": n, "embedding": v} for n, v in enumerate(vectors)][::-1]


class Endpoint:
    """Answers 400 to a batch with "bad" in it, and to others by `items` or as `fault` says."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.keys: list[str] = []
        self.items: Callable[[Sequence[str]], list[Item]] = usual_items
        self.fault: Callable[[web.Request], web.Response] | None = None
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        """The answer to one request."""
        asked = orjson.loads(await request.read())
        self.batches.append(asked["input"])
        self.keys.append(request.headers.get("authorization", ""))
        if self.fault is not None:
            return self.fault(request)
        if "bad" in asked["input"]:
            return web.json_response({"error": {"message": "bad input"}}, status=400)
        usage = {"prompt_tokens": TOKENS, "total_tokens": TOKENS}
        return web.json_response({"data": self.items(asked["input"]), "usage": usage})


@asynccontextmanager
async def listening(tls: ssl.SSLContext | None = None) -> AsyncIterator[Endpoint]:
    """An endpoint on a port of its own."""
    endpoint = Endpoint()
    application = web.Application()
    application.router.add_post("/v1/embeddings", endpoint.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    scheme = "https" if tls else "http"
    endpoint.url = "{}://{}:{}/v1".format(scheme, *runner.addresses[0])
    yield endpoint
    await runner.cleanup()


def make_embedder(
    url: str,
    model: str = "a-model",
    dimensions: int = 2,
    registry: CollectorRegistry | None = None,
    **terms: Any,
) -> EndpointEmbedder:
    """An embedder whose breaker opens with the third failure in a row."""
    settings = BreakerSettings(consecutive_failures=3)
    terms.setdefault("breaker", CircuitBreaker("embeddings", settings, counts_against, monotonic))
    metrics = EmbeddingMetrics(registry or CollectorRegistry())
    return EndpointEmbedder(EmbeddingModel(url, KEY, model, dimensions), metrics=metrics, **terms)


@pytest_asyncio.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    """The endpoint, listening."""
    async with listening() as endpoint:
        yield endpoint


@pytest_asyncio.fixture
async def embedder(endpoint: Endpoint) -> AsyncIterator[EndpointEmbedder]:
    """An embedder that asks it."""
    embedder = make_embedder(endpoint.url)
    yield embedder
    await embedder.close()
