"""Which variant's parameters become the defaults of a layer, and who can run beside them. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from server.experiments.errors import InvalidExperiment, NotPossibleNow
from server.experiments.experiment import (
    Design,
    Ending,
    Experiment,
    Parameters,
    State,
    Variant,
)
from server.violation import FieldViolation

ParameterFaults = Callable[[Design], Sequence[FieldViolation]]


def variant_to_apply(experiment: Experiment, named: str) -> Variant:
    """The variant of this name; "": the winner.

    Raises NotPossibleNow where nothing may be applied, InvalidExperiment where there is none of
    this name.
    """
    if experiment.state is not State.STOPPED:
        why = "can be applied when it has stopped, not before and not once it is archived"
        raise NotPossibleNow(experiment.name, why)
    if not experiment.design.layer:
        why = "has a layer of its own: no other unit could get its winner's parameters"
        raise NotPossibleNow(experiment.name, why)
    name = named or _winner(experiment)
    variants = {variant.name: variant for variant in experiment.design.variants}
    if name not in variants:
        raise InvalidExperiment(
            [FieldViolation("variant", f"must be one of {', '.join(variants)}")]
        )
    return variants[name]


def check_beside(
    experiment: Experiment, defaults: Parameters, parameter_faults: ParameterFaults
) -> None:
    """Raise NotPossibleNow where the defaults of its layer spoil an experiment: where, with them, a
    variant is wrong, or two that state different things do the same.
    """
    spoilt = next(_spoilt(experiment.design, defaults, parameter_faults), "") if defaults else ""
    if spoilt:
        told = ", ".join(f"{name} = {value}" for name, value in sorted(defaults.items()))
        raise NotPossibleNow(
            experiment.name,
            f'cannot run beside the defaults of layer "{experiment.layer}", {told}: {spoilt}. '
            "State in each variant what it shall have instead, or roll the defaults back",
        )


def _spoilt(
    design: Design, defaults: Parameters, parameter_faults: ParameterFaults
) -> Iterator[str]:
    """What they spoil, in words."""
    completed = tuple(
        replace(variant, parameters={**defaults, **variant.parameters})
        for variant in design.variants
    )
    for field, rule in parameter_faults(replace(design, variants=completed)):
        yield f"{field} {rule}"
    both = zip(design.variants, completed, strict=True)
    for (one, one_whole), (other, other_whole) in combinations(both, 2):
        if one.parameters != other.parameters and one_whole.parameters == other_whole.parameters:
            yield f"{one.name} and {other.name} would be the same"


def _winner(experiment: Experiment) -> str:
    conclusion = experiment.conclusion
    if conclusion is None or conclusion.ending is not Ending.WINNER:
        raise NotPossibleNow(experiment.name, "has no winner; name the variant to apply")
    return conclusion.variant
