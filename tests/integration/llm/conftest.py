"""A model to rehearse with, in a process of its own."""

import time
from collections.abc import Iterator

import pytest

from tests.integration.callers import PATIENCE_S, POLL_S
from tests.integration.llm.ways import KEY
from tools.fake_llm_process import FakeLlm


@pytest.fixture(scope="package")
def shared_fake() -> Iterator[FakeLlm]:
    """A rehearsal endpoint shared by the tests of this folder; use `fake`, which restores it."""
    process = FakeLlm("--key", KEY).start()
    yield process
    process.stop()


@pytest.fixture
def fake(shared_fake: FakeLlm) -> FakeLlm:
    """A rehearsal endpoint that behaves well, and has counted nothing."""
    end = time.monotonic() + PATIENCE_S
    while shared_fake.reset()["in_flight"]:  # it has not seen yet that the last test is gone
        assert time.monotonic() < end, "requests are left in flight"
        time.sleep(POLL_S)
    return shared_fake
