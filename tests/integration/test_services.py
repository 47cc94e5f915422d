"""Health, reflection and metrics of a running server."""

import asyncio
import urllib.request
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from server.app import Application
from server.composition.ground import SERVICES
from server.health import LIST_RESPONSE, SERVICE
from tests.integration.callers import PATIENCE_S
from tests.integration.triage.requests import request


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:  # noqa: S310  # our own server
        return str(answer.read().decode())


async def test_health_answers_for_the_server_and_each_service(channel: grpc.aio.Channel) -> None:
    health: Any = health_pb2_grpc.HealthStub(channel)
    for service in ("", *SERVICES):
        answer = await health.Check(health_pb2.HealthCheckRequest(service=service))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_health_lists_the_services_and_the_parts(channel: grpc.aio.Channel) -> None:
    call: Any = channel.unary_unary(
        "/grpc.health.v1.Health/List", response_deserializer=LIST_RESPONSE.FromString
    )
    answer = await call(b"")
    assert set(answer.statuses) == {"", *SERVICES, "liveness", "database", "engine"}
    assert {s.status for s in answer.statuses.values()} == {health_pb2.HealthCheckResponse.SERVING}


async def test_health_of_a_service_that_is_not_there_is_not_found(
    channel: grpc.aio.Channel,
) -> None:
    health: Any = health_pb2_grpc.HealthStub(channel)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await health.Check(health_pb2.HealthCheckRequest(service="nothing"))
    assert raised.value.code() == grpc.StatusCode.NOT_FOUND
    watch = health.Watch(health_pb2.HealthCheckRequest(service="nothing"))
    assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    watch.cancel()


async def test_reflection_lists_and_describes(channel: grpc.aio.Channel) -> None:
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)  # type: ignore[arg-type]  # either kind
    asked = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol=SERVICES[0]),
    ]
    listed, described = [a async for a in stub.ServerReflectionInfo(iter(asked))]
    names = {service.name for service in listed.list_services_response.service}
    assert {*SERVICES, "grpc.health.v1.Health"} <= names
    assert described.file_descriptor_response.file_descriptor_proto


async def test_reflection_describes_health_as_it_is_served(channel: grpc.aio.Channel) -> None:
    file = await described(channel, SERVICE)
    assert [method.name for method in file.service[0].method] == ["Check", "Watch", "List"]
    assert "HealthListResponse" in [message.name for message in file.message_type]


async def test_reflection_describes_the_details_of_errors(channel: grpc.aio.Channel) -> None:
    file = await described(channel, "google.rpc.BadRequest")
    assert "BadRequest" in [message.name for message in file.message_type]


async def described(channel: grpc.aio.Channel, symbol: str) -> descriptor_pb2.FileDescriptorProto:
    """The file that reflection knows a symbol from."""
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)  # type: ignore[arg-type]  # either kind
    asked = reflection_pb2.ServerReflectionRequest(file_containing_symbol=symbol)
    (answer,) = [a async for a in stub.ServerReflectionInfo(iter([asked]))]
    file = answer.file_descriptor_response.file_descriptor_proto[0]
    return descriptor_pb2.FileDescriptorProto.FromString(file)


async def test_metrics_count_calls_and_runs(app: Application, triage: Any) -> None:
    await triage.Triage(request())
    text = await asyncio.to_thread(fetch, f"http://{app.metrics_address}/metrics")
    method = 'grpc_method="switchyard.triage.v1.TriageService/Triage"'
    assert f"grpc_server_call_started_total{{{method}}}" in text
    assert f"grpc_server_call_duration_seconds_count{{{method},grpc_status" in text
    assert 'switchyard_triage_runs_total{category="' in text
    assert "hunter2" not in text
