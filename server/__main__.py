"""The command line of the server."""

import asyncio
import gc
import os
import re
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import fields
from pathlib import Path

import click

from server import __version__
from server.fake_llm.command import fake_llm
from server.settings import (
    Address,
    InvalidSettings,
    Settings,
    read_address,
    read_optional_address,
    read_settings,
    variable_name,
)

COMMAND_HELP = """Triage of customer-support tickets over gRPC.

\b
Examples:
  switchyard-server serve
  switchyard-server serve --listen 127.0.0.1:0 --data ./data
  SWITCHYARD_DATABASE_URL=postgresql://... switchyard-server serve
  switchyard-server doctor
  switchyard-server keys create --title "first administrator"

Settings come from SWITCHYARD_* variables; `switchyard-server settings` lists them.
"""

KEY_NAME = re.compile(r"(?:apiKeys/)?([0-9a-f]{16})", re.ASCII)
WITH_PASSWORDS = frozenset({"database_url", "redis_url"})  # settings not to be shown


@click.group(help=COMMAND_HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="switchyard-server")
def main() -> None:
    """Parse the command line."""


def _parsed(
    read: Callable[[str], Address],
) -> Callable[[click.Context, click.Parameter, str | None], Address | None]:
    def parse(
        _context: click.Context, _parameter: click.Parameter, value: str | None
    ) -> Address | None:
        if value is None:
            return None
        try:
            return read(value)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error

    return parse


listen_option = click.option(
    "--listen",
    metavar="HOST:PORT",
    callback=_parsed(read_address),
    help="Where to serve gRPC. Port 0 takes any free one.  [default: 127.0.0.1:50051]",
)
metrics_option = click.option(
    "--metrics-listen",
    metavar="HOST:PORT|off",
    callback=_parsed(read_optional_address),
    help="Where to serve Prometheus metrics over HTTP.  [default: 127.0.0.1:9464]",
)
tls_cert_option = click.option(
    "--tls-cert",
    metavar="FILE",
    envvar="SWITCHYARD_TLS_CERT",
    type=click.Path(path_type=Path),
    help="Certificate to show to a server that wants one of its clients (PEM).  [default: the "
    "server's own]",
)
tls_key_option = click.option(
    "--tls-key",
    metavar="FILE",
    envvar="SWITCHYARD_TLS_KEY",
    type=click.Path(path_type=Path),
    help="Private key of --tls-cert (PEM).",
)
data_option = click.option(
    "--data",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the embedded database and the keys.  [default: the XDG data folder]",
)


@main.command()
@listen_option
@metrics_option
@data_option
def serve(listen: Address | None, metrics_listen: Address | None, data: Path | None) -> None:
    """Serve until SIGTERM or Ctrl-C, then finish the running calls and exit.

    Calls have SWITCHYARD_GRACE_S seconds to finish; a batch is read no further, answers what has
    been read, and ends with UNAVAILABLE.

    The first line on standard output says where; the log, one JSON object a line, goes to
    standard error.
    """
    settings = _settings(listen=listen, metrics_listen=metrics_listen, data_folder=data)
    # The processes that a server starts never use gRPC; its fork handlers would break connections
    # now and then, or never return.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    _silence_grpc()
    gc.disable()  # until it serves: what is imported is no garbage, looking for some takes long
    from server.serve import serve_until_stopped  # noqa: PLC0415  # slow; --help should not wait

    sys.exit(_run(serve_until_stopped(settings)))


@main.command()
@listen_option
@metrics_option
@data_option
@tls_cert_option
@tls_key_option
def doctor(
    listen: Address | None,
    metrics_listen: Address | None,
    data: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
) -> None:
    """Check keys, certificates, database, Redis, models and ports: what is wrong, what to do.

    Exits with 1 when something would keep the server from serving.
    """
    settings = _settings(listen=listen, metrics_listen=metrics_listen, data_folder=data)
    _silence_grpc()
    from server.doctor import examine  # noqa: PLC0415  # slow; --help should not wait
    from server.probe import read_identity  # noqa: PLC0415  # likewise

    sys.exit(_run(examine(settings, read_identity(tls_cert, tls_key))))


@main.group()
def keys() -> None:
    """Make, list and revoke API keys, beside a running server or without one.

    Everybody on this machine may call until the first key is made; from then on, everybody needs
    a key. Where there is none, or the last one is lost, this command makes the next.
    """


@keys.command(name="create")
@data_option
@click.option("--tenant", default="default", show_default=True, help="Whose data it reaches.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    default=["admin"],
    show_default=True,
    type=click.Choice(["reader", "agent", "supervisor", "admin"]),
    help="What it may do; may be given several times.",
)
@click.option("--title", default="", help="What it is for.")
@click.option(
    "--tier",
    default="",
    help="Tier of its rate limits: free, basic, pro, enterprise or unlimited."
    "  [default: unlimited for administrators of tenant default, else free]",
)
@click.option(
    "--days", type=click.IntRange(1, 3650), help="How long it lives.  [default: for ever]"
)
def create_key(
    data: Path | None, tenant: str, roles: Sequence[str], title: str, tier: str, days: int | None
) -> None:
    """Make a key. Its secret is the one line on standard output, and is never shown again."""
    settings = _settings(data_folder=data)
    from server import key_commands  # noqa: PLC0415  # slow; --help should not wait

    order = key_commands.key_order(tenant, title, roles, tier, days)
    sys.exit(_run(key_commands.create_key(settings, order)))


@keys.command(name="list")
@data_option
@click.option("--tenant", default="default", show_default=True, help="Whose keys to list.")
def list_keys(data: Path | None, tenant: str) -> None:
    """List a tenant's keys, the newest first, without their secrets."""
    settings = _settings(data_folder=data)
    from server import key_commands  # noqa: PLC0415  # slow; --help should not wait

    sys.exit(_run(key_commands.list_keys(settings, tenant)))


@keys.command(name="revoke")
@data_option
@click.argument("name", metavar="apiKeys/ID")
def revoke_key(data: Path | None, name: str) -> None:
    """Refuse a key from now on, and every token issued for it. Servers hear of it in a second."""
    settings = _settings(data_folder=data)
    key_id = KEY_NAME.fullmatch(name)
    if not key_id:  # what was given is not repeated: it may be the secret itself
        raise click.UsageError("a key is named apiKeys/ and 16 digits, as `keys list` shows it")
    from server import key_commands  # noqa: PLC0415  # slow; --help should not wait

    sys.exit(_run(key_commands.revoke_key(settings, key_id[1])))


@main.command()
@listen_option
@tls_cert_option
@tls_key_option
def health(listen: Address | None, tls_cert: Path | None, tls_key: Path | None) -> None:
    """Ask the server on this machine whether it serves: exits with 0 when it does, else with 1.

    It needs the settings that the server has, and no API key.
    """
    settings = _settings(listen=listen)
    _silence_grpc()
    from server.probe import read_identity, tell_health  # noqa: PLC0415  # slow; --help should not wait

    sys.exit(asyncio.run(tell_health(settings, read_identity(tls_cert, tls_key))))


main.add_command(fake_llm)


@main.command(name="settings")
def list_settings() -> None:
    """List every setting with its meaning, its default and its present value."""
    present = _settings()
    for each in fields(Settings):
        value = getattr(present, each.name)
        shown = "(set)" if each.name in WITH_PASSWORDS and value else value
        click.echo(f"{variable_name(each.name):38} {each.metadata['help']}")
        click.echo(f"{'':38} default {_shown(each.default)}, now {_shown(shown)}")


def _shown(value: object) -> str:
    return "none" if value is None or value == "" else str(value)


def _settings(**overrides: object) -> Settings:
    try:
        return read_settings(os.environ, **overrides)
    except InvalidSettings as error:
        for fault in error.faults:
            click.echo(f"switchyard-server: {fault}", err=True)
        sys.exit(2)


def _silence_grpc() -> None:
    """What the transport has to say, we say in our own form."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")


def _run(work: Coroutine[object, object, int]) -> int:
    """Run on uvloop where it exists."""
    if sys.platform == "win32":
        return asyncio.run(work)
    import uvloop  # noqa: PLC0415  # not on every platform

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


if __name__ == "__main__":
    main(prog_name="switchyard-server")
