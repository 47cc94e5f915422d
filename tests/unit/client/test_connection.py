"""Who calls, and how the channel is encrypted, over real sockets."""

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from switchyard_client import (
    AdminClient,
    KeyInTheClear,
    ServerFault,
    Ticket,
    TriageClient,
    Unreachable,
    UnsendableRequest,
)

from tests.unit.client.certificates import Authority
from tests.unit.client.fake_admin import FakeAdmin
from tests.unit.client.fake_service import FakeServer, FakeTriage

TICKET = Ticket(id="T-1", body="text")


@pytest.fixture
def encrypted(service: FakeTriage, authority: Authority) -> Iterator[FakeServer]:
    """A fake server that speaks TLS."""
    pair = authority.issue("server")
    credentials = grpc.ssl_server_credentials([(pair.key, pair.certificate)])
    with FakeServer(service, credentials=credentials) as running:
        yield running


async def test_a_call_carries_the_key(fake: FakeServer, service: FakeTriage) -> None:
    async with TriageClient(fake.address, api_key="sy_secret") as client:
        await client.triage(TICKET)
    assert service.metadata["authorization"] == "Bearer sy_secret"


async def test_a_stream_carries_the_key(fake: FakeServer, service: FakeTriage) -> None:
    async with TriageClient(fake.address, api_key="sy_secret") as client:
        async for _ in client.stream_triage(TICKET):
            pass
    assert service.metadata["authorization"] == "Bearer sy_secret"


async def test_administration_carries_the_key(fake: FakeServer, admin: FakeAdmin) -> None:
    async with AdminClient(fake.address, api_key="sy_secret") as client:
        await client.limits.status()
    assert admin.metadata["authorization"] == "Bearer sy_secret"


async def test_a_call_without_a_key_says_nothing_of_one(
    fake: FakeServer, service: FakeTriage
) -> None:
    async with TriageClient(fake.address) as client:
        await client.triage(TICKET)
    assert "authorization" not in service.metadata


async def test_an_encrypted_call_carries_the_key(
    encrypted: FakeServer, service: FakeTriage, authority: Authority
) -> None:
    trust = grpc.ssl_channel_credentials(authority.certificate)
    async with TriageClient(encrypted.address, api_key="sy_x", credentials=trust) as client:
        await client.triage(TICKET)
    assert service.metadata["authorization"] == "Bearer sy_x"


async def test_a_server_of_another_authority_is_not_called(encrypted: FakeServer) -> None:
    trust = grpc.ssl_channel_credentials(Authority("another").certificate)
    async with TriageClient(encrypted.address, credentials=trust) as client:
        with pytest.raises(Unreachable):
            await client.triage(TICKET)


class Nonsense(grpc.GenericRpcHandler):
    """Answers every call with bytes that are no message."""

    def service(self, _: grpc.HandlerCallDetails) -> Any:
        """The handler of any method."""

        async def answer(*_: object) -> bytes:
            return b"\xff\xff"

        return grpc.unary_unary_rpc_method_handler(answer)


async def test_an_answer_that_is_no_message_is_a_fault_of_the_server(service: FakeTriage) -> None:
    with FakeServer(service, (Nonsense(),)) as running:
        async with AdminClient(running.address) as client:
            with pytest.raises(ServerFault, match="not one of this contract"):
                await client.cache.clear()


async def test_a_caller_shows_its_certificate(strict: FakeServer, authority: Authority) -> None:
    own = authority.issue("caller")
    credentials = grpc.ssl_channel_credentials(authority.certificate, own.key, own.certificate)
    async with TriageClient(strict.address, credentials=credentials) as client:
        assert (await client.triage(TICKET)).ticket_id == "T-1"


@pytest.mark.parametrize(
    "address",
    ["triage.example.com:443", "10.0.0.7:50051", "127.example.com:50051", "[2001:db8::1]:50051"],
)
def test_a_key_is_not_sent_unencrypted_to_another_machine(address: str) -> None:
    with pytest.raises(KeyInTheClear):
        TriageClient(address, api_key="sy_secret")


@pytest.mark.parametrize(
    "address", ["127.0.0.1:50051", "127.8.8.8:50051", "localhost:50051", "[::1]:50051", "unix:/s"]
)
def test_a_key_stays_on_this_machine_without_encryption(address: str) -> None:
    assert TriageClient(address, api_key="sy_secret").address == address


def test_a_caller_may_trust_the_network() -> None:
    client = TriageClient("triage:50051", api_key="sy_secret", allows_plaintext_key=True)
    assert client.address == "triage:50051"


async def test_the_line_end_of_a_key_file_is_no_part_of_the_key(
    fake: FakeServer, service: FakeTriage
) -> None:
    async with TriageClient(fake.address, api_key=" sy_secret\r\n") as client:
        await client.triage(TICKET)
    assert service.metadata["authorization"] == "Bearer sy_secret"


@pytest.mark.parametrize(
    "key", ["sy_secret\nsy_other", "sy_secret more", "sy_schlüssel", "sy_\ud800", "\n", "sy_\0"]
)
def test_a_key_that_no_call_can_carry_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(UnsendableRequest, match="api_key: ") as caught:
        TriageClient(api_key=key)
    assert "sy_" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("X-Upper", "secret", "the name 'X-Upper' must be of small letters"),
        ("", "secret", "the name '' must be"),
        ("x-team", "secret\n", "the value of x-team must be printable ASCII"),
        ("x-team", "secret \xfc", "the value of x-team must be printable ASCII"),
        ("x-team", "secret \ud800", "the value of x-team must be printable ASCII"),
        ("x-team", b"secret \xff", "the value of x-team must be printable ASCII"),
        ("x-team-bin", "secret", "the value of x-team-bin must be bytes"),
    ],
)
def test_metadata_that_no_call_can_carry_are_refused(
    name: str, value: str | bytes, problem: str
) -> None:
    with pytest.raises(UnsendableRequest, match=f"metadata: {problem}") as caught:
        TriageClient(metadata=[("x-fine", "a"), (name, value)])
    assert "secret" not in str(caught.value)


async def test_binary_metadata_reach_the_server(fake: FakeServer, service: FakeTriage) -> None:
    async with TriageClient(fake.address, metadata=[("x-team-bin", b"\xff\0")]) as client:
        await client.triage(TICKET)
    assert service.metadata["x-team-bin"] == b"\xff\0"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1:99999",
        "127.0.0.1:65536",
        "127.0.0.1:0",
        "127.0.0.1:-1",
        "127.0.0.1:+99999",
        "[::1]:99999",
        "dns:///localhost:99999",
        f"localhost:1{'0' * 5000}",
    ],
)
def test_a_port_that_there_is_not_is_refused(address: str) -> None:
    with pytest.raises(UnsendableRequest, match="no port from 1 to 65535"):
        TriageClient(address, api_key="sy_secret")


@pytest.mark.parametrize("address", ["[::1]:65535", "localhost", "localhost:http", "unix:/s:99999"])
def test_other_addresses_are_left_to_grpc(address: str) -> None:
    assert TriageClient(address).address == address
