"""switchyard.admin.v1.CacheService: statistics, clearing, configuration and test."""

from dataclasses import replace
from typing import Any

import grpc
from switchyard.admin.v1 import cache_service_pb2 as pb
from switchyard.admin.v1 import cache_service_pb2_grpc

from interceptors.cache.answer_cache import AnswerCache
from interceptors.cache.probe import probe
from interceptors.cache.tags import tag_of
from interceptors.cache.terms import Figures, InvalidTerms, Terms, total
from server.admin.cache.control import CLEAR, SETTING, sum_figures, terms_of
from server.admin.durations import read_seconds, write_seconds
from server.admin.errors import InvalidOrder, NotCached
from server.admin.figures import ProcessFigures
from server.admin.orders import Orders
from server.caller import caller_of

Context = grpc.aio.ServicerContext[Any, Any]


class CacheServicer(cache_service_pb2_grpc.CacheServiceServicer):
    """The wire side of the cache."""

    def __init__(self, cache: AnswerCache, orders: Orders, figures: ProcessFigures) -> None:
        self._cache = cache
        self._orders = orders
        self._figures = figures

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
        changed = replace(terms)
        try:
            changed.change(
                is_enabled=wanted.enabled if wanted.HasField("enabled") else None,
                ttl_s=read_seconds(wanted.ttl) if wanted.HasField("ttl") else None,
                stale_ttl_s=(
                    read_seconds(wanted.stale_ttl) if wanted.HasField("stale_ttl") else None
                ),
            )
        except InvalidTerms as error:
            raise InvalidOrder(f"config.{error.field}", error.description) from error
        actor = caller_of(context).subject
        await self._orders.set(SETTING, terms.name, terms_of(changed), actor)
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


def _write_terms(terms: Terms) -> pb.CacheConfig:
    return pb.CacheConfig(
        method=terms.name,
        enabled=terms.is_enabled,
        ttl=write_seconds(terms.ttl_s),
        stale_ttl=write_seconds(terms.stale_ttl_s),
    )
