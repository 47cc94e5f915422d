"""How an experiment changes: from one value of it to the next. Pure.

    draft ─── start ──> running <── start, pause ──> paused
    running, paused ─── stop ──> stopped ─── start: a new phase ──> running
    draft, stopped ─── archive ──> archived

Every change by a person or by a verdict is a revision, and so another etag. New weights by the
algorithm are none: they would make every etag stale that somebody is about to use.
"""

from collections.abc import Collection, Sequence
from dataclasses import fields, replace
from datetime import datetime
from math import fsum, isclose
from typing import Any

from server.experiments.errors import NotPossibleNow
from server.experiments.experiment import (
    Cause,
    Conclusion,
    Configuration,
    Design,
    Ending,
    Experiment,
    MetricKind,
    Role,
    State,
    StoppingRule,
    Variant,
)
from server.experiments.layer import claim

_ROUNDING = 1e-6  # weights may be given as 0.333333
_FIELDS = frozenset(field.name for field in fields(Design))
_ALIVE = frozenset(State) - {State.ARCHIVED}
_GOING = frozenset({State.RUNNING, State.PAUSED})

_STANDING = {
    State.DRAFT: "is a draft",
    State.RUNNING: "is running",
    State.PAUSED: "is paused",
    State.STOPPED: "has stopped",
    State.ARCHIVED: "is archived",
}


def drafted(tenant: str, experiment_id: str, design: Design, now: datetime) -> Experiment:
    """A new experiment."""
    return Experiment(
        tenant=tenant,
        experiment_id=experiment_id,
        design=design,
        state=State.DRAFT,
        revision=1,
        create_time=now,
        update_time=now,
    )


def started(experiment: Experiment, neighbours: Sequence[Experiment], now: datetime) -> Experiment:
    """A draft in its first phase, a paused one going on, or a stopped one in a new phase.

    neighbours  the other experiments that have a part of its layer now
    Raises NotPossibleNow in any other state, or where its layer has no room.
    """
    _require(experiment, _ALIVE - {State.RUNNING}, "there is nothing to start")
    if experiment.state is State.PAUSED:
        return _revised(experiment, now, state=State.RUNNING)
    design = experiment.design
    return _revised(
        experiment,
        now,
        state=State.RUNNING,
        phase=experiment.phase + 1,
        start_time=now,
        slice=claim(experiment, neighbours),
        configuration=_next_configuration(
            experiment, design.weights, design.traffic, Cause.START, now
        ),
        conclusion=None,
    )


def paused(experiment: Experiment, now: datetime) -> Experiment:
    """Without new units for now. Raises NotPossibleNow unless it is running."""
    _require(experiment, (State.RUNNING,), "only what is running can be paused")
    return _revised(experiment, now, state=State.PAUSED)


def stopped(experiment: Experiment, reason: str, now: datetime) -> Experiment:
    """Ended by a person. Raises NotPossibleNow unless it is running or paused."""
    explanation = reason or "Stopped by hand."
    return concluded(experiment, Conclusion(Ending.BY_HAND, "", explanation, now))


def concluded(experiment: Experiment, conclusion: Conclusion) -> Experiment:
    """Ended with this conclusion, or with the one that was latched before.

    Raises NotPossibleNow unless it is running or paused.
    """
    _require(experiment, _GOING, "only what is running or paused can be stopped")
    return _revised(
        experiment,
        conclusion.time,
        state=State.STOPPED,
        conclusion=experiment.conclusion or conclusion,
    )


def latched(experiment: Experiment, conclusion: Conclusion) -> Experiment:
    """Going on with a conclusion that nothing seen later changes.

    Raises NotPossibleNow unless it is running or paused, and has none yet.
    """
    _require(experiment, _GOING, "only what is running or paused can be concluded")
    if experiment.conclusion is not None:
        raise NotPossibleNow(experiment.name, "is concluded already; the first conclusion stays")
    return _revised(experiment, conclusion.time, conclusion=conclusion)


def archived(experiment: Experiment, now: datetime) -> Experiment:
    """Put away for good. Raises NotPossibleNow unless it is a draft or has stopped."""
    _require(experiment, (State.DRAFT, State.STOPPED), "stop it first")
    return _revised(experiment, now, state=State.ARCHIVED)


def updated(
    experiment: Experiment, wanted: Design, mask: Collection[str], now: datetime
) -> Experiment:
    """With those fields of the wanted design that the mask names; not checked yet.

    New weights or traffic begin a new configuration of what runs or is paused. Raises
    NotPossibleNow where the state forbids a change; the same experiment where nothing changes.
    """
    current = experiment.design
    design = replace(current, **{name: getattr(wanted, name) for name in mask})
    changes = {name for name in mask if getattr(design, name) != getattr(current, name)}
    _require(experiment, _ALIVE, "nothing changes any more")
    if not changes:
        return experiment
    if refused := sorted(changes - _changeable(experiment, design)):
        raise NotPossibleNow(experiment.name, _refusal(experiment, refused))
    if experiment.state in _GOING and not _keeps_shares(current.weights, design.weights):
        _require_no_quantile(experiment)
    configuration = _reconfigured(experiment, design, now)
    return _revised(experiment, now, design=design, configuration=configuration)


def reweighed(experiment: Experiment, weights: Sequence[float], now: datetime) -> Experiment:
    """With weights that the algorithm found, in a configuration of their own.

    Revision and time of the update stay as they are. Raises NotPossibleNow unless it is running.
    """
    _require(experiment, (State.RUNNING,), "an algorithm moves the weights of what is running")
    traffic = experiment.design.traffic
    configuration = _next_configuration(experiment, weights, traffic, Cause.ALGORITHM, now)
    return experiment.changed(configuration=configuration)


def _require(experiment: Experiment, states: Collection[State], otherwise: str) -> None:
    if experiment.state in states:
        return
    if experiment.state is State.ARCHIVED:
        otherwise = "nothing changes any more"
    raise NotPossibleNow(experiment.name, f"{_STANDING[experiment.state]}; {otherwise}")


def _revised(experiment: Experiment, now: datetime, **changes: Any) -> Experiment:
    return experiment.changed(revision=experiment.revision + 1, update_time=now, **changes)


def _changeable(experiment: Experiment, wanted: Design) -> frozenset[str]:
    """Fields that may change to what is wanted without units having met different experiments."""
    if experiment.state is State.DRAFT:
        return _FIELDS
    if experiment.state is State.STOPPED:
        return frozenset({"title", "hypothesis"})
    allowed, design = {"title", "hypothesis", "traffic"}, experiment.design
    if not design.allocation.is_adaptive and _without_weights(design) == _without_weights(wanted):
        allowed.add("variants")
    if _without_maxima(design) == _without_maxima(wanted):
        allowed.add("stopping")
    return frozenset(allowed)


def _without_weights(design: Design) -> list[Variant]:
    return [replace(variant, weight=0.0) for variant in design.variants]


def _without_maxima(design: Design) -> StoppingRule:
    return replace(design.stopping, max_units=0, max_duration_s=0.0)


def _refusal(experiment: Experiment, refused: Sequence[str]) -> str:
    """Follows the experiment's name."""
    if experiment.state is State.STOPPED:
        allowed = "title and hypothesis"
    else:
        allowed = "title, hypothesis, traffic, the stopping rule's maxima and fixed weights"
    return (
        f"{_STANDING[experiment.state]}: {', '.join(refused)} cannot change any more, only "
        f"{allowed} can; create another experiment for that"
    )


def _require_no_quantile(experiment: Experiment) -> None:
    """That decides: unlike means, quantiles are not compared by configuration, so that what rises
    or falls with time would pass for a difference between variants. Raises NotPossibleNow.
    """
    deciding = [
        metric.name
        for metric in experiment.design.metrics
        if metric.kind is MetricKind.QUANTILE and metric.role is not Role.SECONDARY
    ]
    if deciding:
        raise NotPossibleNow(
            experiment.name,
            f"{_STANDING[experiment.state]}: the shares of its variants cannot change while "
            f"{deciding[0]}, a quantile, decides, for quantiles cannot be compared across them; "
            "change traffic, take variants out with weight 0, or create another experiment",
        )


def _keeps_shares(before: Sequence[float], after: Sequence[float]) -> bool:
    """Whether those that get units go on to share them alike."""
    kept = [old if new else 0.0 for old, new in zip(before, after, strict=True)]
    pairs = zip(_normalised(kept), _normalised(after), strict=True)
    return all(isclose(old, new, rel_tol=_ROUNDING) for old, new in pairs)


def _reconfigured(experiment: Experiment, design: Design, now: datetime) -> Configuration | None:
    """What is in force once the design is: the same as now, unless weights or traffic change."""
    current = experiment.configuration
    if current is None or experiment.state not in _GOING:
        return current
    if design.weights != experiment.design.weights:
        return _next_configuration(experiment, design.weights, design.traffic, Cause.UPDATE, now)
    if design.traffic != current.traffic:
        return _next_configuration(experiment, current.weights, design.traffic, Cause.UPDATE, now)
    return current


def _next_configuration(
    experiment: Experiment, weights: Sequence[float], traffic: float, cause: Cause, now: datetime
) -> Configuration:
    """Versions go on through phases."""
    last = experiment.configuration
    version = last.version + 1 if last else 1
    return Configuration(version, _normalised(weights), traffic, cause, now)


def _normalised(weights: Sequence[float]) -> tuple[float, ...]:
    """So that 0.333333 three times sums to 1: inference divides by them."""
    whole = fsum(weights) or 1.0  # no checked weights sum to 0; whoever checks them says so better
    return tuple(weight / whole for weight in weights)
