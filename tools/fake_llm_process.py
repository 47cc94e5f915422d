"""The rehearsal endpoint in a process of its own, to test with and to measure."""

import json
import re
import signal
import ssl
import subprocess
import sys
import urllib.request
from typing import Any, Self

from tools.child import ended, first_line, killed

READY = re.compile(r"fake-llm on (https?://\S+:(\d+))/v1")
START_S = ANSWER_S = 60.0  # on a busy machine


class FakeLlm:
    """`python -m server fake-llm` on a free port. Started again, it has the same port."""

    def __init__(self, *arguments: str) -> None:
        self._arguments = arguments  # such as "--fault", "http_429=0.1"
        self._process: subprocess.Popen[str] | None = None
        self._origin = ""
        self._port = "0"

    @property
    def url(self) -> str:
        """What clients take as base URL."""
        return f"{self._origin}/v1"

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> Self:
        """Start it and wait until it listens."""
        listen = ["--listen", f"127.0.0.1:{self._port}"]
        command = [sys.executable, "-m", "server", "fake-llm", *listen, *self._arguments]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        ready = READY.match(first_line(self._process, START_S))
        if ready is None:
            killed(self._process)
            raise AssertionError("the rehearsal endpoint did not start")
        self._origin, self._port = ready.groups()
        return self

    def kill(self) -> None:
        """End it as a crash would: from now on connections are refused."""
        assert self._process is not None
        killed(self._process)

    def stop(self) -> None:
        """End it, running or not."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            ended(self._process)

    def control(self, **order: Any) -> dict[str, Any]:
        """Change how it behaves, such as `next=["http_429"]`; settings and counts after that."""
        return self._ask("PUT", json.dumps(order).encode())

    def stats(self) -> dict[str, Any]:
        """Settings and counts."""
        return self._ask("GET")

    def reset(self) -> dict[str, Any]:
        """Let it behave as at the start, and count from 0."""
        return self._ask("DELETE")

    def _ask(self, method: str, body: bytes | None = None) -> dict[str, Any]:
        request = urllib.request.Request(f"{self._origin}/control", body, method=method)  # noqa: S310  # our own server
        anyone = ssl._create_unverified_context()  # noqa: S323  # its certificate is a test's
        with urllib.request.urlopen(request, timeout=ANSWER_S, context=anyone) as answer:  # noqa: S310  # likewise
            found: dict[str, Any] = json.load(answer)
        return found
