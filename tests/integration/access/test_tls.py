"""TLS on real sockets: certificates are renewed while the server runs, bad ones change nothing."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from grpc_health.v1 import health_pb2, health_pb2_grpc

from server.health import Health
from server.lifecycle import bind
from server.secret_key import UnusableKey
from server.settings import Address
from server.tls import TlsFiles, tls_credentials
from tests.integration.access.certificates import Authority

PATIENCE_S = 60.0
OURS = Authority("ours")
OTHERS = Authority("others")


class TlsServer:
    """A server with the certificate in a folder, and what it has reported."""

    def __init__(self, folder: Path, *, clients_need_certificates: bool = False) -> None:
        self.folder = folder
        self.reports: list[Mapping[str, object]] = []
        self.address = Address("127.0.0.1", 0)
        authority = folder / "clients.pem" if clients_need_certificates else None
        self.files = TlsFiles(folder / "cert.pem", folder / "key.pem", authority)
        OURS.write(folder, "first")
        (folder / "clients.pem").write_bytes(OURS.certificate)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve as long as the block runs."""
        server = grpc.aio.server()
        Health(()).register(server)
        credentials = tls_credentials(self.files, self.reports.append)
        self.address = bind(server, self.address, credentials)
        await server.start()
        try:
            yield
        finally:
            await server.stop(None)

    async def call(self, credentials: grpc.ChannelCredentials | None = None) -> None:
        """One call on a connection of its own."""
        options = (("grpc.use_local_subchannel_pool", 1),)
        trusted = credentials or grpc.ssl_channel_credentials(OURS.certificate)
        async with grpc.aio.secure_channel(str(self.address), trusted, options) as channel:
            stub: Any = health_pb2_grpc.HealthStub(channel)
            await stub.Check(health_pb2.HealthCheckRequest(), timeout=PATIENCE_S)

    async def shown_name(self) -> str:
        """The common name in the certificate that a new connection sees."""
        pem = await asyncio.to_thread(
            ssl.get_server_certificate,
            (self.address.host, self.address.port),
            timeout=PATIENCE_S,
        )
        subject = x509.load_pem_x509_certificate(pem.encode()).subject
        return str(subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


async def test_calls_are_encrypted_and_plain_text_is_not_answered(tmp_path: Path) -> None:
    server = TlsServer(tmp_path)
    async with server.running():
        await server.call()
        async with grpc.aio.insecure_channel(str(server.address)) as channel:
            stub: Any = health_pb2_grpc.HealthStub(channel)
            with pytest.raises(grpc.aio.AioRpcError):
                await stub.Check(health_pb2.HealthCheckRequest(), timeout=5)


async def test_a_renewed_certificate_serves_the_next_connection(tmp_path: Path) -> None:
    server = TlsServer(tmp_path)
    async with server.running():
        assert await server.shown_name() == "first"
        OURS.write(tmp_path, "renewed")
        assert await server.shown_name() == "renewed"
        await server.call()
    assert server.reports == [{"event": "tls_renewed"}]


@pytest.mark.parametrize("file", ["cert.pem", "key.pem"])
async def test_a_broken_renewal_keeps_the_old_certificate_and_is_reported_once(
    tmp_path: Path, file: str
) -> None:
    server = TlsServer(tmp_path)
    async with server.running():
        write(tmp_path / file, b"-----BEGIN NONSENSE-----")
        assert [await server.shown_name() for _ in range(3)] == ["first"] * 3
        assert [report["event"] for report in server.reports] == ["tls_renewal_failed"]
        assert file in str(server.reports[0]["cause"])
        OURS.write(tmp_path, "mended")
        assert await server.shown_name() == "mended"


async def test_a_certificate_without_its_key_waits_for_it(tmp_path: Path) -> None:
    server = TlsServer(tmp_path)
    async with server.running():
        certificate, key = OURS.issue("renewed")
        write(tmp_path / "cert.pem", certificate)
        assert await server.shown_name() == "first"
        write(tmp_path / "key.pem", key)
        assert await server.shown_name() == "renewed"


async def test_files_that_vanish_change_nothing(tmp_path: Path) -> None:
    server = TlsServer(tmp_path)
    async with server.running():
        (tmp_path / "cert.pem").unlink()
        assert [await server.shown_name() for _ in range(2)] == ["first"] * 2
    assert [report["event"] for report in server.reports] == ["tls_renewal_failed"]


async def test_only_clients_of_the_authority_are_served_where_one_is_set(tmp_path: Path) -> None:
    server = TlsServer(tmp_path, clients_need_certificates=True)
    async with server.running():
        certificate, key = OURS.issue("client")
        await server.call(grpc.ssl_channel_credentials(OURS.certificate, key, certificate))
        foreign, foreign_key = OTHERS.issue("client")
        for credentials in (
            grpc.ssl_channel_credentials(OURS.certificate),
            grpc.ssl_channel_credentials(OURS.certificate, foreign_key, foreign),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await server.call(credentials)
            assert raised.value.code() == grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("file", ["cert.pem", "key.pem", "clients.pem"])
def test_a_server_does_not_start_with_files_that_cannot_serve(tmp_path: Path, file: str) -> None:
    server = TlsServer(tmp_path, clients_need_certificates=True)
    write(tmp_path / file, b"nonsense")
    with pytest.raises(UnusableKey, match=file):
        tls_credentials(server.files, server.reports.append)


def test_a_server_does_not_start_with_the_key_of_another_certificate(tmp_path: Path) -> None:
    server = TlsServer(tmp_path)
    write(tmp_path / "key.pem", OURS.issue("another")[1])
    with pytest.raises(UnusableKey, match="not the key of"):
        tls_credentials(server.files, server.reports.append)


def write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
