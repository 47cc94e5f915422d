"""A bare grpc.aio echo of bytes: what any server on this machine pays at least.

python -m bench.echo_server      prints its address, then serves until it is ended
"""

import asyncio
from typing import Any

import grpc
import uvloop


async def _echo(request: bytes, _context: object) -> bytes:
    return request


async def main() -> None:
    """Serve."""
    server = grpc.aio.server()
    handlers: Any = {"Echo": grpc.unary_unary_rpc_method_handler(_echo)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bench.Echo", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"ready on 127.0.0.1:{port}", flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
