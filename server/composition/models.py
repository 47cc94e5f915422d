"""The language models that are asked, and the embeddings that reuse rests on.

Part of the composition root.
"""

import asyncio
import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import urldefrag, urlsplit

from prometheus_client import CollectorRegistry

from interceptors.breaker.registry import BreakerRegistry
from interceptors.breaker.settings import BreakerSettings
from server.budget.ledger import Ledger
from server.budget.store import BudgetStore
from server.composition.ground import Ground
from server.embedders.embedder import Embedder
from server.embedders.metrics import EmbeddingMetrics
from server.embedders.remembered import RememberedEmbedder
from server.engines.llm.alarm import Alarm
from server.engines.llm.completion import AddTrace, Transport
from server.engines.llm.inquiry import Inquirer
from server.engines.llm.member import counts_against, make_member
from server.engines.llm.metrics import LlmMetrics
from server.engines.llm.provider import Provider, Providers, WayTo
from server.engines.llm.providers_file import (
    UNFIT_KEY,
    InvalidProviders,
    can_be_key,
    read_providers,
)
from server.engines.llm.retry_budget import RetryBudget
from server.logs import JsonLog
from server.privacy.found import Finder
from server.settings import Settings
from server.storage.database import Database
from server.triage.reuse.cache import SemanticCache
from server.triage.reuse.gate import GateSettings
from server.triage.reuse.store import ReuseStore

# Each failure may cost tickets two seconds; without embeddings a model is asked as usual.
EMBEDDING_BREAKER = BreakerSettings(
    consecutive_failures=3, failure_rate=0.5, minimum_calls=20, window_s=60.0, open_s=5.0
)
KEY_VARIABLE = "OPENAI_API_KEY"  # as every OpenAI-compatible tool has it
# Endpoints that refuse a request which asks for what they do not have, by host.
LACKING: Mapping[str, Mapping[str, bool]] = {
    "api.groq.com": {"has_strict_schema": False, "has_logprobs": False},
    "generativelanguage.googleapis.com": {"has_logprobs": False},
}


def open_inquirer(
    settings: Settings,
    database: Database,
    breakers: BreakerRegistry,
    registry: CollectorRegistry,
    log: JsonLog,
    stack: AsyncExitStack,
) -> Inquirer | None:
    """Who asks the models; None: there are none. Raises InvalidProviders."""
    terms = read_terms(settings)
    if not terms.providers:
        return None
    members = []
    for provider in terms.providers:
        transport = make_transport(provider, _add_trace(settings))
        stack.push_async_callback(transport.close)
        members.append(make_member(provider, transport, breakers))
    metrics = LlmMetrics(registry)
    ledger = Ledger(BudgetStore(database))
    ledger.start()
    stack.push_async_callback(ledger.stop)

    def alert(provider: str, reason: str) -> None:
        log.write({"event": "provider_alert", "provider": provider, "reason": reason})

    alarm = Alarm(metrics, time.monotonic, alert)
    return Inquirer(members, terms, RetryBudget(), metrics, alarm=alarm, ledger=ledger)


def read_terms(settings: Settings) -> Providers:
    """Who may be asked, and how. Raises InvalidProviders."""
    if settings.llm_providers is not None:
        return read_providers(settings.llm_providers)
    if not settings.llm_url:
        return Providers()
    key = _environment_key()
    lacking: Mapping[str, Any] = LACKING.get(urlsplit(settings.llm_url).hostname or "", {})
    return Providers((Provider("llm", settings.llm_url, settings.llm_model, key, **lacking),))


def _environment_key() -> str:
    """Raises InvalidProviders."""
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if not can_be_key(key):
        raise InvalidProviders([f"{KEY_VARIABLE} holds {UNFIT_KEY}"])
    return key


def make_transport(provider: Provider, add_trace: AddTrace | None = None) -> Transport:
    """The way to a provider. Needs a running event loop."""
    # Their packages take time to load: a server that asks no models is ready without them.
    way: Callable[..., Transport]
    if provider.transport is WayTo.SDK:
        from server.engines.llm.sdk_transport import SdkTransport  # noqa: PLC0415  # as said

        way = SdkTransport
    else:
        from server.engines.llm.lean_transport import LeanTransport  # noqa: PLC0415  # as said

        way = LeanTransport
    return way(
        provider.base_url,
        provider.key,
        provider.model,
        has_strict_schema=provider.has_strict_schema,
        has_logprobs=provider.has_logprobs,
        most_connections=provider.most_in_flight,
        ca_file=provider.ca_file,
        add_trace=add_trace,
    )


def _add_trace(settings: Settings) -> AddTrace | None:
    """None: there are no traces."""
    if not settings.otlp_endpoint:
        return None
    from server.tracing import PROPAGATOR  # noqa: PLC0415  # needs the `tracing` extra

    return PROPAGATOR.inject


async def open_reuse(ground: Ground) -> SemanticCache | None:
    """What reuses answers for nearly the same text; None: there are no embeddings."""
    embedder = await _open_embedder(ground.settings, ground.guards.breakers, ground.registry)
    if embedder is None:
        return None
    stack, store = ground.stack, ReuseStore(ground.database, ground.commits)
    stack.push_async_callback(embedder.close)
    remembered = RememberedEmbedder(embedder, ground.guards.cache)
    reuse = SemanticCache(store, remembered, GateSettings(), random.SystemRandom().random)
    reuse.start()
    stack.push_async_callback(reuse.stop)
    return reuse


async def _open_embedder(
    settings: Settings, breakers: BreakerRegistry, registry: CollectorRegistry
) -> Embedder | None:
    if settings.embedding_model is not None:
        from server.embedders.onnx import OnnxEmbedder  # noqa: PLC0415  # needs an extra

        return await asyncio.to_thread(OnnxEmbedder, settings.embedding_model)
    if not settings.embedding_url:
        return None
    from server.embedders.endpoint import EmbeddingModel, EndpointEmbedder  # noqa: PLC0415  # seldom needed

    url, named = urldefrag(settings.embedding_url)
    model, _, dimensions = named.rpartition(",")
    return EndpointEmbedder(
        EmbeddingModel(url, _environment_key(), model, int(dimensions)),
        breaker=breakers.get(f"embeddings/{model}", counts_against, EMBEDDING_BREAKER),
        metrics=EmbeddingMetrics(registry),
        add_trace=_add_trace(settings),
    )


def open_finders(settings: Settings) -> Sequence[Finder]:
    """What finds personal data beside the rules. Raises ModuleNotFoundError."""
    if not settings.presidio:
        return ()
    from server.privacy.presidio import open_presidio, presidio_finder  # noqa: PLC0415  # optional

    return (presidio_finder(open_presidio()),)
