"""Which variant a unit gets: the same for ever, evenly, and independently of everything else."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import product

import pytest

from server.experiments.assignment import Enrollment, choose, enroll, place
from server.experiments.condition import OneOf
from server.experiments.errors import NotPossibleNow
from server.experiments.experiment import Cause, Configuration, Experiment, Slice
from server.experiments.lifecycle import archived, paused, stopped
from tests.unit.experiments.designs import LATER, NOW, design, draft, running

UNITS = [f"ticket-{number}" for number in range(20_000)]
# Exceeded once in a thousand draws of chance, by degrees of freedom.
MOST_CHI_SQUARE = {3: 16.27, 9: 27.88, 15: 37.70}

THIRDS = design((0.2, 0.3, 0.5), layer="triage", layer_share=0.5, holdout=0.1, traffic=0.6)


def weighing(*weights: float) -> Experiment:
    """Running with these weights in force."""
    return running().changed(configuration=Configuration(2, weights, 1.0, Cause.UPDATE, NOW))


def chi_square(counts: Iterable[int], expected: Sequence[float]) -> float:
    return sum((n - e) ** 2 / e for n, e in zip(counts, expected, strict=True))


# These are on record, in every tenant: a change of any of them is a fault, never an improvement.
@pytest.mark.parametrize(
    ("salt", "unit", "expected"),
    [
        ("acme/triage", "T-1", 0.03559458729715703),
        ("acme/triage", "T-2", 0.7994390816312431),
        ("acme/triage/holdout", "T-1", 0.4000587116223415),
        ("acme/prompt-2/1/inclusion", "T-1", 0.450782177712995),
        ("acme/prompt-2/1/variant", "T-1", 0.14769411507996344),
        ("acme/prompt-2/1/variant", "T-2", 0.1472237904792164),
        ("acme/prompt-2/2/variant", "T-1", 0.7005943928935884),
        ("acme/prompt-2/1/variant/1", "T-1", 0.17691297950535456),
        ("other/prompt-2/1/variant", "T-1", 0.4278012959679326),
        ("acme/prompt-2/1/variant", "Kundin-Ä", 0.4339752844183222),
        ("acme/prompt-2/1/variant", "顧客-7", 0.34534034514217926),
        ("", "", 0.9049687102438427),
    ],
)
def test_a_unit_falls_where_it_always_did(salt: str, unit: str, expected: float) -> None:
    assert place(salt, unit) == expected


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("T-1", (Enrollment.ENROLLED, 0)),
        ("T-2", (Enrollment.ELSEWHERE, 0)),
        ("T-5", (Enrollment.ENROLLED, 1)),
        ("T-6", (Enrollment.ENROLLED, 0)),
        ("T-7", (Enrollment.OUTSIDE_TRAFFIC, 2)),
        ("T-11", (Enrollment.OUTSIDE_TRAFFIC, 1)),
        ("T-12", (Enrollment.ELSEWHERE, 2)),
        ("T-15", (Enrollment.ENROLLED, 0)),
        ("T-17", (Enrollment.ENROLLED, 1)),
        ("T-19", (Enrollment.ENROLLED, 2)),
        ("T-23", (Enrollment.HELD_OUT, 1)),
        ("T-26", (Enrollment.ENROLLED, 2)),
        ("T-32", (Enrollment.OUTSIDE_TRAFFIC, 0)),
        ("T-39", (Enrollment.HELD_OUT, 1)),
    ],
)
def test_a_unit_is_enrolled_as_it_always_was(unit: str, expected: tuple[Enrollment, int]) -> None:
    experiment = running("prompt-2", THIRDS)
    assert (enroll(experiment, unit, {}), choose(experiment, unit)[0]) == expected


@pytest.mark.parametrize(("phase", "episode", "expected"), [(1, 1, 2), (1, 2, 0), (2, 0, 0)])
def test_phases_and_episodes_choose_as_they_always_did(
    phase: int, episode: int, expected: int
) -> None:
    experiment = running("prompt-2", THIRDS).changed(phase=phase)
    assert choose(experiment, "T-5", episode)[0] == expected


def test_units_fall_evenly() -> None:
    counts = Counter(int(place("acme/triage", unit) * 16) for unit in UNITS)
    expected = [len(UNITS) / 16] * 16
    assert chi_square((counts[cell] for cell in range(16)), expected) < MOST_CHI_SQUARE[15]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("acme/triage", "acme/triage/holdout"),
        ("acme/triage", "acme/prompt-2/1/inclusion"),
        ("acme/prompt-2/1/inclusion", "acme/prompt-2/1/variant"),
        ("acme/prompt-2/1/variant", "acme/prompt-2/2/variant"),
        ("acme/prompt-2/1/variant", "acme/prompt-2/1/variant/1"),
        ("acme/prompt-2/1/variant", "acme/prompt-3/1/variant"),
        ("acme/prompt-2/1/variant", "other/prompt-2/1/variant"),
    ],
)
def test_where_a_unit_falls_under_one_salt_tells_nothing_of_another(
    first: str, second: str
) -> None:
    counts = Counter((int(place(first, u) * 4), int(place(second, u) * 4)) for u in UNITS)
    rows = [sum(counts[row, column] for column in range(4)) for row in range(4)]
    columns = [sum(counts[row, column] for row in range(4)) for column in range(4)]
    cells = list(product(range(4), range(4)))
    expected = [rows[row] * columns[column] / len(UNITS) for row, column in cells]
    assert chi_square((counts[cell] for cell in cells), expected) < MOST_CHI_SQUARE[9]


def test_variants_get_their_share() -> None:
    weights = (0.1, 0.2, 0.3, 0.4)
    counts = Counter(choose(weighing(*weights), unit)[0] for unit in UNITS)
    expected = [weight * len(UNITS) for weight in weights]
    assert chi_square((counts[index] for index in range(4)), expected) < MOST_CHI_SQUARE[3]


def test_the_propensity_is_the_weight_in_force() -> None:
    assert {choose(weighing(0.25, 0.75), unit) for unit in UNITS[:100]} == {(0, 0.25), (1, 0.75)}


@pytest.mark.parametrize(
    ("weights", "chosen"),
    [((0.5, 0.0, 0.5), {0, 2}), ((0.5, 0.5, 0.0), {0, 1}), ((0.0, 1.0), {1})],
)
def test_a_weight_of_zero_is_never_chosen(weights: tuple[float, ...], chosen: set[int]) -> None:
    assert {choose(weighing(*weights), unit)[0] for unit in UNITS[:1000]} == chosen


def test_weights_that_sum_to_less_than_one_leave_no_unit_without_a_variant() -> None:
    chosen = {choose(weighing(0.1, 0.1, 0.0), unit)[0] for unit in UNITS[:1000]}
    assert chosen == {0, 1}


def test_what_was_never_started_has_no_variants_to_give() -> None:
    with pytest.raises(NotPossibleNow, match="was never started"):
        choose(draft(), "T-1")


def test_all_units_are_enrolled_where_nothing_keeps_them_out() -> None:
    assert {enroll(running(), unit, {}) for unit in UNITS[:100]} == {Enrollment.ENROLLED}


@pytest.mark.parametrize(
    "experiment",
    [
        draft(),
        paused(running(), LATER),
        stopped(running(), "", LATER),
        archived(stopped(running(), "", LATER), LATER),
    ],
    ids=lambda experiment: experiment.state.name,
)
def test_what_does_not_run_enrolls_nobody(experiment: Experiment) -> None:
    assert enroll(experiment, "T-1", {}) is Enrollment.NOT_RUNNING


def test_experiments_of_a_layer_share_no_unit() -> None:
    first = running("first", design(layer="checkout", layer_share=0.5))
    second = running("second", design(layer="checkout", layer_share=0.5))
    second = second.changed(slice=Slice(0.5, 1.0))
    enrolled = [
        [experiment.name for experiment in (first, second) if _is_in(experiment, unit)]
        for unit in UNITS[:1000]
    ]
    assert {len(names) for names in enrolled} == {1}


def test_units_that_are_held_out_are_the_same_for_the_whole_layer() -> None:
    wanted = design(layer="checkout", holdout=0.3)
    held_out = [
        {unit for unit in UNITS[:1000] if enroll(experiment, unit, {}) is Enrollment.HELD_OUT}
        for experiment in (running("first", wanted), running("second", wanted))
    ]
    assert held_out[0] == held_out[1] != set()


def test_only_units_that_are_targeted_are_enrolled() -> None:
    experiment = running("prompt-2", design(targeting=OneOf("plan", ("pro",))))
    assert enroll(experiment, "T-1", {"plan": "free"}) is Enrollment.NOT_TARGETED
    assert enroll(experiment, "T-1", {"plan": "pro"}) is Enrollment.ENROLLED


def test_raising_traffic_keeps_who_is_in_with_their_variant() -> None:
    some, most = (_with_traffic(share) for share in (0.3, 0.8))
    early = [unit for unit in UNITS[:2000] if _is_in(some, unit)]
    assert 0 < len(early) < 1000
    assert all(_is_in(most, unit) for unit in early)
    assert [choose(some, unit) for unit in early] == [choose(most, unit) for unit in early]


@pytest.mark.parametrize(("traffic", "expected"), [(0.0, 0), (1.0, 1000)])
def test_traffic_of_nothing_or_all_is_just_that(traffic: float, expected: int) -> None:
    experiment = _with_traffic(traffic)
    assert sum(_is_in(experiment, unit) for unit in UNITS[:1000]) == expected


def _is_in(experiment: Experiment, unit: str) -> bool:
    return enroll(experiment, unit, {}) is Enrollment.ENROLLED


def _with_traffic(traffic: float) -> Experiment:
    experiment = running()
    assert experiment.configuration is not None
    return experiment.changed(configuration=replace(experiment.configuration, traffic=traffic))
