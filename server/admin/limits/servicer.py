"""switchyard.admin.v1.RateLimitService: tiers, custom limits, and who uses how much."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import grpc
from switchyard.admin.v1 import rate_limit_service_pb2 as pb
from switchyard.admin.v1 import rate_limit_service_pb2_grpc

from interceptors.call import ANONYMOUS_TIER, UNLIMITED_TIER, Caller
from interceptors.errors import PermissionDenied
from interceptors.limits.book import MOST_CUSTOM_LIMITS
from interceptors.limits.interceptor import limited_name
from interceptors.limits.limiter import Limiter
from interceptors.limits.tiers import Limits
from server.admin.errors import InvalidOrder
from server.admin.figures import ProcessFigures
from server.admin.limits.control import (
    RESET,
    SETTING,
    limits_value,
    read_subject,
    subject_of,
    sum_usage,
)
from server.admin.orders import Orders
from server.caller import caller_of
from server.paging import make_page_token, read_page_token
from server.wire_values import write_seconds

Context = grpc.aio.ServicerContext[Any, Any]
SetTier = Callable[[str, str, str], Awaitable[None]]  # key's name, tier, actor

DEFAULT_TOP = 20
MOST_USAGE = 1000
DEFAULT_PAGE_SIZE = 50
OPERATOR = "limits.manage"  # the permission to look at every tenant


class RateLimitServicer(rate_limit_service_pb2_grpc.RateLimitServiceServicer):
    """The wire side of rate limits."""

    def __init__(
        self,
        limiter: Limiter,
        orders: Orders,
        figures: ProcessFigures,
        set_tier: SetTier,
        tier_of: Callable[[str], Awaitable[str]],
        methods: Iterable[str],
        page_key: bytes,
    ) -> None:
        self._limiter = limiter
        self._orders = orders
        self._figures = figures
        self._set_tier = set_tier
        self._tier_of = tier_of
        self._methods = frozenset(methods)
        self._page_key = page_key

    async def ListTiers(
        self, _request: pb.ListTiersRequest, _context: Context
    ) -> pb.ListTiersResponse:
        """The tiers in force."""
        tiers = [
            pb.Tier(tier=name, limits=_write_limits(limits))
            for name, limits in self._limiter.book.tiers.items()
        ]
        return pb.ListTiersResponse(tiers=[*tiers, pb.Tier(tier=UNLIMITED_TIER, limits={})])

    async def SetTier(self, request: pb.SetTierRequest, context: Context) -> pb.SetTierResponse:
        """Move a key to another tier."""
        tiers = [*self._limiter.book.tiers, UNLIMITED_TIER]
        tiers.remove(ANONYMOUS_TIER)  # no key is anonymous
        if request.tier not in tiers:
            raise InvalidOrder("tier", f"must be one of {', '.join(tiers)}")
        await self._set_tier(request.api_key, request.tier, caller_of(context).subject)
        return pb.SetTierResponse()

    async def SetCustomLimit(
        self, request: pb.SetCustomLimitRequest, context: Context
    ) -> pb.SetCustomLimitResponse:
        """Give or take limits of their own."""
        if request.method and request.method not in self._methods:
            raise InvalidOrder("method", "must be a method of this server")
        value = _read_limits(request.limits) if request.HasField("limits") else None
        custom = self._limiter.book.custom
        is_new = (request.caller, request.method) not in custom
        if value and is_new and len(custom) >= MOST_CUSTOM_LIMITS:
            raise InvalidOrder("limits", f"are too many: at most {MOST_CUSTOM_LIMITS:,} are kept")
        subject = subject_of(request.caller, request.method)
        await self._orders.set(SETTING, subject, value, caller_of(context).subject)
        return pb.SetCustomLimitResponse()

    async def ListCustomLimits(
        self, request: pb.ListCustomLimitsRequest, context: Context
    ) -> pb.ListCustomLimitsResponse:
        """A page of custom limits by caller and method."""
        caller = caller_of(context)
        tenant = request.tenant or ("" if caller.may(OPERATOR) else caller.tenant)
        if tenant != caller.tenant:
            _require_operator(caller)
        scope = f"custom_limits\0{tenant}"
        after = read_subject(read_page_token(request.page_token, scope, self._page_key).decode())
        custom = self._limiter.book.custom
        found = sorted(key for key in custom if key > after and _concerns(tenant, key[0]))
        size = request.page_size or DEFAULT_PAGE_SIZE
        token = ""
        if len(found) > size:
            cursor = subject_of(*found[size - 1]).encode()
            token = make_page_token(cursor, scope, self._page_key)
        return pb.ListCustomLimitsResponse(
            custom_limits=[
                pb.CustomLimit(
                    caller=name, method=method, limits=_write_limits(custom[name, method])
                )
                for name, method in found[:size]
            ],
            next_page_token=token,
        )

    async def GetStatus(
        self, request: pb.GetStatusRequest, context: Context
    ) -> pb.GetStatusResponse:
        """What one caller has left."""
        call: Any = context
        own = limited_name(call)
        name = request.caller or own
        if not name.startswith(f"{call.caller.tenant}/"):
            _require_operator(call.caller)
        tier = call.caller.tier if name == own else await self._tier_of(name)
        windows = [] if tier == UNLIMITED_TIER else await self._limiter.status(name, tier)
        is_custom = tier != UNLIMITED_TIER and (name, "") in self._limiter.book.custom
        return pb.GetStatusResponse(
            caller=name,
            tier="custom" if is_custom else tier,
            windows=[
                pb.WindowStatus(
                    method=window.method,
                    window=write_seconds(window.width_s),
                    limit=window.limit,
                    remaining=window.remaining_units,
                    reset=write_seconds(window.reset_s),
                )
                for window in windows
            ],
            shared=self._limiter.is_shared,
            shadow=self._limiter.is_shadow,
        )

    async def GetUsage(self, request: pb.GetUsageRequest, context: Context) -> pb.GetUsageResponse:
        """What the callers of a tenant have used."""
        caller = caller_of(context)
        tenant = request.tenant or caller.tenant
        if tenant != caller.tenant:
            _require_operator(caller)
        used = [usage for usage in await self._usage() if usage[0].startswith(f"{tenant}/")]
        return pb.GetUsageResponse(callers=[_write_usage(*usage) for usage in used[:MOST_USAGE]])

    async def ListTopCallers(
        self, request: pb.ListTopCallersRequest, _context: Context
    ) -> pb.ListTopCallersResponse:
        """Who uses most."""
        used = (await self._usage())[: request.page_size or DEFAULT_TOP]
        return pb.ListTopCallersResponse(callers=[_write_usage(*usage) for usage in used])

    async def ResetLimits(
        self, request: pb.ResetLimitsRequest, context: Context
    ) -> pb.ResetLimitsResponse:
        """Give a caller all its units back."""
        await self._orders.order(RESET, request.caller, {}, caller_of(context).subject)
        return pb.ResetLimitsResponse()

    async def _usage(self) -> list[tuple[str, int, int]]:
        return sum_usage(figures["limits"] for figures in await self._figures.of_all())


def _require_operator(caller: Caller) -> None:
    if not caller.may(OPERATOR):
        raise PermissionDenied(OPERATOR)


def _concerns(tenant: str, caller: str) -> bool:
    """Whether limits of a caller, or of every one (""), are those of a tenant, or of any ("")."""
    return not tenant or not caller or caller.startswith(f"{tenant}/")


def _write_limits(limits: Limits) -> pb.Limits:
    return pb.Limits(
        per_second=limits.second,
        per_minute=limits.minute,
        per_hour=limits.hour,
        per_day=limits.day,
    )


def _read_limits(message: pb.Limits) -> dict[str, Any]:
    return limits_value(
        Limits(message.per_second, message.per_minute, message.per_hour, message.per_day)
    )


def _write_usage(caller: str, admitted: int, refused: int) -> pb.CallerUsage:
    return pb.CallerUsage(caller=caller, admitted_units=admitted, refused_units=refused)
