"""`switchyard experiment sample-size`: how many units it takes, and how long."""

from datetime import timedelta

import click

from switchyard_client.commands.asking import ask_client
from switchyard_client.commands.connection_options import takes_endpoint
from switchyard_client.commands.console import duration
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.experiment.arguments import experiment_name
from switchyard_client.commands.options import json_option
from switchyard_client.commands.tables import Row, print_facts, show_json
from switchyard_client.experiments import ExperimentClient
from switchyard_client.messages.switchyard.experiment.v1 import (
    EstimateSampleSizeResponse,
    MetricKind,
    PlannedMetric,
)

_KINDS = {"binary": MetricKind.BINARY, "mean": MetricKind.MEAN}


@click.command("sample-size")
@click.argument("name", required=False)
@click.option(
    "--effect", type=float, required=True, help="Smallest difference worth finding, such as 0.05."
)
@click.option("--kind", type=click.Choice(list(_KINDS)), help="Of the metric.  [default: binary]")
@click.option("--baseline", type=float, help="The control's rate, or mean.")
@click.option("--deviation", type=float, help="Of means: their standard deviation over units.")
@click.option("--power", default=0.0, help="Probability of finding it.  [default: 0.8]")
@click.option("--alpha", default=0.0, help="Probability of a false finding.  [default: 0.05]")
@click.option("--variants", default=0, help="How many are compared.  [default: 2]")
@click.option("--units-per-day", default=0.0, help="That are enrolled, to tell how long it takes.")
@json_option
@takes_endpoint
def estimate_sample_size(
    endpoint: Endpoint,
    name: str | None,
    effect: float,
    kind: str | None,
    baseline: float | None,
    deviation: float | None,
    *,
    is_json: bool,
    **rest: float,
) -> None:
    """Tell how many units a comparison needs: of a plan, or of the started experiment NAME.

    \b
      switchyard experiment sample-size --baseline 0.8 --effect 0.05 --units-per-day 400
      switchyard experiment sample-size --kind mean --baseline 30 --deviation 12 --effect 2
      switchyard experiment sample-size lower-threshold --effect 0.03
    """
    basis = _basis(name, kind, baseline, deviation)
    found = ask_client(
        endpoint,
        ExperimentClient,
        lambda client: client.estimate(
            basis,
            effect,
            power=rest["power"],
            alpha=rest["alpha"],
            variants=int(rest["variants"]),
            units_per_day=rest["units_per_day"],
        ),
    )
    if is_json:
        show_json(found, indent=2)
    else:
        print_facts(_facts(found))


def _basis(
    name: str | None, kind: str | None, baseline: float | None, deviation: float | None
) -> PlannedMetric | str:
    if name is not None:
        if (kind, baseline, deviation) != (None, None, None):
            message = "--kind, --baseline and --deviation are for plans, not for what has started"
            raise click.UsageError(message)
        return experiment_name(name)
    if baseline is None:
        raise click.UsageError("give --baseline, or the NAME of a started experiment")
    return PlannedMetric(
        kind=_KINDS[kind or "binary"], baseline=baseline, deviation=deviation or 0.0
    )


def _facts(found: EstimateSampleSizeResponse) -> Row:
    return {
        "looked at all the time": f"{found.sequential_units:,} units of each variant",
        "half of them end by": f"{found.median_units:,} units" if found.median_units else "",
        "at one planned look": f"{found.fixed_horizon_units:,} units of each variant",
        "so far": f"{found.units_so_far:,} units" if found.units_so_far else "",
        "takes": _span(found.duration),
        "still takes": _span(found.remaining_duration),
        "assuming": f"a value of {found.baseline:.4g}, deviation {found.deviation:.4g}",
    }


def _span(span: timedelta | None) -> str:
    return "" if span is None else duration(span.total_seconds())
