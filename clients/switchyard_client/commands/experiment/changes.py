"""`switchyard experiment weights`, `traffic`, `apply` and `rollback`."""

import math

import click

from switchyard_client.commands.connection_options import takes_endpoint
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.experiment.arguments import experiment_argument
from switchyard_client.commands.experiment.states import change
from switchyard_client.commands.failures import CommandFailed, Exit
from switchyard_client.experiments import ExperimentClient
from switchyard_client.messages.switchyard.experiment.v1 import Experiment, Variant


def _read_weights(
    _: click.Context, __: click.Parameter, texts: tuple[str, ...]
) -> dict[str, float]:
    """Weights by variant, of texts such as "lower=0.3"."""
    weights = {}
    for text in texts:
        name, equals, weight = text.partition("=")
        try:
            weights[name] = float(weight)
        except ValueError:
            equals = ""
        if not (name and equals) or not 0 <= weights[name] <= 1 or math.isnan(weights[name]):
            raise click.BadParameter(f"{text!r} is not VARIANT=WEIGHT, such as lower=0.3")
    return weights


@click.command("weights")
@experiment_argument
@click.argument(
    "weights", metavar="VARIANT=WEIGHT...", nargs=-1, required=True, callback=_read_weights
)
@takes_endpoint
def set_weights(endpoint: Endpoint, name: str, weights: dict[str, float]) -> None:
    """Share units out anew. Variants that are not named keep their weight; all sum to 1.

    A new configuration begins: figures stay right, whatever the weights were when.

    \b
      switchyard experiment weights lower-threshold control=0.3 lower=0.7
    """

    async def update(client: ExperimentClient) -> Experiment:
        current = await client.get(name)
        _set(current.variants, weights)
        wanted = Experiment(name=name, etag=current.etag, variants=current.variants)
        return await client.update(wanted, ["variants"])

    change(endpoint, update)


def _set(variants: list[Variant], weights: dict[str, float]) -> None:
    named = {variant.name: variant for variant in variants}
    for name, weight in weights.items():
        if name not in named:
            known = ", ".join(named)
            raise CommandFailed(f"there is no variant {name!r}, only {known}", Exit.USAGE)
        named[name].weight = weight


@click.command("traffic")
@experiment_argument
@click.argument("share", type=click.FloatRange(0, 1))
@takes_endpoint
def set_traffic(endpoint: Endpoint, name: str, share: float) -> None:
    """Enrol SHARE of the experiment's units, 0 to 1. Who is in stays in.

    \b
      switchyard experiment traffic lower-threshold 0.05
      switchyard experiment traffic lower-threshold 1
    """

    async def update(client: ExperimentClient) -> Experiment:
        current = await client.get(name)
        wanted = Experiment(name=name, etag=current.etag, traffic=share)
        return await client.update(wanted, ["traffic"])

    change(endpoint, update)


@click.command("apply")
@experiment_argument
@click.option("--variant", default="", help="This one, not the winner.")
@takes_endpoint
def apply_winner(endpoint: Endpoint, name: str, variant: str) -> None:
    """Make the winner's parameters the defaults of the layer, for every unit in no experiment.

    \b
      switchyard experiment apply lower-threshold
      switchyard experiment apply lower-threshold --variant control
    """
    change(
        endpoint,
        lambda client: client.apply_winner(name, variant=variant),
        f"the parameters of {variant or 'the winner'} are the layer's defaults now",
    )


@click.command("rollback")
@experiment_argument
@takes_endpoint
def roll_back_winner(endpoint: Endpoint, name: str) -> None:
    """Give the layer back the defaults from before this experiment's winner was applied.

    \b
      switchyard experiment rollback lower-threshold
    """
    change(
        endpoint,
        lambda client: client.roll_back_winner(name),
        "the layer has its former defaults again",
    )
