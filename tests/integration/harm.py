"""The processes that a server stands on, to be killed and paused."""

from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from tools.server_process import ServerProcess


def engine_of(server: ServerProcess) -> psutil.Process:
    """The process that reads tickets."""
    children = psutil.Process(server.pid).children()
    (engine,) = [c for c in children if "server.engines.embedded.worker" in c.cmdline()]
    return engine


def database_of(server: ServerProcess) -> list[psutil.Process]:
    """The embedded PostgreSQL, first the process that starts the others."""
    pid = (server.data / "postgres" / "postmaster.pid").read_text().splitlines()[0]
    postmaster = psutil.Process(int(pid))
    return [postmaster, *postmaster.children()]


@contextmanager
def paused(*processes: psutil.Process) -> Iterator[None]:
    """Processes that hang while the block runs: their connections stay open."""
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            if process.is_running():
                process.resume()
