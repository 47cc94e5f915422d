"""A server on this machine is known by its certificate, by whatever host that is for."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import click
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from server.probe import Identity, certified_host, read_identity


def certificate(*names: x509.GeneralName) -> x509.Certificate:
    """A certificate of common.example, for these names."""
    key, now = Ed25519PrivateKey.generate(), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "common.example")])
    builder = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(hours=1))
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, None)


@pytest.mark.parametrize(
    ("names", "host"),
    [
        ([x509.DNSName("a.example"), x509.DNSName("b.example")], "a.example"),
        ([x509.DNSName("*.example")], "any.example"),
        ([x509.IPAddress(ip_address("::1"))], "::1"),
        ([x509.IPAddress(ip_address("10.0.0.1")), x509.DNSName("a.example")], "a.example"),
        ([x509.RFC822Name("a@example")], ""),
        ([], "common.example"),
    ],
)
def test_a_host_is_found_in_every_kind_of_certificate(
    names: list[x509.GeneralName], host: str
) -> None:
    assert certified_host(certificate(*names)) == host


def test_an_identity_is_whole_or_none() -> None:
    one, other = Path("probe.pem"), Path("probe.key")
    assert read_identity(None, None) is None
    assert read_identity(one, other) == Identity(one, other)
    for half in ((one, None), (None, other)):
        with pytest.raises(click.UsageError, match="give both"):
            read_identity(*half)
