"""Who calls. This one function answers it for every method."""

from typing import Any

from interceptors.call import EVERY_PERMISSION, UNLIMITED_TIER, Caller

DEFAULT_TENANT = "default"  # of the operator; its administrators may do everything

# Whoever calls over loopback before the first key exists.
LOOPBACK = Caller(DEFAULT_TENANT, "loopback", frozenset({EVERY_PERMISSION}), UNLIMITED_TIER)


def caller_of(context: Any) -> Caller:
    """The caller of a call, as the chain found out."""
    caller: Caller = context.caller
    return caller
