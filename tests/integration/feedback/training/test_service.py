"""TrainModel, ListModels and ActivateModel at two servers, with the real training process."""

import asyncio
import os
import signal
import uuid
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
import pytest_asyncio

from server.engines.embedded.process import EngineProcess
from server.engines.embedded.remote import RemoteEngineMaker, digest_of_model
from server.settings import OFF, Address, Settings
from server.storage.database import Database
from server.triage.examples.label import Label
from server.triage.examples.label_store import keep_many
from server.triage.models.model import Training
from server.triage.models.model_store import ModelStore
from tests.conftest import make_database
from tests.integration.admin.servers import at, new_caller, new_tenant, serving
from tests.integration.callers import FEEDBACK, TRIAGE, Caller, until
from tests.integration.databases import opened
from tests.integration.triage.requests import reason_of

TRAINING_S = 150.0  # that one takes at most, on a busy machine
NOW = datetime(2026, 1, 2, tzinfo=UTC)
WORDS = {"billing": "zorp quend", "shipping": "blick varm"}  # which the starter model never saw


@dataclass(frozen=True, slots=True)
class House:
    """Two servers upon one database."""

    database: Database
    operator: Caller
    channels: Sequence[grpc.aio.Channel]

    async def pupil(self, labels: int = 100, *categories: str) -> "Pupil":
        """The administrator of a new tenant with so many labels, at both servers."""
        admin = replace(await new_tenant(self.operator), deadline_s=TRAINING_S)
        names = categories or tuple(WORDS)
        given = [
            (Label("", f"{WORDS[name]} {uuid.uuid4().hex}", name), True)
            for name in (names[number % len(names)] for number in range(labels))
        ]
        async with self.database.connection("test") as connection, connection.transaction():
            await keep_many(connection, admin.name.partition("/")[0], given, NOW)
        return Pupil(admin.name.partition("/")[0], *(at(admin, each) for each in self.channels))


@dataclass(frozen=True, slots=True)
class Pupil:
    """A tenant's administrator at each of the two servers."""

    tenant: str
    one: Caller
    two: Caller

    async def begin(self) -> Any:
        """A training of which the process runs."""
        call = self.one.stream(f"{FEEDBACK}/TrainModel", activate=True)
        async for step in call:
            if step.progress.stage != "reading" or step.progress.done > 0:
                return call
        raise AssertionError("it told nothing")

    async def models(self) -> Any:
        """Those that were trained, the newest first."""
        *trained, own = (await self.two.call(f"{FEEDBACK}/ListModels")).models
        assert own.version == 0
        return trained


@pytest_asyncio.fixture(scope="module")
async def house(session_folder: Path, postgres_url: str) -> AsyncIterator[House]:
    """Shared by all tests of this module."""
    settings = Settings(
        listen=Address("127.0.0.1", 0),
        metrics_listen=OFF,
        data_folder=session_folder / "training",
        database_url=await make_database(postgres_url),
    )
    async with (
        serving(settings) as one,
        serving(settings) as two,
        opened(settings.database_url) as database,
    ):
        operator = await new_caller(Caller(one), "ROLE_ADMIN")
        yield House(database, operator, (one, two))


async def told(call: Any) -> list[Any]:
    """Everything that a training tells."""
    return [step async for step in call]


async def refused(call: Awaitable[Any]) -> str:
    """The reason why a call fails."""
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    return reason_of(raised.value)


async def triage(caller: Caller) -> Any:
    """The result of a ticket that only a trained model understands."""
    ticket = {"id": uuid.uuid4().hex, "body": WORDS["shipping"]}
    return (await caller.call(f"{TRIAGE}/Triage", ticket=ticket)).result


async def until_answers(caller: Caller, model: Any) -> None:
    """Until a model answers."""

    async def answers() -> bool:
        return bool((await triage(caller)).engine.version == model.digest[:12])

    await until(answers)


def trainings() -> list[int]:
    """Ids of the training processes that this process has started."""
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.Error):  # gone by now
            if "server.engines.embedded.training" in child.cmdline():
                found.append(child.pid)
    return found


async def leave(call: Any) -> None:
    """Cancel a training, and wait until its process has ended."""
    call.cancel()

    async def is_gone() -> bool:
        return trainings() == []

    await until(is_gone)


async def test_a_model_answers_in_every_server_and_is_rolled_back_in_every_server(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", "/proc")  # where nobody can write
    pupil = await house.pupil()
    steps = await told(pupil.one.stream(f"{FEEDBACK}/TrainModel", activate=True))
    assert {step.progress.stage for step in steps[:-1]} >= {"reading", "fitting", "activating"}
    model = steps[-1].model
    assert model.comparison.only_this_right > model.comparison.only_other_right
    for caller in (pupil.one, pupil.two):
        await until_answers(caller, model)
        assert (await triage(caller)).category.category == "shipping"
    own = (await pupil.two.call(f"{FEEDBACK}/ActivateModel", name="models/0")).model
    for caller in (pupil.two, pupil.one):
        await until_answers(caller, own)


async def test_a_damaged_model_is_refused_and_the_taxonomys_own_answers(house: House) -> None:
    pupil = await house.pupil()
    own = (await pupil.one.call(f"{FEEDBACK}/ActivateModel", name="models/0")).model.digest[:12]
    starter = RemoteEngineMaker(EngineProcess()).starter_model()
    models = ModelStore(house.database, digest_of_model, lambda: starter)
    version = await models.add(pupil.tenant, Training(starter, 0, "ann", "ab" * 32, 0, {}))
    await models.activate(pupil.tenant, version, "ann")
    async with house.database.connection("test") as connection:
        damage = "UPDATE models SET model = substr(model, 1, 9000) WHERE tenant = %s"
        await connection.execute(damage, [pupil.tenant])
    again = pupil.one.call(f"{FEEDBACK}/ActivateModel", name=f"models/{version}")
    assert await refused(again) == "MODEL_DAMAGED"
    assert (await triage(pupil.two)).engine.version == own


async def test_a_training_ends_with_its_caller_and_nothing_is_stored(house: House) -> None:
    pupil = await house.pupil()
    call = await pupil.begin()
    assert trainings() != []
    await leave(call)
    assert list(await pupil.models()) == []


async def test_a_training_that_is_killed_leaves_nothing_and_the_next_begins_at_once(
    house: House,
) -> None:
    pupil = await house.pupil()
    call = await pupil.begin()
    (process,) = trainings()
    os.kill(process, signal.SIGKILL)
    assert await refused(told(call)) == "ENGINE_FAILED"
    assert list(await pupil.models()) == []
    await leave(await pupil.begin())


async def test_a_tenant_has_one_training_at_a_time(house: House) -> None:
    pupil = await house.pupil()
    call = await pupil.begin()
    others = [told(caller.stream(f"{FEEDBACK}/TrainModel")) for caller in (pupil.one, pupil.two)]
    assert await asyncio.gather(*map(refused, others)) == ["TRAINING_UNDER_WAY"] * 2
    await leave(call)


@pytest.mark.parametrize(("labels", "categories"), [(2, tuple(WORDS)), (100, ("billing",))])
async def test_too_few_labels_are_refused(
    house: House, labels: int, categories: tuple[str, ...]
) -> None:
    pupil = await house.pupil(labels, *categories)
    for fields in ({}, {"validate_only": True}):
        call = pupil.one.stream(f"{FEEDBACK}/TrainModel", **fields)
        assert await refused(told(call)) == "TOO_FEW_LABELS"
