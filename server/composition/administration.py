"""What operators see and order, over everything that can be administered."""

import time
import uuid
from collections.abc import Mapping
from functools import partial

import grpc
from switchyard.admin.v1 import (
    access_service_pb2_grpc,
    budget_service_pb2_grpc,
    cache_service_pb2_grpc,
    rate_limit_service_pb2_grpc,
    resilience_service_pb2_grpc,
)

from interceptors.cache.tags import ALL
from server.access.entrance import Entrance
from server.access.servicer import AccessServicer
from server.admin.budget.servicer import BudgetServicer
from server.admin.cache import control as cache_control
from server.admin.cache import semantic
from server.admin.cache.servicer import CacheServicer
from server.admin.figures import ProcessFigures
from server.admin.limits import control as limit_control
from server.admin.limits.servicer import RateLimitServicer
from server.admin.orders import Orders
from server.admin.resilience import control as breaker_control
from server.admin.resilience.letters import LetterDesk, triage_again
from server.admin.resilience.performance import read_errors, read_timings
from server.admin.resilience.servicer import ResilienceServicer
from server.admin.store import FigureStore, OrderStore
from server.audit.store import AuditLog
from server.budget.store import BudgetStore
from server.caller import caller_of
from server.composition.ground import Ground
from server.composition.triage import TriageParts


async def start_administration(
    ground: Ground, triage: TriageParts
) -> tuple[Orders, ProcessFigures]:
    """What operators have set, in force; and the figures of this process, for all to see."""
    database, guards, stack = ground.database, ground.guards, ground.stack
    cache, limiter, breakers = guards.cache, guards.limiter, guards.breakers
    orders = Orders(
        OrderStore(database),
        settings={
            cache_control.SETTING: partial(cache_control.apply_terms, cache),
            limit_control.SETTING: partial(limit_control.apply_limits, limiter.book),
            breaker_control.SETTING: partial(breaker_control.apply_settings, breakers),
            breaker_control.MODE: partial(breaker_control.apply_mode, breakers),
            breaker_control.DRILL: partial(breaker_control.apply_drill, triage.providers),
            semantic.SETTING: triage.reuse.apply,
        },
        orders={
            # Every process tells Redis too: who gave the order may not have reached it.
            cache_control.CLEAR: cache.invalidate,
            cache_control.ERASE: cache.erase,
            limit_control.RESET: limiter.reset,
            breaker_control.RESET: partial(breaker_control.reset, breakers),
        },
        missed=partial(cache.forget, ALL),
    )

    def read_figures() -> Mapping[str, object]:
        return {
            "cache": cache_control.read_figures(cache),
            "limits": limit_control.read_figures(limiter),
            "timings": read_timings(guards.timings),
            "errors": read_errors(guards.errors),
        }

    figures = ProcessFigures(FigureStore(database), uuid.uuid4().hex, read_figures)
    await orders.start()
    stack.push_async_callback(orders.stop)
    figures.start()
    stack.push_async_callback(figures.stop)
    return orders, figures


def add_administration(
    server: grpc.aio.Server,
    ground: Ground,
    triage: TriageParts,
    entrance: Entrance,
    orders: Orders,
    figures: ProcessFigures,
) -> None:
    guards = ground.guards
    access_service_pb2_grpc.add_AccessServiceServicer_to_server(  # type: ignore[no-untyped-call]  # generated
        AccessServicer(
            entrance.keys,
            entrance.tenants,
            AuditLog(ground.database),
            entrance.tokens,
            entrance.directory.live_key,
            entrance.authenticator.forget,
            caller_of,
            ground.key,
        ),
        server,
    )
    cache_service_pb2_grpc.add_CacheServiceServicer_to_server(  # type: ignore[no-untyped-call]  # generated
        CacheServicer(guards.cache, orders, figures, triage.reuse), server
    )
    rate_limit_service_pb2_grpc.add_RateLimitServiceServicer_to_server(  # type: ignore[no-untyped-call]  # generated
        RateLimitServicer(
            guards.limiter,
            orders,
            figures,
            set_tier=entrance.keys.set_tier,
            tier_of=entrance.directory.tier_of,
            methods=guards.policies,
            page_key=ground.key,
        ),
        server,
    )
    resilience_service_pb2_grpc.add_ResilienceServiceServicer_to_server(  # type: ignore[no-untyped-call]  # generated
        ResilienceServicer(
            guards.breakers,
            orders,
            figures,
            triage.providers,
            LetterDesk(
                triage.letters,
                partial(triage_again, triage.pipeline, triage.runs),
                ground.key,
                guards.gate.closed,
            ),
            since_1970=lambda seconds: time.time() - time.monotonic() + seconds,
            is_measuring=ground.settings.measure,
        ),
        server,
    )
    budget_service_pb2_grpc.add_BudgetServiceServicer_to_server(  # type: ignore[no-untyped-call]  # generated
        BudgetServicer(BudgetStore(ground.database), entrance.tenants.find, time.time), server
    )
