"""`switchyard experiment example`, `create`, `list` and `show`."""

from datetime import timedelta
from importlib.resources import files
from typing import TextIO

import click

from switchyard_client.answers import label
from switchyard_client.commands.asking import ask_client, first_page
from switchyard_client.commands.connection_options import takes_endpoint
from switchyard_client.commands.console import duration, plain, stdout
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.experiment.arguments import (
    describe,
    describe_weights,
    experiment_argument,
)
from switchyard_client.commands.failures import CommandFailed, Exit
from switchyard_client.commands.options import json_lines_option, json_option, limit_option
from switchyard_client.commands.tables import Row, print_facts, print_table, show_json, show_page
from switchyard_client.experiment_files import (
    ExperimentDraft,
    InvalidExperimentFile,
    load_experiment,
)
from switchyard_client.experiments import ExperimentClient
from switchyard_client.messages.switchyard.experiment.v1 import (
    Allocation,
    Experiment,
    ExperimentState,
    Metric,
    ParameterValue,
    StoppingRule,
    Variant,
)
from switchyard_client.report import figures

_STATES = {str(state.name).lower(): state for state in ExperimentState if state}
_STYLES = {"running": "green", "paused": "yellow", "stopped": "bold", "archived": "dim"}
_LARGEST_PAGE = 100


@click.command("example")
def show_example() -> None:
    """Print a commented design: a file for `create`.

    \b
      switchyard experiment example > threshold.toml
    """
    click.echo(files(__package__).joinpath("example.toml").read_text("utf-8"), nl=False)


@click.command("create")
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--start", "is_started", is_flag=True, help="Start it, too.")
@click.option("--validate-only", "is_check", is_flag=True, help="Check it and create nothing.")
@takes_endpoint
def create_experiment(
    endpoint: Endpoint, file: TextIO, *, is_started: bool, is_check: bool
) -> None:
    """Create the experiment of FILE, which is TOML; - is standard input.

    It is a draft until it starts.

    \b
      switchyard experiment example > threshold.toml
      switchyard experiment create threshold.toml --validate-only
      switchyard experiment create threshold.toml --start
    """
    if is_started and is_check:
        raise click.UsageError("--validate-only creates nothing that could be started")
    draft = _read(file)

    async def create(client: ExperimentClient) -> Experiment:
        made = await client.create(draft.experiment_id, draft.experiment, validate_only=is_check)
        return await client.start(made.name) if is_started else made

    made = ask_client(endpoint, ExperimentClient, create)
    if is_check:
        stdout().print("the file is valid; nothing was created")
    else:
        stdout().print(plain(describe(made)))


def _read(file: TextIO) -> ExperimentDraft:
    try:
        return load_experiment(file.read())
    except UnicodeDecodeError:
        raise CommandFailed(f"{file.name} is not UTF-8", Exit.USAGE) from None
    except InvalidExperimentFile as error:
        raise CommandFailed(f"{file.name}: {error}", Exit.USAGE) from None


@click.command("list")
@click.option(
    "--state", type=click.Choice(list(_STATES)), help="Only these.  [default: all but archived]"
)
@click.option("--layer", default="", help="Only of this layer.")
@limit_option
@json_lines_option
@takes_endpoint
def list_experiments(
    endpoint: Endpoint, state: str | None, layer: str, limit: int, *, is_json: bool
) -> None:
    """List experiments, the newest first.

    \b
      switchyard experiment list
      switchyard experiment list --state running --layer triage
    """
    wanted = _STATES.get(state or "", ExperimentState.UNSPECIFIED)
    page_size = min(limit + 1, _LARGEST_PAGE)
    page = ask_client(
        endpoint,
        ExperimentClient,
        lambda client: first_page(
            client.list(state=wanted, layer=layer, page_size=page_size), limit
        ),
    )
    show_page(page, _row, nothing="no experiments", is_json=is_json)


def _row(one: Experiment) -> Row:
    state = label(one.state)
    return {
        "experiment": one.name,
        "title": one.title,
        "state": plain(state, _STYLES.get(state, "")),
        "phase": one.phase,
        "layer": one.layer,
        "variants": len(one.variants),
        "ended": _ending(one),
        "applied": "yes" if one.is_applied else "",
        "started": one.start_time,
    }


@click.command("show")
@experiment_argument
@json_option
@takes_endpoint
def show_experiment(endpoint: Endpoint, name: str, *, is_json: bool) -> None:
    """Show how an experiment is made and where it stands; its figures are in `report`.

    \b
      switchyard experiment show lower-threshold
      switchyard experiment show lower-threshold --json | jq .configuration
    """
    found = ask_client(endpoint, ExperimentClient, lambda client: client.get(name))
    if is_json:
        show_json(found, indent=2)
        return
    print_facts(_facts(found))
    stdout().print()
    print_table([_variant_row(one) for one in found.variants], nothing="no variants")
    stdout().print()
    print_table([_metric_row(one) for one in found.metrics], nothing="no metrics")


def _facts(one: Experiment) -> Row:
    state = label(one.state)
    return {
        "experiment": one.name,
        "title": one.title,
        "hypothesis": one.hypothesis,
        "state": plain(state, _STYLES.get(state, "")),
        "phase": one.phase,
        "ended": _ending(one),
        "because": one.conclusion.explanation if one.conclusion else "",
        "applied": "its winner's parameters are the layer's defaults" if one.is_applied else "",
        "unit": label(one.unit) if one.unit else "ticket",
        "layer": one.layer,
        "weights": ", ".join(describe_weights(one)),
        "traffic": figures.share(1.0 if one.traffic is None else one.traffic),
        "allocation": _algorithm(one.allocation or Allocation()),
        "stops": _stopping(one.stopping or StoppingRule()),
        "started": one.start_time,
        "changed": one.update_time,
        "etag": one.etag,
    }


def _ending(one: Experiment) -> str:
    if one.conclusion is None:
        return ""
    outcome = label(one.conclusion.outcome).replace("_", " ")
    return f"{outcome}: {one.conclusion.variant}" if one.conclusion.variant else outcome


def _algorithm(allocation: Allocation) -> str:
    return label(allocation.algorithm).replace("_", "-") if allocation.algorithm else "fixed"


def _stopping(rule: StoppingRule) -> str:
    told = {
        f"alpha {rule.alpha or 0.05:g}": True,
        f"at least {rule.min_units:,} units a variant": rule.min_units,
        f"at least {_span(rule.min_duration)}": rule.min_duration,
        f"at most {rule.max_units:,} units": rule.max_units,
        f"at most {_span(rule.max_duration)}": rule.max_duration,
    }
    return ", ".join(text for text, is_set in told.items() if is_set)


def _span(span: timedelta | None) -> str:
    return duration(span.total_seconds()) if span else ""


def _variant_row(one: Variant) -> Row:
    parameters = (f"{key}={parameter_text(value)}" for key, value in sorted(one.parameters.items()))
    return {
        "variant": one.name,
        "title": one.title,
        "weight": figures.share(one.weight),
        "parameters": ", ".join(parameters),
    }


def parameter_text(value: ParameterValue) -> str:
    """The value of a parameter, whatever its type."""
    if value.flag is not None:
        return "true" if value.flag else "false"
    told = (one for one in (value.text, value.integer, value.number) if one is not None)
    return str(next(told, ""))


def _metric_row(one: Metric) -> Row:
    return {
        "metric": one.name,
        "title": one.title,
        "kind": label(one.kind),
        "role": label(one.role) if one.role else "secondary",
        "better": "less" if label(one.direction) == "minimize" else "more",
        "source": label(one.source).replace("_", " ") if one.source else "caller",
    }
