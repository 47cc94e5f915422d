"""What each interceptor costs: processor time of a call through the chain, without a transport.

The chain grows by one member at a time, from the inside; a member's cost is what it adds.
"""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Iterator, Sequence
from statistics import median
from typing import Any

import grpc

from bench.echo_message import echo_message
from bench.figures import Figure
from bench.full_chain import CALLER, KEY, UNARY, members, open_log
from interceptors.call import Call
from interceptors.chain import Chain, Interceptor, Method, StreamHandler, UnaryHandler
from interceptors.identity import Identity
from interceptors.telemetry import Telemetry

CALLS = 4000
ROUNDS = 7


class Transport:
    """What a chain asks of grpc.aio."""

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return (("user-agent", "grpc-python-asyncio/1.78.0"), ("authorization", KEY))

    def peer(self) -> str:
        return "ipv4:127.0.0.1:40124"

    def time_remaining(self) -> float:
        return 10.0

    def set_trailing_metadata(self, metadata: Any) -> None:
        del metadata


class KnownCaller:
    """Stands where identity would, and costs next to nothing."""

    def wrap_unary(self, _method: Method, handler: UnaryHandler) -> UnaryHandler:
        def answer(request: Any, call: Call) -> Awaitable[Any]:
            call.caller = CALLER
            return handler(request, call)

        return answer

    def wrap_stream(self, _method: Method, handler: StreamHandler) -> StreamHandler:
        return handler


async def _echo(request: Any, _context: object) -> Any:
    return request


def handler_of(chain: Sequence[Interceptor]) -> UnaryHandler:
    """The echo behind a chain, from bytes to bytes."""
    is_parsed = bool(chain)
    handler: Any = grpc.unary_unary_rpc_method_handler(
        _echo,
        echo_message().FromString if is_parsed else None,
        echo_message().SerializeToString if is_parsed else None,
    )
    wrapped: Any = Chain(chain).wrap(UNARY, handler)
    unary: UnaryHandler = wrapped.unary_unary
    return unary


async def cost_us(chain: Sequence[Interceptor], handler: Any, requests: Sequence[bytes]) -> float:
    """Microseconds of a call, with what telemetry puts off until a moment later."""
    transport = Transport()
    start = time.thread_time()
    for request in requests:
        await handler(request, transport)
    for member in chain:
        if isinstance(member, Telemetry):
            member.settle()
    return (time.thread_time() - start) / len(requests) * 1e6


async def measure(requests: Iterator[bytes]) -> list[Figure]:
    """The figure of each member, outermost first. No two requests are the same."""
    with open_log() as log:
        made = [(name, make()) for name, make in members(log)]
        chains = growing([member for _, member in made])
        handlers = [handler_of(chain) for chain in chains]
        costs: list[list[float]] = [[] for _ in chains]
        for _ in range(ROUNDS):
            for chain, handler, cost in zip(chains, handlers, costs, strict=True):
                some = list(itertools.islice(requests, CALLS))
                cost.append(await cost_us(chain, handler, some))
                await asyncio.sleep(0)
    medians = [median(cost) for cost in costs]
    added = [more - less for less, more in itertools.pairwise(medians)]
    names = ["codec", "validation", *(name for name, _ in reversed(made[:-2]))]
    figures = [
        Figure(f"member_{name}", "added_cpu_us", cost, "us/call")
        for name, cost in zip(names, added, strict=True)
    ]
    return [*reversed(figures), Figure("members", "added_cpu_us", sum(added), "us/call")]


def growing(chain: Sequence[Interceptor]) -> list[Sequence[Interceptor]]:
    """No member, the codec, with validation inside it, and then one more outside at a time.

    Those without identity begin with one that knows its caller already.
    """
    codec, _ = chain[-2:]
    chains: list[Sequence[Interceptor]] = [[], [codec]]
    for first in reversed(range(len(chain) - 1)):
        has_identity = any(isinstance(member, Identity) for member in chain[first:])
        chains.append([*([] if has_identity else [KnownCaller()]), *chain[first:]])
    return chains
