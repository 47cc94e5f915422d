"""The ways to a provider, and a question to send over them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from server.engines.llm.completion import Completion, Message, Question, Role, Transport
from server.engines.llm.errors import ProviderError
from server.engines.llm.lean_transport import LeanTransport
from server.engines.llm.sdk_transport import SdkTransport

KEY = "sk-rehearsal-5f0c1d2e3a4b"
WAYS: Mapping[str, type[LeanTransport] | type[SdkTransport]] = {
    "lean": LeanTransport,
    "sdk": SdkTransport,
}
LONG_S = 20.0  # enough for any answer

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "category": {
            "type": "string",
            "enum": ["delivery", "billing_refund", "billing_invoice"],
            "description": "delivery: parcels\nbilling_refund: money back\nbilling_invoice: papers",
        },
        "summary": {"type": "string", "maxLength": 80},
    },
    "required": ["category", "summary"],
    "additionalProperties": False,
}
QUESTION = Question(
    (
        Message(Role.SYSTEM, "You sort tickets."),
        Message(Role.USER, "I want my money back for order 4412: where is the refund?"),
    ),
    "triage",
    SCHEMA,
    most_tokens=200,
)


@asynccontextmanager
async def open_transport(way: str, url: str, **options: Any) -> AsyncIterator[Transport]:
    """A transport to a model that understands everything, unless `options` say otherwise."""
    usual = {"key": KEY, "model": "m1", "most_connections": 4}
    usual |= {"has_strict_schema": True, "has_logprobs": True}
    transport = WAYS[way](url, **(usual | options))  # type: ignore[arg-type]  # of many types
    try:
        yield transport
    finally:
        await transport.close()


async def streamed(transport: Transport, timeout_s: float = LONG_S) -> tuple[str, Completion]:
    """The pieces of a streamed answer, put together; and the whole one that came last."""
    *pieces, last = [each async for each in transport.stream(QUESTION, timeout_s)]
    assert isinstance(last, Completion)
    return "".join(str(piece) for piece in pieces), last


async def failure_of(transport: Transport, manner: str, timeout_s: float = LONG_S) -> ProviderError:
    """How a call fails, `whole` or `streamed`."""
    try:
        if manner == "whole":
            await transport.complete(QUESTION, timeout_s)
        else:
            await streamed(transport, timeout_s)
    except ProviderError as error:
        return error
    raise AssertionError("the call did not fail")
