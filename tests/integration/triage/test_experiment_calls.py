"""An experiment of triage as callers see it, on a server without language models."""

import io
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from switchyard.triage.v1 import result_pb2

from server.app import application
from server.logs import JsonLog
from server.settings import OFF, Address, Settings
from tests.conftest import make_database
from tests.integration.callers import EXPERIMENTS, TRIAGE, Caller, cache_result, until
from tests.integration.triage.requests import fields_of

NAME = "experiments/sure"
TICKET = {"id": "before", "body": "I was charged twice for order 4412."}


def design(**parameters: Any) -> dict[str, Any]:
    """An experiment of triage whose second variant has these parameters."""
    automatic = {
        "name": "automatic",
        "kind": "METRIC_KIND_BINARY",
        "role": "METRIC_ROLE_PRIMARY",
        "source": "OUTCOME_SOURCE_TRIAGE_AUTOMATIC",
    }
    variants = [
        {"name": "a", "weight": 0.5},
        {"name": "b", "weight": 0.5, "parameters": parameters},
    ]
    return {"layer": "triage", "variants": variants, "metrics": [automatic]}


@pytest_asyncio.fixture(scope="module")
async def caller(session_folder: Path, postgres_url: str) -> AsyncIterator[Caller]:
    """The operator of a server of the tests' own."""
    settings = Settings(
        listen=Address("127.0.0.1", 0),
        metrics_listen=OFF,
        data_folder=session_folder / "experiment-calls",
        database_url=await make_database(postgres_url),
    )
    log = JsonLog(io.BytesIO())
    async with (
        application(settings, log) as app,
        grpc.aio.insecure_channel(str(app.address)) as channel,
    ):
        yield Caller(channel)
    await log.close()


@pytest_asyncio.fixture(scope="module")
async def kept_before(caller: Caller) -> str:
    """The run of a ticket whose answer was cached before there was an experiment."""
    return str((await caller.call(f"{TRIAGE}/Triage", ticket=TICKET)).result.run)


@pytest_asyncio.fixture(scope="module")
async def trier(caller: Caller, kept_before: str) -> Caller:
    """The same while an experiment runs that differs in how sure an automatic answer must be."""
    assert kept_before
    different = design(automatic_min_confidence={"number": 0.0})
    await caller.call(f"{EXPERIMENTS}/CreateExperiment", experiment_id="sure", experiment=different)
    await caller.call(f"{EXPERIMENTS}/StartExperiment", name=NAME)

    async def is_known() -> bool:
        return (await triage(caller)).HasField("experiment")

    await until(is_known)
    return caller


async def triage(caller: Caller) -> result_pb2.TriageResult:
    """The result for a ticket with an id of its own."""
    ticket = TICKET | {"id": uuid.uuid4().hex}
    result: result_pb2.TriageResult = (await caller.call(f"{TRIAGE}/Triage", ticket=ticket)).result
    return result


async def test_a_result_and_its_run_name_the_variant(trier: Caller) -> None:
    result = await triage(trier)
    run = (await trier.call(f"{TRIAGE}/GetTriageRun", name=result.run)).run
    assert run.result.experiment == result.experiment
    assert (result.experiment.name, result.experiment.phase) == (NAME, 1)
    assert result.experiment.configuration_version == 1


async def test_a_stream_shows_the_step(trier: Caller) -> None:
    ticket = TICKET | {"id": uuid.uuid4().hex}
    events = [event async for event in trier.stream(f"{TRIAGE}/StreamTriage", ticket=ticket)]
    (step,) = [
        event.step_finished
        for event in events
        if event.step_finished.step == result_pb2.STEP_ASSIGN
    ]
    assert step.finding == f"variant {events[-1].result.experiment.variant} of {NAME}"


async def test_an_answer_that_was_cached_before_the_experiment_is_not_given_within_it(
    trier: Caller, kept_before: str
) -> None:
    call = trier.call(f"{TRIAGE}/Triage", ticket=TICKET)
    result = (await call).result
    assert result.run != kept_before
    assert result.experiment.name == NAME


async def test_an_answer_that_is_cached_within_it_is_the_same_run_and_counts_once(
    trier: Caller,
) -> None:
    ticket = TICKET | {"id": uuid.uuid4().hex}
    first = (await trier.call(f"{TRIAGE}/Triage", ticket=ticket)).result
    before = await exposures(trier)
    call = trier.call(f"{TRIAGE}/Triage", ticket=ticket)
    assert (await call).result == first
    assert await cache_result(call) == "hit"
    assert await exposures(trier) == before


async def test_each_ticket_is_an_exposure(trier: Caller) -> None:
    before = await exposures(trier)
    for _ in range(5):
        await triage(trier)
    assert await exposures(trier) == before + 5


async def test_what_this_server_cannot_serve_is_refused_by_its_place(caller: Caller) -> None:
    wanted = design(engine={"text": "llm"}, temperature={"number": 0.5})
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await caller.call(
            f"{EXPERIMENTS}/CreateExperiment", experiment_id="models", experiment=wanted
        )
    fields = [field.removeprefix("experiment.") for field in fields_of(raised.value)]
    assert fields == ["variants[1].parameters[engine]", "variants[1].parameters[temperature]"]


async def exposures(caller: Caller) -> int:
    """Units that were exposed."""
    answer = await caller.call(f"{EXPERIMENTS}/GetExperimentResults", name=NAME)
    return int(answer.results.exposures)
