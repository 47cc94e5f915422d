"""An echo, bare or behind a chain: what any server on this machine pays at least, and what more.

python -m bench.echo_server bare|busy|full|naive   prints its address, then serves till it is ended

The bare one answers bytes with the same bytes. The busy one computes for 20 microseconds first, and
does nothing else: what any work costs between calls. Behind a chain, requests are parsed and
validated, and serialised again.
"""

import asyncio
import gc
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc
import uvloop

from bench import naive_chain
from bench.echo_message import echo_message
from bench.full_chain import members, open_log
from interceptors.chain import Chain
from server.serve import GC_THRESHOLD

KINDS = ("bare", "busy", "full", "naive")
BUSY_S = 20e-6


async def _echo(request: Any, _context: object) -> Any:
    return request


async def _stream(requests: AsyncIterator[Any], _context: object) -> AsyncIterator[Any]:
    async for request in requests:
        yield request


def _be_busy() -> None:
    end_s = time.thread_time() + BUSY_S
    while time.thread_time() < end_s:
        pass


async def _busy_echo(request: Any, _context: object) -> Any:
    _be_busy()
    return request


async def _busy_stream(requests: AsyncIterator[Any], _context: object) -> AsyncIterator[Any]:
    async for request in requests:
        _be_busy()
        yield request


async def main(kind: str) -> None:
    """Serve."""
    with open_log() as log:
        codec: dict[str, Any] = {}
        interceptors: list[grpc.aio.ServerInterceptor] = []
        if kind in {"full", "naive"}:
            codec["request_deserializer"] = echo_message().FromString
            codec["response_serializer"] = echo_message().SerializeToString
        if kind == "full":
            interceptors = [Chain([make() for _, make in members(log)])]
        elif kind == "naive":
            interceptors = naive_chain.interceptors(log)
        server = grpc.aio.server(interceptors=interceptors)
        echo, stream = (_busy_echo, _busy_stream) if kind == "busy" else (_echo, _stream)
        handlers: Any = {
            "Echo": grpc.unary_unary_rpc_method_handler(echo, **codec),
            "Stream": grpc.stream_stream_rpc_method_handler(stream, **codec),
        }
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("bench.Echo", handlers),)
        )
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        gc.freeze()  # as the real server does, in all cases alike
        gc.set_threshold(*GC_THRESHOLD)
        print(f"ready on 127.0.0.1:{port}", flush=True)
        await server.wait_for_termination()


if __name__ == "__main__":
    (kind,) = sys.argv[1:]
    if kind not in KINDS:
        sys.exit(f"{kind!r} is none of {', '.join(KINDS)}")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(kind))
