"""Feedback as reviewers submit it: on a whole server, with real PostgreSQL."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio

from server.settings import OFF, Address, Settings
from server.storage.database import Database
from tests.conftest import make_database
from tests.integration.access.refusals import refusal
from tests.integration.admin.servers import new_caller, new_tenant, serving
from tests.integration.callers import FEEDBACK, TRIAGE, Caller
from tests.integration.databases import opened

BODY = "I was charged twice for order 4412."


@pytest_asyncio.fixture(scope="module")
async def settings(session_folder: Path, postgres_url: str) -> Settings:
    """A server of the tests' own."""
    return Settings(
        listen=Address("127.0.0.1", 0),
        metrics_listen=OFF,
        data_folder=session_folder / "submission",
        database_url=await make_database(postgres_url),
    )


@pytest_asyncio.fixture(scope="module")
async def operator(settings: Settings) -> AsyncIterator[Caller]:
    """Its operator."""
    async with serving(settings) as channel:
        yield await new_caller(Caller(channel), "ROLE_ADMIN")


@pytest_asyncio.fixture
async def admin(operator: Caller) -> Caller:
    """The administrator of a tenant of the test's own."""
    return await new_tenant(operator)


async def run_of(caller: Caller, body: str = BODY) -> Any:
    """The result of a new ticket."""
    ticket = {"id": uuid.uuid4().hex, "body": body}
    return (await caller.call(f"{TRIAGE}/Triage", ticket=ticket)).result


async def submit(caller: Caller, run: str, **said: Any) -> Any:
    """Feedback on a run; fields of the request beside it begin with an underscore."""
    fields = {name[1:]: said.pop(name) for name in list(said) if name.startswith("_")}
    return await caller.call(f"{FEEDBACK}/SubmitFeedback", feedback={"run": run, **said}, **fields)


async def listed(caller: Caller, **fields: Any) -> list[Any]:
    return list((await caller.call(f"{FEEDBACK}/ListFeedback", **fields)).feedback)


async def waiting(caller: Caller) -> list[tuple[str, list[int]]]:
    """What waits for a person: runs, and why."""
    found = await caller.call(f"{FEEDBACK}/ListReviewItems")
    return [(item.run.name, list(item.reasons)) for item in found.items]


async def test_feedback_is_found_by_its_name(admin: Caller) -> None:
    run = (await run_of(admin)).run
    made = (await submit(admin, run, rating=4, comment="Good.")).feedback
    found = (await admin.call(f"{FEEDBACK}/GetFeedback", name=made.name)).feedback
    assert found == made
    assert (found.rating, found.comment, found.in_force) == (4, "Good.", True)
    assert found.reviewer == admin.name.partition("/")[2]


async def test_the_same_request_is_taken_once(admin: Caller) -> None:
    run, request_id = (await run_of(admin)).run, str(uuid.uuid4())
    first = await submit(admin, run, rating=4, _request_id=request_id)
    await submit(admin, run, rating=5)  # meanwhile the reviewer has thought better of it
    again = await submit(admin, run, rating=4, _request_id=request_id)
    assert (again.is_repeated, again.feedback.name) == (True, first.feedback.name)
    assert len(await listed(admin)) == 2


async def test_a_request_id_belongs_to_its_own_words(admin: Caller) -> None:
    run, request_id = (await run_of(admin)).run, str(uuid.uuid4())
    await submit(admin, run, rating=4, _request_id=request_id)
    told = await refusal(submit(admin, run, rating=1, _request_id=request_id))
    assert (told.code, told.reason) == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")


async def test_a_correction_of_a_correction_keeps_both(admin: Caller) -> None:
    run = (await run_of(admin)).run
    first = (await submit(admin, run, correction={"category": "shipping"}, rating=2)).feedback
    second = (await submit(admin, run, correction={"category": "account"})).feedback
    assert second.replaces == first.name
    assert (second.correction.category, second.rating) == ("account", 2)
    assert [one.in_force for one in await listed(admin)] == [True, False]


async def test_reviewers_who_disagree_send_the_run_back_to_review(admin: Caller) -> None:
    run = (await run_of(admin)).run
    await submit(admin, run, reviewer="ann", correction={"category": "shipping"})
    assert run not in dict(await waiting(admin))
    await submit(admin, run, reviewer="ben", correction={"category": "account"})
    assert dict(await waiting(admin))[run] == [4]  # REVIEW_REASON_DISAGREEMENT
    await submit(admin, run, reviewer="eve", correction={"category": "account"})
    assert run not in dict(await waiting(admin))
    summary = (await admin.call(f"{FEEDBACK}/SummarizeFeedback")).summary
    assert (summary.runs, summary.agreement.runs) == (1, 1)
    assert summary.agreement.observed == pytest.approx(1 / 3)


async def test_nothing_is_done_when_it_is_only_checked(admin: Caller) -> None:
    run = (await run_of(admin)).run
    await submit(admin, run, correction={"category": "shipping"}, _validate_only=True)
    assert await listed(admin) == []


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"rating": 0}, "feedback.rating"),
        ({"rating": 6}, "feedback.rating"),
        ({}, "feedback"),
        ({"correction": {"category": "shiping"}}, "feedback.correction.category"),
        ({"correction": {"category": ""}}, "feedback.correction.category"),
        ({"comment": "x" * 4001}, "feedback.comment"),
        ({"articles": [{"article": "articles/none"}]}, "feedback.articles[0].article"),
        ({"articles": [{"article": "a"}, {"article": "a"}]}, "feedback.articles"),
        ({"resolution": {"time": "0s"}}, "feedback.resolution.time"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_field(
    admin: Caller, said: dict[str, Any], field: str
) -> None:
    run = (await run_of(admin)).run
    if "resolution" in said:
        said = {"resolution": {"time": {"seconds": 0}}}
    told = await refusal(submit(admin, run, **said))
    assert (told.code, told.field) == ("INVALID_ARGUMENT", field)
    assert await listed(admin) == []


async def test_another_tenants_run_is_not_there(operator: Caller, admin: Caller) -> None:
    run = (await run_of(await new_tenant(operator))).run
    told = await refusal(submit(admin, run, rating=1))
    assert (told.code, told.reason) == ("NOT_FOUND", "RUN_NOT_FOUND")


async def test_another_tenants_feedback_is_not_there(operator: Caller, admin: Caller) -> None:
    other = await new_tenant(operator)
    made = (await submit(other, (await run_of(other)).run, rating=1)).feedback
    told = await refusal(admin.call(f"{FEEDBACK}/GetFeedback", name=made.name))
    assert (told.code, told.reason) == ("NOT_FOUND", "FEEDBACK_NOT_FOUND")
    assert await listed(admin) == []


async def test_a_deleted_run_takes_no_feedback(admin: Caller, settings: Settings) -> None:
    run = (await run_of(admin)).run
    async with opened(settings.database_url) as database:
        await delete_run(database, run.removeprefix("triageRuns/"))
    told = await refusal(submit(admin, run, rating=1))
    assert (told.code, told.reason) == ("NOT_FOUND", "RUN_NOT_FOUND")


async def delete_run(database: Database, run_id: str) -> None:
    async with database.connection("test") as connection:
        await connection.execute("DELETE FROM triage_runs WHERE run_id = %s", [run_id])


async def test_many_who_judge_one_run_at_once_are_all_on_record(admin: Caller) -> None:
    run = (await run_of(admin)).run
    names = ["billing", "shipping", "account"]
    await asyncio.gather(
        *(
            submit(admin, run, reviewer=f"r{n}", correction={"category": names[n % 3]})
            for n in range(12)
        )
    )
    assert sum(one.in_force for one in await listed(admin)) == 12


async def test_a_reader_may_look_and_not_judge(operator: Caller, admin: Caller) -> None:
    reader = await new_caller(operator, "ROLE_READER", admin.name.partition("/")[0])
    told = await refusal(submit(reader, (await run_of(admin)).run, rating=1))
    assert told.code == "PERMISSION_DENIED"
    assert await listed(reader) == []


async def test_pages_follow_one_another(admin: Caller) -> None:
    run = (await run_of(admin)).run
    made = [(await submit(admin, run, rating=rating)).feedback.name for rating in (1, 2, 3)]
    first = await admin.call(f"{FEEDBACK}/ListFeedback", page_size=2)
    rest = await listed(admin, page_size=2, page_token=first.next_page_token)
    assert [one.name for one in (*first.feedback, *rest)] == made[::-1]


async def test_the_feedback_of_a_deleted_tenant_is_gone(
    operator: Caller, admin: Caller, settings: Settings
) -> None:
    await submit(admin, (await run_of(admin)).run, correction={"category": "shipping"})
    tenant = admin.name.partition("/")[0]
    access = "switchyard.admin.v1.AccessService"
    await operator.call(f"{access}/SuspendTenant", name=f"tenants/{tenant}")
    await operator.call(f"{access}/DeleteTenant", name=f"tenants/{tenant}")
    async with opened(settings.database_url) as database, database.connection("t") as connection:
        for table in ("feedback", "labels", "reliability", "gate_judgements"):
            query = f"SELECT count(*) FROM {table} WHERE tenant = %s"
            row = await (await connection.execute(query.encode(), [tenant])).fetchone()
            assert row == (0,), table


async def test_what_judges_nothing_settles_no_review(admin: Caller) -> None:
    run = (await run_of(admin, "Hm, whatever.")).run
    assert run in dict(await waiting(admin))
    await submit(admin, run, rating=5)
    await submit(admin, run, resolution={"without_person": True})
    assert run in dict(await waiting(admin))
    await submit(admin, run, correction={"category": "shipping"})
    assert run not in dict(await waiting(admin))


async def test_one_request_id_for_many_runs_at_once_belongs_to_one_of_them(admin: Caller) -> None:
    runs = [(await run_of(admin, f"Parcel {n} is late.")).run for n in range(8)]
    request_id = str(uuid.uuid4())
    calls = [submit(admin, run, rating=1, _request_id=request_id) for run in runs]
    told = await asyncio.gather(*calls, return_exceptions=True)
    refused = [one for one in told if isinstance(one, grpc.aio.AioRpcError)]
    assert [one.code().name for one in refused] == ["ALREADY_EXISTS"] * 7


@pytest.mark.parametrize("nanos", [-3, 10**9])
async def test_a_time_that_is_none_is_refused(admin: Caller, nanos: int) -> None:
    which = {"start_time": {"seconds": 5, "nanos": nanos}}
    for method in ("ListFeedback", "SummarizeFeedback"):
        told = await refusal(admin.call(f"{FEEDBACK}/{method}", filter=which))
        assert told.code == "INVALID_ARGUMENT"


async def test_nobody_replaces_what_another_has_submitted(operator: Caller, admin: Caller) -> None:
    agent = await new_caller(operator, "ROLE_AGENT", admin.name.partition("/")[0])
    run = (await run_of(admin)).run
    name = admin.name.partition("/")[2]
    made = (await submit(admin, run, correction={"category": "shipping"})).feedback
    told = await refusal(submit(agent, run, reviewer=name, rating=1))
    assert (told.code, told.reason) == ("PERMISSION_DENIED", "FEEDBACK_OF_ANOTHER")
    assert (made.reviewer, made.submitter) == (name, name)
    other = (await submit(agent, run, reviewer="ann", rating=1)).feedback
    assert (other.reviewer, other.submitter) == ("ann", agent.name.partition("/")[2])


async def test_a_page_holds_no_more_than_clients_take(admin: Caller) -> None:
    run = (await run_of(admin)).run
    said = {"comment": "\u20ac" * 4000, "correction": {"reply": "\u20ac" * 4000}}  # 24 kB
    calls = [submit(admin, run, reviewer=f"r{n}", **said) for n in range(100)]
    for at in range(0, len(calls), 30):
        await asyncio.gather(*calls[at : at + 30])
    page = await admin.call(f"{FEEDBACK}/ListFeedback", page_size=1000)
    assert 0 < len(page.feedback) < 100
    rest = await listed(admin, page_size=1000, page_token=page.next_page_token)
    assert len(page.feedback) + len(rest) == 100
