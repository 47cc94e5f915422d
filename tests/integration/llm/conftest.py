"""A model to rehearse with, in a process of its own."""

import time
from collections.abc import Iterator

import pytest

from tests.integration.llm.ways import KEY
from tools.fake_llm_process import FakeLlm


@pytest.fixture(scope="session")
def session_fake() -> Iterator[FakeLlm]:
    """A rehearsal endpoint shared by the whole session; use `fake`, which restores it."""
    process = FakeLlm("--key", KEY).start()
    yield process
    process.stop()


@pytest.fixture
def fake(session_fake: FakeLlm) -> FakeLlm:
    """A rehearsal endpoint that behaves well, and has counted nothing."""
    for _ in range(500):
        if session_fake.reset()["in_flight"] == 0:  # it has seen that the last test is gone
            return session_fake
        time.sleep(0.01)
    raise AssertionError("requests are left in flight")
