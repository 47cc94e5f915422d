"""The processes that a server stands on, to be killed and paused."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from server.storage.embedded import DATA
from tools.server_process import ServerProcess


def engine_of(server: ServerProcess) -> psutil.Process:
    """The process that reads tickets: the newest, where an earlier one is not quite gone."""
    children = psutil.Process(server.pid).children()
    return max(filter(_is_engine, children), key=psutil.Process.create_time)


def _is_engine(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):  # gone by now
        return "server.engines.embedded.worker" in process.cmdline()
    return False


def database_of(server: ServerProcess) -> list[psutil.Process]:
    """The embedded PostgreSQL, first the process that starts the others."""
    return database_in(server.data)


def database_in(folder: Path) -> list[psutil.Process]:
    """The PostgreSQL that runs on a data folder, first the process that starts the others."""
    pid = (folder / DATA / "postmaster.pid").read_text().splitlines()[0]
    postmaster = psutil.Process(int(pid))
    return [postmaster, *postmaster.children(recursive=True)]


@contextmanager
def paused(*processes: psutil.Process) -> Iterator[None]:
    """Processes that hang while the block runs: their connections stay open."""
    try:
        for process in processes:
            with suppress(psutil.NoSuchProcess):  # PostgreSQL has some that end by themselves
                process.suspend()
        yield
    finally:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.resume()
