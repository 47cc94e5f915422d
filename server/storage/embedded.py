"""The PostgreSQL that comes from a wheel: one owner at a time, others may join.

The owner holds a lock on the data folder for as long as it lives; a kill frees
it, and the next owner adopts the database server that was left behind.
"""

import asyncio
import fcntl
import os
import shutil
from contextlib import suppress
from pathlib import Path

import psutil

from server.storage.errors import DataFolderInUse, EmbeddedPostgresFailed
from server.storage.postgres import PATH, make_cluster, start_postgres, stop_postgres
from server.storage.postmaster import find_postmaster

DATA = "postgres"  # folder of the cluster, below the data folder
WATCH_S = 1.0


class EmbeddedPostgres:
    """A PostgreSQL below `folder`, owned by this process between `start` and `stop`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._lock: int | None = None
        self._starting: asyncio.Task[str] | None = None
        self._watch: asyncio.Task[None] | None = None
        self._is_over = asyncio.Event()

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
        self._starting = asyncio.create_task(asyncio.to_thread(_start_server, self._folder))
        url = await asyncio.shield(self._starting)
        self._is_over.clear()
        self._watch = asyncio.create_task(self._keep_running(), name="embedded-postgres")
        return url

    async def stop(self) -> None:
        """Stop the server and free the folder."""
        self._is_over.set()
        for work in (self._starting, self._watch):
            if work is not None:  # a start under way is bounded, and goes on if it is given up
                await asyncio.gather(work, return_exceptions=True)
        if self._lock is None:
            return
        await asyncio.to_thread(stop_postgres, self._folder / DATA)
        os.close(self._lock)
        self._lock = None

    async def _keep_running(self) -> None:
        """Start the server again when it has died. Its URL stays the same."""
        while not await self._ends_within(WATCH_S):
            # A failed start, no more files to be opened: the next turn tries again.
            with suppress(EmbeddedPostgresFailed, OSError):
                if await asyncio.to_thread(running_url, self._folder) is None:
                    await asyncio.to_thread(_start_server, self._folder)

    async def _ends_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._is_over.wait(), seconds)
        return self._is_over.is_set()


def folder_fault(folder: Path) -> str:
    """Why PostgreSQL cannot live in the folder; empty when it can."""
    if not PATH.fullmatch(str(folder)):
        return (
            f"the data folder {str(folder)!r} has characters that PostgreSQL's start command "
            "cannot take, such as spaces, commas or quotes; choose another with --data"
        )
    return ""


def running_url(folder: Path) -> str | None:
    """URL of the server that runs below `folder`; None when none does."""
    postmaster = find_postmaster(folder / DATA)
    return postmaster.url if postmaster is not None and postmaster.is_ready else None


def stop_at_once(folder: Path) -> None:
    """Have the server below `folder` end at once, without waiting for that."""
    postmaster = find_postmaster(folder / DATA)
    if postmaster is not None:
        with suppress(psutil.NoSuchProcess):
            postmaster.end_at_once()


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
    data = folder / DATA
    try:
        if not (data / "PG_VERSION").exists():
            _make(data)
        return start_postgres(data).url
    except OSError as error:
        raise EmbeddedPostgresFailed(f"PostgreSQL did not start: {error}") from error


def _make(data: Path) -> None:
    if data.exists() and any(data.iterdir()):
        raise EmbeddedPostgresFailed(
            f"{data} has files, but no database; restore it, or move it out of the way"
        )
    for left in data.parent.glob(f"{DATA}.new-*"):  # never started: there is nothing in them
        shutil.rmtree(left, ignore_errors=True)
    made = make_cluster(data)
    made.rename(data)  # so what has that name is complete, whatever is killed
    parent = os.open(data.parent, os.O_RDONLY)
    os.fsync(parent)
    os.close(parent)
