"""The numbers of the server's enums are those of the contract."""

from enum import IntEnum

import pytest
from switchyard.admin.v1 import access_service_pb2, resilience_service_pb2
from switchyard.experiment.v1 import (
    experiment_pb2,
    experiment_service_pb2,
    metric_pb2,
    results_pb2,
)
from switchyard.feedback.v1 import feedback_pb2, label_pb2, model_pb2, review_pb2, summary_pb2
from switchyard.triage.v1 import result_pb2, taxonomy_pb2, ticket_pb2

from server.access.roles import Role
from server.dead_letters.letter import Severity, State
from server.experiments import experiment, results
from server.experiments.assignment import Enrollment
from server.feedback.exchange.forms import ExportForm
from server.feedback.submission.feedback import Acceptance
from server.feedback.summary.summary import Grouping
from server.triage.assessment import Priority, Sentiment
from server.triage.automation.budget import Field
from server.triage.examples.label import Change, LabelSource
from server.triage.models.model import ModelState
from server.triage.review import ReviewReason
from server.triage.run import Decision, Step
from server.triage.taxonomy import EscalationPolicy
from server.triage.ticket import Channel


@pytest.mark.parametrize(
    ("ours", "contract", "prefix"),
    [
        (Priority, result_pb2.Priority, "PRIORITY_"),
        (Sentiment, result_pb2.Sentiment, "SENTIMENT_"),
        (Decision, result_pb2.Decision, "DECISION_"),
        (Step, result_pb2.Step, "STEP_"),
        (Channel, ticket_pb2.Channel, "CHANNEL_"),
        (EscalationPolicy, taxonomy_pb2.EscalationPolicy, "ESCALATION_POLICY_"),
        (Severity, resilience_service_pb2.DeadLetterSeverity, "DEAD_LETTER_SEVERITY_"),
        (State, resilience_service_pb2.DeadLetterState, "DEAD_LETTER_STATE_"),
        (experiment.State, experiment_pb2.ExperimentState, "EXPERIMENT_STATE_"),
        (experiment.UnitKind, experiment_pb2.UnitKind, "UNIT_KIND_"),
        (experiment.Algorithm, experiment_pb2.Algorithm, "ALGORITHM_"),
        (experiment.Cause, experiment_pb2.ConfigurationCause, "CONFIGURATION_CAUSE_"),
        (experiment.Ending, experiment_pb2.Conclusion.Outcome, "OUTCOME_"),
        (experiment.MetricKind, metric_pb2.MetricKind, "METRIC_KIND_"),
        (experiment.Role, metric_pb2.MetricRole, "METRIC_ROLE_"),
        (experiment.Aggregation, metric_pb2.Aggregation, "AGGREGATION_"),
        (experiment.Source, metric_pb2.OutcomeSource, "OUTCOME_SOURCE_"),
        (Enrollment, experiment_service_pb2.Enrollment, "ENROLLMENT_"),
        (results.Method, results_pb2.InferenceMethod, "INFERENCE_METHOD_"),
        (results.GuardrailVerdict, results_pb2.GuardrailVerdict, "GUARDRAIL_VERDICT_"),
        (Role, access_service_pb2.Role, "ROLE_"),
        (LabelSource, label_pb2.LabelSource, "LABEL_SOURCE_"),
        (ExportForm, label_pb2.ExportFormat, "EXPORT_FORMAT_"),
        (Acceptance, feedback_pb2.Acceptance, "ACCEPTANCE_"),
        (Change, feedback_pb2.LabelChange, "LABEL_CHANGE_"),
        (Field, feedback_pb2.BudgetField, "BUDGET_FIELD_"),
        (ReviewReason, review_pb2.ReviewReason, "REVIEW_REASON_"),
        (ModelState, model_pb2.ModelState, "MODEL_STATE_"),
        (Grouping, summary_pb2.FeedbackGrouping, "FEEDBACK_GROUPING_"),
    ],
)
def test_the_server_and_the_contract_count_alike(
    ours: type[IntEnum], contract: object, prefix: str
) -> None:
    stated = {n.removeprefix(prefix): v for n, v in contract.items()}  # type: ignore[attr-defined]  # an enum wrapper
    named = stated.keys() | {name for name, member in ours.__members__.items() if member}
    assert {name: member.value for name, member in ours.__members__.items() if name in named} == {
        name: value for name, value in stated.items() if value or name in ours.__members__
    }
