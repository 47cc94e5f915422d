"""Reviews as reviewing tools have them done, at two servers on one database."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from server.settings import OFF, Address, Settings
from tests.conftest import make_database
from tests.integration.access.refusals import refusal
from tests.integration.admin.servers import at, new_caller, new_tenant, serving
from tests.integration.callers import TRIAGE, Caller

FEEDBACK = "switchyard.feedback.v1.FeedbackService"
LEASE = {"seconds": 60}
UNSURE = "Hm."


@pytest_asyncio.fixture(scope="module")
async def operators(session_folder: Path, postgres_url: str) -> AsyncIterator[list[Caller]]:
    """The operator at each of two servers on one database."""
    settings = Settings(
        listen=Address("127.0.0.1", 0),
        metrics_listen=OFF,
        data_folder=session_folder / "reviews",
        database_url=await make_database(postgres_url),
    )
    async with AsyncExitStack() as stack:
        first, second = [await stack.enter_async_context(serving(settings)) for _ in range(2)]
        operator = await new_caller(Caller(first), "ROLE_ADMIN")
        yield [operator, at(operator, second)]


@pytest_asyncio.fixture
async def desks(operators: list[Caller]) -> list[Caller]:
    """The administrator of a tenant of the test's own, at each server."""
    admin = await new_tenant(operators[0])
    return [admin, at(admin, operators[1].channel)]


async def unsure(caller: Caller, body: str = UNSURE) -> str:
    """The name of a run that waits for a person."""
    ticket = {"id": uuid.uuid4().hex, "body": body}
    return str((await caller.call(f"{TRIAGE}/Triage", ticket=ticket)).result.run)


def items(caller: Caller, **fields: Any) -> Any:
    """A call of ListReviewItems under way."""
    return caller.call(f"{FEEDBACK}/ListReviewItems", **fields)


async def test_what_triage_is_unsure_about_waits_for_a_person(desks: list[Caller]) -> None:
    run = await unsure(desks[0])
    listed = await items(desks[1])
    assert [item.run.name for item in listed.items] == [run]
    assert listed.items[0].run.ticket.body == UNSURE
    assert listed.items[0].reasons
    assert listed.waiting == 1


async def test_reviewers_at_two_servers_get_different_items(desks: list[Caller]) -> None:
    runs = {await unsure(desks[0], f"{UNSURE} {number}") for number in range(8)}
    pages = await asyncio.gather(
        *(
            items(desks[number % 2], reviewer=f"r-{number}", page_size=2, lease=LEASE)
            for number in range(4)
        )
    )
    taken = [item.run.name for page in pages for item in page.items]
    assert len(taken) == 8
    assert {*taken} == runs


async def test_feedback_at_one_server_brings_the_next_item_at_the_other(
    desks: list[Caller],
) -> None:
    runs = {await unsure(desks[0], f"{UNSURE} {number}") for number in range(2)}
    stream = desks[1].stream(f"{FEEDBACK}/StreamReviewItems", reviewer="ann")
    first = (await stream.read()).item.run.name
    feedback = {"run": first, "acceptance": "ACCEPTANCE_ACCEPTED", "reviewer": "ann"}
    await desks[0].call(f"{FEEDBACK}/SubmitFeedback", feedback=feedback)
    assert {first, (await stream.read()).item.run.name} == runs
    stream.cancel()


async def test_what_is_handed_back_at_one_server_is_had_at_the_other(desks: list[Caller]) -> None:
    run = await unsure(desks[0])
    await items(desks[0], reviewer="ann", lease=LEASE)
    assert not (await items(desks[1], reviewer="bob", lease=LEASE)).items
    call = desks[1].call(f"{FEEDBACK}/ReleaseReviewItems", runs=[run], reviewer="ann")
    assert (await call).released == 1
    assert (await items(desks[1], reviewer="bob", lease=LEASE)).items


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("category", "a\0"),
        ("reviewer", "a\n"),
        ("lease", {"seconds": 3601}),
        ("lease", {"nanos": 5}),
        ("page_size", 101),
        ("reason", 99),
    ],
)
async def test_a_request_that_will_not_do_is_refused_by_its_field(
    desks: list[Caller], field: str, value: Any
) -> None:
    refused = await refusal(items(desks[0], **{field: value}))
    assert (refused.code, refused.field) == ("INVALID_ARGUMENT", field)
