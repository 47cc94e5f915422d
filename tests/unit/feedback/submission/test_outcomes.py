"""What an experiment is told of feedback."""

from dataclasses import replace
from datetime import UTC, datetime

from server.experiments.experiment import Design, Metric, MetricKind, Source, Variant
from server.experiments.lifecycle import drafted, started
from server.experiments.records.outcome import Amended, Outcome
from server.feedback.submission.feedback import Acceptance, Feedback, Resolution, Said
from server.feedback.submission.outcomes import Told, outcomes_of, told
from server.triage.run import Run
from server.triage.ticket import Ticket
from tests.unit.triage.test_run_records import ANSWER

NOW = datetime(2026, 1, 2, tzinfo=UTC)
METRICS = (
    Metric("overturned", MetricKind.BINARY, is_minimized=True, source=Source.FEEDBACK_OVERTURNED),
    Metric("rating", MetricKind.MEAN, source=Source.FEEDBACK_RATING),
    Metric("resolved", MetricKind.BINARY, source=Source.FEEDBACK_RESOLVED),
    Metric("own", MetricKind.MEAN),
)
DESIGN = Design((Variant("a", 0.5), Variant("b", 0.5)), METRICS, layer="triage")
EXPERIMENT = started(drafted("acme", "ways", DESIGN, NOW), (), NOW)
RUN = Run("acme", "1" * 32, NOW, Ticket("t-1", "Help"), b"{}", b"", "", ANSWER, "1")
ALL = Said(rating=4, acceptance=Acceptance.ACCEPTED, resolution=Resolution(without_person=True))


def of(said: Said, *before: Said) -> list[Outcome]:
    """What the experiment is told of this, in place of what was said before, the oldest first."""
    return outcomes_of(EXPERIMENT, RUN.run_id, piece(said), [piece(one) for one in before])


def piece(said: Said) -> Told:
    return told(Feedback("1" * 32, RUN.run_id, "ann", "apiKeys/1", NOW, said), RUN)


def test_each_metric_of_feedback_gets_what_was_said() -> None:
    values = {outcome.metric: outcome.value for outcome in of(ALL)}
    assert values == {"overturned": 0.0, "rating": 4.0, "resolved": 1.0}


def test_what_was_not_said_is_not_told() -> None:
    assert [outcome.metric for outcome in of(Said(rating=1))] == ["rating"]


def test_what_was_said_before_is_not_told_again() -> None:
    assert of(replace(ALL, rating=2), ALL) == [
        Outcome("rating", f"{RUN.run_id} 2", 2.0, NOW, amends=Amended(f"{RUN.run_id} 4", 4.0))
    ]


def test_the_newest_word_on_each_metric_is_amended_whoever_spoke_in_between() -> None:
    overturned, rated = Said(acceptance=Acceptance.REJECTED), Said(rating=3)
    assert of(Said(acceptance=Acceptance.ACCEPTED), overturned, rated) == [
        Outcome("overturned", f"{RUN.run_id} 0", 0.0, NOW, amends=Amended(f"{RUN.run_id} 1", 1.0))
    ]
