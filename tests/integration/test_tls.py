"""A whole server over TLS: with keys, with clients' certificates, and asked by its own machine."""

import asyncio
import io
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from server.app import application
from server.logs import JsonLog
from server.probe import Identity, is_serving
from server.settings import OFF, Address, Settings
from tests.integration.access.certificates import Authority
from tests.integration.access.refusals import refusal
from tests.integration.callers import PATIENCE_S, TRIAGE, Caller, make_caller, until

OURS = Authority("ours")
CLIENTS = Authority("clients")
TICKET = {"id": "1", "body": "Where is my parcel?"}


@dataclass(frozen=True, slots=True)
class Site:
    """A server over TLS that has its first key."""

    settings: Settings  # with the address that it has
    log: io.BytesIO
    secret: str  # of its operator

    async def triage(self, credentials: grpc.ChannelCredentials | None) -> str:
        """The run of a ticket, over a connection of its own; None: without TLS."""
        async with channel_to(self.settings.listen, credentials) as channel:
            answer = await Caller(channel, self.secret).call(f"{TRIAGE}/Triage", ticket=TICKET)
            return str(answer.result.run)


@asynccontextmanager
async def channel_to(
    address: Address, credentials: grpc.ChannelCredentials | None
) -> AsyncIterator[grpc.aio.Channel]:
    """A channel that shares no connection with another."""
    own = (("grpc.use_local_subchannel_pool", 1),)
    if credentials is None:
        async with grpc.aio.insecure_channel(str(address), options=own) as channel:
            yield channel
    else:
        async with grpc.aio.secure_channel(str(address), credentials, own) as channel:
            yield channel


@asynccontextmanager
async def serving(settings: Settings, credentials: grpc.ChannelCredentials) -> AsyncIterator[Site]:
    """A server with its first key."""
    stream = io.BytesIO()
    log = JsonLog(stream)
    async with application(settings, log) as app:
        async with channel_to(app.address, credentials) as channel:
            operator = await make_caller(Caller(channel), "ROLE_ADMIN")
        yield Site(replace(settings, listen=app.address), stream, operator.secret)
    await log.close()


def trusting(client: tuple[bytes, bytes] | None = None) -> grpc.ChannelCredentials:
    """Credentials of a client that trusts our authority, with a certificate and key or without."""
    certificate, key = client or (None, None)
    return grpc.ssl_channel_credentials(OURS.certificate, key, certificate)


@pytest.fixture
def tls_settings(folder: Path, database_url: str) -> Settings:
    """Settings of a server with a certificate called "first"."""
    OURS.write(folder, "first")
    return Settings(
        listen=Address("127.0.0.1", 0),
        metrics_listen=OFF,
        data_folder=folder,
        database_url=database_url,
        tls_cert_file=folder / "cert.pem",
        tls_key_file=folder / "key.pem",
    )


async def test_keys_travel_over_tls_and_in_no_other_way(tls_settings: Settings) -> None:
    async with serving(tls_settings, trusting()) as site:
        assert await site.triage(trusting())
        assert (await refusal(site.triage(None))).code == "UNAVAILABLE"


async def test_a_renewed_certificate_is_served_without_a_restart(tls_settings: Settings) -> None:
    async with serving(tls_settings, trusting()) as site:
        assert await shown_name(site.settings.listen) == "first"
        OURS.write(site.settings.folder, "renewed")
        assert await shown_name(site.settings.listen) == "renewed"
        assert await site.triage(trusting())
        assert await is_serving(site.settings)

        async def is_logged() -> bool:
            return b'"event":"tls_renewed"' in site.log.getvalue()

        await until(is_logged)


async def shown_name(address: Address) -> str:
    """The common name in the certificate that a new connection sees."""
    place = (address.host, address.port)
    pem = await asyncio.to_thread(ssl.get_server_certificate, place, timeout=PATIENCE_S)
    subject = x509.load_pem_x509_certificate(pem.encode()).subject
    return str(subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


async def test_where_clients_need_certificates_a_key_is_not_enough(
    tls_settings: Settings, folder: Path
) -> None:
    settings = replace(tls_settings, tls_client_ca_file=folder / "clients.pem")
    put(folder / "clients.pem", CLIENTS.certificate)
    client = trusting(CLIENTS.issue("client"))
    async with serving(settings, client) as site:
        assert await site.triage(client)
        for stranger in (trusting(), trusting(OURS.issue("stranger"))):
            assert (await refusal(site.triage(stranger))).code == "UNAVAILABLE"


async def test_a_server_of_one_authority_is_asked_for_its_health_with_its_own_certificate(
    tls_settings: Settings, folder: Path
) -> None:
    settings = replace(tls_settings, tls_client_ca_file=folder / "clients.pem")
    put(folder / "clients.pem", OURS.certificate)
    async with serving(settings, trusting(OURS.issue("client"))) as site:
        assert await is_serving(site.settings)


async def test_where_clients_have_an_authority_of_their_own_health_shows_one_of_theirs(
    tls_settings: Settings, folder: Path
) -> None:
    settings = replace(tls_settings, tls_client_ca_file=folder / "clients.pem")
    put(folder / "clients.pem", CLIENTS.certificate)
    certificate, key = CLIENTS.issue("probe")
    put(folder / "probe.pem", certificate)
    put(folder / "probe.key", key)
    async with serving(settings, trusting(CLIENTS.issue("client"))) as site:
        assert not await is_serving(site.settings)
        assert await is_serving(site.settings, Identity(folder / "probe.pem", folder / "probe.key"))


async def test_a_server_with_another_certificate_is_not_taken_for_ours(
    tls_settings: Settings, folder: Path
) -> None:
    async with serving(tls_settings, trusting()) as site:
        put(folder / "elsewhere.pem", CLIENTS.issue("elsewhere")[0])
        other = replace(site.settings, tls_cert_file=folder / "elsewhere.pem")
        assert not await is_serving(other)


def put(path: Path, content: bytes) -> None:
    path.write_bytes(content)
