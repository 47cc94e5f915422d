"""switchyard.admin.v1.CacheService: the response cache and the semantic cache."""

from dataclasses import replace
from typing import Any

import grpc
from switchyard.admin.v1 import cache_service_pb2 as pb
from switchyard.admin.v1 import cache_service_pb2_grpc

from interceptors.cache.answer_cache import AnswerCache
from interceptors.cache.probe import probe
from interceptors.cache.tags import tag_of
from interceptors.cache.terms import Figures, InvalidTerms, Terms, total
from server.admin.cache import semantic
from server.admin.cache.control import CLEAR, SETTING, sum_figures, terms_of
from server.admin.cache.semantic import SemanticControl, SemanticSettings, semantic_value
from server.admin.errors import InvalidOrder, NotCached
from server.admin.figures import ProcessFigures
from server.admin.orders import Orders
from server.caller import caller_of
from server.triage.reuse.cache import GateReport
from server.triage.reuse.gate import GateSettings
from server.wire_values import read_seconds, write_seconds

Context = grpc.aio.ServicerContext[Any, Any]


class CacheServicer(cache_service_pb2_grpc.CacheServiceServicer):
    """The wire side of the caches."""

    def __init__(
        self,
        cache: AnswerCache,
        orders: Orders,
        figures: ProcessFigures,
        reuse: SemanticControl,
    ) -> None:
        self._cache = cache
        self._orders = orders
        self._figures = figures
        self._reuse = reuse

    async def GetCacheStats(
        self, _request: pb.GetCacheStatsRequest, _context: Context
    ) -> pb.GetCacheStatsResponse:
        """What the caches of all processes did."""
        processes = [figures["cache"] for figures in await self._figures.of_all()]
        by_method = {name: sum_figures(processes, name) for name in sorted(self._cache.terms)}
        return pb.GetCacheStatsResponse(
            total=_write_figures("", total(by_method.values())),
            methods=[_write_figures(name, figures) for name, figures in by_method.items()],
            configs=[_write_terms(self._cache.terms[name]) for name in by_method],
            entries=sum(process["entries"] for process in processes),
            bytes=sum(process["bytes"] for process in processes),
            processes=len(processes),
            shared=self._cache.is_shared,
        )

    async def ClearCache(
        self, request: pb.ClearCacheRequest, context: Context
    ) -> pb.ClearCacheResponse:
        """Drop answers everywhere."""
        if request.method:
            self._terms(request.method, "method")
        facts = {"method": request.method, "tenant": request.tenant}
        tag = tag_of(request.method, request.tenant)
        dropped = await self._orders.order(CLEAR, tag, facts, caller_of(context).subject)
        return pb.ClearCacheResponse(dropped=dropped)

    async def UpdateCacheConfig(
        self, request: pb.UpdateCacheConfigRequest, context: Context
    ) -> pb.UpdateCacheConfigResponse:
        """Change how the answers of one method are kept."""
        wanted = request.config
        terms = self._terms(wanted.method, "config.method")
        actor = caller_of(context).subject
        await self._orders.change(
            SETTING, terms.name, lambda: terms_of(_read_terms(wanted, terms)), actor
        )
        return pb.UpdateCacheConfigResponse(config=_write_terms(terms))

    async def TestCache(
        self, _request: pb.TestCacheRequest, _context: Context
    ) -> pb.TestCacheResponse:
        """Write, read and delete a value in each part."""
        parts = [
            pb.CachePart(
                part=found.part,
                healthy=not found.problem,
                latency=write_seconds(found.latency_s),
                problem=found.problem,
            )
            for found in await probe(self._cache)
        ]
        return pb.TestCacheResponse(parts=parts)

    async def GetSemanticCache(
        self, request: pb.GetSemanticCacheRequest, context: Context
    ) -> pb.GetSemanticCacheResponse:
        """The settings in force, and a tenant's gates."""
        cache, settings = self._reuse.cache, _write_semantic(self._reuse.settings)
        if cache is None:
            return pb.GetSemanticCacheResponse(settings=settings)
        tenant = request.tenant or caller_of(context).tenant
        return pb.GetSemanticCacheResponse(
            available=True,
            settings=settings,
            gates=[_write_gate(gate) for gate in await cache.report(tenant)],
            entries=await cache.count_entries(tenant),
        )

    async def UpdateSemanticCache(
        self, request: pb.UpdateSemanticCacheRequest, context: Context
    ) -> pb.UpdateSemanticCacheResponse:
        """Change the settings of the semantic cache."""
        actor = caller_of(context).subject
        await self._orders.change(
            semantic.SETTING,
            semantic.SUBJECT,
            lambda: semantic_value(_read_semantic(request.settings, self._reuse.settings)),
            actor,
        )
        return pb.UpdateSemanticCacheResponse(settings=_write_semantic(self._reuse.settings))

    def _terms(self, method: str, field: str) -> Terms:
        """The terms of a method that stands in `field`. Raises NotCached."""
        terms = self._cache.terms.get(method)
        if terms is None:
            raise NotCached(field, sorted(self._cache.terms))
        return terms


def _write_figures(method: str, figures: Figures) -> pb.CacheFigures:
    return pb.CacheFigures(
        method=method,
        hits=figures.hits,
        misses=figures.misses,
        stale_hits=figures.stale_hits,
        coalesced=figures.coalesced,
        hit_rate=figures.hit_rate,
    )


def _read_terms(message: pb.CacheConfig, current: Terms) -> Terms:
    """What a message asks for: what is absent stays as it is. Raises InvalidOrder."""
    terms = replace(current)
    try:
        terms.change(
            is_enabled=message.enabled if message.HasField("enabled") else None,
            ttl_s=read_seconds(message.ttl) if message.HasField("ttl") else None,
            stale_ttl_s=read_seconds(message.stale_ttl) if message.HasField("stale_ttl") else None,
        )
    except InvalidTerms as error:
        raise InvalidOrder(f"config.{error.field}", error.description) from error
    return terms


def _write_terms(terms: Terms) -> pb.CacheConfig:
    return pb.CacheConfig(
        method=terms.name,
        enabled=terms.is_enabled,
        ttl=write_seconds(terms.ttl_s),
        stale_ttl=write_seconds(terms.stale_ttl_s),
    )


def _read_semantic(
    message: pb.SemanticCacheSettings, current: SemanticSettings
) -> SemanticSettings:
    """What a message asks for: a share that is 0 and what is absent stay as they are."""
    gates = current.gates
    fixed = gates.fixed_similarity
    if message.HasField("fixed_similarity"):
        fixed = semantic.similarity_tried(message.fixed_similarity)
    return SemanticSettings(
        message.enabled if message.HasField("enabled") else current.is_enabled,
        GateSettings(
            error_budget=message.error_budget or gates.error_budget,
            audit_rate=message.audit_rate or gates.audit_rate,
            fixed_similarity=fixed,
        ),
    )


def _write_semantic(settings: SemanticSettings) -> pb.SemanticCacheSettings:
    return pb.SemanticCacheSettings(
        enabled=settings.is_enabled,
        error_budget=settings.gates.error_budget,
        audit_rate=settings.gates.audit_rate,
        fixed_similarity=settings.gates.fixed_similarity or 0.0,
    )


def _write_gate(gate: GateReport) -> pb.SemanticCacheGate:
    ruling = gate.ruling
    return pb.SemanticCacheGate(
        prompt_version=gate.partition.prompt_version,
        engine=gate.partition.engine,
        open=ruling.threshold is not None,
        threshold=ruling.threshold or 0.0,
        error_bound=ruling.error_bound,
        guaranteed=ruling.is_guaranteed,
        observed=gate.observed,
        wrong=gate.wrong,
    )
