"""The chain: interceptors wrapped round a method's handler once, then kept.

grpc.aio asks an interceptor for a handler at every call. The chain answers
from a dictionary, so a call pays one look-up and the awaits of its members.
Requests enter and responses leave as bytes: the chain owns parsing and
serialising (see `codec`).
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import grpc

from interceptors.call import Call, Context
from interceptors.errors import UnknownMethod

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"  # generic in its stubs alone
Continuation: TypeAlias = "Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]]"
UnaryHandler = Callable[[Any, Call], Awaitable[Any]]
StreamHandler = Callable[[Any, Call], AsyncGenerator[Any, None]]

OTHER = "other"  # the name of every method that the server does not have (gRPC A66)


@dataclass(frozen=True, slots=True)
class Method:
    """One RPC: its name as "package.Service/Method", its shape, its codec."""

    name: str
    request_streaming: bool
    response_streaming: bool
    parse: Callable[[bytes], Any]
    serialize: Callable[[Any], bytes]


class Interceptor(Protocol):
    """A member of the chain. A request is a message, or an async iterator of messages.

    Handlers that answer with a stream are async generators, not writers to their context.
    """

    def wrap_unary(self, method: Method, handler: UnaryHandler) -> UnaryHandler:
        """The handler to call in place of one that answers once."""

    def wrap_stream(self, method: Method, handler: StreamHandler) -> StreamHandler:
        """The handler to call in place of one that answers with a stream."""


class Chain(grpc.aio.ServerInterceptor):
    """Interceptors, outermost first, as the one interceptor that grpc.aio sees."""

    def __init__(self, members: Sequence[Interceptor]) -> None:
        self._members = tuple(members)
        self._handlers: dict[str, Handler] = {}
        refusal: Handler = grpc.unary_unary_rpc_method_handler(
            _refuse, request_deserializer=_refuse_bytes
        )
        self._unknown = self.wrap(OTHER, refusal)

    async def intercept_service(
        self,
        continuation: Continuation,
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """The wrapped handler of the called method."""
        kept = self._handlers.get(handler_call_details.method)
        if kept is not None:
            return kept
        handler = await continuation(handler_call_details)
        if handler is None:  # not kept: a caller could invent names without end
            return self._unknown
        wrapped = self.wrap(handler_call_details.method.lstrip("/"), handler)
        self._handlers[handler_call_details.method] = wrapped
        return wrapped

    def wrap(self, name: str, handler: Handler) -> Handler:
        """The handler of the method `name`, behind every member."""
        method = Method(
            name=name,
            request_streaming=bool(handler.request_streaming),
            response_streaming=bool(handler.response_streaming),
            parse=handler.request_deserializer or _as_it_is,
            serialize=handler.response_serializer or _as_it_is,
        )
        if method.response_streaming:
            return self._wrap_stream(method, handler)
        return self._wrap_unary(method, handler)

    def _wrap_unary(self, method: Method, handler: Handler) -> Handler:
        unary: Any = handler.stream_unary if method.request_streaming else handler.unary_unary
        for member in reversed(self._members):
            unary = member.wrap_unary(method, unary)
        name = method.name

        async def answer(request: Any, context: Context) -> Any:
            call = Call(name, context)
            try:
                return await unary(request, call)
            finally:
                _send_metadata(call)

        if method.request_streaming:
            return grpc.stream_unary_rpc_method_handler(answer)
        return grpc.unary_unary_rpc_method_handler(answer)

    def _wrap_stream(self, method: Method, handler: Handler) -> Handler:
        stream: Any = handler.stream_stream if method.request_streaming else handler.unary_stream
        for member in reversed(self._members):
            stream = member.wrap_stream(method, stream)
        name = method.name

        async def answer(request: Any, context: Context) -> AsyncGenerator[Any, None]:
            call = Call(name, context)
            is_left = False
            try:
                async with aclosing(stream(request, call)) as responses:
                    async for response in responses:
                        try:
                            yield response
                        except GeneratorExit:
                            is_left = True
                            raise
            except grpc.aio.BaseError:
                if not is_left:  # else gRPC, which has let go of the call, hears of it no more
                    raise
            finally:
                _send_metadata(call)

        if method.request_streaming:
            return grpc.stream_stream_rpc_method_handler(answer)
        return grpc.unary_stream_rpc_method_handler(answer)


def _send_metadata(call: Call) -> None:
    if call.answer_metadata:
        call.transport.set_trailing_metadata(call.answer_metadata)


def _as_it_is(value: Any) -> Any:
    return value


def _refuse_bytes(_request: bytes) -> bytes:
    raise UnknownMethod  # before any member looks for a message


async def _refuse(_request: bytes, _call: Call) -> bytes:
    raise UnknownMethod
