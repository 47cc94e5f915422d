"""`switchyard experiment assign` and `record`: one unit at a time, or a file of outcomes."""

from datetime import UTC, datetime

import click

from switchyard_client.answers import label
from switchyard_client.commands.asking import ask_client
from switchyard_client.commands.connection_options import takes_endpoint
from switchyard_client.commands.console import plain, stdout
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.experiment.arguments import experiment_argument, experiment_name
from switchyard_client.commands.experiment.designs import parameter_text
from switchyard_client.commands.experiment.recording import record_file
from switchyard_client.commands.options import json_option, parse_attributes, time_reader
from switchyard_client.commands.tables import Row, print_facts, show_json
from switchyard_client.experiments import ExperimentClient
from switchyard_client.messages.switchyard.experiment.v1 import (
    AssignVariantResponse,
    Enrollment,
    Outcome,
)
from switchyard_client.outcomes import InvalidOutcome, result_of
from switchyard_client.report import figures

_WHY_NOT = {
    Enrollment.NOT_RUNNING: "no: the experiment does not run",
    Enrollment.HELD_OUT: "no: it is held out of all experiments of the layer",
    Enrollment.ELSEWHERE: "no: it belongs to another experiment of the layer, or to none",
    Enrollment.NOT_TARGETED: "no: the targeting does not hold for it",
    Enrollment.OUTSIDE_TRAFFIC: "no: it is beyond the traffic that is enrolled so far",
}
_read_time = time_reader(lambda: datetime.now(UTC))


def _read_numbers(
    _: click.Context, __: click.Parameter, pairs: tuple[str, ...]
) -> dict[str, float]:
    """Of texts such as "seconds=31.5"."""
    numbers = {}
    for pair in pairs:
        key, _equals, value = pair.partition("=")
        try:
            numbers[key] = float(value)
        except ValueError:
            raise click.BadParameter(f"{pair!r} is not METRIC=NUMBER") from None
    return numbers


@click.command("assign")
@click.argument("words", metavar="[NAME] UNIT", nargs=-1, required=True)
@click.option("--layer", default="", help="Whichever experiment of this layer, in place of NAME.")
@click.option("--attribute", "pairs", multiple=True, metavar="KEY=VALUE", help="For the targeting.")
@click.option(
    "--pre-period",
    "before",
    multiple=True,
    metavar="METRIC=NUMBER",
    callback=_read_numbers,
    help="The unit's value before the experiment.",
)
@click.option("--dry-run", "is_dry", is_flag=True, help="Do not count the unit as exposed.")
@json_option
@takes_endpoint
def assign_unit(
    endpoint: Endpoint,
    words: tuple[str, ...],
    layer: str,
    pairs: tuple[str, ...],
    before: dict[str, float],
    *,
    is_dry: bool,
    is_json: bool,
) -> None:
    """Tell which variant UNIT gets. It counts as exposed from now on.

    \b
      switchyard experiment assign lower-threshold C-17
      switchyard experiment assign lower-threshold C-17 --attribute language=en
      switchyard experiment assign --layer triage C-17 --dry-run
      switchyard experiment assign lower-threshold C-17 --json | jq -r .variant
    """
    if len(words) != (1 if layer else 2):
        raise click.UsageError("give NAME and UNIT, or --layer and UNIT")
    name = "" if layer else experiment_name(words[0])
    attributes = parse_attributes(pairs)
    found = ask_client(
        endpoint,
        ExperimentClient,
        lambda client: client.assign(
            words[-1],
            experiment=name,
            layer=layer,
            attributes=attributes,
            pre_period_values=before,
            validate_only=is_dry,
        ),
    )
    if is_json:
        show_json(found, indent=2)
    else:
        print_facts(_facts(found))


def _facts(found: AssignVariantResponse) -> Row:
    parameters = sorted(found.parameters.items())
    is_in = found.enrollment is Enrollment.ENROLLED
    return {
        "enrolled": "yes" if is_in else _WHY_NOT.get(found.enrollment, label(found.enrollment)),
        "experiment": found.experiment,
        "variant": plain(found.variant, "bold"),
        "parameters": ", ".join(f"{key}={parameter_text(value)}" for key, value in parameters),
        "propensity": figures.share(found.propensity) if is_in else "",
        "first exposure": ("yes" if found.is_first_exposure else "no") if is_in else "",
    }


@click.command("record")
@experiment_argument
@click.argument("words", metavar="[UNIT METRIC VALUE]", nargs=-1)
@click.option("--id", "outcome_id", default="", help="Names the outcome: it counts once.")
@click.option("--denominator", type=float, help="Of ratios.  [default: 1]")
@click.option("--time", callback=_read_time, metavar="TIME", help="When it was.  [default: now]")
@click.option("--metadata", "pairs", multiple=True, metavar="KEY=VALUE", help="What else is known.")
@click.option("--file", "path", help="Record those of a file; - is standard input.")
@takes_endpoint
@click.pass_context
def record_outcomes(
    context: click.Context,
    endpoint: Endpoint,
    name: str,
    words: tuple[str, ...],
    outcome_id: str,
    denominator: float | None,
    time: datetime | None,
    pairs: tuple[str, ...],
    path: str | None,
) -> None:
    """Record what came of a unit: VALUE is yes or no for a binary metric, else a number.

    A file is JSONL or CSV, gzipped or not, with unit_id, metric, outcome_id, and value or success;
    denominator, time and metadata where they are known. It may be sent again: nothing counts twice.
    Each outcome spends a unit of your limits, and the server reads no faster than they allow: a
    large file wants a key of a tier with room for it.

    What triage measures itself (the metric's source) nobody else may record.

    \b
      switchyard experiment record lower-threshold C-17 resolved yes --id T-1
      switchyard experiment record lower-threshold C-17 resolved no --id T-2 --time 30s
      switchyard experiment record lower-threshold --file outcomes.csv
    """
    if path is not None:
        if any((*words, outcome_id, *pairs, time, denominator is not None)):
            raise click.UsageError("--file takes the place of all that says what one outcome is")
        context.exit(record_file(endpoint, name, path))
    if len(words) != 3 or not outcome_id:
        raise click.UsageError("give UNIT METRIC VALUE --id ID, or --file FILE")
    unit_id, metric, text = words
    try:
        success, value = result_of(text)
    except InvalidOutcome:
        raise click.UsageError(f"{text!r} is neither yes nor no nor a number") from None
    outcome = Outcome(
        experiment=name,
        unit_id=unit_id,
        metric=metric,
        outcome_id=outcome_id,
        success=success,
        value=value,
        denominator=denominator,
        time=time,
        metadata=parse_attributes(pairs),
    )
    answer = ask_client(endpoint, ExperimentClient, lambda client: client.record(outcome))
    was = "had been recorded before" if answer.is_repeated else "is recorded"
    stdout().print(plain(f"{outcome_id} {was}, for {answer.variant}"))
