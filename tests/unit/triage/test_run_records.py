"""Answers on record stay readable, also those from before there were experiments."""

from typing import Any

import orjson
import pytest

from server.triage.assessment import Prediction, Priority
from server.triage.automation.budget import Field, Passage
from server.triage.engine import EngineVersion, Parts
from server.triage.run import Answer, Decision, Enrolled, decode_answer, encode_answer

ANSWER = Answer(
    parts=Parts(),
    category=Prediction("billing", 0.9),
    priority=Prediction(Priority.LOW, 0.5),
    priority_reasons=(),
    escalation_reasons=(),
    sentiment=None,
    language=Prediction("en", 0.9),
    summary=None,
    reply=None,
    estimated_resolution_s=None,
    decision=Decision.AUTOMATIC,
    decision_reason="The category is 90% sure.",
    engine=EngineVersion("embedded", "linear", "1", 0),
    steps=(),
    experiment=Enrolled("experiments/prompts", "short", 2, 7),
    gates=(Passage(Field.CATEGORY, "embedded linear 0.0", 0.93),),
)


def record() -> dict[str, Any]:
    kept: dict[str, Any] = orjson.loads(encode_answer(ANSWER))
    return kept


def test_an_answer_comes_back_as_it_was() -> None:
    assert decode_answer(record()) == ANSWER


@pytest.mark.parametrize(
    "field", ["gates", "experiment", "reuse", "attempts", "is_degraded", "parts"]
)
def test_an_answer_from_before_a_field_was_kept_is_read_without_it(field: str) -> None:
    kept = record()
    del kept[field]
    assert decode_answer(kept).category == ANSWER.category
