"""A fake service for the client's tests."""

from collections.abc import Iterator

import pytest

from tests.unit.client.fake_service import FakeServer, FakeTriage


@pytest.fixture
def service() -> FakeTriage:
    """What the fake server does, and what it saw."""
    return FakeTriage()


@pytest.fixture
def fake(service: FakeTriage) -> Iterator[FakeServer]:
    """A fake server on a real socket."""
    with FakeServer(service) as running:
        yield running
