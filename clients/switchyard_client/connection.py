"""A channel to one server: where it is, how it is encrypted, and who calls."""

import ipaddress
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from types import TracebackType
from typing import Self, TypeVar

import betterproto2
import grpc
from google.protobuf.message import DecodeError
from grpc.aio import AioRpcError

from switchyard_client.connection_checks import (
    Metadata,
    checked_address,
    checked_key,
    checked_metadata,
)
from switchyard_client.errors import error_of_call
from switchyard_client.feeding import exchange
from switchyard_client.version import __version__
from switchyard_client.wire import codec_of, encoded

DEFAULT_ADDRESS = "127.0.0.1:50051"
MAX_MESSAGE_BYTES = 64 * 1024 * 1024  # a page of 100 runs with the longest tickets fits

Request = TypeVar("Request", bound=betterproto2.Message)
Response = TypeVar("Response", bound=betterproto2.Message)


class KeyInTheClear(ValueError):
    """A key would travel to another machine where everyone on the way can read it."""

    def __init__(self, address: str) -> None:
        super().__init__(
            f"an API key for {address} needs TLS: pass credentials=grpc.ssl_channel_credentials(), "
            "or allows_plaintext_key=True in a network that is trusted"
        )
        self.address = address


class Connection:
    """Calls the server at `address`; use it as an async context manager.

    Every call raises SwitchyardError. `deadline_s` is for calls with one answer; the methods take
    another for one call. `api_key`, or a token, says who calls; `metadata` goes with every call.
    `credentials` encrypt the channel. White space around the key is left out. Raises KeyInTheClear
    for a key without credentials, unless the server is on this machine, and UnsendableRequest for
    an address, a key or metadata that no call can have.
    """

    def __init__(
        self,
        address: str = DEFAULT_ADDRESS,
        *,
        deadline_s: float = 30.0,
        api_key: str = "",
        credentials: grpc.ChannelCredentials | None = None,
        allows_plaintext_key: bool = False,
        metadata: Metadata = (),
    ) -> None:
        self.address = checked_address(address)
        key = checked_key(api_key)
        if key and not allows_plaintext_key and is_exposed(address, credentials):
            raise KeyInTheClear(address)
        self._deadline_s = deadline_s
        self._credentials = credentials
        # Metadata, not call credentials: gRPC asks a plug-in for those at every call.
        bearer = (("authorization", f"Bearer {key}"),) if key else ()
        self._metadata = (*bearer, *checked_metadata(metadata))
        self._open_channel: grpc.aio.Channel | None = None

    async def __aenter__(self) -> Self:
        self._open_channel = _open_channel(self.address, self._credentials)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        channel, self._open_channel = self._channel, None
        await channel.close()

    async def call(
        self,
        service: str,
        request: Request,
        kind: type[Response],
        deadline_s: float | None = None,
    ) -> Response:
        """The answer of the method that `request` is named after."""
        method = f"/{service}/{type(request).__name__.removesuffix('Request')}"
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(method)
        timeout_s = self._deadline_s if deadline_s is None else deadline_s
        data = encoded(request)
        try:
            answer = await call(data, timeout=timeout_s, metadata=self._metadata)
            response: Response = codec_of(kind).parse(answer)
        except (AioRpcError, DecodeError) as error:
            raise error_of_call(error) from None
        return response

    async def pages(
        self, service: str, request: Request, kind: type[Response]
    ) -> AsyncGenerator[Response, None]:
        """The answers from this page on, to the last; each is fetched when needed."""
        while True:
            page = await self.call(service, request, kind)
            yield page
            request.page_token = page.next_page_token  # type: ignore[attr-defined]  # paged messages have them
            if not page.next_page_token:  # type: ignore[attr-defined]  # as above
                return

    async def stream(
        self, service: str, request: Request, kind: type[Response], deadline_s: float | None
    ) -> AsyncGenerator[Response, None]:
        """The answers of the method that `request` is named after, as they come; without a
        deadline, as long as there are any.
        """
        method = f"/{service}/{type(request).__name__.removesuffix('Request')}"
        start: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = self._channel.unary_stream(method)
        parse = codec_of(kind).parse
        call = start(encoded(request), timeout=deadline_s, metadata=self._metadata)
        try:
            async for response in call:
                yield parse(response)
        except (AioRpcError, DecodeError) as error:
            raise error_of_call(error) from None
        finally:
            call.cancel()

    def exchange(
        self,
        method: str,
        requests: AsyncIterable[Request],
        kind: type[Response],
        deadline_s: float | None,
        encode: Callable[[Request], bytes | None] = encoded,
    ) -> AsyncGenerator[Response, None]:
        """The answers of a method that takes a stream, as they come.

        Requests are taken only as fast as the server reads, and the server works only as fast as
        answers are taken. What `requests` or `encode` raises ends the call and is raised here; a
        request that `encode` makes nothing of is left out.
        """
        start: grpc.aio.StreamStreamMultiCallable[bytes, bytes]
        start = self._channel.stream_stream(f"/{method}")
        call = start(timeout=deadline_s, metadata=self._metadata)
        return exchange(call, requests, codec_of(kind).parse, encode)

    @property
    def _channel(self) -> grpc.aio.Channel:
        if self._open_channel is None:
            name = type(self).__name__
            raise RuntimeError(f"use the client inside `async with {name}(...) as client:`")
        return self._open_channel


def is_exposed(address: str, credentials: grpc.ChannelCredentials | None) -> bool:
    """Whether what is sent there can be read on the way."""
    return credentials is None and not _is_loopback(address)


def _open_channel(address: str, credentials: grpc.ChannelCredentials | None) -> grpc.aio.Channel:
    options = [
        ("grpc.primary_user_agent", f"switchyard-client/{__version__}"),
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        # A silent peer is found dead within 40 seconds while a call is open.
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        # A proxy for the outside world has no way back to this machine.
        ("grpc.enable_http_proxy", int(not _is_loopback(address))),
    ]
    if credentials is None:
        return grpc.aio.insecure_channel(address, options=options)
    return grpc.aio.secure_channel(address, credentials, options=options)


def _is_loopback(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    try:
        # Read as a number: 127.example.com is a name that anyone may own.
        return host in ("localhost", "unix") or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
