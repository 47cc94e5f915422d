"""The administration services for tests of the client: canned answers, remembered requests."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import status_pb2
from grpc_status import rpc_status
from switchyard.admin.v1 import (
    access_service_pb2,
    budget_service_pb2,
    cache_service_pb2,
    rate_limit_service_pb2,
    resilience_service_pb2,
)

_FILES = (
    access_service_pb2,
    budget_service_pb2,
    cache_service_pb2,
    rate_limit_service_pb2,
    resilience_service_pb2,
)
METHODS: dict[str, MethodDescriptor] = {
    f"/{service.full_name}/{method.name}": method
    for file in _FILES
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}


class FakeAdmin(grpc.GenericRpcHandler):
    """Answers every method; by default with an empty message, a stream with none."""

    def __init__(self) -> None:
        self.answers: dict[
            str, list[Message]
        ] = {}  # by method, in order; a call takes one, the last one stays; a stream takes all
        self.requests: list[Message] = []
        self.failure: status_pb2.Status | None = None  # every call ends with it
        self.metadata: dict[str, str | bytes] = {}

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        """The handler of a method of the contract."""
        method = METHODS.get(details.method)
        if method is None:
            return None
        is_stream = details.method.endswith("/ReplayDeadLetters")
        make = (
            grpc.unary_stream_rpc_method_handler
            if is_stream
            else grpc.unary_unary_rpc_method_handler
        )
        return make(
            partial(self._stream if is_stream else self._answer, method),
            request_deserializer=GetMessageClass(method.input_type).FromString,
            response_serializer=GetMessageClass(method.output_type).SerializeToString,
        )

    async def _answer(
        self,
        method: MethodDescriptor,
        request: Message,
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> Message:
        self.requests.append(request)
        self.metadata = dict(context.invocation_metadata() or ())
        if self.failure is not None:
            await context.abort_with_status(rpc_status.to_status(self.failure))
        answers = self.answers.get(method.name)
        if not answers:
            return GetMessageClass(method.output_type)()
        return answers.pop(0) if len(answers) > 1 else answers[0]

    async def _stream(
        self,
        method: MethodDescriptor,
        request: Message,
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> AsyncIterator[Message]:
        self.requests.append(request)
        if self.failure is not None:
            await context.abort_with_status(rpc_status.to_status(self.failure))
        for answer in self.answers.get(method.name, ()):
            yield answer
