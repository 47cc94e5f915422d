"""Settings: one dataclass, read from SWITCHYARD_* and overridden by the command line."""

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

PREFIX = "SWITCHYARD_"
REDIS_SCHEMES = ("redis://", "rediss://")


class InvalidSettings(Exception):
    """Settings that cannot serve: which, and what they must be."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port to listen on. Port 0: any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def read_address(text: str) -> Address:
    """HOST:PORT, with an IPv6 host in brackets. Raises ValueError."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError("must be HOST:PORT, such as 127.0.0.1:50051")
    return Address(host.strip("[]"), int(port))


OFF = Address("off", 0)  # do not listen


def read_optional_address(text: str) -> Address:
    """HOST:PORT, or "off"."""
    return OFF if text == OFF.host else read_address(text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan  # outside every range


def read_probability(text: str) -> float:
    """A number in [0, 1]. Raises ValueError."""
    value = _number(text)
    if not 0 <= value <= 1:
        raise ValueError("must be a number from 0 to 1")
    return value


def read_seconds(text: str) -> float:
    """Seconds, 0 or more. Raises ValueError."""
    value = _number(text)
    if not 0 <= value < 86400:
        raise ValueError("must be a number of seconds from 0 to 86,400")
    return value


def read_count(text: str) -> int:
    """A whole number, 1 to 10,000. Raises ValueError."""
    value = int(text) if text.isdecimal() else 0
    if not 1 <= value <= 10_000:
        raise ValueError("must be a whole number from 1 to 10,000")
    return value


def _is_local(host: str) -> bool:
    """Whether a host is this machine. A name that begins like its addresses is not."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def read_flag(text: str) -> bool:
    """True or false. Raises ValueError."""
    if text.lower() not in {"true", "false"}:
        raise ValueError("must be true or false")
    return text.lower() == "true"


def _url(text: str) -> SplitResult | None:
    """The parts of a URL; None: it is none. What urllib raises could tell some of a password."""
    try:
        parts = urlsplit(text)
        _ = parts.port  # read here: the text may have another
    except ValueError:
        return None
    return parts


def read_database_url(text: str) -> str:
    """A PostgreSQL, as a URL or as libpq's list of KEY=VALUE. Raises ValueError."""
    scheme, is_url, rest = text.partition("://")
    # Several hosts, each with a port, are no URL to urllib. A "/" in a password ends the host.
    is_split = "@" in rest.partition("?")[0].partition("/")[2]
    if is_split or (scheme not in {"postgresql", "postgres"} if is_url else "=" not in text):
        raise ValueError(
            "must be a URL such as postgresql://USER:PASSWORD@HOST:5432/DATABASE, / and @ in a"
            " password written as %2F and %40"
        )
    return text


def read_redis_url(text: str) -> str:
    """A Redis. Raises ValueError."""
    parts = _url(text)
    schemes = REDIS_SCHEMES + (("unix://",) if parts and parts.path else ())
    if parts is None or not text.startswith(schemes) or not _are_options_of_redis(parts, text):
        raise ValueError(
            "must be a URL such as redis://:PASSWORD@HOST:6379/0, rediss://... or unix:///PATH,"
            " with options of redis-py alone, / and @ in a password written as %2F and %40"
        )
    return text


def _are_options_of_redis(parts: SplitResult, text: str) -> bool:
    if not parts.query:
        return True
    from redis.asyncio import Redis  # noqa: PLC0415  # slow, and seldom needed

    try:
        pool: Any = Redis.from_url(text).connection_pool
        pool.make_connection()  # which does not connect yet
    except (TypeError, ValueError):
        return False
    return True


def read_key_set_place(text: str) -> str:
    """A file, or a URL that nobody on the way can change. Raises ValueError."""
    if not text.startswith(("https://", "http://")):
        return text
    parts = _url(text)
    host = parts.hostname if parts else None
    if not host or (text.startswith("http://") and not _is_local(host)):
        raise ValueError("must be a file or an https:// URL; http:// is for this machine alone")
    return text


def read_collector(text: str) -> str:
    """A collector of spans. Raises ValueError."""
    parts = _url(text)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be a URL such as http://127.0.0.1:4317")
    return text


def read_endpoint(text: str) -> str:
    """A URL of HTTP. Raises ValueError."""
    parts = _url(text)
    if (
        parts is None
        or parts.scheme not in {"http", "https"}
        or not parts.hostname
        or parts.password
    ):
        raise ValueError("must be a URL such as https://api.openai.com/v1, without a password")
    return text


def read_embedding_endpoint(text: str) -> str:
    """A URL of HTTP that ends with a model and the length of its vectors. Raises ValueError."""
    model, _, dimensions = text.partition("#")[2].rpartition(",")
    if not model or not dimensions.isdecimal() or not 1 <= int(dimensions) <= 16_000:
        raise ValueError("must end with #MODEL,DIMENSIONS, such as #text-embedding-3-small,1536")
    return read_endpoint(text)


def default_data_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The XDG data folder of Switchyard."""
    base = environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "switchyard"


def _setting(default: object, read: object, help_text: str) -> Any:
    return field(default=default, metadata={"read": read, "help": help_text})


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set; each is SWITCHYARD_ and its name in capitals."""

    listen: Address = _setting(
        Address("127.0.0.1", 50051), read_address, "HOST:PORT of the gRPC server; port 0: any free"
    )
    metrics_listen: Address = _setting(
        Address("127.0.0.1", 9464),
        read_optional_address,
        'HOST:PORT of the Prometheus metrics, or "off"',
    )
    data_folder: Path | None = _setting(
        None, Path, "folder of the embedded database and the keys; default: the XDG data folder"
    )
    database_url: str = _setting(
        "",
        read_database_url,
        "a PostgreSQL of your own, as postgresql://...; empty: the embedded one",
    )
    redis_url: str = _setting(
        "",
        read_redis_url,
        "a Redis that processes share limits and cached answers in; empty: none",
    )
    digest_key_file: Path | None = _setting(
        None, Path, "key of the ticket digests; default: digest.key in the data folder"
    )
    token_key_file: Path | None = _setting(
        None, Path, "keys that tokens are signed with; default: token.keys in the data folder"
    )
    jwks: str = _setting(
        "",
        read_key_set_place,
        "key set (JWKS) of an issuer whose tokens are taken, a file or an https:// URL",
    )
    jwt_issuer: str = _setting("", str, "what those tokens must state as iss")
    jwt_audience: str = _setting("", str, "what those tokens must state as aud")
    jwt_tenant_claim: str = _setting("tenant", str, "their claim with the caller's tenant")
    jwt_roles_claim: str = _setting(
        "roles", str, "their claim with the caller's roles: reader, agent, supervisor, admin"
    )
    tls_cert_file: Path | None = _setting(
        None, Path, "certificate chain to serve TLS with, as PEM; a renewed file is picked up"
    )
    tls_key_file: Path | None = _setting(None, Path, "private key of the certificate, as PEM")
    tls_client_ca_file: Path | None = _setting(
        None, Path, "authority that must have signed every client's certificate, as PEM"
    )
    allow_plaintext: bool = _setting(
        False, read_flag, "serve without TLS beyond this machine: where a proxy encrypts"
    )
    open_diagnostics: bool = _setting(
        False, read_flag, "answer reflection and channelz to other machines too"
    )
    channelz: bool = _setting(
        False, read_flag, "serve grpc.channelz.v1: what the transport's connections do"
    )
    rate_limit_shadow: bool = _setting(
        False, read_flag, "count what rate limits would refuse, and refuse nothing"
    )
    measure: bool = _setting(True, read_flag, "time every call, step and query")
    otlp_endpoint: str = _setting(
        "",
        read_collector,
        "collector that spans are sent to, as http://HOST:4317; empty: no traces",
    )
    llm_providers: Path | None = _setting(
        None, Path, "TOML file of language-model providers (docs/providers.md); none: no models"
    )
    llm_url: str = _setting(
        "",
        read_endpoint,
        "one OpenAI-compatible endpoint in place of that file, up to and with /v1; its key stands"
        " in OPENAI_API_KEY",
    )
    llm_model: str = _setting("", str, "the model to ask there")
    embedding_model: Path | None = _setting(
        None,
        Path,
        "folder of an embedding model (ONNX), to reuse answers for nearly the same text",
    )
    embedding_url: str = _setting(
        "",
        read_embedding_endpoint,
        "an OpenAI-compatible endpoint for embeddings in place of that folder, as"
        " https://HOST/v1#MODEL,DIMENSIONS; its key stands in OPENAI_API_KEY",
    )
    presidio: bool = _setting(
        False, read_flag, "let Presidio, where it is installed, find more names to hide from models"
    )
    automatic_min_confidence: float = _setting(
        0.85, read_probability, "confidence from which a decision may be automatic, 0 to 1"
    )
    batch_slots: int = _setting(32, read_count, "items of one batch that are worked on at once")
    grace_s: float = _setting(
        30.0, read_seconds, "seconds that running calls may take after SIGTERM"
    )

    @property
    def folder(self) -> Path:
        """The data folder, given or default."""
        return (self.data_folder or default_data_folder()).absolute()


# What a setting is of no use without.
NEEDED = {
    "llm_url": ("llm_model",),
    "llm_model": ("llm_url",),
    "jwks": ("jwt_issuer", "jwt_audience"),
    "jwt_issuer": ("jwks",),
    "jwt_audience": ("jwks",),
    "tls_cert_file": ("tls_key_file",),
    "tls_key_file": ("tls_cert_file",),
    "tls_client_ca_file": ("tls_cert_file",),
}

# Known, but not settings of the server: of the client in the same shell, and of measurements.
OTHERS = frozenset(
    {
        "SWITCHYARD_SERVER",
        "SWITCHYARD_API_KEY",
        "SWITCHYARD_API_KEY_FILE",
        "SWITCHYARD_TLS",
        "SWITCHYARD_TLS_CA",
        "SWITCHYARD_TLS_CERT",
        "SWITCHYARD_TLS_KEY",
        "SWITCHYARD_INSECURE",
        "SWITCHYARD_DATA",
    }
)


def variable_name(setting: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + setting.upper()


def read_settings(environ: Mapping[str, str], **overrides: object) -> Settings:
    """Settings from the environment; `overrides` that are not None go before it.

    Raises InvalidSettings, naming every variable that is wrong or unknown.
    """
    values: dict[str, Any] = {}
    faults: list[str] = []
    for each in fields(Settings):
        variable = variable_name(each.name)
        if environ.get(variable):  # set, and not to nothing
            try:
                values[each.name] = each.metadata["read"](environ[variable])
            except ValueError as error:
                faults.append(f"{variable}: {error}")
    known = {variable_name(each.name) for each in fields(Settings)} | OTHERS
    unknown = sorted(name for name in environ if name.startswith(PREFIX) and name not in known)
    faults += [f"{name}: no such setting; see switchyard-server settings" for name in unknown]
    if faults:
        raise InvalidSettings(faults)
    settings = Settings(**values | {k: v for k, v in overrides.items() if v is not None})
    conflicts = [*_conflicts(settings)]
    if conflicts:
        raise InvalidSettings(conflicts)
    return settings


def _conflicts(settings: Settings) -> Iterator[str]:
    """What is wrong with settings that are right by themselves."""
    is_private = settings.tls_cert_file or _is_local(settings.listen.host)
    if not (is_private or settings.allow_plaintext):
        yield (
            f"SWITCHYARD_LISTEN: {settings.listen} would carry keys and tickets beyond this "
            "machine in plain text; set SWITCHYARD_TLS_CERT_FILE and SWITCHYARD_TLS_KEY_FILE, or "
            "SWITCHYARD_ALLOW_PLAINTEXT=true where a proxy encrypts"
        )
    if settings.otlp_endpoint and find_spec("opentelemetry") is None:
        yield (
            "SWITCHYARD_OTLP_ENDPOINT: spans need the extra `tracing`; install it with "
            "pip install 'switchyard[tracing]'"
        )
    for one, other in (("llm_providers", "llm_url"), ("embedding_model", "embedding_url")):
        if getattr(settings, one) and getattr(settings, other):
            yield f"{variable_name(one)}: stands against {variable_name(other)}; set one of them"
    for name, needed in NEEDED.items():
        lacking = [variable_name(other) for other in needed if not getattr(settings, other)]
        if getattr(settings, name) and lacking:
            yield f"{variable_name(name)}: needs {' and '.join(lacking)} too"
