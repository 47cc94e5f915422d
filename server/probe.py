"""Asks the server that runs with these settings, from its own machine, whether it serves."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import grpc
from cryptography import x509
from cryptography.x509.oid import NameOID
from grpc_health.v1 import health_pb2, health_pb2_grpc

from server.secret_key import UnusableKey
from server.settings import Address, Settings
from server.tls import read_certificates

ANSWER_S = 3.0
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # to call, not to listen on


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate that a client shows, and its private key, as PEM."""

    certificate: Path
    private_key: Path


def read_identity(certificate: Path | None, private_key: Path | None) -> Identity | None:
    """The identity in two files; None where none is given. Raises UsageError for half of one."""
    if certificate and private_key:
        return Identity(certificate, private_key)
    if certificate or private_key:
        raise click.UsageError("--tls-cert and --tls-key belong together; give both")
    return None


async def tell_health(settings: Settings, identity: Identity | None) -> int:
    """Print whether a healthy server answers; the exit status: 1 when none does."""
    try:
        serving = await is_serving(settings, identity)
    except (OSError, UnusableKey) as error:
        click.echo(f"switchyard-server: {error}", err=True)
        return 1
    click.echo("SERVING" if serving else "NOT_SERVING")
    return 0 if serving else 1


async def is_serving(settings: Settings, identity: Identity | None = None) -> bool:
    """Whether a healthy server answers where these settings let it listen.

    A server that wants certificates of its clients is shown `identity`; None: its own.
    Raises OSError and UnusableKey where the files of the certificates cannot be read.
    """
    async with _channel(settings, identity) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        try:
            answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=ANSWER_S)
        except grpc.aio.AioRpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def certified_host(certificate: x509.Certificate) -> str:
    """A host that the certificate is for; empty when it names none."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(common[0].value) if common else ""
    hosts = names.get_values_for_type(x509.DNSName)
    addresses = names.get_values_for_type(x509.IPAddress)
    return next(iter([*hosts, *map(str, addresses)]), "").replace("*", "any")


def _channel(settings: Settings, identity: Identity | None) -> grpc.aio.Channel:
    """A channel to the server; to one that listens everywhere, over loopback."""
    host = ANYWHERE.get(settings.listen.host, settings.listen.host)
    target = str(Address(host, settings.listen.port))
    if settings.tls_cert_file is None or settings.tls_key_file is None:
        return grpc.aio.insecure_channel(target)
    own = settings.tls_cert_file.read_bytes()
    shown: tuple[bytes, ...] = ()
    if settings.tls_client_ca_file is not None:
        identity = identity or Identity(settings.tls_cert_file, settings.tls_key_file)
        shown = (identity.private_key.read_bytes(), identity.certificate.read_bytes())
    # The server is known by its very certificate, which seldom names this machine's loopback.
    certified = certified_host(read_certificates(settings.tls_cert_file, own)[0])
    options = (("grpc.ssl_target_name_override", certified),)
    return grpc.aio.secure_channel(target, grpc.ssl_channel_credentials(own, *shown), options)
