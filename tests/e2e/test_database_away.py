"""PostgreSQL is killed under a running server: precise errors, and back by itself."""

import os
import signal
import time
from itertools import count
from pathlib import Path
from typing import Any

import grpc
from switchyard.triage.v1 import ticket_pb2, triage_service_pb2, triage_service_pb2_grpc

from tools.server_process import ServerProcess

PATIENCE_S = 30


def test_a_killed_database_is_unavailable_and_then_back(folder: Path) -> None:
    server = ServerProcess(folder / "data").start()
    codes: set[grpc.StatusCode] = set()
    answered: list[str] = []
    with grpc.insecure_channel(server.address) as channel:
        stub: Any = triage_service_pb2_grpc.TriageServiceStub(channel)  # type: ignore[no-untyped-call]  # generated
        answered.append(triage(stub, 0))
        postmaster = (folder / "data" / "postgres" / "postmaster.pid").read_text().splitlines()[0]
        os.kill(int(postmaster), signal.SIGKILL)
        end = time.monotonic() + PATIENCE_S
        numbers = count(1)
        while len(answered) < 4 and time.monotonic() < end:
            try:
                answered.append(triage(stub, next(numbers)))
            except grpc.RpcError as error:
                codes.add(error.code())
        assert codes == {grpc.StatusCode.UNAVAILABLE}
        assert len(answered) == 4
        listed = stub.ListTriageRuns(triage_service_pb2.ListTriageRunsRequest())
        assert {run.name for run in listed.runs} >= set(answered)
    assert server.stop() == 0


def triage(stub: Any, number: int) -> str:
    """The run of a ticket that no kept answer is the answer to."""
    ticket = ticket_pb2.Ticket(id=str(number), body="Where is my order?")
    request = triage_service_pb2.TriageRequest(ticket=ticket)
    return str(stub.Triage(request, timeout=20).result.run)
