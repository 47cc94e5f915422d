"""Imports and exports on a real socket, behind the part of the chain that reads requests."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import descriptor_pool
from switchyard.feedback.v1 import feedback_service_pb2 as pb
from switchyard.feedback.v1 import feedback_service_pb2_grpc

from interceptors.chain import Chain
from interceptors.codec import Codec
from interceptors.error_status import ErrorStatus
from interceptors.policy import read_policies
from interceptors.validation import Validation
from server.errors import status_of
from server.feedback.exchange import wire
from server.feedback.exchange.exporting import LabelExports
from server.feedback.exchange.importing import LabelImports

SERVICE = "switchyard.feedback.v1.FeedbackService"
PATIENCE_S = 60.0


class _Exchange(feedback_service_pb2_grpc.FeedbackServiceServicer):
    """Its callers name their tenant."""

    def __init__(self, imports: LabelImports, exports: LabelExports) -> None:
        self._imports = imports
        self._exports = exports

    async def ImportLabels(  # noqa: N802  # named by the contract
        self, request_iterator: AsyncIterator[Any], context: Any
    ) -> AsyncGenerator[pb.ImportLabelsResponse, None]:
        """Import labels."""
        rows = wire.read_rows(request_iterator)
        told = self._imports.run(context.metadata["tenant"], "apiKeys/1", rows)
        async with aclosing(told):
            async for progress in told:
                yield wire.write_progress(progress)

    async def ExportLabels(  # noqa: N802  # named by the contract
        self, request: pb.ExportLabelsRequest, context: Any
    ) -> AsyncGenerator[pb.ExportLabelsResponse, None]:
        """Export labels."""
        which, form = wire.read_export(request)
        async with aclosing(self._exports.run(context.metadata["tenant"], which, form)) as chunks:
            async for data, labels in chunks:
                yield wire.write_chunk(data, labels)


@dataclass(frozen=True, slots=True)
class Exchange:
    """Who imports and exports at a server."""

    channel: grpc.aio.Channel
    tenant: str

    def importing(self, rows: AsyncIterator[pb.ImportLabelsRequest] | None = None) -> Any:
        """An import under way."""
        start = self._stub.ImportLabels
        return start(rows, metadata=(("tenant", self.tenant),), timeout=PATIENCE_S)

    def importing_bytes(self) -> Any:
        """An import under way to which any bytes can be sent."""
        start: Any = self.channel.stream_stream(
            f"/{SERVICE}/ImportLabels", response_deserializer=pb.ImportLabelsResponse.FromString
        )
        return start(metadata=(("tenant", self.tenant),), timeout=PATIENCE_S)

    async def load(self, rows: Iterable[pb.ImportLabelsRequest]) -> list[pb.ImportLabelsResponse]:
        """Everything that an import tells."""
        return [answer async for answer in self.importing(_each(rows))]

    async def unload(self, **request: Any) -> list[pb.ExportLabelsResponse]:
        """All chunks of an export."""
        wanted = pb.ExportLabelsRequest(**request)
        call = self._stub.ExportLabels(
            wanted, metadata=(("tenant", self.tenant),), timeout=PATIENCE_S
        )
        return [chunk async for chunk in call]

    @property
    def _stub(self) -> Any:
        return feedback_service_pb2_grpc.FeedbackServiceStub(self.channel)  # type: ignore[no-untyped-call]  # generated


def row(body: str, category: str = "billing", **fields: Any) -> pb.ImportLabelsRequest:
    """A row of an import; fields of the label, and of its request."""
    own = {name: fields.pop(name) for name in ("replace", "validate_only") if name in fields}
    return pb.ImportLabelsRequest(label={"body": body, "category": category} | fields, **own)


async def _each(rows: Iterable[pb.ImportLabelsRequest]) -> AsyncIterator[pb.ImportLabelsRequest]:
    for each in rows:
        yield each


@asynccontextmanager
async def exchange_server(
    imports: LabelImports, exports: LabelExports
) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a server of the two."""
    policies = read_policies(descriptor_pool.Default(), [SERVICE])
    chain = Chain(
        [
            ErrorStatus(lambda _call, error: status_of(error)),
            Codec(items_stand_alone=policies.__contains__, policies=policies),
            Validation(),
        ]
    )
    server = grpc.aio.server(
        interceptors=(chain,), options=[("grpc.max_receive_message_length", -1)]
    )
    servicer = _Exchange(imports, exports)
    feedback_service_pb2_grpc.add_FeedbackServiceServicer_to_server(servicer, server)  # type: ignore[no-untyped-call]  # generated
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    await server.stop(None)
