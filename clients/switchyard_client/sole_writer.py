"""One process at a time for a file of answers.

A file beside it is locked, not the file itself: going on with answers replaces that one.
"""

import contextlib
import os
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_LONGEST_PROCESS = 20  # digits


class BeingWritten(Exception):
    """Another process writes to the file; the message says which."""

    def __init__(self, path: Path, process: str) -> None:
        who = f"process {process}" if process else "another process"
        super().__init__(f"{who} is writing to {path}; wait until it has ended, or end it")


class LockInTheWay(Exception):
    """Where the lock would be is something else, or a lock that cannot be looked at."""

    def __init__(self, place: Path, path: Path) -> None:
        super().__init__(
            f"{place} is in the way of a lock that keeps others from writing to {path}; "
            "move it elsewhere"
        )


@contextlib.contextmanager
def sole_writer(path: Path | None) -> Iterator[None]:
    """Keep other processes from writing to the file meanwhile, where a lock can be made for it.

    Devices and pipes may have many writers. Raises BeingWritten and LockInTheWay.
    """
    if path is None or (path.exists() and not path.is_file()) or sys.platform == "win32":
        yield
        return
    path = path.resolve()
    place = path.with_name(f".{path.name}.switchyard-lock")
    lock = _locked(place, path)
    if lock is None:
        yield
        return
    try:
        _sign(lock)
        yield
    finally:
        with contextlib.suppress(OSError):  # another user's, and nobody's any more
            place.unlink()
        os.close(lock)


def _locked(place: Path, path: Path) -> int | None:
    """The open lock; None where there can be none."""
    while (lock := _opened(place)) is not None:
        if not _is_ours(lock):
            os.close(lock)
            raise LockInTheWay(place, path)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            process = _content(lock).decode()
            os.close(lock)
            raise BeingWritten(path, process) from None
        except OSError:
            return lock  # a file system without locks: answers can be written there all the same
        if _is_at(lock, place):
            return lock
        os.close(lock)
    if os.path.lexists(place):
        raise LockInTheWay(place, path)
    return None


def _opened(place: Path) -> int | None:
    # Another user's can be locked by who may only read it.
    for flags in (os.O_RDWR | os.O_CREAT, os.O_RDONLY):
        with contextlib.suppress(OSError):
            return os.open(place, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
    return None


def _is_ours(lock: int) -> bool:
    """Whether it can be a lock that was made here: a file that holds digits or nothing."""
    is_file = stat.S_ISREG(os.fstat(lock).st_mode)
    return is_file and re.fullmatch(rb"[0-9]{0,%d}" % _LONGEST_PROCESS, _content(lock)) is not None


def _content(lock: int) -> bytes:
    return os.pread(lock, _LONGEST_PROCESS + 1, 0)


def _sign(lock: int) -> None:
    with contextlib.suppress(OSError):  # it only tells others who is writing
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)


def _is_at(lock: int, place: Path) -> bool:
    """Whether it is still that file: who had it locked may have removed it since it was opened."""
    try:
        return os.path.samestat(os.fstat(lock), place.stat())
    except FileNotFoundError:
        return False
