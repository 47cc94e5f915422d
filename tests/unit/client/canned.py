"""Services for tests of the client: canned answers, remembered requests."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from functools import partial
from types import ModuleType
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import status_pb2
from grpc_status import rpc_status

Context = grpc.aio.ServicerContext[Any, Any]


def methods_of(files: Iterable[ModuleType]) -> dict[str, MethodDescriptor]:
    """The methods of the services of generated modules, by their paths."""
    return {
        f"/{service.full_name}/{method.name}": method
        for file in files
        for service in file.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }


class CannedService(grpc.GenericRpcHandler):
    """Answers every method; by default with an empty message, a stream with none."""

    def __init__(self, methods: dict[str, MethodDescriptor]) -> None:
        self._methods = methods
        self.answers: dict[
            str, list[Message]
        ] = {}  # by method, in order; a call takes one, the last one stays; a stream takes all
        self.requests: list[Message] = []  # those of a stream one by one
        self.failure: status_pb2.Status | None = None  # every call ends with it
        self.failures: dict[str, list[status_pb2.Status]] = {}  # by method; each ends one call
        self.stays_open = False  # streams never end by themselves
        self.fails_after = 0  # requests of a stream that are taken before the failure
        self.metadata: dict[str, str | bytes] = {}

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        """The handler of a method of the contract."""
        method = self._methods.get(details.method)
        if method is None:
            return None
        make, answer = self._handling(method)
        return make(
            partial(answer, method),
            request_deserializer=GetMessageClass(method.input_type).FromString,
            response_serializer=GetMessageClass(method.output_type).SerializeToString,
        )

    def _handling(self, method: MethodDescriptor) -> Any:
        if method.client_streaming and method.server_streaming:
            return grpc.stream_stream_rpc_method_handler, self._converse
        if method.client_streaming:
            return grpc.stream_unary_rpc_method_handler, self._collect
        if method.server_streaming:
            return grpc.unary_stream_rpc_method_handler, self._stream
        return grpc.unary_unary_rpc_method_handler, self._answer

    async def _answer(
        self, method: MethodDescriptor, request: Message, context: Context
    ) -> Message:
        self.requests.append(request)
        self.metadata = dict(context.invocation_metadata() or ())
        await self._fail(context)
        if self.failures.get(method.name):
            await context.abort_with_status(rpc_status.to_status(self.failures[method.name].pop(0)))
        return self._next(method)

    async def _stream(
        self, method: MethodDescriptor, request: Message, context: Context
    ) -> AsyncIterator[Message]:
        self.requests.append(request)
        await self._fail(context)
        for answer in self.answers.get(method.name, ()):
            yield answer
        if self.stays_open:
            await asyncio.Event().wait()

    async def _converse(
        self, method: MethodDescriptor, requests: AsyncIterator[Message], context: Context
    ) -> AsyncIterator[Message]:
        await self._take(requests, context)
        for answer in self.answers.get(method.name, ()):
            yield answer

    async def _collect(
        self, method: MethodDescriptor, requests: AsyncIterator[Message], context: Context
    ) -> Message:
        await self._take(requests, context)
        return self._next(method)

    async def _take(self, requests: AsyncIterator[Message], context: Context) -> None:
        async for request in requests:
            self.requests.append(request)
            if len(self.requests) > self.fails_after:
                await self._fail(context)

    async def _fail(self, context: Context) -> None:
        if self.failure is not None:
            await context.abort_with_status(rpc_status.to_status(self.failure))

    def _next(self, method: MethodDescriptor) -> Message:
        answers = self.answers.get(method.name)
        if not answers:
            return GetMessageClass(method.output_type)()
        return answers.pop(0) if len(answers) > 1 else answers[0]
