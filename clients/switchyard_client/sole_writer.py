"""One process at a time for a file of answers.

A file beside it is locked, not the file itself: going on with answers replaces that one.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

if sys.platform != "win32":
    import fcntl


class BeingWritten(Exception):
    """Another process writes to the file; the message says which."""

    def __init__(self, path: Path, process: str) -> None:
        who = f"process {process}" if process else "another process"
        super().__init__(f"{who} is writing to {path}; wait until it has ended, or end it")


@contextlib.contextmanager
def sole_writer(path: Path | None) -> Iterator[None]:
    """Keep other processes from writing to the file meanwhile, where the system has such locks.

    Devices and pipes may have many writers. Raises BeingWritten, and OSError where the place
    cannot be written.
    """
    if path is None or (path.exists() and not path.is_file()) or sys.platform == "win32":
        yield
        return
    path = path.resolve()
    place = path.with_name(f"{path.name}.lock")
    with _locked(place, path) as lock:
        lock.write(f"{os.getpid()}")
        lock.flush()
        try:
            yield
        finally:
            place.unlink(missing_ok=True)


def _locked(place: Path, path: Path) -> IO[str]:
    while True:
        lock = place.open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            process = lock.read()
            lock.close()
            raise BeingWritten(path, process) from None
        except OSError:
            return lock  # a file system without locks: answers can be written there all the same
        if _is_at(lock, place):
            lock.truncate(0)
            return lock
        lock.close()


def _is_at(lock: IO[str], place: Path) -> bool:
    """Whether it is still that file: who had it locked may have removed it since it was opened."""
    try:
        return os.path.samestat(os.fstat(lock.fileno()), place.stat())
    except FileNotFoundError:
        return False
