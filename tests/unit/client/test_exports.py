"""What `import switchyard_client` gives is a promise to other teams."""

import switchyard_client

EXPORTS = {
    "DEFAULT_ADDRESS",
    "AdminClient",
    "AlreadyExists",
    "Attempt",
    "BatchTriageRequest",
    "BatchTriageResponse",
    "CacheConfig",
    "CallCancelled",
    "Category",
    "Channel",
    "CircuitBreakerMode",
    "CircuitBreakerSettings",
    "Conflict",
    "DeadLetterFilter",
    "DeadLetterSeverity",
    "DeadLetterState",
    "DeadlineExceeded",
    "Decision",
    "EscalationPolicy",
    "FieldViolation",
    "InvalidRequest",
    "KeyInTheClear",
    "LimitReached",
    "Limits",
    "NotAuthenticated",
    "NotFound",
    "NotPermitted",
    "NotSupported",
    "OverBudget",
    "PreconditionFailed",
    "Priority",
    "Resource",
    "Reuse",
    "Role",
    "SemanticCacheSettings",
    "Sentiment",
    "ServerFault",
    "Step",
    "StreamTriageResponse",
    "SwitchyardError",
    "Taxonomy",
    "Ticket",
    "TriageClient",
    "TriageOptions",
    "TriagePart",
    "TriageResult",
    "TriageRun",
    "Unavailable",
    "Unreachable",
    "__version__",
    "error_of_status",
}


def test_the_exported_names_are_the_promised_ones() -> None:
    assert set(switchyard_client.__all__) == EXPORTS


def test_every_exported_name_is_there() -> None:
    assert [name for name in EXPORTS if not hasattr(switchyard_client, name)] == []
