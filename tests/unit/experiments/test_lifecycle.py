"""How an experiment changes, and what does not change any more."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from server.experiments.condition import Present
from server.experiments.errors import NotPossibleNow
from server.experiments.experiment import (
    Cause,
    Conclusion,
    Configuration,
    Ending,
    Experiment,
    Metric,
    MetricKind,
    Role,
    Slice,
    State,
    StoppingRule,
    Variant,
)
from server.experiments.lifecycle import (
    archived,
    concluded,
    latched,
    paused,
    reweighed,
    started,
    stopped,
    updated,
)
from tests.unit.experiments.designs import LATER, NOW, RATE, THOMPSON, design, draft, running

WON = Conclusion(Ending.WINNER, "b", "b beats a.", LATER, 5000, 0.02, 0.01, 0.03)

IN_STATE = {
    State.DRAFT: draft(),
    State.RUNNING: running(),
    State.PAUSED: paused(running(), LATER),
    State.STOPPED: stopped(running(), "", LATER),
    State.ARCHIVED: archived(draft(), LATER),
}

CHANGES: dict[str, Callable[[Experiment], Experiment]] = {
    "start": lambda experiment: started(experiment, [], LATER),
    "pause": lambda experiment: paused(experiment, LATER),
    "stop": lambda experiment: stopped(experiment, "", LATER),
    "conclude": lambda experiment: concluded(experiment, WON),
    "latch": lambda experiment: latched(experiment, WON),
    "archive": lambda experiment: archived(experiment, LATER),
    "reweigh": lambda experiment: reweighed(experiment, (0.4, 0.6), LATER),
}

BECOMES = {
    ("start", State.DRAFT): State.RUNNING,
    ("start", State.PAUSED): State.RUNNING,
    ("start", State.STOPPED): State.RUNNING,
    ("pause", State.RUNNING): State.PAUSED,
    ("stop", State.RUNNING): State.STOPPED,
    ("stop", State.PAUSED): State.STOPPED,
    ("conclude", State.RUNNING): State.STOPPED,
    ("conclude", State.PAUSED): State.STOPPED,
    ("latch", State.RUNNING): State.RUNNING,
    ("latch", State.PAUSED): State.PAUSED,
    ("archive", State.DRAFT): State.ARCHIVED,
    ("archive", State.STOPPED): State.ARCHIVED,
    ("reweigh", State.RUNNING): State.RUNNING,
}
REFUSED = [
    (change, state) for change in CHANGES for state in State if (change, state) not in BECOMES
]


def update(experiment: Experiment, **fields: Any) -> Experiment:
    wanted = replace(experiment.design, **fields)
    return updated(experiment, wanted, fields.keys(), LATER)


def reweigh(*weights: float) -> tuple[Variant, ...]:
    """Variants that differ in their weights alone."""
    return design(weights).variants


def timing(role: Role) -> Experiment:
    """Of three variants, with a quantile in that role."""
    seconds = Metric("seconds", MetricKind.QUANTILE, role, quantile=0.9)
    metrics = (seconds,) if role is Role.PRIMARY else (RATE, seconds)
    return running(wanted=design((0.2, 0.4, 0.4), metrics=metrics))


@pytest.mark.parametrize(("change", "state"), BECOMES)
def test_a_change_leads_to_its_state(change: str, state: State) -> None:
    assert CHANGES[change](IN_STATE[state]).state is BECOMES[change, state]


@pytest.mark.parametrize(("change", "state"), REFUSED)
def test_any_other_change_is_refused(change: str, state: State) -> None:
    with pytest.raises(NotPossibleNow):
        CHANGES[change](IN_STATE[state])


@pytest.mark.parametrize(
    ("change", "state", "why"),
    [
        ("start", State.RUNNING, "is running; there is nothing to start"),
        ("pause", State.DRAFT, "is a draft; only what is running can be paused"),
        ("stop", State.STOPPED, "has stopped; only what is running or paused can be stopped"),
        ("archive", State.PAUSED, "is paused; stop it first"),
        ("archive", State.ARCHIVED, "is archived; nothing changes any more"),
        ("start", State.ARCHIVED, "is archived; nothing changes any more"),
    ],
)
def test_a_refusal_says_how_it_stands_and_what_helps(change: str, state: State, why: str) -> None:
    with pytest.raises(NotPossibleNow) as refused:
        CHANGES[change](IN_STATE[state])
    assert refused.value.why == why


@pytest.mark.parametrize(("change", "state"), [key for key in BECOMES if key[0] != "reweigh"])
def test_every_change_is_a_revision_of_its_time(change: str, state: State) -> None:
    before = IN_STATE[state]
    after = CHANGES[change](before)
    assert (after.revision, after.update_time) == (before.revision + 1, LATER)


def test_weights_by_the_algorithm_leave_etags_as_they_are() -> None:
    after = reweighed(running(), (0.4, 0.6), LATER)
    assert (after.etag, after.update_time) == (running().etag, NOW)


def test_a_draft_starts_its_first_phase_with_its_own_weights() -> None:
    first = started(draft("new", design((0.2, 0.8), traffic=0.5)), [], LATER)
    assert first.configuration == Configuration(1, (0.2, 0.8), 0.5, Cause.START, LATER)
    assert (first.phase, first.start_time, first.slice) == (1, LATER, Slice(0.0, 1.0))


def test_weights_in_force_sum_to_one_exactly() -> None:
    thirds = running("new", design((0.333333, 0.333333, 0.333333)))
    assert thirds.configuration is not None
    assert thirds.configuration.weights == (1 / 3, 1 / 3, 1 / 3)


def test_a_start_takes_what_the_neighbours_leave() -> None:
    neighbour = running("first", design(layer="checkout", layer_share=0.25))
    second = started(draft("second", design(layer="checkout", layer_share=0.5)), [neighbour], NOW)
    assert second.slice == Slice(0.25, 0.75)


def test_a_full_layer_lets_nobody_start() -> None:
    neighbour = running("first", design(layer="checkout"))
    with pytest.raises(NotPossibleNow, match="experiments/first has 0 to 1"):
        started(draft("second", design(layer="checkout", layer_share=0.5)), [neighbour], NOW)


def test_going_on_after_a_pause_keeps_phase_part_and_configuration() -> None:
    before = running()
    after = started(paused(before, LATER), [], LATER)
    kept = (after.phase, after.start_time, after.slice, after.configuration)
    assert kept == (before.phase, before.start_time, before.slice, before.configuration)


def test_reopening_is_a_new_phase_whose_configuration_counts_on() -> None:
    adapted = reweighed(running(), (0.4, 0.6), LATER)
    reopened = started(concluded(adapted, WON), [], LATER)
    assert reopened.configuration == Configuration(3, (0.5, 0.5), 1.0, Cause.START, LATER)
    assert (reopened.phase, reopened.start_time, reopened.conclusion) == (2, LATER, None)


def test_who_stops_it_is_on_record_with_the_reason() -> None:
    after = stopped(running(), "The campaign is over.", LATER)
    assert after.conclusion == Conclusion(Ending.BY_HAND, "", "The campaign is over.", LATER)


def test_a_stop_without_a_reason_says_at_least_that_it_was_by_hand() -> None:
    after = stopped(running(), "", LATER)
    assert after.conclusion is not None
    assert after.conclusion.explanation == "Stopped by hand."


def test_a_conclusion_ends_it() -> None:
    assert concluded(running(), WON).conclusion == WON


def test_a_latched_conclusion_stays_whatever_ends_it() -> None:
    assert stopped(latched(running(), WON), "Enough.", LATER).conclusion == WON


def test_a_conclusion_is_latched_once() -> None:
    with pytest.raises(NotPossibleNow, match="the first conclusion stays"):
        latched(latched(running(), WON), replace(WON, variant="a"))


ANY_CHANGE: dict[str, Any] = {
    "title": "Shorter prompt",
    "hypothesis": "Less is more.",
    "variants": reweigh(0.2, 0.8),
    "metrics": (replace(RATE, name="kept"),),
    "allocation": THOMPSON,
    "stopping": StoppingRule(alpha=0.01),
    "unit": 3,
    "layer": "triage",
    "layer_share": 0.5,
    "holdout": 0.1,
    "traffic": 0.5,
    "targeting": None,
}
TARGETED = draft("new", design(targeting=Present("plan", is_present=True)))


@pytest.mark.parametrize("field", ANY_CHANGE)
def test_everything_about_a_draft_may_change(field: str) -> None:
    after = update(TARGETED, **{field: ANY_CHANGE[field]})
    assert getattr(after.design, field) == ANY_CHANGE[field]


@pytest.mark.parametrize(
    "field", sorted(ANY_CHANGE.keys() - {"title", "hypothesis", "traffic", "variants"})
)
@pytest.mark.parametrize("change", ["start", "pause"])
def test_what_would_make_it_another_experiment_cannot_change_while_it_runs(
    field: str, change: str
) -> None:
    experiment = started(TARGETED, [], NOW)
    if change == "pause":
        experiment = paused(experiment, NOW)
    with pytest.raises(NotPossibleNow, match=rf"{field} cannot change any more, only"):
        update(experiment, **{field: ANY_CHANGE[field]})


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "Shorter prompt"},
        {"hypothesis": "Less is more."},
        {"stopping": StoppingRule(max_units=9000, max_duration_s=3600.0)},
    ],
)
def test_words_and_maxima_may_change_while_it_runs(fields: dict[str, Any]) -> None:
    after = update(running(), **fields)
    assert after.design == design(**fields)
    assert after.configuration == running().configuration


@pytest.mark.parametrize("state", [State.RUNNING, State.PAUSED])
def test_new_weights_begin_a_configuration(state: State) -> None:
    after = update(IN_STATE[state], variants=reweigh(0.2, 0.8))
    assert after.configuration == Configuration(2, (0.2, 0.8), 1.0, Cause.UPDATE, LATER)
    assert after.design.weights == (0.2, 0.8)


@pytest.mark.parametrize("role", [Role.PRIMARY, Role.GUARDRAIL])
def test_the_shares_of_variants_stay_while_a_quantile_decides(role: Role) -> None:
    with pytest.raises(NotPossibleNow) as refused:
        update(timing(role), variants=reweigh(0.1, 0.2, 0.7))
    assert refused.value.why == (
        "is running: the shares of its variants cannot change while seconds, a quantile, decides, "
        "for quantiles cannot be compared across them; change traffic, take variants out with "
        "weight 0, or create another experiment"
    )


@pytest.mark.parametrize("role", [Role.PRIMARY, Role.GUARDRAIL])
def test_a_variant_may_be_taken_out_while_a_quantile_decides_and_not_come_back(role: Role) -> None:
    without = update(timing(role), variants=reweigh(1 / 3, 2 / 3, 0.0))
    assert without.configuration is not None
    assert without.configuration.weights == pytest.approx((1 / 3, 2 / 3, 0.0))
    with pytest.raises(NotPossibleNow):
        update(without, variants=reweigh(0.2, 0.4, 0.4))


def test_traffic_may_change_while_a_quantile_decides() -> None:
    assert update(timing(Role.PRIMARY), traffic=0.5).design.traffic == 0.5


def test_weights_may_change_beside_a_quantile_that_decides_nothing() -> None:
    after = update(timing(Role.SECONDARY), variants=reweigh(0.1, 0.2, 0.7))
    assert after.design.weights == (0.1, 0.2, 0.7)


def test_new_traffic_begins_a_configuration_with_the_weights_in_force() -> None:
    adapted = reweighed(running("new", design(allocation=THOMPSON)), (0.4, 0.6), LATER)
    after = update(adapted, traffic=0.5)
    assert after.configuration == Configuration(3, (0.4, 0.6), 0.5, Cause.UPDATE, LATER)


def test_traffic_that_was_changed_stays_when_the_algorithm_moves_the_weights() -> None:
    ramped = update(running("new", design(allocation=THOMPSON)), traffic=0.5)
    after = reweighed(ramped, (0.4, 0.6), LATER)
    assert after.configuration == Configuration(3, (0.4, 0.6), 0.5, Cause.ALGORITHM, LATER)


@pytest.mark.parametrize(
    ("experiment", "variants"),
    [
        (running("new", design(allocation=THOMPSON)), reweigh(0.2, 0.8)),
        (running(), reweigh(0.2, 0.3, 0.5)),
        (running(), (Variant("a", 0.5), Variant("b", 0.5, {"model": "large"}))),
    ],
    ids=["weights of an algorithm", "one variant more", "another parameter"],
)
def test_variants_that_units_have_met_stay_what_they_are(
    experiment: Experiment, variants: tuple[Variant, ...]
) -> None:
    with pytest.raises(NotPossibleNow, match="variants cannot change"):
        update(experiment, variants=variants)


def test_words_about_what_has_stopped_may_change() -> None:
    assert update(IN_STATE[State.STOPPED], title="Lost").design.title == "Lost"


def test_nothing_else_about_what_has_stopped_may_change() -> None:
    with pytest.raises(NotPossibleNow) as refused:
        update(IN_STATE[State.STOPPED], traffic=0.5, holdout=0.1, title="Lost")
    assert refused.value.why == (
        "has stopped: holdout, traffic cannot change any more, only title and hypothesis can; "
        "create another experiment for that"
    )


def test_nothing_about_what_is_archived_changes() -> None:
    with pytest.raises(NotPossibleNow, match="is archived; nothing changes any more"):
        update(IN_STATE[State.ARCHIVED], title="Lost")


def test_an_update_that_changes_nothing_is_no_revision() -> None:
    before = running()
    assert update(before, traffic=1.0, variants=reweigh(0.5, 0.5)) == before


def test_fields_that_the_mask_does_not_name_stay() -> None:
    after = updated(draft(), design(title="New", holdout=0.2), {"title"}, LATER)
    assert (after.design.title, after.design.holdout) == ("New", 0.0)
