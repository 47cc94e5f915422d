"""Where commands find the server, and whom they call as: options, environment, files."""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
import grpc
from click.core import ParameterSource

from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.failures import CommandFailed, Exit
from switchyard_client.connection import DEFAULT_ADDRESS, is_exposed
from switchyard_client.connection_checks import checked_address, is_key
from switchyard_client.errors import UnsendableRequest

Command = TypeVar("Command", bound=Callable[..., Any])


def connection_options(command: Command) -> Command:
    """Adds the options of the connection to a group of commands."""
    for variable, name, flags, metavar, text in reversed(_OPTIONS):
        command = click.option(
            flags,
            name,
            cls=_ConnectionOption,
            envvar=variable,
            show_envvar=True,
            metavar=metavar,
            is_flag=metavar is None,
            default=None,
            expose_value=False,
            callback=_note,
            help=text,
        )(command)
    return command


def takes_endpoint(command: Command) -> Command:
    """Gives a command its `endpoint`; of options given twice, those nearest to it count."""

    @functools.wraps(command)
    def run(*arguments: Any, **options: Any) -> Any:
        given = click.get_current_context().ensure_object(dict)
        return command(*arguments, endpoint=endpoint_of(given), **options)

    return connection_options(run)  # type: ignore[return-value]  # it lacks one parameter


def endpoint_of(given: Mapping[str, Any]) -> Endpoint:
    """The endpoint of options by their names. Raises CommandFailed."""
    endpoint = Endpoint(
        _address(given),
        _api_key(given),
        _credentials(given),
        given.get("insecure", False),
    )
    is_at_risk = endpoint.api_key and is_exposed(endpoint.address, endpoint.credentials)
    if is_at_risk and not endpoint.allows_plaintext_key:
        raise CommandFailed(
            f"the API key would travel to {endpoint.address} unencrypted, for everyone on the way "
            "to read; add --tls (or --tls-ca FILE), or --insecure in a network that is trusted",
            Exit.USAGE,
        )
    return endpoint


class _ConnectionOption(click.Option):
    """Taken by every command, described by `switchyard` itself."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        if ctx.parent is None:
            return super().get_help_record(ctx)
        is_first = self.name == "address"
        return ("--server, --key-file, --tls ...", "See `switchyard --help`.") if is_first else None


# Variable, parameter, flags, metavar (none: it takes no value), help.
_OPTIONS: tuple[tuple[str, str, str, str | None, str], ...] = (
    (
        "SWITCHYARD_SERVER",
        "address",
        "--server",
        "HOST:PORT",
        f"Where the server is.  [default: {DEFAULT_ADDRESS}]",
    ),
    (
        "SWITCHYARD_API_KEY",
        "api_key",
        "--key",
        "KEY",
        "API key or token. Lists of processes show it to other users of this machine: "
        "prefer the variable, or --key-file.",
    ),
    (
        "SWITCHYARD_API_KEY_FILE",
        "api_key_file",
        "--key-file",
        "FILE",
        "File that holds the API key or token.",
    ),
    (
        "SWITCHYARD_TLS",
        "tls",
        "--tls/--no-tls",
        None,
        "Encrypt, and trust the usual authorities.  [default: on with --tls-...]",
    ),
    (
        "SWITCHYARD_TLS_CA",
        "tls_ca",
        "--tls-ca",
        "FILE",
        "Encrypt, and trust these authorities alone (PEM).",
    ),
    (
        "SWITCHYARD_TLS_CERT",
        "tls_cert",
        "--tls-cert",
        "FILE",
        "Own certificate, for a server that asks for one (PEM).",
    ),
    (
        "SWITCHYARD_TLS_KEY",
        "tls_key",
        "--tls-key",
        "FILE",
        "Private key of --tls-cert (PEM).",
    ),
    (
        "SWITCHYARD_INSECURE",
        "insecure",
        "--insecure",
        None,
        "Send the API key without TLS beyond this machine.",
    ),
)
_RIVALS = {"api_key": "api_key_file", "api_key_file": "api_key"}


def _note(context: click.Context, option: click.Parameter, value: Any) -> None:
    """Keep what was given: nearest to the command first, the environment's last."""
    given, name = context.ensure_object(dict), option.name or ""
    source = context.get_parameter_source(name)
    rival = _RIVALS.get(name, name)
    if source is ParameterSource.COMMANDLINE:
        given.pop(rival, None)
        given[name] = value
    elif source is ParameterSource.ENVIRONMENT and not {name, rival} & given.keys():
        given[name] = value


def _address(given: Mapping[str, Any]) -> str:
    try:
        return checked_address(given.get("address") or DEFAULT_ADDRESS)
    except UnsendableRequest as error:
        problem = error.field_violations[0].description
        raise CommandFailed(f"--server: {problem}", Exit.USAGE) from None


def _api_key(given: Mapping[str, Any]) -> str:
    file = given.get("api_key_file")
    place = file or "--key"
    key = _read(file).decode(errors="replace") if file else given.get("api_key", "")
    key = key.strip()
    if not is_key(key):
        raise CommandFailed(f"{place} holds no API key, but other text", Exit.USAGE)
    if file and not key:
        raise CommandFailed(f"{place} is empty; it should hold an API key", Exit.USAGE)
    return str(key)


def _credentials(given: Mapping[str, Any]) -> grpc.ChannelCredentials | None:
    ca, certificate, key = (given.get(name) for name in ("tls_ca", "tls_cert", "tls_key"))
    if not given.get("tls", any((ca, certificate, key))):
        return None
    if bool(certificate) != bool(key):
        raise CommandFailed("--tls-cert and --tls-key go together", Exit.USAGE)
    return grpc.ssl_channel_credentials(
        root_certificates=_pem(ca), private_key=_pem(key), certificate_chain=_pem(certificate)
    )


def _pem(path: str | None) -> bytes | None:
    if path is None:
        return None
    content = _read(path)
    # gRPC takes anything, and then says no more than that the server is away.
    if b"-----BEGIN " not in content:
        raise CommandFailed(f"{path} is no PEM file", Exit.USAGE)
    return content


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise CommandFailed(f"cannot read {path}: {error.strerror}", Exit.USAGE) from None
