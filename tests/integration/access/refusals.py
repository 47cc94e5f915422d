"""What a failed call says."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status


@dataclass(frozen=True, slots=True)
class Refusal:
    """The status of a failed call."""

    code: str
    reason: str
    message: str
    field: str  # at fault; empty: none


async def refusal(call: Awaitable[Any]) -> Refusal:
    """How a call failed; fails when it did not."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return _read(error)
    raise AssertionError("the call was answered")


def _read(error: grpc.aio.AioRpcError) -> Refusal:
    status = rpc_status.from_call(error)  # type: ignore[arg-type]  # it takes an AioRpcError too
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for packed in status.details if status else ():
        _ = packed.Unpack(info) or packed.Unpack(bad)
    fields = [violation.field for violation in bad.field_violations]
    return Refusal(error.code().name, info.reason, error.details() or "", ",".join(fields))
