"""Tickets within experiments: who answers, under which terms, and what is counted of it."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
import pytest_asyncio

from server.experiments.condition import AllOf, OneOf
from server.experiments.experiment import UnitKind, Variant
from server.experiments.records.outcome import Outcome
from server.experiments.records.record import Assignment, Exposure
from server.storage.database import Database
from server.storage.errors import StorageUnavailable
from server.storage.group_commit import GroupCommit
from server.triage.errors import RunNotFound
from server.triage.pipeline import Event
from server.triage.run import Decision, Run, Step, StepReport, random_run_id
from server.triage.ticket import Channel, Ticket
from tests.conftest import make_database
from tests.integration.databases import add_tenant
from tests.integration.triage.abroad import Abroad, SameEmbedder, abroad
from tests.integration.triage.laboratory import Laboratory, one_way
from tests.integration.triage.relay import Relay, relay_to
from tools.fake_llm_process import FakeLlm

TICKET = Ticket("t-1", "I was charged twice for order 4412.", customer_id="c-1")
HALVES = (Variant("a", 0.5, {"engine": "embedded"}), Variant("b", 0.5, {"engine": "embedded"}))


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


@pytest_asyncio.fixture(scope="module")
async def desk(postgres_url: str, shared_relay: Relay) -> AsyncIterator[Abroad]:
    """A pipeline whose two providers are reached through the relay."""
    database = Database(await make_database(postgres_url))
    await database.open()
    async with abroad(database, shared_relay.url, SameEmbedder()) as desk:
        yield desk
    await database.close()


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


@pytest.fixture
def laboratory(desk: Abroad) -> Laboratory:
    """Where experiments are set up."""
    return desk.laboratory


@pytest_asyncio.fixture
async def tenant(desk: Abroad) -> str:
    """One with experiments of its own."""
    return await add_tenant(desk.laboratory.database)


def numbered(count: int) -> list[Ticket]:
    """Tickets of as many ids and texts."""
    return [Ticket(f"t-{n}", f"I was charged twice for order {n}.") for n in range(count)]


def asked(relay: Relay) -> dict[str, Any]:
    """The one request that a model got."""
    (body,) = relay.bodies
    found: dict[str, Any] = orjson.loads(body)
    return found


def finding(events: list[Event], step: Step) -> str:
    """What a step said."""
    return next(e.finding for e in events if isinstance(e, StepReport) and e.step is step)


def unserved(desk: Abroad, parameter: str) -> float:
    """How often a parameter could not be served."""
    name = "switchyard_unserved_parameters_total"
    return desk.registry.get_sample_value(name, {"parameter": parameter}) or 0.0


def variant_of(run: Run) -> str:
    """The variant that a run was made by."""
    assert run.answer.experiment is not None
    return run.answer.experiment.variant


async def test_a_tenant_without_experiments_sees_no_step_of_them(desk: Abroad, tenant: str) -> None:
    run = await desk.triage(tenant, TICKET)
    assert Step.ASSIGN not in {report.step for report in run.answer.steps}
    assert run.answer.experiment is None


async def test_a_step_says_which_variant_a_ticket_got(
    desk: Abroad, laboratory: Laboratory, tenant: str
) -> None:
    laboratory.start(tenant, one_way())
    events = await desk.events(tenant, TICKET)
    steps = [event.step for event in events if isinstance(event, StepReport)]
    assert steps[:2] == [Step.DETECT_LANGUAGE, Step.ASSIGN]
    assert finding(events, Step.ASSIGN) == "variant b of experiments/ways"


async def test_a_run_keeps_the_variant_and_the_configuration_it_came_from(
    desk: Abroad, laboratory: Laboratory, tenant: str
) -> None:
    laboratory.start(tenant, one_way())
    run = await desk.triage(tenant, TICKET)
    kept = (await desk.runs.get(tenant, run.run_id)).answer.experiment
    assert kept == run.answer.experiment
    assert kept is not None
    assert (kept.name, kept.variant, kept.phase) == ("experiments/ways", "b", 1)
    assert kept.configuration == 1


async def test_the_embedded_engine_as_a_variant_asks_nobody(
    desk: Abroad, laboratory: Laboratory, relay: Relay, tenant: str
) -> None:
    experiment = laboratory.start(tenant, one_way(engine="embedded"))
    run = await desk.triage(tenant, TICKET)
    assert relay.bodies == []
    assert run.answer.engine.engine == "embedded"
    assert not run.answer.is_degraded
    assert (await laboratory.counted(experiment))["b", ""] == (1, 0.0)


async def test_a_variant_names_the_provider_the_prompt_and_the_temperature(
    desk: Abroad, laboratory: Laboratory, relay: Relay, tenant: str
) -> None:
    laboratory.start(tenant, one_way(model="two", prompt="triage-2", temperature=0.7))
    run = await desk.triage(tenant, TICKET)
    question = asked(relay)
    assert (question["model"], question["temperature"]) == ("model-two", 0.7)
    assert question["messages"][0]["content"].startswith("You sort the tickets of a help desk")
    assert run.answer.engine.model == "two/model-two"
    assert run.answer.engine.version == "triage-2 temperature=0.7"


@pytest.mark.parametrize(("needed", "decision"), [(0, Decision.AUTOMATIC), (1, Decision.REVIEW)])
@pytest.mark.usefixtures("fake")
async def test_a_variant_decides_how_sure_an_automatic_answer_must_be(
    desk: Abroad, laboratory: Laboratory, tenant: str, needed: float, decision: Decision
) -> None:
    laboratory.start(tenant, one_way(automatic_min_confidence=needed))
    assert (await desk.triage(tenant, TICKET)).answer.decision is decision


@pytest.mark.usefixtures("fake")
async def test_what_came_of_a_ticket_is_counted_with_its_exposure(
    desk: Abroad, laboratory: Laboratory, tenant: str
) -> None:
    experiment = laboratory.start(tenant, one_way(automatic_min_confidence=0.0))
    run = await desk.triage(tenant, TICKET)
    counted = await laboratory.counted(experiment)
    assert counted["b", "automatic"] == (1, 1.0)
    assert counted["b", "confidence"][1] == pytest.approx(run.answer.category.confidence)
    steps_s = sum(report.duration_s for report in run.answer.steps)
    assert counted["b", "seconds"][1] > steps_s - run.answer.steps[-1].duration_s
    assert ("b", "rating") not in counted


async def test_a_ticket_within_an_experiment_takes_no_other_answer_and_gives_none(
    desk: Abroad, laboratory: Laboratory, relay: Relay, tenant: str
) -> None:
    first = await desk.triage(tenant, TICKET)
    laboratory.start(tenant, one_way())
    events = await desk.events(tenant, replace(TICKET, id="t-2", body="Charged twice: order 4412."))
    assert finding(events, Step.LOOK_UP) == "answers are not reused within an experiment"
    laboratory.stop(tenant)
    third = await desk.triage(tenant, replace(TICKET, id="t-3", body="Twice charged: order 4412."))
    assert third.answer.reuse is not None
    assert third.answer.reuse.source_run == first.run_id
    assert len(relay.bodies) == 2


async def test_a_winner_decides_on_tickets_that_are_in_no_experiment(
    desk: Abroad, laboratory: Laboratory, relay: Relay, tenant: str
) -> None:
    laboratory.apply(tenant, model="two")
    events = await desk.events(tenant, TICKET)
    assert asked(relay)["model"] == "model-two"
    assert finding(events, Step.ASSIGN) == "in no experiment, not running"
    assert events[-1].run.answer.experiment is None  # type: ignore[union-attr]  # the last one is Recorded


async def test_answers_under_other_terms_are_not_reused(
    desk: Abroad, laboratory: Laboratory, relay: Relay, tenant: str
) -> None:
    await desk.triage(tenant, TICKET)
    laboratory.apply(tenant, prompt="triage-2")
    second = await desk.triage(tenant, replace(TICKET, id="t-2"))
    third = await desk.triage(tenant, replace(TICKET, id="t-3"))
    assert second.answer.reuse is None
    assert third.answer.reuse is not None
    assert third.answer.reuse.source_run == second.run_id
    assert len(relay.bodies) == 2


async def test_a_variant_that_did_not_run_counts_once_it_has(
    desk: Abroad, laboratory: Laboratory, fake: FakeLlm, tenant: str
) -> None:
    experiment = laboratory.start(tenant, one_way(model="two"))
    fake.control(next=["http_400"])
    first = await desk.triage(tenant, TICKET)
    assert first.answer.is_degraded
    assert variant_of(first) == "b"
    assert await laboratory.counted(experiment) == {}
    assert not (await desk.triage(tenant, TICKET)).answer.is_degraded
    assert (await laboratory.counted(experiment))["b", ""] == (1, 0.0)


async def test_a_repeated_request_counts_once(
    desk: Abroad, laboratory: Laboratory, tenant: str
) -> None:
    experiment = laboratory.start(tenant, HALVES, unit=UnitKind.CUSTOMER)
    request_id = str(uuid.uuid4())
    first = await desk.triage(tenant, TICKET, request_id=request_id)
    before = await laboratory.counted(experiment)
    again = await desk.triage(tenant, TICKET, request_id=request_id)
    assert again.run_id == first.run_id
    assert await laboratory.counted(experiment) == before


async def test_a_repeated_request_exposes_no_other_unit(
    desk: Abroad, laboratory: Laboratory, tenant: str
) -> None:
    request_id = str(uuid.uuid4())
    await desk.triage(tenant, TICKET, request_id=request_id)
    experiment = laboratory.start(tenant, HALVES)
    await desk.triage(tenant, TICKET, request_id=request_id)
    assert await laboratory.counted(experiment) == {}


async def test_tickets_of_one_customer_get_one_variant_and_are_one_unit(
    desk: Abroad, laboratory: Laboratory, tenant: str
) -> None:
    experiment = laboratory.start(tenant, HALVES, unit=UnitKind.CUSTOMER)
    runs = [await desk.triage(tenant, replace(TICKET, id=f"t-{n}")) for n in range(8)]
    (variant,) = {variant_of(run) for run in runs}
    assert (await laboratory.counted(experiment))[variant, ""] == (1, 0.0)


async def test_a_ticket_without_a_customer_is_in_no_experiment_on_customers(
    desk: Abroad, laboratory: Laboratory, tenant: str
) -> None:
    laboratory.start(tenant, HALVES, unit=UnitKind.CUSTOMER)
    run = await desk.triage(tenant, replace(TICKET, customer_id=""))
    assert run.answer.experiment is None


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"channel": Channel.CHAT},
        {"customer_id": "c-2"},
        {"attributes": {"plan": "free"}},
        {"body": "Mir wurde die Bestellung doppelt berechnet, bitte helfen Sie mir."},
    ],
)
async def test_an_experiment_is_for_those_whom_its_conditions_name(
    desk: Abroad, laboratory: Laboratory, tenant: str, change: dict[str, Any]
) -> None:
    ticket = replace(TICKET, channel=Channel.EMAIL, attributes={"plan": "pro"})
    named = {
        "channel": "email",
        "customer_id": "c-1",
        "attributes.plan": "pro",
        "language": "en",
    }
    conditions = AllOf(tuple(OneOf(name, (text,)) for name, text in named.items()))
    laboratory.start(tenant, HALVES, targeting=conditions)
    run = await desk.triage(tenant, replace(ticket, **change))
    assert (run.answer.experiment is not None) is (not change)


async def test_a_ticket_keeps_its_variant_while_weights_change_in_every_process(
    desk: Abroad, laboratory: Laboratory, tenant: str
) -> None:
    experiment = laboratory.start(tenant, HALVES)
    first = [variant_of(await desk.triage(tenant, ticket)) for ticket in numbered(12)]
    laboratory.reweigh(experiment, 0.02, 0.98)
    again = [variant_of(await desk.triage(tenant, ticket)) for ticket in numbered(12)]
    other = replace(desk, pipeline=desk.make_pipeline(laboratory))
    elsewhere = [variant_of(await other.triage(tenant, ticket)) for ticket in numbered(12)]
    assert set(first) == {"a", "b"}
    assert first == again == elsewhere


async def test_tickets_at_once_are_each_counted_once(
    desk: Abroad, laboratory: Laboratory, tenant: str
) -> None:
    experiment = laboratory.start(tenant, HALVES)
    tickets = [ticket for ticket in numbered(20) for _ in range(3)]
    await asyncio.gather(*(desk.triage(tenant, ticket) for ticket in tickets))
    counted = await laboratory.counted(experiment)
    assert counted["a", ""][0] + counted["b", ""][0] == 20


async def test_a_run_is_committed_together_with_what_is_counted_of_it_or_not_at_all(
    desk: Abroad, laboratory: Laboratory, tenant: str
) -> None:
    first = await desk.triage(tenant, TICKET)
    experiment = laboratory.start(tenant, HALVES)
    now = first.create_time
    exposure = Exposure(
        experiment,
        Assignment("ways", 1, "t-1", 0, 1, 0.5, 1, now),
        now,
        [Outcome("no-metric", "1", 1.0, now)],
    )
    second = replace(first, run_id=random_run_id(), request_id=str(uuid.uuid4()))
    with pytest.raises(KeyError):
        await desk.runs.add(second, exposure)
    with pytest.raises(RunNotFound):
        await desk.runs.get(tenant, second.run_id)
    assert await laboratory.counted(experiment) == {}


@pytest.mark.parametrize(
    "parameters", [{"model": "gone"}, {"prompt": "gone"}, {"engine": "gone"}, {"gone": 1}]
)
async def test_a_variant_that_cannot_be_served_is_answered_by_default_and_not_counted(
    desk: Abroad, laboratory: Laboratory, relay: Relay, tenant: str, parameters: dict[str, Any]
) -> None:
    laboratory.apply(tenant, model="two")
    experiment = laboratory.start(tenant, one_way(**parameters))
    (name,) = parameters
    before = unserved(desk, name)
    events = await desk.events(tenant, TICKET)
    run = events[-1].run  # type: ignore[union-attr]  # the last one is Recorded
    said = "variant b of experiments/ways: it cannot be served here"
    assert finding(events, Step.ASSIGN) == said
    assert run.answer.experiment is None
    assert not run.answer.is_degraded
    assert asked(relay)["model"] == "model-two"
    assert await laboratory.counted(experiment) == {}
    assert unserved(desk, name) == before + 1


async def test_defaults_that_cannot_be_served_are_as_if_there_were_none(
    desk: Abroad, laboratory: Laboratory, relay: Relay, tenant: str
) -> None:
    laboratory.apply(tenant, model="gone")
    run = await desk.triage(tenant, TICKET)
    assert asked(relay)["model"] == "model-one"
    assert not run.answer.is_degraded


async def test_where_a_variant_cannot_be_committed_the_ticket_is_refused(
    desk: Abroad, relay: Relay, tenant: str
) -> None:
    away = Database(desk.laboratory.database.url)  # never opened
    laboratory = Laboratory(away, GroupCommit(away))
    laboratory.start(tenant, HALVES)
    laboratory.commits.start()
    pipeline = desk.make_pipeline(laboratory)
    with pytest.raises(StorageUnavailable):
        await replace(desk, pipeline=pipeline).triage(tenant, TICKET)
    await laboratory.commits.stop()
    assert relay.bodies == []
