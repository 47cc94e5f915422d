"""Arguments that several experiment commands take, and what they say of an experiment."""

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from switchyard_client.answers import label
from switchyard_client.experiments import resource_name
from switchyard_client.messages.switchyard.experiment.v1 import Experiment
from switchyard_client.report import figures

Command = TypeVar("Command", bound=Callable[..., Any])

_NAME = re.compile(r"experiments/[a-z][a-z0-9-]{0,62}")


def experiment_argument(command: Command) -> Command:
    """Adds NAME: an experiment's id, or experiments/ and its id."""
    return click.argument("name", metavar="NAME", callback=_read_name)(command)


def _read_name(_: click.Context, __: click.Parameter, text: str | None) -> str:
    return experiment_name(text) if text else ""


def experiment_name(text: str) -> str:
    """The resource name of such a text. Raises click.BadParameter."""
    name = resource_name(text)
    if _NAME.fullmatch(name) is None:
        message = f"{text!r} is no experiment: a-z, 0-9 and hyphens, a letter first"
        raise click.BadParameter(message)
    return name


def describe(experiment: Experiment) -> str:
    """State, phase, weights and traffic in one line."""
    parts = [f"{experiment.name}: {label(experiment.state)}"]
    if experiment.phase:
        parts.append(f"phase {experiment.phase}")
    if experiment.configuration:
        parts.append(f"configuration {experiment.configuration.version}")
    parts.append(", ".join(describe_weights(experiment)))
    if experiment.traffic is not None and experiment.traffic < 1:
        parts.append(f"traffic {figures.share(experiment.traffic)}")
    return ", ".join(parts)


def describe_weights(experiment: Experiment) -> Iterable[str]:
    """Each variant with its weight in force, such as "model 50.0 %"."""
    weights = (
        experiment.configuration.weights
        if experiment.configuration
        else [variant.weight for variant in experiment.variants]
    )
    pairs = zip(experiment.variants, weights, strict=False)
    return [f"{variant.name} {figures.share(weight)}" for variant, weight in pairs]
