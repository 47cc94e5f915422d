"""Who calls. This one function answers it for every method."""

from dataclasses import dataclass
from typing import Any

import grpc

DEFAULT_TENANT = "default"


@dataclass(frozen=True, slots=True)
class Caller:
    """The origin of a call; every query takes its tenant from here."""

    tenant: str
    permissions: frozenset[str]  # "*": every permission
    address: str  # as gRPC writes it, such as "ipv4:127.0.0.1:40124"


EVERYTHING = frozenset({"*"})


def caller_of(context: grpc.aio.ServicerContext[Any, Any]) -> Caller:
    """The caller of a call. Without identities, everyone is the default tenant."""
    return Caller(DEFAULT_TENANT, EVERYTHING, context.peer())
