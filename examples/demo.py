"""The main job, live: a server on an empty folder, the example tickets, one ticket's "why".

python -m examples.demo      (make demo)
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tools.server_process import ServerProcess

TICKETS = os.path.relpath(Path(__file__).parent / "tickets.jsonl")
SHOWN = "T-1065"  # a long, angry one


def main() -> int:
    """Run the demo; the exit status."""
    with tempfile.TemporaryDirectory(prefix="switchyard-demo-") as folder:
        start = time.perf_counter()
        server = ServerProcess(Path(folder) / "data").start()
        ready_s = time.perf_counter() - start
        say(f"A server is ready on {server.address} after {ready_s:.1f} s, on an empty database.")
        try:
            status = show(server.address)
        finally:
            drained = server.stop()
        say(f"The server has drained and stopped with status {drained}.")
        say("Yours: `make serve` in one window, `switchyard triage examples/tickets.jsonl` here.")
        return status or drained


def show(address: str) -> int:
    """Triage the tickets, then show one ticket's run."""
    status = switchyard(address, "triage", TICKETS, "--rows", "100")
    listed = subprocess.run(
        command(address, "runs", "list", "--ticket", SHOWN, "--json"),
        capture_output=True,
        text=True,
        check=True,
    )
    name = json.loads(listed.stdout.splitlines()[0])["name"]
    return status or switchyard(address, "runs", "show", name)


def switchyard(address: str, *arguments: str) -> int:
    """Run the client's command line as a person would; its exit status."""
    print(f"\n$ switchyard {' '.join(arguments)}", flush=True)
    return subprocess.run(command(address, *arguments), check=False).returncode


def command(address: str, *arguments: str) -> list[str]:
    """The client's command line against `address`."""
    return [sys.executable, "-m", "switchyard_client", "--server", address, *arguments]


def say(text: str) -> None:
    """Tell the person who watches."""
    print(f"\n{text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
