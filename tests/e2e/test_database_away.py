"""PostgreSQL is killed under a running server, or hangs: precise errors, and an end in time."""

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import grpc
import psutil
from switchyard.triage.v1 import ticket_pb2, triage_service_pb2, triage_service_pb2_grpc

from server.lifecycle import UNWIND_S
from tests.integration.harm import database_of, paused
from tools.child import killed
from tools.server_process import ServerProcess

PATIENCE_S = 60
SLACK_S = 60  # of a busy machine


def test_a_killed_database_is_unavailable_and_then_back(folder: Path) -> None:
    codes: set[grpc.StatusCode] = set()
    answered: list[str] = []
    with (
        ServerProcess(folder / "data") as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        stub: Any = triage_service_pb2_grpc.TriageServiceStub(channel)  # type: ignore[no-untyped-call]  # generated
        answered.append(triage(stub, 0))
        os.kill(database_of(server)[0].pid, signal.SIGKILL)
        end = time.monotonic() + PATIENCE_S
        numbers = count(1)
        # It takes a moment until all of PostgreSQL has noticed.
        while not (codes and len(answered) >= 4) and time.monotonic() < end:
            try:
                answered.append(triage(stub, next(numbers)))
            except grpc.RpcError as error:
                codes.add(error.code())
        assert codes == {grpc.StatusCode.UNAVAILABLE}
        assert len(answered) >= 4
        listed = stub.ListTriageRuns(triage_service_pb2.ListTriageRunsRequest())
        assert {run.name for run in listed.runs} >= set(answered)
        assert server.stop() == 0


def test_a_database_that_hangs_does_not_hold_up_the_end(folder: Path) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(ServerProcess(folder / "data", SWITCHYARD_GRACE_S="1"))
        channel = stack.enter_context(grpc.insecure_channel(server.address))
        stub: Any = triage_service_pb2_grpc.TriageServiceStub(channel)  # type: ignore[no-untyped-call]  # generated
        triage(stub, 0)
        processes = database_of(server)
        with paused(*processes):
            waiting = stub.ListTriageRuns.future(triage_service_pb2.ListTriageRunsRequest())
            server.terminate()
            assert server.wait(timeout_s=1 + UNWIND_S + SLACK_S) == 1
        assert isinstance(waiting.exception(PATIENCE_S), grpc.RpcError)
    assert server.log_path.read_text().splitlines()[-1].endswith("did not end")
    _, alive = psutil.wait_procs(processes, timeout=PATIENCE_S)
    assert not alive, "PostgreSQL was left behind"


def test_a_database_that_hangs_does_not_hold_up_the_end_of_a_start(folder: Path) -> None:
    server = ServerProcess(folder / "data", SWITCHYARD_GRACE_S="1").start()
    processes = database_of(server)
    command = [sys.executable, "-m", "server", "serve", "--listen", "127.0.0.1:0"]
    settings = {"SWITCHYARD_DATA_FOLDER": str(server.data), "SWITCHYARD_GRACE_S": "1"}
    with paused(*processes):
        server.kill()
        starting = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env=os.environ | settings
        )
        try:
            end = time.monotonic() + PATIENCE_S
            while owner_of(server) != starting.pid:
                assert time.monotonic() < end
                time.sleep(0.01)
            starting.terminate()
            _, said = starting.communicate(timeout=1 + UNWIND_S + SLACK_S)
        finally:
            killed(starting)
    assert starting.returncode == 1
    assert said.splitlines()[-1].endswith("the start did not end")
    _, alive = psutil.wait_procs(processes, timeout=PATIENCE_S)
    assert not alive, "PostgreSQL was left behind"


def owner_of(server: ServerProcess) -> int:
    """The process id of whoever has taken a server's folder."""
    return int((server.data / "owner.lock").read_text().strip() or 0)


def triage(stub: Any, number: int) -> str:
    """The run of a ticket that no kept answer is the answer to."""
    ticket = ticket_pb2.Ticket(id=str(number), body="Where is my order?")
    request = triage_service_pb2.TriageRequest(ticket=ticket)
    return str(stub.Triage(request, timeout=20).result.run)
