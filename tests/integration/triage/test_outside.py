"""Tickets on their way to language models and back: what leaves, what comes, what stays."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import replace
from functools import partial

import orjson
import pytest
import pytest_asyncio
from psycopg.errors import CheckViolation

from server.dead_letters.letter import Severity
from server.storage.database import Database
from server.triage.automation.budget import Field
from server.triage.engine import Attempt, Parts
from server.triage.narration import ReplyPiece
from server.triage.pipeline import Event
from server.triage.run import Run, Step, StepReport
from server.triage.starter import starter_taxonomy
from server.triage.store import RunFilter
from server.triage.ticket import ENGINE_BYTES, OUTWARD_ATTRIBUTE, Ticket
from tests.conftest import make_database
from tests.integration.callers import until
from tests.integration.databases import add_tenant
from tests.integration.triage.abroad import Abroad, SameEmbedder, abroad
from tests.integration.triage.relay import Relay, relay_to
from tools.fake_llm_process import FakeLlm

PERSONAL = ("Ada Lovelace", "ada@example.com", "+44 20 7946 0958", "4111 1111 1111 1111", "C-77103")
TICKET = Ticket(
    id="t-1",
    subject="Refund for Ada Lovelace",
    body=(
        "I am Ada Lovelace, write to ada@example.com. I was charged twice for order 4412."
        " Call +44 20 7946 0958. My card is 4111 1111 1111 1111."
    ),
    customer_id="C-77103",
    attributes={"plan": "pro", "billing_email": "ada@example.com", "note": "customer C-77103"},
)
REFUND = Ticket(
    id="t-2", body="Hello. My name is Ada Lovelace. I was charged twice for order 4412."
)
REPLY_ALONE = Parts(sentiment=False, summary=False, estimated_resolution=False)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[FakeLlm]:
    """A rehearsal endpoint in a process of its own."""
    process = FakeLlm().start()
    yield process
    process.stop()


@pytest_asyncio.fixture(scope="module")
async def shared_relay(endpoint: FakeLlm) -> AsyncIterator[Relay]:
    """What stands before it."""
    async with relay_to(endpoint.url) as relay:
        yield relay


@pytest.fixture(scope="module")
def embedder() -> SameEmbedder:
    """What reuse rests on."""
    return SameEmbedder()


@pytest_asyncio.fixture(scope="module")
async def database(postgres_url: str) -> AsyncIterator[Database]:
    """One of these tests' own."""
    database = Database(await make_database(postgres_url))
    await database.open()
    yield database
    await database.close()


@pytest_asyncio.fixture(scope="module")
async def desk(
    database: Database, shared_relay: Relay, embedder: SameEmbedder
) -> AsyncIterator[Abroad]:
    """A pipeline whose two providers are reached through the relay."""
    async with abroad(database, shared_relay.url, embedder) as desk:
        yield desk


@pytest.fixture
def fake(endpoint: FakeLlm) -> FakeLlm:
    """The endpoint, well-behaved."""
    endpoint.reset()
    return endpoint


@pytest.fixture
def relay(shared_relay: Relay, fake: FakeLlm) -> Relay:
    """The relay, which has seen nothing yet."""
    assert fake.stats()["requests"] == 0
    shared_relay.bodies.clear()
    return shared_relay


@pytest_asyncio.fixture
async def tenant(desk: Abroad) -> str:
    """One whose answers nobody else reuses."""
    return await add_tenant(desk.laboratory.database)


def told(run: Run) -> list[str]:
    """Its attempts in short: who, why, how it ended."""
    return [f"{a.provider} {a.cause} {a.outcome}" for a in run.answer.attempts]


def answerers(run: Run) -> dict[Field, str]:
    """Who answered, as gates tell engines apart."""
    return {passage.field: passage.answerer for passage in run.answer.gates}


def pieces(events: list[Event]) -> list[str]:
    """What a watcher saw of the reply."""
    return [event.text for event in events if isinstance(event, ReplyPiece)]


def finding(events: list[Event], step: Step) -> str:
    """What a step said."""
    return next(e.finding for e in events if isinstance(e, StepReport) and e.step is step)


@pytest.mark.parametrize("is_watched", [False, True])
async def test_personal_data_stays_here_and_stands_in_the_reply(
    desk: Abroad, relay: Relay, tenant: str, is_watched: bool
) -> None:
    run = await desk.triage(tenant, TICKET, is_watched=is_watched)
    assert len(relay.bodies) == 1
    assert [value for value in PERSONAL if value in relay.seen] == []
    assert "order 4412" in relay.seen
    assert run.answer.reply is not None
    assert "Ada Lovelace" in run.answer.reply
    assert "ada@example.com" in run.answer.reply
    assert "NAME" not in run.answer.reply


@pytest.mark.parametrize("value", ["ada.lovelace@example.com", "4111 1111 1111 1111"])
@pytest.mark.parametrize("characters", [6, 12])
async def test_a_text_that_is_too_long_is_not_cut_within_personal_data(
    desk: Abroad, relay: Relay, tenant: str, value: str, characters: int
) -> None:
    filler = "I was charged twice. " * (ENGINE_BYTES // 20)
    body = filler[: ENGINE_BYTES - characters - 1] + " " + value + " " + filler
    note = filler[: OUTWARD_ATTRIBUTE - characters - 1] + " " + value
    await desk.triage(tenant, replace(REFUND, body=body, attributes={"note": note}))
    assert "I was charged twice." in relay.seen
    assert value[:characters].strip() not in relay.seen


async def test_what_a_secret_took_up_does_not_cost_the_rest_of_a_text_that_is_too_long(
    desk: Abroad, relay: Relay, tenant: str
) -> None:
    key = "\n-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEow\n" * 1500
    await desk.triage(tenant, replace(REFUND, body="I was charged twice. Attached:" + key))
    assert "I was charged twice. Attached:" in relay.seen
    assert "MIIEow" not in relay.seen


@pytest.mark.parametrize("body", [" ", "ada@example.com"])
async def test_nobody_is_asked_about_a_ticket_of_which_nothing_is_left(
    desk: Abroad, relay: Relay, tenant: str, body: str
) -> None:
    events = await desk.events(tenant, Ticket(id="t-1", body=body, attributes={"plan": "pro"}))
    run = events[-1].run  # type: ignore[union-attr]  # the last one is Recorded
    assert relay.bodies == []
    assert run.answer.engine.engine == "embedded"
    assert not run.answer.is_degraded
    assert finding(events, Step.LOOK_UP) == "nothing is left to look for"


@pytest.mark.parametrize("name", ["ada@example.com", "4111-1111-1111-1111", "C-77103"])
async def test_an_attribute_whose_name_is_personal_stays_here(
    desk: Abroad, fake: FakeLlm, relay: Relay, tenant: str, name: str
) -> None:
    fake.control(next=["http_400", "http_400"])
    attributes = {name: "vip", "plan": "pro"}
    await desk.triage(tenant, replace(REFUND, customer_id="C-77103", attributes=attributes))
    (letter,) = await desk.letters_of(tenant)
    assert "pro" in relay.seen
    assert name not in relay.seen
    assert orjson.loads(letter.request or b"")["attributes"] == {"plan": "pro"}


async def test_both_customer_ids_are_hidden_where_an_attribute_names_another(
    desk: Abroad, relay: Relay, tenant: str
) -> None:
    body = "I am customer C-77103, once C-55204."
    ticket = Ticket("t-1", body, customer_id="C-77103", attributes={"customer_id": "C-55204"})
    await desk.triage(tenant, ticket)
    assert "once" in relay.seen
    assert "C-77103" not in relay.seen
    assert "C-55204" not in relay.seen


@pytest.mark.usefixtures("fake")
async def test_what_was_hidden_is_told_by_kind(desk: Abroad, tenant: str) -> None:
    assert finding(await desk.events(tenant, REFUND), Step.REDACT) == "1 name"


@pytest.mark.usefixtures("fake")
async def test_a_watcher_sees_the_reply_with_its_personal_data_and_no_placeholder(
    desk: Abroad, tenant: str
) -> None:
    events = await desk.events(tenant, TICKET)
    run = events[-1].run  # type: ignore[union-attr]  # the last one is Recorded
    assert len(pieces(events)) > 1
    assert "".join(pieces(events)) == run.answer.reply
    assert [piece for piece in pieces(events) if "[" in piece or "]" in piece] == []


async def test_a_provider_that_fails_is_followed_by_the_next(
    desk: Abroad, fake: FakeLlm, tenant: str
) -> None:
    fake.control(next=["http_400"])
    run = await desk.triage(tenant, TICKET)
    assert told(run) == ["one first bad_request", "two failover ok"]
    assert run.answer.engine.model == "two/model-two"
    assert not run.answer.is_degraded
    assert await desk.letters_of(tenant) == []


async def test_a_watcher_is_told_of_each_attempt_that_the_run_keeps(
    desk: Abroad, fake: FakeLlm, tenant: str
) -> None:
    fake.control(next=["http_500", "http_400"])
    events = await desk.events(tenant, TICKET)
    run = events[-1].run  # type: ignore[union-attr]  # the last one is Recorded
    assert told(run) == ["one first server_error", "one retry bad_request", "two failover ok"]
    assert [e for e in events if isinstance(e, Attempt)] == list(run.answer.attempts)


async def test_where_all_fail_the_embedded_engine_answers_and_says_so(
    desk: Abroad, fake: FakeLlm, tenant: str
) -> None:
    fake.control(next=["http_400", "http_400"])
    run = await desk.triage(tenant, TICKET)
    assert told(run) == ["one first bad_request", "two failover bad_request"]
    assert run.answer.is_degraded
    assert run.answer.engine.engine == "embedded"
    assert run.answer.reply


async def test_what_no_model_answered_is_kept_without_personal_data(
    desk: Abroad, fake: FakeLlm, tenant: str
) -> None:
    fake.control(next=["http_400", "http_404"])
    run = await desk.triage(tenant, TICKET)
    (letter,) = await desk.letters_of(tenant)
    assert (letter.letter_id, letter.reason) == (run.run_id, "not_found")
    assert letter.severity is Severity.WARNING
    failed = [(attempt.reason, attempt.status) for attempt in letter.attempts]
    assert failed == [("bad_request", 400), ("not_found", 404)]
    assert letter.request is not None
    assert [value for value in PERSONAL if value in letter.request.decode()] == []
    assert "[EMAIL_1]" in orjson.loads(letter.request)["body"]


async def test_there_is_no_run_of_a_failure_without_its_letter(
    desk: Abroad, database: Database, fake: FakeLlm, tenant: str
) -> None:
    request_id = str(uuid.uuid4())
    forbid = f"ALTER TABLE dead_letters ADD CONSTRAINT full_up CHECK (tenant <> '{tenant}')"
    async with database.connection("test") as connection:
        await connection.execute(forbid.encode())
    fake.control(next=["http_400", "http_400"])
    with pytest.raises(CheckViolation):
        await desk.triage(tenant, TICKET, request_id=request_id)
    assert await desk.runs.page(tenant, RunFilter(), "", 9) == []
    async with database.connection("test") as connection:
        await connection.execute(b"ALTER TABLE dead_letters DROP CONSTRAINT full_up")
    fake.control(next=["http_400", "http_400"])
    run = await desk.triage(tenant, TICKET, request_id=request_id)
    assert [letter.letter_id for letter in await desk.letters_of(tenant)] == [run.run_id]


async def test_a_wrong_key_is_a_critical_letter_and_an_alert(
    desk: Abroad, fake: FakeLlm, tenant: str
) -> None:
    fake.control(next=["http_401", "http_401"])
    await desk.triage(tenant, TICKET)
    (letter,) = await desk.letters_of(tenant)
    assert letter.severity is Severity.CRITICAL
    assert {("one", "unauthorized"), ("two", "unauthorized")} <= set(desk.alerts)


async def test_a_drill_leaves_no_letter(desk: Abroad, relay: Relay, tenant: str) -> None:
    for member in desk.members:
        member.is_drilled = True
    run = await desk.triage(tenant, TICKET)
    for member in desk.members:
        member.is_drilled = False
    assert run.answer.is_degraded
    assert {attempt.outcome for attempt in run.answer.attempts} == {"drill"}
    assert relay.bodies == []
    assert await desk.letters_of(tenant) == []


async def test_a_stream_that_breaks_before_anything_was_shown_is_begun_again(
    desk: Abroad, relay: Relay, tenant: str
) -> None:
    relay.breaks_at = b"category"
    events = await desk.events(tenant, REFUND, parts=REPLY_ALONE)
    run = events[-1].run  # type: ignore[union-attr]  # the last one is Recorded
    assert told(run) == ["one first network", "one retry ok"]
    assert "".join(pieces(events)) == run.answer.reply


async def test_a_stream_that_breaks_after_something_was_shown_is_not_told_anew(
    desk: Abroad, relay: Relay, tenant: str
) -> None:
    relay.breaks_at = b"charged"
    events = await desk.events(tenant, REFUND, parts=REPLY_ALONE)
    run = events[-1].run  # type: ignore[union-attr]  # the last one is Recorded
    assert told(run) == ["one first network"]
    assert run.answer.is_degraded
    assert pieces(events)
    assert len(relay.bodies) == 1


async def test_a_watcher_who_leaves_lets_the_endpoint_go(
    desk: Abroad, fake: FakeLlm, tenant: str
) -> None:
    fake.control(next=["never_answers"])

    async def in_flight(count: int) -> bool:
        return bool(fake.stats()["in_flight"] == count)

    async def watch() -> None:
        await desk.events(tenant, REFUND)

    watching = asyncio.create_task(watch())
    await until(lambda: in_flight(1))
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await until(lambda: in_flight(0))
    assert [m.provider.name for m in desk.members if m.slots.locked()] == []


async def test_no_model_is_asked_when_there_is_no_time(
    desk: Abroad, relay: Relay, tenant: str
) -> None:
    run = await desk.triage(tenant, REFUND, deadline_s=time.monotonic())
    assert {attempt.outcome for attempt in run.answer.attempts} == {"no_time"}
    assert run.answer.is_degraded
    assert relay.bodies == []
    assert await desk.letters_of(tenant) == []


async def test_the_answer_to_the_same_text_is_reused_with_the_facts_of_the_ticket_at_hand(
    desk: Abroad, relay: Relay, tenant: str
) -> None:
    first = await desk.triage(tenant, REFUND)
    body = REFUND.body.replace("Ada Lovelace", "Grace Hopper").replace("4412.", "4412!")
    second = await desk.triage(tenant, replace(REFUND, id="t-3", body=body))
    assert len(relay.bodies) == 1
    assert second.answer.reuse is not None
    assert second.answer.reuse.source_run == first.run_id
    assert second.answer.reuse.similarity == pytest.approx(1.0)
    assert not second.answer.reuse.is_guaranteed
    assert second.answer.category == first.answer.category
    assert second.answer.engine == first.answer.engine
    assert second.answer.reply == str(first.answer.reply).replace("Ada Lovelace", "Grace Hopper")


async def test_of_an_answer_to_another_text_the_category_alone_is_reused(
    desk: Abroad, relay: Relay, tenant: str
) -> None:
    first = await desk.triage(tenant, REFUND)
    body = "Hello. My name is Ada Lovelace. The parcel with order 4412 came twice."
    second = await desk.triage(tenant, replace(REFUND, id="t-3", body=body))
    assert len(relay.bodies) == 1
    assert second.answer.category == first.answer.category
    assert second.answer.engine == first.answer.engine
    assert "Your ticket is t-3." in str(second.answer.reply)
    category = starter_taxonomy().by_name[first.answer.category.label]
    assert category.reply_text.strip() in str(second.answer.reply)


async def test_an_answer_about_another_order_is_not_reused(
    desk: Abroad, relay: Relay, tenant: str
) -> None:
    await desk.triage(tenant, REFUND)
    other = replace(REFUND, id="t-3", body=REFUND.body.replace("4412", "4413"))
    assert (await desk.triage(tenant, other)).answer.reuse is None
    assert len(relay.bodies) == 2


async def test_a_degraded_answer_answers_no_other_ticket(
    desk: Abroad, fake: FakeLlm, tenant: str
) -> None:
    fake.control(next=["http_400", "http_400"])
    assert (await desk.triage(tenant, REFUND)).answer.is_degraded
    again = (await desk.triage(tenant, replace(REFUND, id="t-3"))).answer
    assert again.reuse is None
    assert again.engine.engine == "llm"


async def test_gates_tell_apart_who_answered_each_field(
    desk: Abroad, fake: FakeLlm, tenant: str
) -> None:
    first = answerers(await desk.triage(tenant, REFUND))
    reused = answerers(await desk.triage(tenant, replace(REFUND, id="t-3")))
    fake.control(next=["http_400", "http_400"])
    degraded = answerers(await desk.triage(tenant, TICKET))
    assert {answerer.split()[0] for answerer in first.values()} == {"llm"}
    assert reused[Field.CATEGORY] == first[Field.CATEGORY]
    assert reused[Field.PRIORITY] == degraded[Field.PRIORITY]
    assert {answerer.split()[0] for answerer in degraded.values()} == {"embedded"}


async def test_embeddings_that_fail_cost_reuse_and_nothing_else(
    desk: Abroad, relay: Relay, embedder: SameEmbedder, tenant: str
) -> None:
    embedder.is_broken = True
    events = await desk.events(tenant, REFUND)
    embedder.is_broken = False
    assert finding(events, Step.LOOK_UP) == "could not be looked up: embedder"
    assert len(relay.bodies) == 1


async def test_embeddings_that_never_come_leave_most_of_the_time_to_the_model(
    desk: Abroad, embedder: SameEmbedder, relay: Relay, tenant: str
) -> None:
    counted = partial(
        desk.registry.get_sample_value, "switchyard_failed_look_ups_total", {"reason": "timeout"}
    )
    before = counted() or 0.0
    embedder.is_silent = True
    run = await desk.triage(tenant, REFUND, deadline_s=time.monotonic() + 12.0)
    embedder.is_silent = False
    (look,) = [step for step in run.answer.steps if step.step is Step.LOOK_UP]
    assert look.finding == "could not be looked up: timeout"
    assert look.duration_s < 6.0
    assert (run.answer.engine.engine, len(relay.bodies)) == ("llm", 1)
    assert counted() == before + 1


async def test_a_pipeline_that_is_left_at_its_first_step_asks_nobody(
    desk: Abroad, relay: Relay, tenant: str
) -> None:
    async with aclosing(desk.pipeline.run(desk.order(tenant, REFUND))) as events:
        await anext(events)
    assert relay.bodies == []
