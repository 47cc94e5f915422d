"""Work that outlives its call knows who asked, and speaks to nobody."""

from typing import Any

import pytest

from interceptors.cache.apart import apart
from interceptors.call import Call, Caller


class Transport:
    """A call of grpc.aio that is over."""

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return (("key", "value"),)

    def peer(self) -> str:
        return "ipv4:10.0.0.1:5"

    def time_remaining(self) -> float:
        return -1.0

    def set_trailing_metadata(self, metadata: object) -> None:
        raise AssertionError(metadata)


@pytest.fixture
def call() -> Call:
    transport: Any = Transport()
    call = Call("s/m", transport)
    call.caller = Caller("a", "s", frozenset(), "tier")
    call.deadline_s = 1.0
    return call


def test_the_caller_and_what_it_sent_are_known(call: Call) -> None:
    twin = apart(call)
    assert (twin.method, twin.caller, twin.address) == (call.method, call.caller, "10.0.0.1")
    assert twin.metadata == {"key": "value"}


def test_the_deadline_of_the_call_does_not_hold(call: Call) -> None:
    twin = apart(call)
    assert (twin.deadline_s, twin.time_remaining()) == (None, None)


def test_nothing_is_said_to_a_call_that_is_over(call: Call) -> None:
    twin = apart(call)
    twin.answer_with(("late", "word"))  # the transport would raise
    assert call.answer_metadata == ()
