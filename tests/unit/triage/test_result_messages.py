"""Everything that a run knows stands in the result that callers get."""

from datetime import UTC, datetime
from typing import Any

from google.protobuf.json_format import MessageToDict
from switchyard.triage.v1 import result_pb2

from server.triage.assessment import Prediction, Priority, Reason, Sentiment
from server.triage.automation.budget import Field, Passage
from server.triage.engine import Attempt, EngineVersion, Parts, Similar
from server.triage.run import Answer, Decision, Enrolled, Reuse, Run, Step, StepReport
from server.triage.ticket import Ticket
from server.triage.wire import write_result

LATER = {"suggested_articles"}  # fields that nothing fills yet
REASON = Reason("DEADLINE", "Something must be done by a near date.", "by tomorrow")
ANSWER = Answer(
    parts=Parts(),
    category=Prediction("billing", 0.75, (("refund", 0.125),)),
    priority=Prediction(Priority.HIGH, 0.5, ((Priority.LOW, 0.25),)),
    priority_reasons=(REASON,),
    escalation_reasons=(REASON,),
    sentiment=Prediction(Sentiment.NEGATIVE, 0.5, ((Sentiment.POSITIVE, 0.25),)),
    language=Prediction("en", 0.75, (("de", 0.125),)),
    summary="A summary.",
    reply="A reply.",
    estimated_resolution_s=5400.5,
    decision=Decision.ESCALATE,
    decision_reason="Something must be done by a near date.",
    engine=EngineVersion("llm", "llama", "1", 3),
    steps=(StepReport(Step.CLASSIFY, 1.25, "billing"),),
    attempts=(Attempt("groq", "llama", "first", "ok"),),
    is_degraded=True,
    reuse=Reuse("0" * 32, 0.96875, 0.03125, is_guaranteed=True),
    experiment=Enrolled("experiments/prompts", "short", 2, 7),
    gates=(Passage(Field.CATEGORY, "llm llama 1 3", 0.75, era=0),),
    similar=(Similar("7", "billing", 0.5),),
)
RUN = Run(
    tenant="default",
    run_id="1" * 32,
    create_time=datetime(2026, 1, 1, tzinfo=UTC),
    ticket=Ticket("t-1", "Help"),
    ticket_record=b"{}",
    ticket_digest=b"",
    request_id="",
    answer=ANSWER,
    server_version="1",
)


def written(*steps: StepReport) -> dict[str, Any]:
    """The result as JSON has it."""
    message = result_pb2.TriageResult(**write_result(RUN, steps or None))
    return MessageToDict(message, preserving_proto_field_name=True)


def test_a_full_answer_leaves_no_field_of_the_result_empty() -> None:
    names = {field.name for field in result_pb2.TriageResult.DESCRIPTOR.fields}
    assert written().keys() == names - LATER


def test_a_prediction_is_written_with_its_runners_up() -> None:
    assert written()["sentiment"] == {
        "sentiment": "SENTIMENT_NEGATIVE",
        "confidence": 0.5,
        "runners_up": [{"sentiment": "SENTIMENT_POSITIVE", "confidence": 0.25}],
    }


def test_durations_keep_their_fractions() -> None:
    result = written()
    assert (result["estimated_resolution"], result["steps"][0]["duration"]) == (
        "5400.500s",
        "1.250s",
    )


def test_given_steps_stand_in_place_of_those_on_record() -> None:
    (step,) = written(StepReport(Step.RECORD, 0.5, "committed"))["steps"]
    assert step == {"step": "STEP_RECORD", "duration": "0.500s", "finding": "committed"}
