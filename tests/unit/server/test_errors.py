"""Every exception has a status, and none lets the inside out."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import grpc
import pytest
from google.rpc import code_pb2, error_details_pb2
from google.rpc.status_pb2 import Status
from switchyard.triage.v1 import ticket_pb2

import interceptors
import server
from interceptors.errors import (
    CircuitOpen,
    DeadlineExceeded,
    InvalidRequest,
    MalformedMessage,
    Overloaded,
    PermissionDenied,
    RateLimited,
    RequestTooLarge,
    TooManyConnections,
    TooManyStreams,
    Unauthenticated,
    UnknownMethod,
    Violation,
)
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
from server.engines.errors import EngineError, EngineProcessDied, TrainingFailed
from server.errors import STATUSES, status_of
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

# Raised before a server serves, or caught inside it: no call ever sees them.
NEVER_IN_A_CALL = {
    "InvalidTerms",
    "TooManyCustomLimits",
    "DataFolderInUse",
    "EmbeddedPostgresFailed",
    "EmbedderBusy",
    "FlawedAnswer",
    "InvalidProviders",
    "InvalidSettings",
    "MigrationFailed",
    "MissingPolicy",
    "ModelFolderUnusable",
    "NotAnswered",
    "NothingToLearn",
    "OutOfTime",
    "PortTaken",
    "ProviderError",
    "Rejected",
    "TextUnreadable",
    "Unanswered",
    "UnusableKey",
    "UnusableOrder",
    "UnusableRequest",
    "UnusableSchema",
    "_Unfit",
}
ROOTS = {
    "AdminError",
    "AccessError",
    "EmbedderError",
    "ExperimentError",
    "FeedbackError",
    "InterceptorError",
    "SentenceModelError",
    "StorageError",
    "TriageError",
}

EXAMPLES: list[tuple[Exception, grpc.StatusCode, str]] = [
    (
        InvalidRequest([Violation("body", "string.min_len", "too short")], ticket_pb2.Ticket()),
        grpc.StatusCode.INVALID_ARGUMENT,
        "INVALID_REQUEST",
    ),
    (MalformedMessage(), grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED_MESSAGE"),
    (RequestTooLarge(2, 1), grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_TOO_LARGE"),
    (UnknownMethod(), grpc.StatusCode.UNIMPLEMENTED, "UNKNOWN_METHOD"),
    (
        Unauthenticated("KEY_EXPIRED", "The key has expired."),
        grpc.StatusCode.UNAUTHENTICATED,
        "KEY_EXPIRED",
    ),
    (PermissionDenied("triage.run"), grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED"),
    (
        RateLimited("default/apiKeys/1", 60, 60.0, 1.5),
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "RATE_LIMITED",
    ),
    (TooManyConnections(100), grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_CONNECTIONS"),
    (TooManyStreams(20, 5.0), grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS"),
    (Overloaded(0.5), grpc.StatusCode.UNAVAILABLE, "OVERLOADED"),
    (CircuitOpen("pkg.Service/Method", 60.0), grpc.StatusCode.UNAVAILABLE, "CIRCUIT_OPEN"),
    (DeadlineExceeded(0.0), grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_PASSED"),
    (DeadlineExceeded(30.0), grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED"),
    (
        InvalidTaxonomy([FieldViolation("taxonomy.categories[1].name", "must be unique")]),
        grpc.StatusCode.INVALID_ARGUMENT,
        "INVALID_TAXONOMY",
    ),
    (
        UnknownCategory("filter.category", "nope"),
        grpc.StatusCode.INVALID_ARGUMENT,
        "UNKNOWN_CATEGORY",
    ),
    (
        InvalidFieldValue("filter.start_time", "must lie in 1970 to 9999"),
        grpc.StatusCode.INVALID_ARGUMENT,
        "INVALID_FIELD_VALUE",
    ),
    (InvalidPageToken(), grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN"),
    (RunNotFound("triageRuns/1"), grpc.StatusCode.NOT_FOUND, "RUN_NOT_FOUND"),
    (ServiceUnknown("x"), grpc.StatusCode.NOT_FOUND, "SERVICE_UNKNOWN"),
    (InvalidOrder("tier", "must be one"), grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ORDER"),
    (NotCached("method", ["p.S/N"]), grpc.StatusCode.INVALID_ARGUMENT, "NOT_CACHED"),
    (BreakerNotFound("p.S/M"), grpc.StatusCode.NOT_FOUND, "CIRCUIT_BREAKER_NOT_FOUND"),
    (ProviderNotFound("openai"), grpc.StatusCode.NOT_FOUND, "PROVIDER_NOT_FOUND"),
    (
        BudgetSpent("acme", datetime(2026, 1, 2, tzinfo=UTC), must_refuse=True),
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "BUDGET_SPENT",
    ),
    (
        InvalidExperiment([FieldViolation("variants", "must hold 2 to 100 variants")]),
        grpc.StatusCode.INVALID_ARGUMENT,
        "INVALID_EXPERIMENT",
    ),
    (
        InvalidOutcome("outcome.metric", "must be one of the experiment's"),
        grpc.StatusCode.INVALID_ARGUMENT,
        "INVALID_OUTCOME",
    ),
    (
        OutcomeRefused("NOT_EXPOSED", "The unit was not exposed."),
        grpc.StatusCode.FAILED_PRECONDITION,
        "NOT_EXPOSED",
    ),
    (ExperimentNotFound("experiments/a"), grpc.StatusCode.NOT_FOUND, "EXPERIMENT_NOT_FOUND"),
    (
        ExperimentIdTaken("experiments/a"),
        grpc.StatusCode.ALREADY_EXISTS,
        "EXPERIMENT_ID_TAKEN",
    ),
    (StaleExperiment("experiments/a"), grpc.StatusCode.ABORTED, "STALE_ETAG"),
    (
        NotPossibleNow("experiments/a", "is archived"),
        grpc.StatusCode.FAILED_PRECONDITION,
        "NOT_POSSIBLE_NOW",
    ),
    (StaleEtag("taxonomy"), grpc.StatusCode.ABORTED, "STALE_ETAG"),
    (FirstKeyNotAdmin(), grpc.StatusCode.FAILED_PRECONDITION, "FIRST_KEY_NOT_ADMIN"),
    (KeyNotFound("apiKeys/1"), grpc.StatusCode.NOT_FOUND, "API_KEY_NOT_FOUND"),
    (
        KeyNotReplaceable("apiKeys/1", "was revoked"),
        grpc.StatusCode.FAILED_PRECONDITION,
        "API_KEY_NOT_REPLACEABLE",
    ),
    (
        TooManyKeys("tenants/acme", 1000),
        grpc.StatusCode.FAILED_PRECONDITION,
        "TOO_MANY_API_KEYS",
    ),
    (KeyNeeded(), grpc.StatusCode.FAILED_PRECONDITION, "API_KEY_NEEDED"),
    (TenantNotFound("tenants/acme"), grpc.StatusCode.NOT_FOUND, "TENANT_NOT_FOUND"),
    (TenantIdTaken("tenants/acme"), grpc.StatusCode.ALREADY_EXISTS, "TENANT_ID_TAKEN"),
    (
        TenantIsSuspended("tenants/acme"),
        grpc.StatusCode.FAILED_PRECONDITION,
        "TENANT_SUSPENDED",
    ),
    (
        TenantNotSuspended("tenants/acme"),
        grpc.StatusCode.FAILED_PRECONDITION,
        "TENANT_NOT_SUSPENDED",
    ),
    (OperatorTenant(), grpc.StatusCode.FAILED_PRECONDITION, "OPERATOR_TENANT"),
    (IssuerUnavailable(10.0), grpc.StatusCode.UNAVAILABLE, "ISSUER_UNAVAILABLE"),
    (TenantDeleted("tenants/acme"), grpc.StatusCode.NOT_FOUND, "TENANT_NOT_FOUND"),
    (
        RequestIdReused("id", "triageRuns/1", "another ticket"),
        grpc.StatusCode.ALREADY_EXISTS,
        "REQUEST_ID_REUSED",
    ),
    (StorageUnavailable("SELECT secret"), grpc.StatusCode.UNAVAILABLE, "STORAGE_UNAVAILABLE"),
    (ServerDraining(), grpc.StatusCode.UNAVAILABLE, "SERVER_DRAINING"),
    (ModelUnreadable("/secret"), grpc.StatusCode.DATA_LOSS, "MODEL_UNREADABLE"),
    (EngineError("secret"), grpc.StatusCode.INTERNAL, "ENGINE_FAILED"),
    (TrainingFailed("secret"), grpc.StatusCode.INTERNAL, "ENGINE_FAILED"),
    (
        InvalidFeedback([FieldViolation("feedback", "must say something")]),
        grpc.StatusCode.INVALID_ARGUMENT,
        "INVALID_FEEDBACK",
    ),
    (FeedbackOfAnother("feedback/1"), grpc.StatusCode.PERMISSION_DENIED, "FEEDBACK_OF_ANOTHER"),
    (FeedbackNotFound("feedback/1"), grpc.StatusCode.NOT_FOUND, "FEEDBACK_NOT_FOUND"),
    (
        FeedbackRequestReused("1", "feedback/1"),
        grpc.StatusCode.ALREADY_EXISTS,
        "REQUEST_ID_REUSED",
    ),
    (OverturnWatchNotFound("model", "m"), grpc.StatusCode.NOT_FOUND, "NOT_WATCHED"),
    (TooFewLabels("3 labels"), grpc.StatusCode.FAILED_PRECONDITION, "TOO_FEW_LABELS"),
    (TrainingUnderWay(), grpc.StatusCode.FAILED_PRECONDITION, "TRAINING_UNDER_WAY"),
    (TooManyTrainings(), grpc.StatusCode.UNAVAILABLE, "TOO_MANY_TRAININGS"),
    (TaxonomyChanged(), grpc.StatusCode.FAILED_PRECONDITION, "TAXONOMY_CHANGED"),
    (ModelNotFound(3), grpc.StatusCode.NOT_FOUND, "MODEL_NOT_FOUND"),
    (ModelOutdated("models/3", 1, 2), grpc.StatusCode.FAILED_PRECONDITION, "MODEL_OUTDATED"),
    (ModelDamaged("models/3"), grpc.StatusCode.FAILED_PRECONDITION, "MODEL_DAMAGED"),
    (EngineProcessDied("secret"), grpc.StatusCode.INTERNAL, "ENGINE_FAILED"),
    (RuntimeError("secret"), grpc.StatusCode.INTERNAL, "INTERNAL"),
]


def exception_classes() -> Iterator[type[Exception]]:
    """Every exception that the server or the interceptors define."""
    for package in (server, interceptors):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if found.name.endswith("__main__"):
                continue
            module = importlib.import_module(found.name)
            for _, kind in inspect.getmembers(module, inspect.isclass):
                if issubclass(kind, Exception) and kind.__module__ == found.name:
                    yield kind


def test_every_exception_class_has_a_status_or_never_meets_a_call() -> None:
    unanswered = {
        kind.__name__
        for kind in exception_classes()
        if not any(base in STATUSES for base in kind.__mro__)
    }
    assert unanswered == NEVER_IN_A_CALL | ROOTS - {"InterceptorError"}


def test_every_exception_class_with_a_status_has_an_example_here() -> None:
    shown = {type(error) for error, _, _ in EXAMPLES}
    known = {k for k in exception_classes() if any(base in STATUSES for base in k.__mro__)}
    assert {k.__name__ for k in known - shown} <= ROOTS


@pytest.mark.parametrize(("error", "code", "reason"), EXAMPLES)
def test_status_and_reason_of(error: Exception, code: grpc.StatusCode, reason: str) -> None:
    status = status_of(error)
    assert code_pb2.Code.Name(status.code) == code.name
    info = detail(status, error_details_pb2.ErrorInfo)
    assert (info.domain, info.reason) == ("switchyard", reason)


@pytest.mark.parametrize("error", [error for error, _, _ in EXAMPLES])
def test_nothing_of_the_inside_leaks(error: Exception) -> None:
    assert "secret" not in str(status_of(error))


@pytest.mark.parametrize(
    "error", [e for e, code, _ in EXAMPLES if code is grpc.StatusCode.UNAVAILABLE]
)
def test_unavailable_says_when_to_try_again(error: Exception) -> None:
    retry = detail(status_of(error), error_details_pb2.RetryInfo)
    assert retry.retry_delay.ToMilliseconds() > 0


@pytest.mark.parametrize(
    ("error", "field"),
    [
        (UnknownCategory("filter.category", "x"), "filter.category"),
        (InvalidPageToken(), "page_token"),
        (InvalidTaxonomy([FieldViolation("taxonomy.categories", "r")]), "taxonomy.categories"),
    ],
)
def test_invalid_arguments_name_their_field(error: Exception, field: str) -> None:
    bad = detail(status_of(error), error_details_pb2.BadRequest)
    assert [v.field for v in bad.field_violations] == [field]


def detail(status: Status, kind: Any) -> Any:
    """The detail of this kind; fails when there is none."""
    found = kind()
    assert any(packed.Unpack(found) for packed in status.details)
    return found


def test_a_breaker_that_an_operator_forces_open_does_not_tell_of_failures() -> None:
    message = status_of(CircuitOpen("pkg.Service/Method", 5.0, is_forced=True)).message
    assert message.startswith("pkg.Service/Method was closed off by an operator.")
