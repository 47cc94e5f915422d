"""A method is called by those who have its permission; one that nobody named, by nobody."""

from typing import Any

import grpc
import pytest
from google.rpc.status_pb2 import Status
from switchyard.options.v1 import options_pb2

from interceptors.call import EVERY_PERMISSION, Call, Caller
from interceptors.chain import Interceptor, Method, StreamHandler, UnaryHandler
from interceptors.codec import Codec
from interceptors.error_status import ErrorStatus
from interceptors.errors import PermissionDenied, interceptor_status
from interceptors.permission import Permission
from tests.unit.interceptors.echo_server import echo_channel

ECHO, COUNT = "test.Echo/Echo", "test.Echo/Count"
POLICIES = {
    ECHO: options_pb2.MethodPolicy(permission="echo.run"),
    COUNT: options_pb2.MethodPolicy(permission="count.run"),
}


class As:
    """Makes every call one of a caller with these permissions."""

    def __init__(self, *permissions: str) -> None:
        self._caller = Caller("acme", "apiKeys/a", frozenset(permissions), "free")

    def wrap_unary(self, _method: Method, handler: UnaryHandler) -> UnaryHandler:
        def answer(request: Any, call: Call) -> Any:
            call.caller = self._caller
            return handler(request, call)

        return answer

    def wrap_stream(self, _method: Method, handler: StreamHandler) -> StreamHandler:
        def answer(request: Any, call: Call) -> Any:
            call.caller = self._caller
            return handler(request, call)

        return answer


def status_of(_call: Call, error: Exception) -> Status:
    assert isinstance(error, PermissionDenied)
    return interceptor_status(error)


async def outcome(who: As, permission: Permission, method: str = ECHO) -> str:
    """The code of a call, and what it says."""
    chain: list[Interceptor] = [
        ErrorStatus(status_of),
        who,
        permission,
        Codec(items_stand_alone=lambda _name: True),
    ]
    async with echo_channel(chain) as channel:
        try:
            if method == COUNT:
                stream: Any = channel.unary_stream(f"/{method}")
                _ = [item async for item in stream(b"", timeout=60)]
            else:
                unary: Any = channel.unary_unary(f"/{method}")
                await unary(b"", timeout=60)
        except grpc.aio.AioRpcError as error:
            return f"{error.code().name} {error.details()}"
    return "OK"


@pytest.mark.parametrize("method", [ECHO, COUNT])
async def test_who_has_the_permission_or_every_one_may_call(method: str) -> None:
    permission = Permission(POLICIES, {})
    assert await outcome(As("echo.run", "count.run"), permission, method) == "OK"
    assert await outcome(As(EVERY_PERMISSION), permission, method) == "OK"


@pytest.mark.parametrize(("method", "lacked"), [(ECHO, "echo.run"), (COUNT, "count.run")])
async def test_who_lacks_the_permission_hears_which_one(method: str, lacked: str) -> None:
    answer = await outcome(As("other.run"), Permission(POLICIES, {}), method)
    assert answer.startswith("PERMISSION_DENIED")
    assert lacked in answer


async def test_a_method_that_stands_nowhere_is_refused_to_everybody() -> None:
    answer = await outcome(As(EVERY_PERMISSION), Permission({}, {}))
    assert answer.startswith("PERMISSION_DENIED")


async def test_the_other_table_opens_a_method_or_names_its_permission() -> None:
    assert await outcome(As(), Permission({}, {ECHO: ""})) == "OK"
    assert await outcome(As("any.read"), Permission({}, {ECHO: "any.read"})) == "OK"


@pytest.mark.parametrize("others", [{ECHO: ""}, {ECHO: "any.read"}])
async def test_the_contract_goes_before_the_other_table(others: dict[str, str]) -> None:
    assert "echo.run" in await outcome(As("any.read"), Permission(POLICIES, others))


def test_only_a_method_with_an_empty_permission_is_open() -> None:
    permission = Permission(POLICIES, {"health": ""})
    assert [m for m in ("health", ECHO, "nowhere") if permission.is_open(m)] == ["health"]
