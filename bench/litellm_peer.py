"""LiteLLM's proxy in front of the same model, as its own command starts it.

The command is looked for on the PATH: the proxy wants releases of packages that are not ours, and
lives in an environment of its own.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.model_questions import MODEL

KEY = "sk-key-of-the-measurement"
START_S = 120.0
CONFIG = """
model_list:
  - model_name: {model}
    litellm_params: {{model: openai/{model}, api_base: "{url}", api_key: none}}
general_settings: {{master_key: {key}}}
"""


def is_installed() -> bool:
    """Whether there is a LiteLLM to measure."""
    return shutil.which("litellm") is not None


@contextmanager
def litellm_proxy(model_url: str) -> Iterator[tuple[str, int]]:
    """The URL and process id of a proxy with one worker."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        config = Path(folder) / "config.yaml"
        config.write_text(CONFIG.format(model=MODEL, url=model_url, key=KEY))
        free.close()
        command = ["litellm", "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
        process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"LITELLM_TELEMETRY": "False"},
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_ready(f"{url}/health/liveliness", process)
            yield url, process.pid
        finally:
            process.terminate()
            process.wait()


def _wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310  # our own process
                return
        except OSError:
            time.sleep(0.2)  # it has no line that says when it is ready
    raise RuntimeError("LiteLLM's proxy did not start")
