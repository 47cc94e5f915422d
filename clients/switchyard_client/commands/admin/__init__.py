"""`switchyard admin`: everything that runs a server, beside its tickets."""

import click

from switchyard_client.commands.admin.audit import audit
from switchyard_client.commands.admin.breakers import breakers
from switchyard_client.commands.admin.budget import budget
from switchyard_client.commands.admin.cache import cache
from switchyard_client.commands.admin.keys import keys, token
from switchyard_client.commands.admin.letters import letters
from switchyard_client.commands.admin.limits import limits
from switchyard_client.commands.admin.performance import performance
from switchyard_client.commands.admin.providers import providers
from switchyard_client.commands.admin.tenants import tenants
from switchyard_client.commands.connection_options import connection_options


@click.group()
@connection_options
def admin() -> None:
    """Access, limits, caches, circuit breakers, language models and their cost.

    \b
      (umask 077; switchyard admin keys create --role agent > agent.key)
      switchyard admin keys list                              who may call
      switchyard admin audit --limit 20                       what was changed, and by whom
      switchyard admin limits status                          what the own key has left
      switchyard admin cache stats                            hits and misses
      switchyard admin breakers list                          what is refused just now
      switchyard admin providers list                         how language models do
      switchyard admin letters stats                          tickets that none answered
      switchyard admin budget show                            what models cost today
      switchyard admin performance                            where the time goes

    A key of role admin reaches its own tenant; one of tenant `default` reaches all of them.
    """


for command in (
    *(keys, token, tenants, audit, limits, cache),
    *(breakers, providers, letters, budget, performance),
):
    admin.add_command(command)
