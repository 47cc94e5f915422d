"""The one table from what the server raises to the status that a caller sees.

Nothing of the inside leaves: no SQL, no path, no stack, no text of a ticket.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from google.rpc.status_pb2 import Status

from interceptors.errors import (
    InterceptorError,
    Violation,
    bad_request,
    interceptor_status,
    retry_info,
    status,
    summarize_violations,
)
from interceptors.errors import status_of as usual_status_of
from server.access.errors import (
    FirstKeyNotAdmin,
    IssuerUnavailable,
    KeyNeeded,
    KeyNotFound,
    KeyNotReplaceable,
    OperatorTenant,
    TenantIdTaken,
    TenantIsSuspended,
    TenantNotFound,
    TenantNotSuspended,
    TooManyKeys,
)
from server.admin.errors import BreakerNotFound, InvalidOrder, NotCached, ProviderNotFound
from server.budget.errors import BudgetSpent
from server.engines.errors import EngineError
from server.experiments.errors import (
    ExperimentIdTaken,
    ExperimentNotFound,
    InvalidExperiment,
    InvalidOutcome,
    NotPossibleNow,
    OutcomeRefused,
    StaleExperiment,
)
from server.feedback.errors import (
    FeedbackNotFound,
    FeedbackOfAnother,
    FeedbackRequestReused,
    InvalidFeedback,
    OverturnWatchNotFound,
    TaxonomyChanged,
    TooFewLabels,
    TooManyTrainings,
    TrainingUnderWay,
)
from server.health import ServiceUnknown
from server.paging import InvalidPageToken
from server.storage.errors import StorageUnavailable
from server.streams import ServerDraining
from server.triage.errors import (
    InvalidFieldValue,
    InvalidTaxonomy,
    ModelDamaged,
    ModelNotFound,
    ModelOutdated,
    ModelUnreadable,
    RequestIdReused,
    RunNotFound,
    StaleEtag,
    TenantDeleted,
    UnknownCategory,
)
from server.violation import FieldViolation

DRAIN_RETRY_S = 1.0
TRAINING_RETRY_S = 60.0


def status_of(error: Exception) -> Status:
    """The status of an exception; INTERNAL with no detail of the cause when it is unforeseen."""
    write = _foreseen(error)
    return usual_status_of(error) if write is None else write(error)


def is_foreseen(error: Exception) -> bool:
    """Whether the table knows the exception, and it is no fault of the server's own code."""
    return _foreseen(error) is not None and not isinstance(error, EngineError)


def _foreseen(error: Exception) -> Callable[[Any], Status] | None:
    return next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), None)


def _unavailable(reason: str, message: str, retry_after_s: float) -> Status:
    retry = error_details_pb2.RetryInfo(retry_delay=_duration(retry_after_s))
    return status(grpc.StatusCode.UNAVAILABLE, reason, message, retry)


def _duration(seconds: float) -> Duration:
    return Duration(seconds=int(seconds), nanos=int(seconds % 1 * 1e9))


def _invalid(reason: str, violations: Sequence[FieldViolation]) -> Status:
    named = [Violation(v.field, reason, v.rule) for v in violations]
    message = summarize_violations(named)
    return status(grpc.StatusCode.INVALID_ARGUMENT, reason, message, bad_request(named))


def _resource(kind: str, name: str) -> Message:
    detail: Message = error_details_pb2.ResourceInfo(
        resource_type=f"switchyard/{kind}", resource_name=name
    )
    return detail


def _not_found(kind: str, reason: str, name: str, what_lists: str) -> Status:
    """`what_lists` as in "ListTriageRuns lists the runs"."""
    message = f"There is no {name}. {what_lists} that there are."
    return status(grpc.StatusCode.NOT_FOUND, reason, message, _resource(kind, name))


def _breaker_not_found(error: BreakerNotFound) -> Status:
    message = "No circuit breaker of this name guards anything. ListCircuitBreakers lists them."
    resource = _resource("CircuitBreaker", error.breaker)
    return status(grpc.StatusCode.NOT_FOUND, "CIRCUIT_BREAKER_NOT_FOUND", message, resource)


def _budget_spent(error: BudgetSpent) -> Status:
    wait_s = max(0.0, (error.renew_time - datetime.now(UTC)).total_seconds())
    violation = error_details_pb2.QuotaFailure.Violation(
        subject=f"tenants/{error.tenant}", description="daily budget for language models"
    )
    return status(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "BUDGET_SPENT",
        f"The budget of {error.tenant} for language models is spent until"
        f" {error.renew_time:%Y-%m-%d} 00:00 UTC. SetBudget changes it, or lets the embedded engine"
        " answer beyond it.",
        error_details_pb2.QuotaFailure(violations=[violation]),
        retry_info(wait_s),
    )


def _provider_not_found(error: ProviderNotFound) -> Status:
    message = "No provider of language models has this name. ListProviders lists them."
    resource = _resource("Provider", error.provider)
    return status(grpc.StatusCode.NOT_FOUND, "PROVIDER_NOT_FOUND", message, resource)


def _stale_etag(error: StaleEtag) -> Status:
    message = f"Somebody has changed the {error.resource} meanwhile. Read again and retry."
    resource = _resource(error.resource.capitalize(), error.resource)
    return status(grpc.StatusCode.ABORTED, "STALE_ETAG", message, resource)


def _request_id_reused(error: RequestIdReused) -> Status:
    message = (
        f"The request id {error.request_id} was used with {error.difference}: it belongs to "
        f"{error.run}. Use a new id for a new request."
    )
    resource = _resource("TriageRun", error.run)
    return status(grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED", message, resource)


def _feedback_request_reused(error: FeedbackRequestReused) -> Status:
    message = (
        f"The request id {error.request_id} was used with other feedback: it belongs to "
        f"{error.name}. Use a new id for new feedback."
    )
    resource = _resource("Feedback", error.name)
    return status(grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED", message, resource)


def _invalid_page_token(_error: InvalidPageToken) -> Status:
    rule = "is no token of this listing; start again without one, and keep the filter unchanged"
    return _invalid("INVALID_PAGE_TOKEN", [FieldViolation("page_token", rule)])


def _not_possible(reason: str, message: str) -> Status:
    return status(grpc.StatusCode.FAILED_PRECONDITION, reason, message)


def _tenant_id_taken(error: TenantIdTaken) -> Status:
    message = f"There is or was a {error.name}. Choose another id; ids are not used again."
    resource = _resource("Tenant", error.name)
    return status(grpc.StatusCode.ALREADY_EXISTS, "TENANT_ID_TAKEN", message, resource)


def _experiment_id_taken(error: ExperimentIdTaken) -> Status:
    message = f"There is or was an experiment {error.name}. Choose another id."
    resource = _resource("Experiment", error.name)
    return status(grpc.StatusCode.ALREADY_EXISTS, "EXPERIMENT_ID_TAKEN", message, resource)


def _stale_experiment(error: StaleExperiment) -> Status:
    message = f"{error.name} has changed since it was read. Read it again and retry."
    resource = _resource("Experiment", error.name)
    return status(grpc.StatusCode.ABORTED, "STALE_ETAG", message, resource)


STATUSES: dict[type[BaseException], Callable[[Any], Status]] = {
    InterceptorError: interceptor_status,
    InvalidTaxonomy: lambda error: _invalid("INVALID_TAXONOMY", error.violations),
    InvalidFieldValue: lambda error: _invalid("INVALID_FIELD_VALUE", [error.violation]),
    UnknownCategory: lambda error: _invalid("UNKNOWN_CATEGORY", [error.violation]),
    InvalidPageToken: _invalid_page_token,
    RunNotFound: lambda error: _not_found(
        "TriageRun", "RUN_NOT_FOUND", error.name, "ListTriageRuns lists the runs"
    ),
    StaleEtag: _stale_etag,
    InvalidOrder: lambda error: _invalid(
        "INVALID_ORDER", [FieldViolation(error.field, error.rule)]
    ),
    NotCached: lambda error: _invalid(
        "NOT_CACHED",
        [FieldViolation(error.field, f"has no cache; those that have: {', '.join(error.cached)}")],
    ),
    BudgetSpent: _budget_spent,
    BreakerNotFound: _breaker_not_found,
    ProviderNotFound: _provider_not_found,
    KeyNotFound: lambda error: _not_found(
        "ApiKey", "API_KEY_NOT_FOUND", error.name, "ListApiKeys lists the keys"
    ),
    KeyNotReplaceable: lambda error: _not_possible(
        "API_KEY_NOT_REPLACEABLE", f"{error.name} {error.why}. Make a new key with CreateApiKey."
    ),
    TooManyKeys: lambda error: _not_possible(
        "TOO_MANY_API_KEYS",
        f"{error.tenant} may have {error.most:,} live keys. Revoke those that nobody needs.",
    ),
    FirstKeyNotAdmin: lambda _error: _not_possible(
        "FIRST_KEY_NOT_ADMIN",
        "The first key ends the access without one: make it ROLE_ADMIN of tenant default, which"
        " makes the others.",
    ),
    KeyNeeded: lambda _error: _not_possible(
        "API_KEY_NEEDED", "Tokens are issued to API keys: make this call with a key."
    ),
    TenantNotFound: lambda error: _not_found(
        "Tenant", "TENANT_NOT_FOUND", error.name, "ListTenants lists the tenants"
    ),
    TenantDeleted: lambda error: status(
        grpc.StatusCode.NOT_FOUND,
        "TENANT_NOT_FOUND",
        f"{error.name} was deleted meanwhile. Nothing was recorded.",
        _resource("Tenant", error.name),
    ),
    TenantIdTaken: _tenant_id_taken,
    TenantIsSuspended: lambda error: _not_possible(
        "TENANT_SUSPENDED", f"{error.name} is suspended. Resume it first."
    ),
    TenantNotSuspended: lambda error: _not_possible(
        "TENANT_NOT_SUSPENDED", f"{error.name} is not suspended. Suspend it before it is deleted."
    ),
    OperatorTenant: lambda _error: _not_possible(
        "OPERATOR_TENANT", "The operator's own tenant can neither be suspended nor deleted."
    ),
    InvalidExperiment: lambda error: _invalid("INVALID_EXPERIMENT", error.faults),
    InvalidOutcome: lambda error: _invalid("INVALID_OUTCOME", [error.fault]),
    OutcomeRefused: lambda error: _not_possible(error.reason, error.why),
    ExperimentNotFound: lambda error: _not_found(
        "Experiment", "EXPERIMENT_NOT_FOUND", error.name, "ListExperiments lists the experiments"
    ),
    ExperimentIdTaken: _experiment_id_taken,
    StaleExperiment: _stale_experiment,
    NotPossibleNow: lambda error: _not_possible("NOT_POSSIBLE_NOW", f"{error.name} {error.why}"),
    InvalidFeedback: lambda error: _invalid("INVALID_FEEDBACK", error.faults),
    FeedbackNotFound: lambda error: _not_found(
        "Feedback", "FEEDBACK_NOT_FOUND", error.name, "ListFeedback lists the feedback"
    ),
    FeedbackRequestReused: _feedback_request_reused,
    FeedbackOfAnother: lambda error: status(
        grpc.StatusCode.PERMISSION_DENIED,
        "FEEDBACK_OF_ANOTHER",
        f"{error.name} was submitted by somebody else. Submit feedback of your own, as your own"
        " reviewer.",
    ),
    OverturnWatchNotFound: lambda error: _not_found(
        "OverturnAlarm", "NOT_WATCHED", str(error), "ListOverturnAlarms lists those"
    ),
    TooFewLabels: lambda error: _not_possible(
        "TOO_FEW_LABELS",
        f"There is too little to train from: {error.why}. Import labels, or correct answers.",
    ),
    TrainingUnderWay: lambda _error: _not_possible(
        "TRAINING_UNDER_WAY",
        "A training of this tenant has not ended. Wait for it: ListModels will list its model.",
    ),
    TooManyTrainings: lambda _error: _unavailable(
        "TOO_MANY_TRAININGS",
        "Many other trainings wait for their turn. Try again later.",
        TRAINING_RETRY_S,
    ),
    TaxonomyChanged: lambda _error: _not_possible(
        "TAXONOMY_CHANGED",
        "The taxonomy has changed while the model was trained for it. Train again.",
    ),
    ModelNotFound: lambda error: _not_found(
        "Model", "MODEL_NOT_FOUND", error.name, "ListModels lists the models"
    ),
    ModelOutdated: lambda error: _not_possible(
        "MODEL_OUTDATED",
        f"{error.name} was trained for revision {error.revision} of the taxonomy, and revision"
        f" {error.revision_in_force} is in force. Train a model for that.",
    ),
    ModelDamaged: lambda error: _not_possible(
        "MODEL_DAMAGED",
        f"{error.name} is not what was stored, and is not used. Activate another model, or train"
        " one.",
    ),
    IssuerUnavailable: lambda error: _unavailable(
        "ISSUER_UNAVAILABLE",
        "The keys of the tokens' issuer cannot be read at the moment. Try again later.",
        error.retry_after_s,
    ),
    RequestIdReused: _request_id_reused,
    StorageUnavailable: lambda error: _unavailable(
        "STORAGE_UNAVAILABLE",
        "The database does not answer, or takes nothing for now. Try again, with the same "
        "request_id: then what was recorded after all is not recorded twice.",
        error.retry_after_s,
    ),
    ServiceUnknown: lambda _error: status(
        grpc.StatusCode.NOT_FOUND, "SERVICE_UNKNOWN", "The server has no such service."
    ),
    ServerDraining: lambda _error: _unavailable(
        "SERVER_DRAINING",
        "The server is stopping. What it did not answer, send to another one.",
        DRAIN_RETRY_S,
    ),
    ModelUnreadable: lambda _error: status(
        grpc.StatusCode.DATA_LOSS,
        "MODEL_UNREADABLE",
        "The stored model cannot be read. Update the taxonomy to train it anew.",
    ),
    EngineError: lambda _error: status(
        grpc.StatusCode.INTERNAL, "ENGINE_FAILED", "The engine failed. Its log has the details."
    ),
}
