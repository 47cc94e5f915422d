"""TLS with certificates from files. Renewed files serve the next connection, without a restart."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from server.secret_key import UnusableKey


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where the certificates are, all as PEM."""

    certificates: Path  # the server's, then those that it hangs on
    private_key: Path
    client_authority: Path | None  # None: clients need no certificate


def tls_credentials(
    files: TlsFiles, report: Callable[[Mapping[str, object]], None]
) -> grpc.ServerCredentials:
    """Credentials to listen with. `report` hears of files that were renewed or cannot serve; it is
    called on gRPC's own threads.

    Raises UnusableKey or OSError when the files cannot serve now.
    """
    watch = CertificateWatch(files, report)
    return grpc.dynamic_ssl_server_credentials(
        watch.first,
        watch.renewed,  # type: ignore[arg-type]  # the stub forgets None, which keeps the old ones
        require_client_authentication=files.client_authority is not None,
    )


class CertificateWatch:
    """Gives out what the files hold when they have changed, and keeps the old when they are bad."""

    def __init__(self, files: TlsFiles, report: Callable[[Mapping[str, object]], None]) -> None:
        self._files = files
        self._report = report
        self._stamp = self._read_stamp()  # of the files that were tried last
        self.first = _configuration(files)

    def renewed(self) -> grpc.ServerCertificateConfiguration | None:
        """The renewed certificates; None: there are none. Called before every handshake."""
        stamp = self._read_stamp()
        if stamp == self._stamp:
            return None
        self._stamp = stamp
        try:
            configuration = _configuration(self._files)
        except (OSError, UnusableKey) as error:
            self._report({"event": "tls_renewal_failed", "cause": str(error)})
            return None
        self._report({"event": "tls_renewed"})
        return configuration

    def _read_stamp(self) -> object:
        """Differs when a file was written or replaced; None: one cannot be read."""
        files = (self._files.certificates, self._files.private_key, self._files.client_authority)
        try:
            states = [file.stat() for file in files if file is not None]
        except OSError:
            return None
        return [(state.st_ino, state.st_size, state.st_mtime_ns) for state in states]


def check_tls_files(files: TlsFiles) -> datetime:
    """Until when the server's certificate is valid. Raises UnusableKey or OSError when the files
    cannot serve now.
    """
    _configuration(files)
    own = read_certificates(files.certificates, files.certificates.read_bytes())[0]
    return own.not_valid_after_utc


def _configuration(files: TlsFiles) -> grpc.ServerCertificateConfiguration:
    """What the files hold. gRPC would take anything, and fail at every handshake."""
    certificates, private_key = files.certificates.read_bytes(), files.private_key.read_bytes()
    _check_pair(files, certificates, private_key)
    authority = None
    if files.client_authority:
        authority = files.client_authority.read_bytes()
        read_certificates(files.client_authority, authority)
    return grpc.ssl_server_certificate_configuration([(private_key, certificates)], authority)


def _check_pair(files: TlsFiles, certificates: bytes, private_key: bytes) -> None:
    own = read_certificates(files.certificates, certificates)[0]
    try:
        key = load_pem_private_key(private_key, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnusableKey(f"{files.private_key} holds no private key as PEM") from error
    if key.public_key() != own.public_key():
        raise UnusableKey(f"{files.private_key} is not the key of {files.certificates}")


def read_certificates(file: Path, content: bytes) -> list[x509.Certificate]:
    """The certificates in the content of a file, which UnusableKey names where there are none."""
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError as error:
        raise UnusableKey(f"{file} holds no certificate as PEM") from error
