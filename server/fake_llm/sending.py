"""Ways in which an answer leaves: whole, in drops, broken off, or not at all."""

import asyncio
import math
import socket
import struct
from collections.abc import Sequence

from aiohttp import web

from server.fake_llm import wire
from server.fake_llm.faults import HttpFault

DROPS = 20  # of a slow answer
DRIP_S = 2.0  # that a slow answer takes
LINGER_NEVER = struct.pack("ii", 1, 0)  # closing a connection then resets it
BROKEN = frozenset({"reset_mid_body", "half_stream"})  # answers that nobody gets whole
SSE = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}


def whole(body: bytes, status: int = 200) -> web.Response:
    """JSON in one piece."""
    return web.Response(body=body, status=status, content_type="application/json")


def refusal(fault: HttpFault, retry_after_s: float = 0.0) -> web.Response:
    """An error status; where the fault says when to come back, that too."""
    response = whole(wire.error(fault), fault.status)
    if fault.says_when:
        response.headers["Retry-After"] = str(math.ceil(retry_after_s))
        response.headers["retry-after-ms"] = str(round(retry_after_s * 1000))
    return response


async def send(request: web.BaseRequest, body: bytes, fault: str) -> web.StreamResponse:
    """Send JSON, as a fault has it."""
    if fault not in BROKEN | {"slow_drip"}:
        return whole(body)
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = len(body)
    size = -(-len(body) // DROPS)
    drops = [body[start : start + size] for start in range(0, len(body), size)]
    return await _write(request, response, drops, fault)


async def send_events(
    request: web.BaseRequest, events: Sequence[bytes], fault: str
) -> web.StreamResponse:
    """Send server-sent events, as a fault has it."""
    return await _write(request, web.StreamResponse(headers=SSE), events, fault)


async def reset(request: web.BaseRequest) -> web.StreamResponse:
    """Break the connection off, so that the other side hears of a reset."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NEVER)
        transport.abort()
    return web.Response()  # to nobody


async def _write(
    request: web.BaseRequest, response: web.StreamResponse, parts: Sequence[bytes], fault: str
) -> web.StreamResponse:
    await response.prepare(request)
    for part in parts[: len(parts) // 2] if fault in BROKEN else parts:
        await response.write(part)
        if fault == "slow_drip":
            await asyncio.sleep(DRIP_S / len(parts))
    if fault == "reset_mid_body" or (fault == "half_stream" and response.content_length):
        await reset(request)
    else:
        await response.write_eof()
    return response
