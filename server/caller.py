"""Who calls. This one function answers it for every method."""

from typing import Any

import grpc

from interceptors.call import EVERY_PERMISSION, UNLIMITED_TIER, Caller

DEFAULT_TENANT = "default"  # of the operator; its administrators may do everything

# Whoever calls over loopback before the first key exists.
LOOPBACK = Caller(DEFAULT_TENANT, "loopback", frozenset({EVERY_PERMISSION}), UNLIMITED_TIER)


def caller_of(_context: grpc.aio.ServicerContext[Any, Any]) -> Caller:
    """The caller of a call."""
    return LOOPBACK
