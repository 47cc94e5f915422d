"""The gate of the semantic cache: closed until audits show that hits are right."""

import random
from collections.abc import Callable

from server.triage.reuse.facts import Facts, facts_of
from server.triage.reuse.gate import (
    Gate,
    GateSettings,
    Learned,
    Neighbour,
    Verdict,
    candidate,
)

SETTINGS = GateSettings(error_budget=0.05, audit_rate=0.2)
FACTS = facts_of("where is my card", "en")
OTHER_FACTS = facts_of("where is my 2nd card", "en")


def never() -> float:
    """A draw that audits nothing."""
    return 0.99


def always() -> float:
    """A draw that audits everything."""
    return 0.0


def make_gate(draw: Callable[[], float] = never, settings: GateSettings = SETTINGS) -> Gate:
    return Gate(settings, draw)


def teach(gate: Gate, right: int, wrong: int = 0, similarity: float = 0.95) -> None:
    """Let the gate compare would-be hits, and review what it has learned."""
    for number in range(right + wrong):
        gate.learn(gate.judge(similarity), is_false=number < wrong)
    gate.review()


def near(similarity: float, category: str = "card", facts: Facts = FACTS) -> Neighbour:
    return Neighbour(similarity, category, facts)


def test_a_new_gate_compares_every_would_be_hit() -> None:
    assert make_gate(never).judge(1.0).verdict is Verdict.COMPARE


def test_enough_right_comparisons_open_the_gate() -> None:
    gate = make_gate()
    teach(gate, right=400)
    assert gate.judge(0.95).verdict is Verdict.SERVE
    assert gate.ruling.error_bound <= 0.05
    assert gate.ruling.is_guaranteed


def test_wrong_comparisons_keep_it_closed() -> None:
    gate = make_gate()
    teach(gate, right=360, wrong=40)
    assert gate.judge(0.95).verdict is Verdict.COMPARE


def test_what_is_less_similar_than_the_threshold_is_still_compared() -> None:
    gate = make_gate()
    teach(gate, right=400)
    teach(gate, right=0, wrong=400, similarity=0.9)
    assert gate.judge(0.9).verdict is Verdict.COMPARE


def test_an_open_gate_audits_the_stated_share() -> None:
    draws = random.Random(1)  # noqa: S311  # a simulation
    gate = make_gate(draws.random)
    teach(gate, right=400)
    verdicts = [gate.judge(0.95).verdict for _ in range(2000)]
    assert 0.17 < verdicts.count(Verdict.AUDIT) / 2000 < 0.23


def test_audits_that_turn_wrong_close_an_open_gate() -> None:
    gate = make_gate(always)
    teach(gate, right=5000)
    teach(gate, right=0, wrong=10)
    assert gate.has_drifted
    assert gate.judge(0.99).verdict is Verdict.COMPARE


def test_in_a_new_era_the_gate_starts_closed_and_opens_again() -> None:
    gate = make_gate(always)
    teach(gate, right=5000)
    teach(gate, right=0, wrong=10)
    gate.follow(Learned(era=gate.era + 1))
    assert gate.ruling.threshold is None
    teach(gate, right=400)
    assert gate.judge(0.95).verdict is Verdict.AUDIT


def test_what_two_gates_learned_opens_both() -> None:
    gates = make_gate(), make_gate()
    for gate in gates:
        teach(gate, right=60)
        assert gate.ruling.threshold is None
    learned = [gate.take_new() for gate in gates]
    for gate in gates:
        gate.follow(Learned(learned[0].counts + learned[1].counts))
        assert gate.ruling.threshold is not None


def test_what_was_taken_is_not_handed_over_again() -> None:
    gate = make_gate()
    teach(gate, right=10)
    assert gate.take_new().counts.total() == 10
    assert gate.take_new().counts.total() == 0


def test_what_was_learned_in_an_era_that_is_over_is_not_handed_over() -> None:
    gate = make_gate()
    teach(gate, right=10)
    gate.follow(Learned(era=1))
    assert gate.take_new() == Learned(era=1)


def test_a_fixed_similarity_serves_at_once_and_promises_nothing() -> None:
    gate = make_gate(settings=GateSettings(fixed_similarity=0.95))
    assert gate.judge(0.95).verdict is Verdict.SERVE
    assert gate.judge(0.94).verdict is Verdict.COMPARE
    assert not gate.ruling.is_guaranteed


def test_audits_bound_the_error_of_a_fixed_similarity() -> None:
    gate = make_gate(always, GateSettings(audit_rate=0.2, fixed_similarity=0.9))
    teach(gate, right=2000)
    assert gate.ruling.error_bound < 0.05


def test_settings_change_and_what_was_learned_stays() -> None:
    gate = make_gate()
    teach(gate, right=400)
    gate.configure(GateSettings(error_budget=0.001))
    assert gate.ruling.threshold is None
    gate.configure(SETTINGS)
    assert gate.ruling.threshold is not None


def test_the_nearest_with_the_same_facts_may_answer() -> None:
    assert candidate([near(0.95, facts=OTHER_FACTS), near(0.9), near(0.85)], FACTS) == 1


def test_without_the_same_facts_nothing_may_answer() -> None:
    assert candidate([near(0.99, facts=OTHER_FACTS)], FACTS) is None
    assert candidate([], FACTS) is None


def test_a_near_entry_with_another_answer_makes_the_answer_doubtful() -> None:
    assert candidate([near(0.9), near(0.86, "refund")], FACTS) is None
    assert candidate([near(0.9), near(0.84, "refund")], FACTS) == 0


def test_a_nearer_entry_with_other_facts_and_answer_makes_the_answer_doubtful() -> None:
    assert candidate([near(0.95, "refund", OTHER_FACTS), near(0.9)], FACTS) is None
