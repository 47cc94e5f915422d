"""`switchyard admin audit`: what was changed, and by whom."""

import click

from switchyard_client.commands.admin.arguments import tenant_option
from switchyard_client.commands.admin.asking import ask_first
from switchyard_client.commands.connection_options import takes_endpoint
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.options import json_lines_option, limit_option
from switchyard_client.commands.tables import Row, show_page
from switchyard_client.messages.switchyard.admin.v1 import AuditEvent


@click.command()
@click.option(
    "--action", default="", metavar="RESOURCE.VERB", help="Only this, such as api_key.create."
)
@tenant_option
@limit_option
@json_lines_option
@takes_endpoint
def audit(endpoint: Endpoint, tenant: str, action: str, limit: int, *, is_json: bool) -> None:
    """List changes of access, configuration and data, the newest first.

    --json also holds the resource as it was before and after each change.

    \b
      switchyard admin audit
      switchyard admin audit --action api_key.revoke --limit 5
      switchyard admin audit --tenant acme --action tenant.suspend
      switchyard admin audit --json | jq '{time, actor, action, after: (.after | fromjson?)}'
    """
    page_size = min(limit + 1, 1000)
    page = ask_first(
        endpoint,
        lambda client: client.access.list_audit_events(
            tenant=tenant, action=action, page_size=page_size
        ),
        limit,
    )
    show_page(page, _row, nothing="no events", is_json=is_json)


def _row(event: AuditEvent) -> Row:
    return {
        "time": event.time,
        "tenant": event.tenant,
        "actor": event.actor,
        "action": event.action,
        "resource": event.resource,
    }
