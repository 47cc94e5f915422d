"""The sums, kept by differences, are those that all outcomes taken together make."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from server.experiments.experiment import Aggregation, Experiment, Metric, MetricKind, Role
from server.experiments.records.outcome import Outcome
from server.experiments.records.record_store import RecordStore
from server.statistics.moments import Moments
from server.statistics.quantiles import bucket_of
from tests.integration.experiments.conftest import (
    SOLVED,
    START,
    Begin,
    Calendar,
    exposed,
    failure,
    success,
)

WINDOW_S = 3600.0
AWAITED = replace(SOLVED, missing_is_failure=True, window_s=WINDOW_S)
SPENT = Metric(
    "spent", MetricKind.MEAN, winsorize_lower=-20.0, winsorize_upper=20.0, uses_pre_period=True
)
LAST_SPENT = Metric("spent", MetricKind.MEAN, aggregation=Aggregation.LAST, window_s=WINDOW_S)
RATED = Metric("rated", MetricKind.MEAN, aggregation=Aggregation.LAST, window_s=WINDOW_S)
SHARE = Metric("share", MetricKind.RATIO)
SECONDS = Metric("seconds", MetricKind.QUANTILE, aggregation=Aggregation.MAX, quantile=0.9)
METRICS = (SOLVED, SPENT, RATED, SHARE, SECONDS)
UNITS = {f"unit-{number}": number % 2 for number in range(30)}  # variants by unit
PRE_PERIOD = {unit: float(number) for number, unit in enumerate(UNITS)}


def random_outcomes(count: int) -> Iterator[tuple[str, Outcome]]:
    """Outcomes of units; one in a few comes again."""
    chance = Random(7)  # noqa: S311  # the same in every run
    for _ in range(count):
        unit, metric = chance.choice([*UNITS]), chance.choice(METRICS)
        number = chance.randrange(20)
        own = Random(f"{unit} {metric.name} {number}")  # noqa: S311  # a repetition is the same
        is_binary = metric is SOLVED
        yield (
            unit,
            Outcome(
                metric.name,
                str(number),
                float(own.random() < 0.1) if is_binary else own.gauss(1.0, 4.0),
                START + timedelta(seconds=own.uniform(0, WINDOW_S)),
                is_success_flag=is_binary,
                denominator=own.uniform(1, 3) if metric is SHARE else None,
            ),
        )


def expected(
    outcomes: Sequence[tuple[str, Outcome]], metric: Metric
) -> list[list[tuple[float, float]]]:
    """By variant: y and x of every unit that has an outcome, from all outcomes at once."""
    by_unit: dict[str, dict[str, Outcome]] = defaultdict(dict)
    for unit, outcome in outcomes:
        if outcome.metric == metric.name:
            by_unit[unit][outcome.outcome_id] = outcome
    found: list[list[tuple[float, float]]] = [[], []]
    for unit, once in by_unit.items():
        in_order = sorted(once.values(), key=lambda outcome: outcome.time)
        found[UNITS[unit]].append(y_and_x(metric, unit, in_order))
    return found


def y_and_x(metric: Metric, unit: str, outcomes: Sequence[Outcome]) -> tuple[float, float]:
    values = [outcome.value for outcome in outcomes]
    found = {
        SOLVED.name: (float(any(values)), 0.0),
        SPENT.name: (min(max(sum(values), -20.0), 20.0), PRE_PERIOD[unit]),
        RATED.name: (values[-1], 0.0),
        SHARE.name: (sum(values), sum(outcome.denominator or 1.0 for outcome in outcomes)),
        SECONDS.name: (max(values), 0.0),
    }
    return found[metric.name]


async def test_sums_are_those_of_all_outcomes_whichever_process_recorded_them(
    records: list[RecordStore], begin: Begin, calendar: Calendar
) -> None:
    experiment = await begin(*METRICS)
    for unit, variant in UNITS.items():
        await exposed(records[0], experiment, unit, variant, spent=PRE_PERIOD[unit])
    calendar.pass_by(WINDOW_S)
    outcomes = [*random_outcomes(3000)]
    await asyncio.gather(
        *[
            records[number % 2].record(experiment, unit, outcome)
            for number, (unit, outcome) in enumerate(outcomes)
        ]
    )
    tally = await records[1].tally(experiment)
    for metric in METRICS:
        for variant, units in enumerate(expected(outcomes, metric)):
            cell = tally.metrics[metric.name].cells[0][variant]
            sums = [sum(y for y, _ in units), sum(y * y for y, _ in units)]
            sums += [sum(x for _, x in units), sum(x * x for _, x in units)]
            sums += [sum(y * x for y, x in units)]
            found = [cell.y, cell.yy, cell.x, cell.xx, cell.xy]
            assert cell.n == len(units)
            assert found == pytest.approx(sums, rel=1e-9, abs=1e-9)


async def test_a_sketch_counts_every_unit_once_in_the_bucket_of_its_value(
    records: list[RecordStore], begin: Begin, calendar: Calendar
) -> None:
    experiment = await begin(SOLVED, SECONDS)
    for unit, variant in UNITS.items():
        await exposed(records[0], experiment, unit, variant)
    calendar.pass_by(WINDOW_S)
    outcomes = [(u, o) for u, o in random_outcomes(3000) if o.metric == "seconds"]
    await asyncio.gather(
        *[
            records[number % 2].record(experiment, unit, outcome)
            for number, (unit, outcome) in enumerate(outcomes)
        ]
    )
    sketches = (await records[0].tally(experiment)).metrics["seconds"].sketches
    assert list(sketches) == [
        Counter(bucket_of(y) for y, _ in units) for units in expected(outcomes, SECONDS)
    ]


async def solved_cells(records: RecordStore, experiment: Experiment) -> list[tuple[float, float]]:
    """Units and successes of each variant."""
    cells = (await records.tally(experiment)).metrics["solved"].cells[0]
    return [(cell.n, cell.y) for cell in cells]


async def test_a_unit_without_an_outcome_fails_when_its_window_has_passed(
    records: list[RecordStore], begin: Begin, calendar: Calendar
) -> None:
    experiment = await begin(AWAITED)
    for unit, variant in UNITS.items():
        await exposed(records[0], experiment, unit, variant)
    await records[0].record(experiment, "unit-0", success())
    assert await records[0].mature(experiment, calendar.now) == 0
    assert await solved_cells(records[0], experiment) == [(0, 0), (0, 0)]
    calendar.pass_by(WINDOW_S)
    assert await records[0].mature(experiment, calendar.now) == len(UNITS)
    assert await solved_cells(records[0], experiment) == [(15, 1), (15, 0)]


async def test_processes_that_mature_at_once_count_every_unit_once(
    records: list[RecordStore], begin: Begin, calendar: Calendar
) -> None:
    experiment = await begin(AWAITED)
    units = [f"unit-{number}" for number in range(1200)]
    await asyncio.gather(*[exposed(records[0], experiment, unit) for unit in units])
    calendar.pass_by(WINDOW_S)
    counts = await asyncio.gather(
        *[records[number % 2].mature(experiment, calendar.now) for number in range(6)]
    )
    counts.append(await records[0].mature(experiment, calendar.now))
    assert sum(counts) == 1200
    assert await solved_cells(records[0], experiment) == [(1200, 0), (0, 0)]


async def test_outcomes_that_arrive_while_units_mature_are_counted(
    records: list[RecordStore], begin: Begin, calendar: Calendar
) -> None:
    experiment = await begin(AWAITED)
    units = [f"unit-{number}" for number in range(600)]
    await asyncio.gather(*[exposed(records[0], experiment, unit) for unit in units])
    calendar.pass_by(WINDOW_S)
    await asyncio.gather(
        records[0].mature(experiment, calendar.now),
        *[records[1].record(experiment, unit, success()) for unit in units],
        records[1].mature(experiment, calendar.now),
    )
    await records[0].mature(experiment, calendar.now)
    assert await solved_cells(records[0], experiment) == [(600, 600), (0, 0)]


async def test_at_most_as_many_mature_as_are_asked_for(
    records: list[RecordStore], begin: Begin, calendar: Calendar
) -> None:
    experiment = await begin(AWAITED)
    for unit in UNITS:
        await exposed(records[0], experiment, unit)
    calendar.pass_by(WINDOW_S)
    counts = [await records[0].mature(experiment, calendar.now, most=20) for _ in range(3)]
    assert counts == [20, 10, 0]


async def test_a_late_success_makes_a_failure_by_silence_a_success(
    records: list[RecordStore], begin: Begin, calendar: Calendar
) -> None:
    experiment = await begin(AWAITED)
    await exposed(records[0], experiment, "u")
    calendar.pass_by(WINDOW_S)
    await records[0].mature(experiment, calendar.now)
    await records[0].record(experiment, "u", success(time=calendar.now))
    assert await solved_cells(records[0], experiment) == [(1, 1), (0, 0)]


async def test_a_quantile_of_units_that_mature_counts_them_when_they_do(
    records: list[RecordStore], begin: Begin, calendar: Calendar
) -> None:
    seconds = replace(SECONDS, missing_is_failure=True, window_s=WINDOW_S)
    experiment = await begin(SOLVED, seconds)
    await exposed(records[0], experiment, "u")
    await records[0].record(experiment, "u", Outcome("seconds", "1", 4.0, START))
    assert (await records[0].tally(experiment)).metrics["seconds"].sketches == ({}, {})
    calendar.pass_by(WINDOW_S)
    await records[0].mature(experiment, calendar.now)
    sketches = (await records[0].tally(experiment)).metrics["seconds"].sketches
    assert sketches == ({bucket_of(4.0): 1}, {})


async def spent_cells(records: RecordStore, experiment: Experiment) -> list[Moments]:
    """Sums of each variant."""
    return [*(await records.tally(experiment)).metrics["spent"].cells[0]]


async def test_a_unit_whose_last_outcome_counts_does_when_its_window_has_passed(
    records: list[RecordStore], begin: Begin, calendar: Calendar
) -> None:
    experiment = await begin(SOLVED, LAST_SPENT)
    for unit in ("often", "never"):
        await exposed(records[0], experiment, unit)
    for number in range(3):
        time = START + timedelta(seconds=number)
        outcome = Outcome("spent", str(number), float(number), time)
        await records[0].record(experiment, "often", outcome)
    assert await records[0].mature(experiment, calendar.now) == 0
    assert await spent_cells(records[0], experiment) == [Moments(), Moments()]
    calendar.pass_by(WINDOW_S)
    assert await records[1].mature(experiment, calendar.now) == 1
    assert await spent_cells(records[0], experiment) == [Moments.of_unit(2.0), Moments()]


async def test_an_outlier_that_came_and_went_leaves_sums_as_they_were(
    records: list[RecordStore], begin: Begin, calendar: Calendar
) -> None:
    experiment = await begin(SOLVED, replace(LAST_SPENT, window_s=1.0))
    for number in range(10):
        await exposed(records[0], experiment, f"unit-{number}")
    calendar.pass_by(1.0)
    for number in range(10):
        outcome = Outcome("spent", "1", 0.1 * number, START)
        await records[0].record(experiment, f"unit-{number}", outcome)
    before = await spent_cells(records[0], experiment)
    for number, value in enumerate((1e12, 0.3), start=2):
        time = START + timedelta(seconds=number)
        await records[0].record(experiment, "unit-3", Outcome("spent", str(number), value, time))
    assert await spent_cells(records[0], experiment) == before
    assert before[0].variance == pytest.approx(0.0916667, abs=1e-6)


async def test_a_second_success_of_a_unit_changes_no_sum(
    records: list[RecordStore], begin: Begin
) -> None:
    experiment = await begin(replace(SOLVED, role=Role.PRIMARY))
    await exposed(records[0], experiment, "u")
    await records[0].record(experiment, "u", failure("1"))
    await records[0].record(experiment, "u", success("2"))
    await records[0].record(experiment, "u", success("3"))
    assert await solved_cells(records[0], experiment) == [(1, 1), (0, 0)]
