"""The budget for calls beyond the first."""

from hypothesis import given
from hypothesis import strategies as st

from server.engines.llm.retry_budget import EXTRA_SHARE, MOST_SAVED, RetryBudget


def test_what_is_saved_can_be_spent_at_once() -> None:
    budget = RetryBudget()
    assert [budget.take() for _ in range(12)].count(True) == MOST_SAVED


def test_five_first_calls_pay_for_one_more() -> None:
    budget = RetryBudget(most=1.0)
    assert budget.take()
    for _ in range(4):
        budget.first()
        assert not budget.take()
    budget.first()
    assert budget.take()


@given(st.lists(st.integers(0, 5), max_size=300))
def test_further_calls_never_exceed_their_share_and_what_was_saved(wanted: list[int]) -> None:
    budget, taken = RetryBudget(), 0
    for calls, further in enumerate(wanted, 1):
        budget.first()
        taken += sum(budget.take() for _ in range(further))
        assert taken <= calls * EXTRA_SHARE + MOST_SAVED + 1e-6
