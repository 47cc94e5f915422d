"""Charges every call to its caller, and tells the caller how much is left.

A call spends the units that stand in the contract. A method whose requests are a stream spends
them for each item: reading slows down to what the caller may spend, and the stream ends only
where it would have to wait for more than LONGEST_WAIT_S.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from typing import Any

from switchyard.options.v1.options_pb2 import MethodPolicy

from interceptors.call import UNLIMITED_TIER, Call
from interceptors.chain import Method, StreamHandler, UnaryHandler
from interceptors.limits.limiter import Limiter, anonymous_name, fields_of, rate_limited
from interceptors.limits.pacing import PacedItems
from interceptors.limits.windows import ADMITTED, REFUSED, Verdict

DEFAULT_COST = 1  # of a method without a policy


class RateLimit:
    """Refuses calls above their caller's limits with RateLimited.

    Callers of the unlimited tier and methods that cost nothing never meet the limiter.
    """

    def __init__(self, policies: Mapping[str, MethodPolicy], limiter: Limiter) -> None:
        self._policies = policies
        self._limiter = limiter

    def wrap_unary(self, method: Method, handler: UnaryHandler) -> UnaryHandler:
        """Charges before `handler` runs, or each item as it is read."""
        name, cost = method.name, self._cost(method)
        if cost <= 0:
            return handler

        def answer_here(request: Any, call: Call) -> Awaitable[Any]:
            if call.caller.tier != UNLIMITED_TIER:
                self._charge_here(call, name, cost)
            return handler(request, call)

        async def answer(request: Any, call: Call) -> Any:
            if call.caller.tier != UNLIMITED_TIER:
                await self._charge(call, name, cost)
            return await handler(request, call)

        async def answer_paced(items: AsyncIterator[Any], call: Call) -> Any:
            with self._paced(items, call, cost) as paced:
                return await handler(paced, call)

        if method.request_streaming:
            return answer_paced
        return answer_here if self._limiter.shared is None else answer

    def wrap_stream(self, method: Method, handler: StreamHandler) -> StreamHandler:
        """Charges before `handler` runs, or each item as it is read."""
        name, cost, stands_alone = method.name, self._cost(method), self._limiter.shared is None
        if cost <= 0:
            return handler

        async def answer(request: Any, call: Call) -> AsyncGenerator[Any, None]:
            if call.caller.tier != UNLIMITED_TIER:
                if stands_alone:
                    self._charge_here(call, name, cost)
                else:
                    await self._charge(call, name, cost)
            async with aclosing(handler(request, call)) as responses:
                async for response in responses:
                    yield response

        async def answer_paced(items: AsyncIterator[Any], call: Call) -> AsyncGenerator[Any, None]:
            with self._paced(items, call, cost) as paced:
                async with aclosing(handler(paced, call)) as responses:
                    async for response in responses:
                        yield response

        return answer_paced if method.request_streaming else answer

    def _charge_here(self, call: Call, method: str, cost: int) -> None:
        caller = limited_name(call)
        verdict = self._limiter.charge_here(caller, call.caller.tier, method, cost)
        if verdict is not None:
            _hold_to(verdict, caller, call)

    async def _charge(self, call: Call, method: str, cost: int) -> None:
        caller = limited_name(call)
        verdict = await self._limiter.charge(caller, call.caller.tier, method, cost)
        if verdict is not None:
            _hold_to(verdict, caller, call)

    @contextmanager
    def _paced(
        self, items: AsyncIterator[Any], call: Call, cost: int
    ) -> Iterator[AsyncIterator[Any]]:
        """The items as the caller may spend on them; in the end it hears how much is left."""
        caller = limited_name(call)

        async def charge() -> Verdict | None:
            tier = call.caller.tier  # may be another one with every item
            if tier == UNLIMITED_TIER:
                return None
            return await self._limiter.charge_patiently(caller, tier, call.method, cost)

        paced = PacedItems(items, caller, charge)
        try:
            yield paced
        finally:
            if paced.verdict is not None:
                _tell(paced.verdict, call)

    def _cost(self, method: Method) -> int:
        policy = self._policies.get(method.name)
        return DEFAULT_COST if policy is None else policy.cost_units


def limited_name(call: Call) -> str:
    """The name under which a call's caller is charged."""
    caller = call.caller
    if caller.subject:
        return f"{caller.tenant}/{caller.subject}"
    return anonymous_name(call.address)


def _hold_to(verdict: Verdict, caller: str, call: Call) -> None:
    _tell(verdict, call)
    if verdict.outcome == REFUSED:
        raise rate_limited(caller, verdict)


def _tell(verdict: Verdict, call: Call) -> None:
    """Tell the caller where it stands."""
    if verdict.outcome != ADMITTED:
        call.limit = verdict.outcome
    call.answer_with(*fields_of(verdict))
