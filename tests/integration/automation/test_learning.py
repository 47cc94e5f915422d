"""What the truth about runs teaches gates and calibration, and how it is taken back."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from server.triage.automation.budget import Field
from server.triage.automation.learning_store import ESCALATED, NOT_DRAWN, TOO_EARLY, VOID
from server.triage.run import Decision
from tests.integration.automation.desk import ENGINE, Desk, answer


async def opened(desk: Desk) -> None:
    """A gate that evidence has opened."""
    await desk.promise()
    await desk.feed()
    assert (await desk.gate()).state.threshold is not None


async def test_without_a_budget_nothing_is_learned_but_reliability(desk: Desk) -> None:
    run = await desk.answer(0.7)
    assert await desk.judge(run, is_right=False) == []
    standing = await desk.standing()
    assert standing.reliability[Field.CATEGORY, ENGINE].of(0.7) < 0.7
    assert not standing.gates


async def test_judged_reviews_open_the_gate(desk: Desk) -> None:
    await desk.promise()
    learned = await desk.open_by_reviews()
    assert learned.cause == "evidence"
    assert learned.threshold == (await desk.gate()).state.threshold
    assert [event["cause"] for event in await desk.events("gate.move")] == ["evidence"]
    assert (await desk.answer(0.99)).answer.decision is Decision.AUTOMATIC


async def test_a_gate_stays_shut_while_few_of_the_reviewed_answers_are_judged(desk: Desk) -> None:
    await desk.promise()
    runs = [await desk.answer(0.99) for _ in range(200)]
    await desk.count(runs)
    learned = [(await desk.judge(run, is_right=True))[0] for run in runs]
    moved = [at for at, one in enumerate(learned, 1) if one.has_moved_gate]
    assert moved == [100]


async def test_what_can_be_no_evidence_need_not_be_judged(desk: Desk) -> None:
    await desk.promise()
    low, escalated = await desk.answer(0.2), await desk.answer(0.99, escalates=True)
    await desk.count([low, escalated] * 500)
    await desk.open_by_reviews()


async def test_a_judged_answer_is_told_as_evidence(desk: Desk) -> None:
    await desk.promise()
    run = await desk.answer(0.9)
    (learned,) = await desk.judge(run, is_right=True)
    assert learned.is_counted
    assert learned.was_right
    assert (learned.reason, learned.has_moved_gate, learned.threshold) == ("", False, None)


async def test_what_was_decided_before_the_budget_was_set_is_no_evidence(desk: Desk) -> None:
    run = await desk.answer(0.7)
    await desk.promise()
    (learned,) = await desk.judge(run, is_right=True)
    assert (learned.is_counted, learned.reason) == (False, TOO_EARLY)


async def test_what_nobody_was_to_look_at_is_no_evidence(desk: Desk) -> None:
    await opened(desk)
    before = (await desk.gate()).state
    (learned,) = await desk.judge(await desk.answer(0.99, draw=0.99), is_right=False)
    assert (learned.is_counted, learned.reason) == (False, NOT_DRAWN)
    assert (await desk.gate()).state == before


async def test_an_audited_decision_is_evidence(desk: Desk) -> None:
    await opened(desk)
    before = (await desk.gate()).state
    (learned,) = await desk.judge(await desk.answer(0.99, draw=0.1), is_right=True)
    assert learned.is_counted
    after = (await desk.gate()).state
    assert (after.judged, after.audited) == (before.judged + 1, before.audited + 1)


async def test_an_escalated_ticket_is_no_evidence(desk: Desk) -> None:
    await desk.promise()
    (learned,) = await desk.judge(await desk.answer(0.9, escalates=True), is_right=True)
    assert (learned.is_counted, learned.reason) == (False, ESCALATED)


async def test_the_same_truth_twice_counts_once(desk: Desk) -> None:
    await desk.promise()
    run = await desk.answer(0.9)
    await desk.judge(run, is_right=False)
    once = await desk.gate()
    (learned,) = await desk.judge(run, is_right=False)
    assert learned.is_counted
    assert await desk.gate() == once


async def test_another_truth_takes_the_place_of_the_first(desk: Desk) -> None:
    await desk.promise()
    run = await desk.answer(0.9)
    await desk.judge(run, is_right=True)
    right = (await desk.gate(), (await desk.standing()).reliability)
    await desk.judge(run, is_right=False)
    assert (await desk.gate()).state.wrong == 1
    await desk.judge(run, is_right=True)
    assert (await desk.gate(), (await desk.standing()).reliability) == right


async def test_evidence_of_an_era_that_is_over_is_void(desk: Desk) -> None:
    await desk.promise()
    run = await desk.answer(0.9)
    (passage, *others) = run.answer.gates
    late = replace(run, answer=replace(run.answer, gates=(replace(passage, era=7), *others)))
    (learned,) = await desk.judge(late, is_right=True)
    assert (learned.is_counted, learned.reason) == (False, VOID)
    assert (await desk.gate()).state.judged == 0


async def test_calibration_begins_anew_after_a_drift(desk: Desk) -> None:
    await opened(desk)
    old = [await desk.answer(0.99, draw=0.0) for _ in range(4)]
    *judged, late = old
    for run in judged:
        await desk.judge(run, is_right=True)
    await desk.drift()
    for run in judged:
        await desk.judge(run, is_right=False)
    await desk.judge(late, is_right=True)
    assert not (await desk.standing()).reliability


async def test_after_a_drift_calibration_learns_again_and_is_amended(desk: Desk) -> None:
    await opened(desk)
    await desk.drift()
    await desk.promise(None)
    for run in (await desk.answer(0.7), await desk.answer(0.7)):
        await desk.judge(run, is_right=True)
    above = (await desk.standing()).reliability[Field.CATEGORY, ENGINE].of(0.7)
    await desk.judge(run, is_right=False)
    assert (await desk.standing()).reliability[Field.CATEGORY, ENGINE].of(0.7) < above


async def test_what_is_void_stays_so_however_many_others_answer(desk: Desk) -> None:
    await opened(desk)
    run = await desk.answer(0.99, draw=0.0)
    await desk.drift()
    standing = await desk.standing()
    await desk.count([answer(desk.tenant, standing, 0.9, answerer=f"{n}") for n in range(70)])
    (learned,) = await desk.judge(run, is_right=True)
    assert (learned.is_counted, learned.reason) == (False, VOID)


async def test_what_a_gate_learned_before_it_made_room_does_not_count_again(desk: Desk) -> None:
    await desk.promise()
    run, standing = await desk.answer(0.9), await desk.standing()
    await desk.judge(run, is_right=True)
    known = (await desk.standing()).reliability
    others = [answer(desk.tenant, standing, 0.9, answerer=f"{n}") for n in range(70)]
    await desk.count(others)
    await desk.count(others)
    await desk.judge(run, is_right=True)
    assert (await desk.standing()).reliability == known
    await desk.judge(run, is_right=False)
    (gate,) = [
        gate
        for gate in (await desk.budgets.get(desk.tenant, Field.CATEGORY)).gates
        if gate.answerer == ENGINE
    ]
    assert (gate.state.judged, gate.state.wrong) == (1, 1)


async def test_fields_learn_each_for_itself(desk: Desk) -> None:
    await desk.promise()
    await desk.promise(field=Field.PRIORITY)
    learned = await desk.judge(await desk.answer(0.9), is_right=True, priority=False)
    assert [(one.field, one.was_right) for one in learned] == [
        (Field.CATEGORY, True),
        (Field.PRIORITY, False),
    ]
    assert (await desk.gate(Field.CATEGORY)).state.wrong == 0
    assert (await desk.gate(Field.PRIORITY)).state.wrong == 1


async def test_answerers_have_gates_of_their_own(desk: Desk) -> None:
    await opened(desk)
    run = await desk.answer(0.99, answerer="llm another 1")
    assert run.answer.decision is Decision.REVIEW


async def test_frequent_errors_among_audited_decisions_close_the_gate(desk: Desk) -> None:
    await opened(desk)
    era = (await desk.gate()).state.era
    causes = []
    for _ in range(60):
        run = await desk.answer(0.99, draw=0.1)
        if run.answer.gates[0].threshold is None:
            break
        (learned,) = await desk.judge(run, is_right=False)
        causes.append(learned.cause)
    gate = await desk.gate()
    assert gate.state.threshold is None
    assert [cause for cause in causes if cause][-1] == gate.history[0].cause
    assert gate.history[0].cause in {"drift", "evidence"}
    assert gate.state.era == era + (gate.history[0].cause == "drift")


async def test_what_is_looked_at_first_is_evidence_of_a_review(desk: Desk) -> None:
    await opened(desk)
    await desk.doubt()
    run, before = await desk.answer(0.99, draw=0.0), (await desk.gate()).state
    (learned,) = await desk.judge(run, is_right=True)
    after = (await desk.gate()).state
    assert learned.is_counted
    assert (after.judged_reviews, after.audited) == (before.judged_reviews + 1, before.audited)
    assert after.drift < before.drift


async def test_answers_found_right_settle_a_doubt(desk: Desk) -> None:
    await opened(desk)
    await desk.doubt()
    for _ in range(60):
        run = await desk.answer(0.99, draw=0.0)
        if run.answer.decision is Decision.AUTOMATIC:
            break
        await desk.judge(run, is_right=True)
    assert run.answer.decision is Decision.AUTOMATIC


async def test_a_doubt_is_no_move_of_the_gate(desk: Desk) -> None:
    await opened(desk)
    before = await desk.gate()
    await desk.doubt()
    assert (await desk.gate()).history == before.history


@pytest.mark.parametrize("seed", [1, 2])
async def test_learners_at_once_know_the_same_as_one_after_the_other(desk: Desk, seed: int) -> None:
    await desk.promise()
    standing, random = await desk.standing(), np.random.default_rng(seed)
    runs = [answer(desk.tenant, standing, float(random.uniform(0.6, 1))) for _ in range(40)]
    truths = [bool(random.random() < 0.8) for _ in runs]
    for order in (runs, runs[::-1]):  # everybody says it, then thinks better of it
        is_last = order is not runs
        said = {run.run_id: t if is_last else not t for run, t in zip(runs, truths, strict=True)}
        await asyncio.gather(*(desk.judge(run, is_right=said[run.run_id]) for run in order))
    together = (await desk.gate()).state

    alone = Desk(desk.database, f"{desk.tenant}-alone")
    await alone.promise()
    for run, is_right in zip(runs, truths, strict=True):
        await alone.judge(replace(run, tenant=alone.tenant), is_right=is_right)
    assert (await alone.gate()).state == together
    assert (await alone.gate()).evidence == (await desk.gate()).evidence


async def test_a_field_keeps_the_gates_that_are_used_most(desk: Desk) -> None:
    await desk.promise()
    standing = await desk.standing()
    await desk.judge(await desk.answer(0.9), is_right=True)
    for number in range(70):
        run = answer(desk.tenant, standing, 0.9, answerer=f"engine {number:02}")
        await desk.judge(run, is_right=True)
    answerers = {
        gate.answerer for gate in (await desk.budgets.get(desk.tenant, Field.CATEGORY)).gates
    }
    assert len(answerers) == 64
    assert "engine 69" in answerers
