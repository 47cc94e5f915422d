"""Runs a server from start to drained."""

import asyncio
import errno
import gc
import io
import logging
import os
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

from server import __version__
from server.app import Application, application
from server.engines.llm.providers_file import InvalidProviders
from server.lifecycle import UNWIND_S, PortTaken, drain, end_within, stop_signals
from server.logs import JsonLog, origin_of
from server.secret_key import UnusableKey
from server.sentence_model import ModelFolderUnusable
from server.settings import OFF, Settings
from server.storage.embedded import stop_at_once
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
    """Serve until a signal; the exit status: 0 after a drain, 1 when it could not start or end."""
    log = JsonLog(io.FileIO(sys.stderr.fileno(), "w", closefd=False))
    route_library_logs(log)
    app: Application | None = None

    def waits_for() -> str:
        return app.unwinding.waits_for if app else "the start"

    end_in_time = partial(
        end_within, settings.grace_s + UNWIND_S, waits_for, partial(_let_go, settings)
    )
    async with stop_signals(end_in_time) as signals:
        try:
            async with application(settings, log) as app:
                gc.freeze()  # what serves from now on is no garbage; collect the rest less often
                gc.set_threshold(*GC_THRESHOLD)
                gc.enable()
                announce(app)
                log.write({"event": "ready", "address": str(app.address), "version": __version__})
                await signals.get()
                log.write({"event": "draining", "grace_s": settings.grace_s})
                await drain(app.server, app.health, app.gate, settings.grace_s, signals)
        except CANNOT_START as error:
            text = _said(error, settings.folder)
            print(f"switchyard-server: {text}", file=sys.stderr)  # noqa: T201  # to a person
            return 1
        log.write({"event": "stopped"})
        await log.close()
    return 0


def _said(error: Exception, folder: Path) -> str:
    """What is wrong, and, where it is the data folder, what to do about it."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return f"a disk is full; make room for {folder}"
    if not isinstance(error, OSError) or not error.filename:
        return str(error)
    text = f"{error.filename}: {error.strerror}"
    if not Path(os.fsdecode(error.filename)).is_relative_to(folder):
        return text
    return f"{text}; change its owner, or choose another data folder with --data"


def _let_go(settings: Settings) -> None:
    """Leave nothing behind that others would wait for."""
    if not settings.database_url:
        stop_at_once(settings.folder)


def route_library_logs(log: JsonLog) -> None:
    """Warnings of libraries become lines of our log, by name alone: their texts are theirs."""
    handler = LibraryLog(log)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


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
