"""Calls on record stay readable, whatever providers once told."""

from dataclasses import asdict
from typing import Any

import pytest

from server.triage.engine import MOST_COST_MICRO_USD, MOST_TOKENS, Attempt, decode_attempt
from server.triage.wire import write_attempt

KEPT = Attempt("p", "m", "first", "overloaded", 0.5, 10, 20, 30, 503)


def test_an_attempt_comes_back_as_it_was() -> None:
    assert decode_attempt(asdict(KEPT)) == KEPT


def test_an_attempt_from_before_statuses_were_kept_has_none() -> None:
    record = asdict(KEPT)
    del record["status"]
    assert decode_attempt(record).status is None


@pytest.mark.parametrize("field", ["input_tokens", "output_tokens", "cost_micro_usd"])
@pytest.mark.parametrize("told", [-1, 2**63 - 1, 1e30])
def test_counts_that_cannot_be_true_are_left_out(field: str, told: Any) -> None:
    read = write_attempt(decode_attempt(asdict(KEPT) | {field: told}))
    assert getattr(read, field) == 0


def test_the_most_that_is_believed_can_be_told() -> None:
    most = Attempt("p", "m", "first", "ok", 0.5, MOST_TOKENS, MOST_TOKENS, MOST_COST_MICRO_USD)
    assert write_attempt(most).cost_micro_usd == MOST_COST_MICRO_USD
