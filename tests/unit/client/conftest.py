"""Fake services for the client's tests."""

from collections.abc import Iterator

import grpc
import pytest

from tests.unit.client.certificates import Authority
from tests.unit.client.fake_admin import FakeAdmin
from tests.unit.client.fake_experiments import FakeExperiments
from tests.unit.client.fake_feedback import FakeFeedback
from tests.unit.client.fake_service import FakeServer, FakeTriage


@pytest.fixture
def service() -> FakeTriage:
    """What the fake server does, and what it saw."""
    return FakeTriage()


@pytest.fixture
def admin() -> FakeAdmin:
    """What the fake server's administration answers, and what it was asked."""
    return FakeAdmin()


@pytest.fixture
def experiments() -> FakeExperiments:
    """What the fake server's experiments answer, and what they were asked."""
    return FakeExperiments()


@pytest.fixture
def feedback() -> FakeFeedback:
    """What the fake server's feedback service answers, and what it was asked."""
    return FakeFeedback()


@pytest.fixture
def fake(
    service: FakeTriage, admin: FakeAdmin, experiments: FakeExperiments, feedback: FakeFeedback
) -> Iterator[FakeServer]:
    """A fake server on a real socket."""
    with FakeServer(service, (admin, experiments, feedback)) as running:
        yield running


@pytest.fixture(scope="session")
def authority() -> Authority:
    """Who signs the certificates of servers and callers."""
    return Authority("the authority")


@pytest.fixture
def strict(service: FakeTriage, authority: Authority) -> Iterator[FakeServer]:
    """A fake server that wants a certificate of its callers."""
    pair = authority.issue("server")
    credentials = grpc.ssl_server_credentials(
        [(pair.key, pair.certificate)], authority.certificate, require_client_auth=True
    )
    with FakeServer(service, credentials=credentials) as running:
        yield running
