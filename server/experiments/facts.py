"""What the audit log says of an experiment. Pure."""

from dataclasses import fields

from server.experiments.experiment import Design, Experiment


def facts_of(experiment: Experiment) -> dict[str, object]:
    """How it stands, in a few words."""
    configuration, design = experiment.configuration, experiment.design
    return {
        "state": experiment.state.name.lower(),
        "phase": experiment.phase,
        "weights": list(configuration.weights if configuration else design.weights),
        "traffic": configuration.traffic if configuration else design.traffic,
        "conclusion": experiment.conclusion and experiment.conclusion.explanation,
    }


def changed_fields(before: Experiment | None, after: Experiment) -> dict[str, object]:
    """Which fields of the design have changed, if any."""
    if before is None:
        return {}
    names = [field.name for field in fields(Design)]
    changed = [n for n in names if getattr(before.design, n) != getattr(after.design, n)]
    return {"changed": changed} if changed else {}
