"""`switchyard admin cache semantic`: answers given again to tickets that mean the same."""

import click
from rich.text import Text

from switchyard_client.commands.admin.arguments import tenant_option
from switchyard_client.commands.admin.asking import ask
from switchyard_client.commands.connection_options import takes_endpoint
from switchyard_client.commands.console import plain, stdout
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.options import json_option
from switchyard_client.commands.tables import (
    Row,
    print_facts,
    print_table,
    show_json,
)
from switchyard_client.messages.switchyard.admin.v1 import (
    GetSemanticCacheResponse,
    SemanticCacheGate,
    SemanticCacheSettings,
)

_Share = click.FloatRange(0, 1, min_open=True)


@click.group()
def semantic() -> None:
    """Answers given again to tickets that mean the same.

    A gate decides how similar they must be. It starts closed, and opens when audits have shown that
    no more wrong answers than the error budget allows would be given.
    """


@semantic.command("show")
@tenant_option
@json_option
@takes_endpoint
def show_semantic(endpoint: Endpoint, tenant: str, *, is_json: bool) -> None:
    """Show the settings of all tenants, and how the gates of one stand.

    \b
      switchyard admin cache semantic show
      switchyard admin cache semantic show --tenant acme --json | jq .gates
    """
    found = ask(endpoint, lambda client: client.cache.semantic(tenant))
    if is_json:
        show_json(found, indent=2)
        return
    print_facts(_facts(found))
    stdout().print()
    print_table([_gate_row(gate) for gate in found.gates], nothing="no gate has learned anything")


@semantic.command("set")
@click.option("--on/--off", "is_enabled", default=None, help="Whether answers are given again.")
@click.option(
    "--error-budget",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Share of them that may be wrong: 0.02.",
)
@click.option("--audit-rate", type=_Share, help="Share made afresh, to see: 0.1.")
@click.option(
    "--fixed-similarity",
    type=click.FloatRange(0.6, 0.99),
    help="Similarity that is enough, whatever audits say: guarantees nothing.",
)
@click.option("--audited", "is_audited", is_flag=True, help="Let audits decide again.")
@takes_endpoint
def set_semantic(
    endpoint: Endpoint,
    error_budget: float | None,
    audit_rate: float | None,
    fixed_similarity: float | None,
    *,
    is_enabled: bool | None,
    is_audited: bool,
) -> None:
    """Change the semantic cache of all tenants, in every process and over restarts.

    What is not given stays as it is, and so does what the gates have learned.

    \b
      switchyard admin cache semantic set --error-budget 0.01 --audit-rate 0.2
      switchyard admin cache semantic set --fixed-similarity 0.95
      switchyard admin cache semantic set --audited
      switchyard admin cache semantic set --off
    """
    if is_audited and fixed_similarity is not None:
        raise click.UsageError("give either --fixed-similarity or --audited")
    wanted = SemanticCacheSettings(
        enabled=is_enabled,
        error_budget=error_budget or 0.0,
        audit_rate=audit_rate or 0.0,
        fixed_similarity=0.0 if is_audited else fixed_similarity,
    )
    if wanted == SemanticCacheSettings():
        raise click.UsageError("give at least one setting to change")
    print_facts(_settings_facts(ask(endpoint, lambda c: c.cache.update_semantic(wanted))))


def _facts(found: GetSemanticCacheResponse) -> Row:
    embedder = "" if found.available else plain("no embedder is configured", "yellow")
    return {
        **_settings_facts(found.settings or SemanticCacheSettings()),
        "but": embedder,
        "entries": found.entries,
    }


def _settings_facts(settings: SemanticCacheSettings) -> Row:
    fixed = settings.fixed_similarity
    similarity = f"{fixed:.2f}, fixed: unguaranteed" if fixed else "as audits allow"
    return {
        "state": plain("on", "green") if settings.enabled else plain("off", "yellow"),
        "error budget": _small_share(settings.error_budget),
        "audited": _small_share(settings.audit_rate),
        "similarity": plain(similarity, "yellow" if fixed else ""),
    }


def _gate_row(gate: SemanticCacheGate) -> Row:
    kept = "guaranteed" if gate.guaranteed else "unguaranteed"
    return {
        "prompt": gate.prompt_version,
        "engine": gate.engine,
        "gate": plain("open", "green") if gate.open else plain("closed", "yellow"),
        "from": f"{gate.threshold:.2f}" if gate.open else "",
        "wrong at most": _small_share(gate.error_bound),
        "which is": kept if gate.open else "",
        "learned from": gate.observed,
        "wrong": gate.wrong,
    }


def _small_share(value: float) -> Text:
    """A share of which tenths of a percent matter, to stand among numbers."""
    return Text(f"{value * 100:.3g} %", justify="right")
