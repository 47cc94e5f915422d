"""A real server in a process of its own, to be called, killed and started again."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from server.settings import PREFIX
from tools.child import END_S, ended, first_line, killed

READY = re.compile(r"ready on (\S+) .*metrics ([^,]+),")
START_S = 120.0  # on a busy machine, with a database that is to be made


class ServerProcess:
    """`python -m server serve` on a free port."""

    def __init__(self, data: Path, *arguments: str, **environment: str) -> None:
        self.data = data
        self._arguments = arguments
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None
        self.address = ""
        self.metrics_url = ""
        self.log_path = data.parent / f"{data.name}.log"

    def start(self) -> Self:
        """Start, and wait until it is ready."""
        defaults = ["--listen", "127.0.0.1:0", "--metrics-listen", "off"]
        command = [sys.executable, "-m", "server", "serve", "--data", str(self.data), *defaults]
        with self.log_path.open("a") as log:
            self._process = subprocess.Popen(
                [*command, *self._arguments],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=_without_settings(os.environ) | self._environment,
            )
        ready = READY.search(first_line(self._process, START_S))
        if ready is None:
            killed(self._process)
            raise AssertionError(f"the server did not start: {self.log_path.read_text()[-2000:]}")
        self.address, self.metrics_url = ready.groups()
        return self

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """End it at once, as kill -9 does."""
        assert self._process is not None
        killed(self._process)

    def terminate(self) -> None:
        """Ask it to drain."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def wait(self, timeout_s: float = END_S) -> int:
        """The exit status. Raises TimeoutExpired, and kills it, when it does not end."""
        assert self._process is not None
        return ended(self._process, timeout_s)

    def stop(self) -> int:
        """Drain and wait; the exit status."""
        assert self._process is not None
        if self._process.poll() is None:
            self.terminate()
        return self.wait()


def _without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without settings of a server: only what is given here is set."""
    return {name: value for name, value in environment.items() if not name.startswith(PREFIX)}
