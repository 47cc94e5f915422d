"""Spans of a server process reach a real collector; without one, nothing of them is loaded."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from switchyard.triage.v1 import ticket_pb2, triage_service_pb2, triage_service_pb2_grpc

from tools.server_process import ServerProcess

PATIENCE_S = 60.0
COLLECTOR = "opentelemetry.proto.collector.trace.v1.TraceService"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
LOADED = "import server.app, sys; print(*sys.modules)"
WITHOUT_THE_EXTRA = """
import sys
sys.modules["opentelemetry"] = None
from server.__main__ import main
main(["serve"])
"""


class Collector:
    """Takes spans over OTLP."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.service = ""

    def take(self, request: Any, _context: Any) -> Any:
        """Keep the spans of a request."""
        for resource in request.resource_spans:
            names = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
            self.service = names["service.name"]
            self.spans += [span for scope in resource.scope_spans for span in scope.spans]
        return ExportTraceServiceResponse()


@pytest.fixture
def collector() -> Iterator[tuple[Collector, str]]:
    """A collector and where it listens."""
    taken, server = Collector(), grpc.server(ThreadPoolExecutor(1))
    export = grpc.unary_unary_rpc_method_handler(
        taken.take,
        ExportTraceServiceRequest.FromString,
        ExportTraceServiceResponse.SerializeToString,
    )
    methods = grpc.method_handlers_generic_handler(COLLECTOR, {"Export": export})
    server.add_generic_rpc_handlers((methods,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield taken, f"http://127.0.0.1:{port}"
    server.stop(None).wait(PATIENCE_S)


def test_the_last_span_leaves_before_the_server_does(
    collector: tuple[Collector, str], folder: Path, database_url: str
) -> None:
    taken, endpoint = collector
    process = ServerProcess(
        folder / "data", SWITCHYARD_DATABASE_URL=database_url, SWITCHYARD_OTLP_ENDPOINT=endpoint
    )
    with process:
        with grpc.insecure_channel(process.address) as channel:
            triage(channel, ("traceparent", f"00-{TRACE}-{PARENT}-01"))
        assert process.stop() == 0
    (span,) = taken.spans
    assert (taken.service, span.name) == (
        "switchyard",
        "switchyard.triage.v1.TriageService/Triage",
    )
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    assert "hunter2" not in str(span)


class Models(BaseHTTPRequestHandler):
    """Language models and embeddings that refuse everybody, and keep which trace asked."""

    traceparents: ClassVar[dict[str, str]] = {}  # by path

    def do_POST(self) -> None:
        """Refuse one request."""
        self.traceparents[self.path] = self.headers.get("traceparent", "")
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(HTTPStatus.UNAUTHORIZED)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_told: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def models() -> Iterator[str]:
    """The base URL of Models."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Models) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


def test_who_is_asked_on_the_way_hears_of_the_trace(
    collector: tuple[Collector, str], models: str, folder: Path, database_url: str
) -> None:
    taken, endpoint = collector
    process = ServerProcess(
        folder / "data",
        SWITCHYARD_DATABASE_URL=database_url,
        SWITCHYARD_OTLP_ENDPOINT=endpoint,
        SWITCHYARD_LLM_URL=models,
        SWITCHYARD_LLM_MODEL="m1",
        SWITCHYARD_EMBEDDING_URL=f"{models}#m2,2",
    )
    with process:
        with grpc.insecure_channel(process.address) as channel:
            triage(channel, ("traceparent", f"00-{TRACE}-{PARENT}-01"))
        assert process.stop() == 0
    (span,) = taken.spans
    own = f"00-{TRACE}-{span.span_id.hex()}-01"
    paths = ("/v1/chat/completions", "/v1/embeddings")
    assert Models.traceparents == dict.fromkeys(paths, own)


def triage(channel: grpc.Channel, *metadata: tuple[str, str]) -> None:
    stub: Any = triage_service_pb2_grpc.TriageServiceStub(channel)  # type: ignore[no-untyped-call]  # generated
    ticket = ticket_pb2.Ticket(id="1", body="my secret is hunter2")
    request = triage_service_pb2.TriageRequest(ticket=ticket)
    stub.Triage(request, metadata=metadata, timeout=PATIENCE_S)


def test_without_a_collector_nothing_of_tracing_is_loaded() -> None:
    loaded = run(LOADED).stdout.split()
    assert "server.app" in loaded
    unwanted = ("server.tracing", "interceptors.tracing", "opentelemetry.exporter")
    assert [name for name in loaded if name.startswith(unwanted)] == []


def test_without_the_extra_a_collector_is_refused_by_name() -> None:
    done = run(WITHOUT_THE_EXTRA, SWITCHYARD_OTLP_ENDPOINT="http://127.0.0.1:4317")
    assert done.returncode == 2
    assert "SWITCHYARD_OTLP_ENDPOINT" in done.stderr
    assert "switchyard[tracing]" in done.stderr
    assert "Traceback" not in done.stderr


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
