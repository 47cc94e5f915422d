"""Which process serves a folder of PostgreSQL's, by the lock files that it leaves there."""

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil

SUPERUSER = "postgres"  # of the databases


@dataclass(frozen=True, slots=True)
class Postmaster:
    """The first process of a running server, and the folder of its socket."""

    process: psutil.Process
    port: str
    sockets: str
    is_ready: bool

    @property
    def url(self) -> str:
        """Where clients connect, whatever PGPORT, PGHOSTADDR and PGOPTIONS say."""
        where = f"host={quote(self.sockets)}&port={self.port}&hostaddr=&options="
        return f"postgresql://{SUPERUSER}:@/postgres?{where}"

    def end_at_once(self) -> None:
        """Have the server end without a checkpoint, as after a crash, also where it is suspended:
        what is committed is kept. Raises psutil.NoSuchProcess.
        """
        self.process.send_signal(signal.SIGQUIT)
        self.process.resume()


def find_postmaster(data: Path) -> Postmaster | None:
    """The one that runs on `data`; None when none does."""
    facts = _lines(data / "postmaster.pid")
    process = _process(facts)
    if process is None or not _runs_on(data, process):
        return None
    facts += [""] * 8  # the later ones are written as it gets ready
    return Postmaster(process, facts[3], facts[4], is_ready=facts[7].strip() == "ready")


def forget_the_dead(data: Path, *locks: Path) -> None:
    """Whom PostgreSQL would take for running: a killed postmaster that nobody has reaped, another
    program that has its number by now, and whoever died before the number was written. A number
    that nobody has is left to it: it looks what else the dead one left.
    """
    for lock in locks:
        facts = _lines(lock)
        process = _process(facts)
        if process is not None and not _runs_on(data, process):
            lock.unlink()
        elif not _number(facts):
            lock.unlink(missing_ok=True)


def _runs_on(data: Path, process: psutil.Process) -> bool:
    """Whether it is a server on `data`: by now its number may belong to any program, also to the
    server of another folder, and that one must not be stopped.
    """
    try:
        if process.name() != "postgres" or process.status() == psutil.STATUS_ZOMBIE:
            return False
        try:
            return data.samefile(process.cwd())
        except psutil.AccessDenied:  # root in a container, without the right to look
            return str(data) in process.cmdline()
    except (psutil.Error, FileNotFoundError):
        return False


def _process(facts: list[str]) -> psutil.Process | None:
    """The process whose number a lock file begins with."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(_number(facts)) if _number(facts) else None
    return None


def _number(facts: list[str]) -> int:
    """0 where there is none."""
    with suppress(ValueError, IndexError):
        return max(0, int(facts[0]))
    return 0


def _lines(lock: Path) -> list[str]:
    try:
        return os.fsdecode(lock.read_bytes()).splitlines()
    except FileNotFoundError:
        return []
