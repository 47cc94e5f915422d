"""The examples, run as a person would run them."""

import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def greeter() -> str:
    """What the greeter's example prints; it ends well and complains of nothing."""
    done = subprocess.run(
        [sys.executable, "-m", "examples.greeter"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize(
    "shown",
    [
        "INVALID_CREDENTIALS: Say who you are",
        "Hello, Ada! [miss]\n  Hello, Ada! [hit]",
        "Hello, Slow Eve! [coalesced]",
        'Hello, Ada! [hit] ["second";r=3;t=1]',
        "RATE_LIMITED: The limit of 4 units in 1 s is reached",
        "DEADLINE_EXCEEDED: The call took longer than the 0.3 s",
        "OVERLOADED: The server has more work than it can do",
        "CIRCUIT_OPEN: example.Greeter/Greet has failed too often",
        'grpc_method="example.Greeter/Greet",grpc_status="RESOURCE_EXHAUSTED"} 1.0',
        '"method":"example.Greeter/Greet","code":"OK"',
    ],
)
def test_the_greeter_shows_each_interceptor_at_work(greeter: str, shown: str) -> None:
    assert shown in greeter


def test_the_greeter_greets_a_guest_who_has_waited_as_long_as_it_was_told(greeter: str) -> None:
    refused, after = greeter.split("RATE_LIMITED", 1)[1].splitlines()[:2]
    assert "retry after" in refused
    assert after.startswith("  Hello, Ada!")


def test_the_greeter_answers_from_the_cache_while_its_circuit_is_open(greeter: str) -> None:
    after = greeter.split("CIRCUIT_OPEN", 1)[1].splitlines()
    assert after[1:3] == ["  Hello, Ada! [hit]", "  Hello, Grace! [miss]"]


def test_the_greeter_keeps_to_itself_why_the_house_is_broken(greeter: str) -> None:
    assert "INTERNAL: The server failed in a way that it does not know." in greeter
    assert "the house" not in greeter
