"""grpc.health.v1: Check, Watch and List.

The messages are those of grpcio-health-checking. Its servicer is not used: it
has no List, it forgets the other watchers when one of them leaves, and its
watchers would hold up a server that drains.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf import descriptor, descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2, health_pb2_grpc

from interceptors.call import host_of, network_of
from interceptors.errors import Overloaded, TooManyStreams

Context = grpc.aio.ServicerContext[Any, Any]

SERVICE = "grpc.health.v1.Health"
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVICE_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN


class ServiceUnknown(Exception):
    """Health was asked about a service that the server does not have."""

    def __init__(self, service: str) -> None:
        super().__init__(service)
        self.service = service


LIVENESS = "liveness"  # the process runs and answers, whatever it stands on
# Nobody has to say who it is in order to watch, and each watcher holds memory for as long.
MOST_WATCHERS = 1000
MOST_WATCHERS_OF_ADDRESS = 20
WATCH_RETRY_S = 5.0
MOST_NAME = 200  # characters of a service's name, which a watcher keeps


class Health(health_pb2_grpc.HealthServicer):
    """The health of the server ("", ready to serve), of each of its services (the same), of
    `liveness`, and of each part that the server stands on.
    """

    def __init__(self, services: tuple[str, ...], parts: tuple[str, ...] = ()) -> None:
        self._services = ("", *services)
        self._statuses: dict[str, Any] = dict.fromkeys((*self._services, *parts), NOT_SERVING)
        self._statuses[LIVENESS] = SERVING
        self._changed = asyncio.Event()
        self._draining = False
        self._watchers = Counter[str]()  # by address

    def start_serving(self) -> None:
        """Everything is ready."""
        self._set(dict.fromkeys(self._services, True))

    def start_draining(self) -> None:
        """The server stops: NOT_SERVING for good. Watchers hear it, then their streams end."""
        self._set(dict.fromkeys(self._services, False))
        self._draining = True

    def tell(self, parts: Mapping[str, bool], *, is_ready: bool) -> None:
        """Which parts answer, and whether the server can serve with them."""
        if not self._draining:
            self._set({**dict.fromkeys(self._services, is_ready), **parts})

    async def Check(
        self, request: health_pb2.HealthCheckRequest, _context: Context
    ) -> health_pb2.HealthCheckResponse:
        """The health of one service. NOT_FOUND when there is no such service."""
        if request.service not in self._statuses:
            raise ServiceUnknown(request.service)
        return health_pb2.HealthCheckResponse(status=self._statuses[request.service])

    async def Watch(
        self, request: health_pb2.HealthCheckRequest, context: Context
    ) -> AsyncGenerator[health_pb2.HealthCheckResponse, None]:
        """The health of one service now and after every change, until the server drains.

        RESOURCE_EXHAUSTED or UNAVAILABLE, with a time to retry, when too many watch.
        """
        if len(request.service) > MOST_NAME:
            raise ServiceUnknown(request.service)
        told = None
        with self._watcher_from(network_of(host_of(context.peer()))):
            while True:
                changed = self._changed
                status = self._statuses.get(request.service, SERVICE_UNKNOWN)
                if status != told:
                    told = status
                    yield health_pb2.HealthCheckResponse(status=status)
                if self._draining:
                    return
                await changed.wait()

    async def List(self, _request: Message, _context: Context) -> Message:
        """The health of everything that has one."""
        response: Message = LIST_RESPONSE()
        statuses: Any = response.statuses  # type: ignore[attr-defined]  # made at run time, below
        for service, status in self._statuses.items():
            statuses[service].status = status
        return response

    def register(self, server: grpc.aio.Server) -> None:
        """Answer for grpc.health.v1 on `server`."""
        health_pb2_grpc.add_HealthServicer_to_server(self, server)
        listing = grpc.unary_unary_rpc_method_handler(
            self.List,
            request_deserializer=LIST_REQUEST.FromString,
            response_serializer=LIST_RESPONSE.SerializeToString,
        )
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(SERVICE, {"List": listing}),)
        )

    @contextmanager
    def _watcher_from(self, address: str) -> Iterator[None]:
        """A watcher's place, as long as it watches. Raises TooManyStreams, Overloaded."""
        if self._watchers[address] >= MOST_WATCHERS_OF_ADDRESS:
            raise TooManyStreams(MOST_WATCHERS_OF_ADDRESS, WATCH_RETRY_S)
        if self._watchers.total() >= MOST_WATCHERS:
            raise Overloaded(WATCH_RETRY_S)
        self._watchers[address] += 1
        try:
            yield
        finally:
            self._watchers[address] -= 1
            if not self._watchers[address]:
                del self._watchers[address]

    def _set(self, serving: Mapping[str, bool]) -> None:
        for service, is_serving in serving.items():
            self._statuses[service] = SERVING if is_serving else NOT_SERVING
        self._changed.set()
        self._changed = asyncio.Event()


def described_pool(names: Iterable[str]) -> descriptor_pool.DescriptorPool:
    """What reflection tells of: these services and messages, what they are made of, and of Health
    its List, too.
    """
    pool = descriptor_pool.DescriptorPool()
    added: set[str] = set()

    def add(file: descriptor.FileDescriptor) -> None:
        if file.name in added:
            return
        added.add(file.name)
        for dependency in file.dependencies:
            add(dependency)
        described = descriptor_pb2.FileDescriptorProto()
        file.CopyToProto(described)
        if file.name == health_pb2.DESCRIPTOR.name:
            _describe_list(described)
            described.service[0].method.add(
                name="List",
                input_type=".grpc.health.v1.HealthListRequest",
                output_type=".grpc.health.v1.HealthListResponse",
            )
        pool.Add(described)

    for name in names:
        add(descriptor_pool.Default().FindFileContainingSymbol(name))
    return pool


def _list_messages() -> tuple[Any, Any]:
    """HealthListRequest and HealthListResponse."""
    file = descriptor_pb2.FileDescriptorProto(
        name="switchyard/health_list.proto",
        package="grpc.health.v1",
        syntax="proto3",
        dependency=[health_pb2.DESCRIPTOR.name],
    )
    _describe_list(file)
    pool = descriptor_pool.Default()
    pool.Add(file)
    names = ("grpc.health.v1.HealthListRequest", "grpc.health.v1.HealthListResponse")
    request, answer = (
        message_factory.GetMessageClass(pool.FindMessageTypeByName(name)) for name in names
    )
    return request, answer


def _describe_list(file: descriptor_pb2.FileDescriptorProto) -> None:
    """Add the messages of List, which grpcio-health-checking 1.78 does not have yet: the response
    maps a service's name to its HealthCheckResponse.
    """
    file.message_type.add(name="HealthListRequest")
    response = file.message_type.add(name="HealthListResponse")
    kinds = descriptor_pb2.FieldDescriptorProto
    entry = response.nested_type.add(name="StatusesEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=kinds.TYPE_STRING, label=kinds.LABEL_OPTIONAL)
    entry.field.add(
        name="value",
        number=2,
        type=kinds.TYPE_MESSAGE,
        type_name=".grpc.health.v1.HealthCheckResponse",
        label=kinds.LABEL_OPTIONAL,
    )
    response.field.add(
        name="statuses",
        number=1,
        type=kinds.TYPE_MESSAGE,
        type_name=".grpc.health.v1.HealthListResponse.StatusesEntry",
        label=kinds.LABEL_REPEATED,
    )


LIST_REQUEST, LIST_RESPONSE = _list_messages()
