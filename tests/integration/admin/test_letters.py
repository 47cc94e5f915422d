"""Tickets that no model answered are listed, replayed once, and purged, by their tenant alone."""

import asyncio
import json
import uuid
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from switchyard.admin.v1.resilience_service_pb2 import ReplayDeadLettersRequest

from interceptors.call import Caller as CallingAdmin
from server.access.roles import ADMIN
from server.admin.resilience.letters import LetterDesk
from server.dead_letters.letter import DeadLetter
from server.dead_letters.store import DeadLetterStore
from server.storage.database import Database
from server.streams import ServerDraining
from tests.integration.access.refusals import refusal
from tests.integration.admin.servers import Pair, at, new_tenant, newest_event
from tests.integration.callers import ACCESS, RESILIENCE, TRIAGE, Caller
from tools.fake_llm_process import FakeLlm

BODY = "I was charged twice. Write to jane.doe@example.com, please."


class Desk(NamedTuple):
    """The administrator of a tenant of the test's own, at each of two servers."""

    one: Caller
    other: Caller

    @property
    def tenant(self) -> str:
        """Whose letters these are."""
        return self.one.name.partition("/")[0]


@pytest_asyncio.fixture
async def desk(desks: Pair) -> Desk:
    """A tenant without letters."""
    admin = await new_tenant(desks.one)
    return Desk(admin, at(admin, desks.other.channel))


async def fail(model: FakeLlm, caller: Caller, times: int = 1) -> list[Any]:
    """Have tickets triaged that no model answers; the letters of them, the oldest first."""
    for _ in range(times):
        model.control(next=["http_400"])
        ticket = {"id": uuid.uuid4().hex, "body": BODY}
        answer = await caller.call(f"{TRIAGE}/Triage", ticket=ticket)
        assert answer.result.degraded
    return (await letters_of(caller))[times - 1 :: -1]


async def letters_of(caller: Caller, **fields: Any) -> list[Any]:
    """The newest first."""
    return list((await caller.call(f"{RESILIENCE}/ListDeadLetters", **fields)).dead_letters)


async def replay(caller: Caller, **fields: Any) -> list[Any]:
    return [one async for one in caller.stream(f"{RESILIENCE}/ReplayDeadLetters", **fields)]


async def runs_of(caller: Caller) -> list[Any]:
    return list((await caller.call(f"{TRIAGE}/ListTriageRuns")).runs)


async def run_of(letter: DeadLetter) -> str:
    return f"triageRuns/{letter.letter_id}"


async def test_a_letter_says_what_was_tried_and_asked_without_personal_data(
    model: FakeLlm, desk: Desk
) -> None:
    (letter,) = await fail(model, desk.one)
    assert (letter.function, letter.reason, letter.state) == ("triage.classify", "bad_request", 1)
    assert [(tried.provider, tried.reason) for tried in letter.attempts] == [
        ("openai", "bad_request")
    ]
    assert "[EMAIL_1]" in json.loads(letter.request)["body"]
    assert "jane.doe" not in letter.request


async def test_a_replayed_ticket_has_a_models_answer_with_its_personal_data(
    model: FakeLlm, desk: Desk
) -> None:
    (letter,) = await fail(model, desk.one)
    (replayed,) = await replay(desk.other)
    assert (replayed.name, replayed.failure) == (letter.name, "")
    run = (await desk.one.call(f"{TRIAGE}/GetTriageRun", name=replayed.run)).run
    assert not run.result.degraded
    assert (run.ticket.body, len(await runs_of(desk.one))) == (BODY, 2)
    (after,) = await letters_of(desk.one)
    assert (after.state, after.replay_run) == (2, replayed.run)


async def test_letters_are_replayed_once_though_two_press_the_button_at_once(
    model: FakeLlm, desk: Desk
) -> None:
    letters = await fail(model, desk.one, times=4)
    told = await asyncio.gather(*map(replay, (desk.one, desk.other, desk.one)))
    names = [replayed.name for each in told for replayed in each]
    assert sorted(names) == sorted(letter.name for letter in letters)
    assert len(await runs_of(desk.one)) == 2 * len(letters)


async def test_what_no_model_answers_again_waits_on_and_leaves_no_run_behind(
    model: FakeLlm, desk: Desk
) -> None:
    (letter,) = await fail(model, desk.one)
    model.control(next=["http_400"])
    (replayed,) = await replay(desk.one)
    assert (replayed.name, replayed.run, replayed.failure) == (letter.name, "", "NotAnswered")
    assert (await letters_of(desk.one), len(await runs_of(desk.one))) == ([letter], 1)
    (again,) = await replay(desk.one)
    assert again.run


async def test_a_replay_is_not_answered_with_a_run_that_a_caller_made_meanwhile(
    model: FakeLlm, desk: Desk
) -> None:
    (letter,) = await fail(model, desk.one)
    model.control(next=["http_400"])
    letter_id = letter.name.removeprefix("deadLetters/")
    failed = await desk.one.call(f"{TRIAGE}/GetTriageRun", name=f"triageRuns/{letter_id}")
    request_id = str(uuid.UUID(letter_id))
    asked = {"ticket": failed.run.ticket, "request_id": request_id}
    assert (await desk.one.call(f"{TRIAGE}/Triage", **asked)).result.degraded
    (replayed, _) = await replay(desk.one)
    run = (await desk.one.call(f"{TRIAGE}/GetTriageRun", name=replayed.run)).run
    assert not run.result.degraded


async def test_no_more_letters_are_replayed_than_asked_for_the_oldest_first(
    model: FakeLlm, desk: Desk
) -> None:
    oldest, _, _ = await fail(model, desk.one, times=3)
    assert [replayed.name for replayed in await replay(desk.one, most=1)] == [oldest.name]


async def test_a_letter_is_replayed_by_its_name(model: FakeLlm, desk: Desk) -> None:
    _, newer = await fail(model, desk.one, times=2)
    told = await replay(desk.one, filter={"names": [newer.name]})
    assert [replayed.name for replayed in told] == [newer.name]


async def test_a_replay_is_on_record_with_who_made_it(
    desks: Pair, model: FakeLlm, desk: Desk
) -> None:
    (letter,) = await fail(model, desk.one)
    (replayed,) = await replay(desks.other, tenant=desk.tenant)
    event = await newest_event(desk.one, "dead_letter.replay")
    assert event.actor == desks.other.name.removeprefix("default/")
    assert (event.resource, json.loads(event.after)) == (letter.name, {"run": replayed.run})


async def test_purged_letters_have_forgotten_their_tickets_and_are_not_replayed(
    model: FakeLlm, desk: Desk
) -> None:
    await fail(model, desk.one, times=2)
    assert (await desk.one.call(f"{RESILIENCE}/PurgeDeadLetters")).purged == 2
    found = await letters_of(desk.other)
    assert [(letter.state, letter.request) for letter in found] == [(3, "")] * 2
    assert await replay(desk.other) == []


async def test_a_purge_is_on_record_with_how_many_letters_and_which(
    model: FakeLlm, desk: Desk
) -> None:
    await fail(model, desk.one)
    which = {"function": "triage.classify"}
    for _ in range(2):
        await desk.one.call(f"{RESILIENCE}/PurgeDeadLetters", filter=which)
    events = await desk.one.call(f"{ACCESS}/ListAuditEvents", action="dead_letter.purge")
    assert [json.loads(event.after) for event in events.audit_events] == [{"letters": 1, **which}]


async def test_letters_are_counted_by_function_and_severity(model: FakeLlm, desk: Desk) -> None:
    await fail(model, desk.one, times=2)
    model.control(next=["http_401"])
    await desk.one.call(f"{TRIAGE}/Triage", ticket={"id": "T-1", "body": BODY})
    stats = await desk.one.call(f"{RESILIENCE}/GetDeadLetterStats")
    assert stats.total == 3
    assert [(one.function, one.letters) for one in stats.by_function] == [("triage.classify", 3)]
    assert [(one.severity, one.letters) for one in stats.by_severity] == [(3, 1), (1, 2)]


async def test_pages_hold_every_letter_once(model: FakeLlm, desk: Desk) -> None:
    letters = await fail(model, desk.one, times=3)
    names: list[str] = []
    token = ""
    while not names or token:
        page = await desk.one.call(f"{RESILIENCE}/ListDeadLetters", page_size=2, page_token=token)
        names += [letter.name for letter in page.dead_letters]
        token = page.next_page_token
    assert names == [letter.name for letter in reversed(letters)]


async def test_a_page_token_is_good_for_its_tenant_and_filter_alone(
    desks: Pair, model: FakeLlm, desk: Desk
) -> None:
    await fail(model, desk.one, times=2)
    page = await desk.one.call(f"{RESILIENCE}/ListDeadLetters", page_size=1)
    token = {"page_token": page.next_page_token}
    for caller, fields in ((desk.one, {"filter": {"state": 1}}), (desks.one, {})):
        refused = await refusal(caller.call(f"{RESILIENCE}/ListDeadLetters", **token, **fields))
        assert refused.reason == "INVALID_PAGE_TOKEN"


async def test_no_tenant_reaches_the_letters_of_another(
    desks: Pair, model: FakeLlm, desk: Desk
) -> None:
    (letter,) = await fail(model, desk.one)
    stranger = await new_tenant(desks.one)
    its = {"filter": {"names": [letter.name]}}
    assert await letters_of(stranger, **its) == []
    assert await replay(stranger, **its) == []
    assert (await stranger.call(f"{RESILIENCE}/GetDeadLetterStats")).total == 0
    assert (await stranger.call(f"{RESILIENCE}/PurgeDeadLetters", **its)).purged == 0
    assert await letters_of(desk.one) == [letter]


async def test_an_operator_reaches_the_letters_of_every_tenant(
    desks: Pair, model: FakeLlm, desk: Desk
) -> None:
    (letter,) = await fail(model, desk.one)
    assert await letters_of(desks.one, tenant=desk.tenant) == [letter]


async def test_a_server_that_stops_ends_a_replay_between_two_letters(
    desks: Pair, model: FakeLlm, desk: Desk
) -> None:
    first, second = await fail(model, desk.one, times=2)
    database = Database(desks.settings.database_url)
    await database.open()
    stopping = asyncio.Event()
    stopping.set()
    letters = DeadLetterStore(database)
    admin = CallingAdmin(desk.tenant, "apiKeys/1", ADMIN, "free")
    replays = LetterDesk(letters, run_of, b"", stopping).replay(ReplayDeadLettersRequest(), admin)
    assert (await anext(replays)).name == first.name
    with pytest.raises(ServerDraining):
        await anext(replays)
    await database.close()
    assert [letter.state for letter in await letters_of(desk.one)] == [second.state, 2]


async def test_a_deleted_tenant_takes_its_letters_along(
    desks: Pair, model: FakeLlm, desk: Desk
) -> None:
    await fail(model, desk.one)
    for method in ("SuspendTenant", "DeleteTenant"):
        await desks.one.call(f"{ACCESS}/{method}", name=f"tenants/{desk.tenant}")
    assert await letters_of(desks.one, tenant=desk.tenant) == []
