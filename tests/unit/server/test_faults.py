"""Whoever hears of a fault that nobody foresaw can be helped: the log says which call it was."""

import io
import json
from typing import Any

from google.rpc.error_details_pb2 import RequestInfo
from google.rpc.status_pb2 import Status
from psycopg.errors import DiskFull

from interceptors.call import Call, Caller
from server.composition.faults import error_answerer
from server.logs import JsonLog
from server.storage.errors import StorageUnavailable
from server.streams import ServerDraining


class Wire:
    """What grpc.aio knows of a call: its metadata."""

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return (("x-request-id", "mine-1"),)


def call_of_acme() -> Call:
    wire: Any = Wire()
    call = Call("test.Echo/Echo", wire)
    call.caller = Caller("acme", "apiKeys/a", frozenset(), "free")
    return call


def request_ids(status: Status) -> list[str]:
    info = RequestInfo()
    return [info.request_id for detail in status.details if detail.Unpack(info)]


async def test_an_unforeseen_fault_is_named_alike_by_its_answer_and_its_log_line() -> None:
    stream = io.BytesIO()
    log = JsonLog(stream)
    status = error_answerer(log)(call_of_acme(), ValueError("secret"))
    await log.close()
    line = json.loads(stream.getvalue())
    assert request_ids(status) == ["mine-1"]
    assert (line["event"], line["call_id"], line["tenant"]) == ("error", "mine-1", "acme")
    assert (line["method"], line["causes"]) == ("test.Echo/Echo", ["ValueError"])


async def test_what_was_foreseen_is_no_line_of_the_log() -> None:
    stream = io.BytesIO()
    log = JsonLog(stream)
    assert request_ids(error_answerer(log)(call_of_acme(), ServerDraining())) == []
    await log.close()
    assert stream.getvalue() == b""


async def test_what_the_database_says_of_its_trouble_is_told_to_whoever_runs_it() -> None:
    stream = io.BytesIO()
    log = JsonLog(stream)
    error = StorageUnavailable("connection lost")
    error.__cause__ = DiskFull("could not write to secret")
    status = error_answerer(log)(call_of_acme(), error)
    await log.close()
    line = json.loads(stream.getvalue())
    assert (line["event"], line["sqlstate"]) == ("database_error", "53100")
    assert "53100" not in status.message
    assert b"secret" not in stream.getvalue()
