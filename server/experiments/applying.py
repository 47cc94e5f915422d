"""Which variant's parameters become the defaults of a layer. Pure."""

from server.experiments.errors import Fault, InvalidExperiment, NotPossibleNow
from server.experiments.experiment import Ending, Experiment, State, Variant


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
        raise InvalidExperiment([Fault("variant", f"must be one of {', '.join(variants)}")])
    return variants[name]


def _winner(experiment: Experiment) -> str:
    conclusion = experiment.conclusion
    if conclusion is None or conclusion.ending is not Ending.WINNER:
        raise NotPossibleNow(experiment.name, "has no winner; name the variant to apply")
    return conclusion.variant
