"""Serves the endpoint from start to stop."""

import ssl
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from server.fake_llm.behaviour import Behaviour, Settings
from server.fake_llm.endpoint import Endpoint
from server.lifecycle import stop_signals
from server.settings import Address

FAREWELL_S = 0.1  # that answers may still take when the server stops
MOST_WAITING = 1024  # connections that nobody has accepted yet


@dataclass(frozen=True, slots=True)
class Place:
    """Where to serve, and to whom."""

    listen: Address
    key: str = ""  # empty: to everybody
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None


async def serve_until_stopped(place: Place, settings: Settings, seed: int) -> int:
    """Serve until a signal; the exit status: 1 when it could not start."""
    endpoint = Endpoint(Behaviour(settings, seed, time.monotonic), place.key)
    server = web.Server(endpoint.handle, handler_cancellation=True, access_log=None)
    runner = web.ServerRunner(server, shutdown_timeout=FAREWELL_S)
    await runner.setup()
    try:
        async with stop_signals() as signals:
            await _listen(runner, place)
            await signals.get()
    except OSError as error:
        print(f"switchyard-server: {error}", file=sys.stderr)  # noqa: T201  # to a person
        return 1
    finally:
        await runner.cleanup()
    return 0


async def _listen(runner: web.ServerRunner, place: Place) -> None:
    tls = None
    if place.tls_cert_file is not None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(place.tls_cert_file, place.tls_key_file)
    site = web.TCPSite(
        runner, place.listen.host, place.listen.port, ssl_context=tls, backlog=MOST_WAITING
    )
    await site.start()
    address = Address(place.listen.host, runner.addresses[0][1])
    scheme = "http" if tls is None else "https"
    print(f"fake-llm on {scheme}://{address}/v1", flush=True)  # noqa: T201  # where it is
