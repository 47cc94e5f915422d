"""Error budgets over the wire: set, backed by feedback, and in force for the next ticket."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio

from server.settings import OFF, Address, Settings
from tests.conftest import make_database
from tests.integration.admin.servers import new_caller, new_tenant, newest_event, serving
from tests.integration.callers import FEEDBACK, TRIAGE, Caller, until

BODY = "I was charged twice for invoice {} and want the second payment back"
TERMS = {"max_error": 0.3, "audit_share": 0.2}


@pytest_asyncio.fixture(scope="module")
async def operator(session_folder: Path, postgres_url: str) -> AsyncIterator[Caller]:
    """The operator of a server."""
    settings = Settings(
        listen=Address("127.0.0.1", 0),
        metrics_listen=OFF,
        data_folder=session_folder / "error-budgets",
        database_url=await make_database(postgres_url),
    )
    async with serving(settings) as channel:
        yield await new_caller(Caller(channel), "ROLE_ADMIN")


@pytest_asyncio.fixture
async def admin(operator: Caller) -> Caller:
    """The administrator of a tenant of its own."""
    return await new_tenant(operator)


async def budget_of(caller: Caller, field: str = "BUDGET_FIELD_CATEGORY") -> Any:
    """The error budget of a field."""
    return (await caller.call(f"{FEEDBACK}/GetErrorBudget", field=field)).error_budget


async def promise(caller: Caller, **fields: Any) -> Any:
    """Set the budget of the category."""
    budget = {"field": "BUDGET_FIELD_CATEGORY", "terms": TERMS} | fields
    return (await caller.call(f"{FEEDBACK}/SetErrorBudget", error_budget=budget)).error_budget


async def triage(caller: Caller) -> Any:
    """What becomes of a ticket that nobody has sent before."""
    ticket = {"id": uuid.uuid4().hex, "body": BODY.format(uuid.uuid4().hex)}
    return (await caller.call(f"{TRIAGE}/Triage", ticket=ticket)).result


async def test_a_budget_opens_by_feedback_and_automates_the_next_ticket(admin: Caller) -> None:
    await promise(admin)

    async def is_gated() -> bool:
        return bool((await triage(admin)).gates)

    await until(is_gated)
    for _ in range(60):
        result = await triage(admin)
        if result.gates[0].passed:
            break
        said = {"run": result.run, "acceptance": "ACCEPTANCE_ACCEPTED"}
        await admin.call(f"{FEEDBACK}/SubmitFeedback", feedback=said)
    assert result.gates[0].passed
    assert "the error budget of 30% needs" in result.decision_reason

    async def is_counted() -> bool:
        (gate,) = (await budget_of(admin)).gates
        return bool(gate.automated)

    await until(is_counted)
    (gate,) = (await budget_of(admin)).gates
    assert gate.answerer == result.gates[0].answerer
    assert gate.threshold == result.gates[0].threshold
    assert gate.history[0].cause == "evidence"
    assert gate.curve[-1].automated_share > 0
    event = await newest_event(admin, "gate.move")
    assert (event.actor, event.resource) == ("automation", "errorBudgets/category")


async def test_a_budget_reads_as_it_was_set(admin: Caller) -> None:
    made = await promise(admin)
    read = await budget_of(admin)
    assert read == made
    assert (read.terms.max_error, read.terms.confidence, read.terms.audit_share) == (
        pytest.approx(0.3),
        pytest.approx(0.95),
        pytest.approx(0.2),
    )


async def test_a_budget_without_terms_is_none(admin: Caller) -> None:
    await promise(admin)
    budget = await promise(admin, terms=None)
    assert not budget.HasField("terms")


async def test_a_change_of_what_has_changed_is_refused(admin: Caller) -> None:
    etag = (await budget_of(admin)).etag
    await promise(admin, etag=etag)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await promise(admin, etag=etag)
    assert refused.value.code() is grpc.StatusCode.ABORTED


@pytest.mark.parametrize(
    "terms",
    [
        {"max_error": 0.0},
        {"max_error": 0.6},
        {"max_error": 0.02, "confidence": 0.4},
        {"max_error": 0.02, "confidence": 1.0},
        {"max_error": 0.02, "audit_share": 0.001},
        {"max_error": float("nan")},
    ],
)
async def test_terms_that_cannot_be_kept_are_refused(
    admin: Caller, terms: dict[str, float]
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await promise(admin, terms=terms)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_tenants_have_budgets_of_their_own(operator: Caller, admin: Caller) -> None:
    await promise(admin)
    other = await new_tenant(operator)
    assert not (await budget_of(other)).HasField("terms")
