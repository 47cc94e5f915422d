"""The numbers of the server's enums are those of the contract."""

from enum import IntEnum

import pytest
from switchyard.admin.v1 import resilience_service_pb2
from switchyard.experiment.v1 import (
    experiment_pb2,
    experiment_service_pb2,
    metric_pb2,
    results_pb2,
)
from switchyard.triage.v1 import result_pb2, taxonomy_pb2, ticket_pb2

from server.dead_letters.letter import Severity, State
from server.experiments import experiment, results
from server.experiments.assignment import Enrollment
from server.triage.assessment import Priority, Sentiment
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
    ],
)
def test_the_server_and_the_contract_count_alike(
    ours: type[IntEnum], contract: object, prefix: str
) -> None:
    stated = {n.removeprefix(prefix): v for n, v in contract.items()}  # type: ignore[attr-defined]  # an enum wrapper
    assert {member.name: member.value for member in ours} == {
        name: value for name, value in stated.items() if value or name in ours.__members__
    }
