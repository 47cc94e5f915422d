"""`switchyard admin tenants`: whose data the server holds."""

import click

from switchyard_client.commands.admin.arguments import tenant_argument
from switchyard_client.commands.admin.asking import ask, ask_first
from switchyard_client.commands.asking import confirm, confirm_by_name
from switchyard_client.commands.connection_options import connection_options, takes_endpoint
from switchyard_client.commands.console import plain, stdout
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.options import json_lines_option, limit_option, yes_option
from switchyard_client.commands.tables import Row, show_page
from switchyard_client.messages.switchyard.admin.v1 import Tenant


@click.group()
@connection_options
def tenants() -> None:
    """Tenants: whose tickets, taxonomy and keys the server holds. For operators.

    \b
      switchyard admin tenants create acme --title "Acme Ltd"
      (umask 077; switchyard admin keys create --tenant acme --role admin > acme.key)
    """


@tenants.command("create")
@tenant_argument
@click.option("--title", default="", help="Its name for people.")
@takes_endpoint
def create_tenant(endpoint: Endpoint, tenant: str, title: str) -> None:
    """Make a tenant. TENANT is its id: a letter, then letters, digits and hyphens.

    \b
      switchyard admin tenants create acme --title "Acme Ltd"
    """
    made = ask(endpoint, lambda client: client.access.create_tenant(tenant, title=title))
    stdout().print(plain(f"{made.name} was made"))


@tenants.command("list")
@limit_option
@json_lines_option
@takes_endpoint
def list_tenants(endpoint: Endpoint, limit: int, *, is_json: bool) -> None:
    """List tenants by name."""
    page_size = min(limit + 1, 1000)
    page = ask_first(
        endpoint, lambda client: client.access.list_tenants(page_size=page_size), limit
    )
    show_page(page, _row, nothing="no tenants", is_json=is_json)


@tenants.command("suspend")
@tenant_argument
@yes_option
@takes_endpoint
def suspend_tenant(endpoint: Endpoint, tenant: str, *, is_sure: bool) -> None:
    """Refuse every call of TENANT until it is resumed; its data stays.

    \b
      switchyard admin tenants suspend acme
    """
    confirm(f"Refuse every call of {tenant} from now on?", is_sure=is_sure)
    suspended = ask(endpoint, lambda client: client.access.suspend_tenant(f"tenants/{tenant}"))
    stdout().print(plain(f"{suspended.name} is suspended"))


@tenants.command("resume")
@tenant_argument
@takes_endpoint
def resume_tenant(endpoint: Endpoint, tenant: str) -> None:
    """Let a suspended TENANT call again."""
    resumed = ask(endpoint, lambda client: client.access.resume_tenant(f"tenants/{tenant}"))
    stdout().print(plain(f"{resumed.name} is active"))


@tenants.command("delete")
@tenant_argument
@yes_option
@takes_endpoint
def delete_tenant(endpoint: Endpoint, tenant: str, *, is_sure: bool) -> None:
    """Delete a suspended TENANT with all that it has. It cannot be undone.

    Its audit events stay. Without --yes you are asked to type its id.

    \b
      switchyard admin tenants suspend acme
      switchyard admin tenants delete acme
    """
    warning = f"Everything that {tenant} has will be gone: keys, runs, taxonomies, letters, budget."
    confirm_by_name(warning, tenant, is_sure=is_sure)
    gone = ask(endpoint, lambda client: client.access.delete_tenant(f"tenants/{tenant}"))
    stdout().print(
        plain(
            f"tenants/{tenant} is deleted, with {gone.api_keys:,} keys, {gone.triage_runs:,} runs "
            f"and {gone.taxonomy_revisions:,} revisions of its taxonomy"
        )
    )


def _row(tenant: Tenant) -> Row:
    return {
        "tenant": tenant.name.removeprefix("tenants/"),
        "title": tenant.title,
        "state": plain("suspended", "red") if tenant.suspended else "active",
        "made": tenant.create_time,
    }
