"""A relay before a language-model endpoint: it keeps what passes, and breaks off when told to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web


@dataclass
class Relay:
    """What has passed, and where to break off."""

    session: aiohttp.ClientSession
    to: str  # a base URL, up to and with /v1
    url: str = ""  # its own
    bodies: list[bytes] = field(default_factory=list)  # of requests
    breaks_at: bytes = b""  # the line of a stream that holds it does not pass, once

    @property
    def seen(self) -> str:
        """Everything that was asked."""
        return b"\n".join(self.bodies).decode()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Pass a request on, and its answer back."""
        body = await request.read()
        self.bodies.append(body)
        url = self.to + request.path.removeprefix("/v1")
        async with self.session.post(url, data=body) as answer:
            response = web.StreamResponse(
                status=answer.status, headers={"Content-Type": answer.content_type}
            )
            await response.prepare(request)
            async for line in answer.content:
                if self.breaks_at and self.breaks_at in line:
                    self.breaks_at = b""
                    assert request.transport is not None
                    request.transport.close()
                    return response
                await response.write(line)
        return response


@asynccontextmanager
async def relay_to(url: str) -> AsyncIterator[Relay]:
    """A relay to an endpoint."""
    async with aiohttp.ClientSession() as session:
        relay = Relay(session, url)
        server = web.Server(relay.handle, handler_cancellation=True, access_log=None)
        runner = web.ServerRunner(server, shutdown_timeout=0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        relay.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        yield relay
        await runner.cleanup()
