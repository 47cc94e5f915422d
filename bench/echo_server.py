"""An echo, bare or behind a chain: what any server on this machine pays at least, and what more.

python -m bench.echo_server bare|full|naive      prints its address, then serves until it is ended

The bare one answers bytes with the same bytes. Behind a chain, requests are parsed and validated,
and serialised again.
"""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator
from typing import Any

import grpc
import uvloop

from bench import naive_chain
from bench.echo_message import echo_message
from bench.full_chain import members, open_log
from interceptors.chain import Chain
from server.serve import GC_THRESHOLD


async def _echo(request: Any, _context: object) -> Any:
    return request


async def _stream(requests: AsyncIterator[Any], _context: object) -> AsyncIterator[Any]:
    async for request in requests:
        yield request


async def main(kind: str) -> None:
    """Serve."""
    with open_log() as log:
        codec: dict[str, Any] = {}
        interceptors: list[grpc.aio.ServerInterceptor] = []
        if kind != "bare":
            codec["request_deserializer"] = echo_message().FromString
            codec["response_serializer"] = echo_message().SerializeToString
        if kind == "full":
            interceptors = [Chain([make() for _, make in members(log)])]
        elif kind == "naive":
            interceptors = naive_chain.interceptors(log)
        server = grpc.aio.server(interceptors=interceptors)
        handlers: Any = {
            "Echo": grpc.unary_unary_rpc_method_handler(_echo, **codec),
            "Stream": grpc.stream_stream_rpc_method_handler(_stream, **codec),
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
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(sys.argv[1]))
