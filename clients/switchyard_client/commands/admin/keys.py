"""`switchyard admin keys` and `switchyard admin token`: what services call with."""

from datetime import timedelta

import click

from switchyard_client.answers import label
from switchyard_client.commands.admin.arguments import (
    ROLES,
    key_argument,
    role_option,
    tenant_option,
)
from switchyard_client.commands.admin.asking import ask, ask_first
from switchyard_client.commands.asking import confirm
from switchyard_client.commands.connection_options import connection_options, takes_endpoint
from switchyard_client.commands.console import moment, plain, stderr, stdout
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.options import (
    json_lines_option,
    limit_option,
    read_span,
    yes_option,
)
from switchyard_client.commands.tables import Row, show_page
from switchyard_client.messages.switchyard.admin.v1 import ApiKey


@click.group()
@connection_options
def keys() -> None:
    """The API keys that services call with."""


@keys.command("create")
@role_option
@click.option("--title", default="", help="What the key is for.")
@click.option("--ttl", callback=read_span, metavar="SPAN", help="How long it lives: 90d, 24h.")
@click.option(
    "--tier",
    default="",
    help="Tier of its rate limits.  [default: free; unlimited for admins of tenant `default`]",
)
@click.option(
    "--permission",
    "permissions",
    multiple=True,
    metavar="RESOURCE.VERB",
    help="A permission beside those of the roles; repeatable.",
)
@tenant_option
@takes_endpoint
def create_key(
    endpoint: Endpoint,
    tenant: str,
    title: str,
    role_names: tuple[str, ...],
    permissions: tuple[str, ...],
    tier: str,
    ttl: timedelta | None,
) -> None:
    """Make a key and print its secret, alone on a line, on standard output.

    The secret is shown this once: the server keeps only a digest of it. Everything else goes to
    standard error, so that the secret can be written to a file that nobody else may read:

    \b
      (umask 077; switchyard admin keys create --role agent --title checkout > checkout.key)
      switchyard --key-file checkout.key triage --text hello
      switchyard admin keys create --role admin --tenant acme --ttl 90d

    \b
    Roles, each with all that the one before it may do:
      reader      reads decisions, the taxonomy, feedback, models, error budgets, experiments,
                  and what limits leave
      agent       triages tickets, reviews, submits feedback, asks for variants, records outcomes
      supervisor  changes the taxonomy and experiments, trains models, sets error budgets,
                  imports and exports labels, reads audit events
      admin       manages keys and dead letters, reads the budget; in tenant `default`: everything
    """
    if not role_names:
        raise click.UsageError("give at least one --role")
    roles = [ROLES[name] for name in role_names]
    made = ask(
        endpoint,
        lambda client: client.access.create_key(
            roles, tenant=tenant, title=title, permissions=permissions, tier=tier, ttl=ttl
        ),
    )
    _hand_over(made.api_key or ApiKey(), made.secret)


@keys.command("list")
@tenant_option
@limit_option
@json_lines_option
@takes_endpoint
def list_keys(endpoint: Endpoint, tenant: str, limit: int, *, is_json: bool) -> None:
    """List keys, the newest first; secrets are not among what is known of them.

    \b
      switchyard admin keys list
      switchyard admin keys list --json | jq -r 'select(.last_use_time == null).name'
    """
    page_size = min(limit + 1, 1000)
    page = ask_first(
        endpoint,
        lambda client: client.access.list_keys(tenant=tenant, page_size=page_size),
        limit,
    )
    show_page(page, _row, nothing="no keys", is_json=is_json)


@keys.command("rotate")
@key_argument
@click.option(
    "--overlap",
    callback=read_span,
    metavar="SPAN",
    help="How long the old key still works, up to 30d.  [default: 24h]",
)
@takes_endpoint
def rotate_key(endpoint: Endpoint, key: str, overlap: timedelta | None) -> None:
    """Make a key that replaces KEY, with the same rights; print its secret as `create` does.

    Both work during the overlap, in which the services that hold the old one change over.

    \b
      (umask 077; switchyard admin keys rotate apiKeys/0123456789abcdef > new.key)
      switchyard admin keys rotate 0123456789abcdef --overlap 0s     the old one ends now
    """
    made = ask(endpoint, lambda client: client.access.rotate_key(key, overlap=overlap))
    _hand_over(made.api_key or ApiKey(), made.secret)


@keys.command("revoke")
@key_argument
@yes_option
@takes_endpoint
def revoke_key(endpoint: Endpoint, key: str, *, is_sure: bool) -> None:
    """Refuse KEY and every token made with it, from now on. It cannot be undone.

    \b
      switchyard admin keys revoke apiKeys/0123456789abcdef
      switchyard admin keys revoke 0123456789abcdef --yes
    """
    confirm(f"Refuse {key} from now on, for good?", is_sure=is_sure)
    revoked = ask(endpoint, lambda client: client.access.revoke_key(key))
    stdout().print(plain(f"{revoked.name} was revoked {moment(revoked.revoke_time)}"))


@click.command()
@click.option(
    "--ttl",
    callback=read_span,
    metavar="SPAN",
    help="How long it lives, 1m to 1h.  [default: 15m]",
)
@role_option
@takes_endpoint
def token(endpoint: Endpoint, ttl: timedelta | None, role_names: tuple[str, ...]) -> None:
    """Exchange the API key for a token that ends soon, and print it on standard output.

    A token is used wherever a key is. Without --role it may do what the key may.

    \b
      SWITCHYARD_API_KEY=$(switchyard --key-file my.key admin token) switchyard runs list
      switchyard --key-file my.key admin token --ttl 5m --role reader
    """
    roles = [ROLES[name] for name in role_names]
    issued = ask(endpoint, lambda client: client.access.issue_token(ttl=ttl, roles=roles))
    stderr().print(plain(f"the token ends {moment(issued.expire_time)}", "dim"))
    click.echo(issued.token)


def _hand_over(key: ApiKey, secret: str) -> None:
    """Print the secret alone on standard output, and what is known of it beside that."""
    ends = f", ends {moment(key.expire_time)}" if key.expire_time else ""
    about = f"{key.name} of tenant {key.tenant}: {_rights(key)}; tier {key.tier}{ends}"
    stderr().print(plain(about))
    stderr().print(plain("the secret is not shown again; keep it now", "yellow"))
    click.echo(secret)


def _rights(key: ApiKey) -> str:
    return ", ".join([*map(label, key.roles), *key.permissions])


def _row(key: ApiKey) -> Row:
    return {
        "key": key.name,
        "title": key.title,
        "may": _rights(key),
        "tier": key.tier,
        "made": key.create_time,
        "last used": key.last_use_time or "never",
        "ends": plain(f"revoked {moment(key.revoke_time)}", "red")
        if key.revoke_time
        else key.expire_time or "never",
        "replaced by": key.replaced_by,
    }
