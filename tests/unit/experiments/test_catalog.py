"""What runs for a tenant is at hand, and never older than the last change that was heard of."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from server.experiments.catalog import MOST_OTHERS, MOST_TENANTS, ExperimentCatalog, Running
from server.experiments.experiment import Experiment, Parameters, State
from server.experiments.lifecycle import reweighed
from tests.unit.experiments.designs import LATER, THOMPSON, design, running

Found = tuple[Sequence[Experiment], Mapping[str, Parameters]]
NOTHING: Found = ((), {})


@dataclass
class Records:
    """What is on record, for as long as whoever loads it is not held up."""

    found: Found = NOTHING
    loads: list[str] = field(default_factory=list)
    began: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    is_open: asyncio.Event = field(default_factory=asyncio.Event)

    async def load(self, tenant: str) -> Found:
        """What is on record when the load begins."""
        self.loads.append(tenant)
        self.began.put_nowait(tenant)
        found = self.found
        await self.is_open.wait()
        return found

    async def find(self, tenant: str, experiment_id: str) -> Experiment:
        """One that has ended."""
        self.loads.append(f"{tenant}/{experiment_id}")
        return running(experiment_id).changed(state=State.STOPPED)


@pytest.fixture
def records() -> Records:
    """Nothing runs; whoever loads it is not held up."""
    records = Records()
    records.is_open.set()
    return records


@pytest.fixture
def catalog(records: Records) -> ExperimentCatalog:
    """Of those records."""
    return ExperimentCatalog(records.load, records.find)


async def test_what_was_loaded_is_kept_until_it_is_forgotten(
    catalog: ExperimentCatalog, records: Records
) -> None:
    first = await catalog.running("acme")
    assert await catalog.running("acme") is first
    catalog.forget("acme")
    await catalog.running("acme")
    assert records.loads == ["acme"] * 2


async def test_all_who_ask_at_once_share_one_load(
    catalog: ExperimentCatalog, records: Records
) -> None:
    await asyncio.gather(*(catalog.running("acme") for _ in range(20)))
    assert records.loads == ["acme"]


async def test_one_tenant_is_forgotten_alone_and_none_means_all(
    catalog: ExperimentCatalog, records: Records
) -> None:
    for tenant in ("acme", "rival"):
        await catalog.running(tenant)
    catalog.forget("acme")
    await catalog.running("rival")
    assert records.loads == ["acme", "rival"]
    catalog.forget(None)
    await catalog.running("rival")
    assert records.loads == ["acme", "rival", "rival"]


async def test_what_changes_while_it_is_loaded_is_loaded_again(
    catalog: ExperimentCatalog, records: Records
) -> None:
    records.is_open.clear()
    early = asyncio.create_task(catalog.running("acme"))
    await records.began.get()
    records.found = ([running()], {})
    catalog.forget("acme")
    late = asyncio.create_task(catalog.running("acme"))
    await records.began.get()
    records.is_open.set()
    assert [(await early).experiments, (await late).experiments] == [(), [running()]]
    assert (await catalog.running("acme")).experiments == [running()]


async def test_whoever_asked_and_left_ends_no_load_of_others(
    catalog: ExperimentCatalog, records: Records
) -> None:
    records.is_open.clear()
    impatient, patient = (asyncio.create_task(catalog.running("acme")) for _ in range(2))
    await records.began.get()
    impatient.cancel()
    await asyncio.gather(impatient, return_exceptions=True)
    records.is_open.set()
    assert (await patient).experiments == ()
    assert records.loads == ["acme"]


async def test_a_load_that_failed_is_tried_again(records: Records) -> None:
    async def load(tenant: str) -> Found:
        found = await records.load(tenant)
        if len(records.loads) == 1:
            raise ConnectionError
        return found

    catalog = ExperimentCatalog(load, Records().find)
    with pytest.raises(ConnectionError):
        await catalog.running("acme")
    assert catalog.generation_of("acme", "triage") is None
    assert (await catalog.running("acme")).experiments == ()


async def test_a_bounded_number_of_tenants_is_kept(
    catalog: ExperimentCatalog, records: Records
) -> None:
    for number in range(MOST_TENANTS):
        await catalog.running(str(number))
    await catalog.running("0")  # used again: another one is the oldest
    await catalog.running("one more")
    records.loads.clear()
    for tenant in ("0", "1"):
        await catalog.running(tenant)
    assert records.loads == ["1"]


async def test_what_was_never_loaded_has_no_generation(catalog: ExperimentCatalog) -> None:
    assert catalog.generation_of("acme", "triage") is None
    assert await catalog.find_generation("acme", "triage") == ""


def generation(*experiments: Experiment, defaults: Parameters | None = None) -> str:
    """Of layer "answers"."""
    layers = {} if defaults is None else {"answers": defaults}
    return Running(experiments, layers).generations.get("answers", "")


def test_treatments_have_another_name_when_something_starts_changes_or_is_applied() -> None:
    wanted = design(layer="answers")
    first = running(wanted=wanted)
    told = {
        generation(),
        generation(first),
        generation(first.changed(revision=3)),
        generation(first.changed(phase=2)),
        generation(first, running("second", wanted)),
        generation(defaults={"greeting": "Hi"}),
        generation(defaults={"greeting": "Hello"}),
        generation(first, defaults={"greeting": "Hi"}),
    }
    assert len(told) == 8


def test_weights_that_an_algorithm_moves_leave_treatments_their_name() -> None:
    first = running(wanted=design(layer="answers", allocation=THOMPSON))
    assert generation(reweighed(first, (0.1, 0.9), LATER)) == generation(first)


def test_what_happens_in_another_layer_leaves_treatments_their_name() -> None:
    assert generation(running(wanted=design(layer="other"))) == generation()


async def test_what_has_ended_is_read_once_until_something_changes(
    catalog: ExperimentCatalog, records: Records
) -> None:
    for _ in range(3):
        assert (await catalog.find("acme", "old")).state is State.STOPPED
    assert records.loads == ["acme", "acme/old"]
    catalog.forget("acme")
    await catalog.find("acme", "old")
    assert records.loads == ["acme", "acme/old"] * 2


async def test_what_runs_is_not_read_again_to_be_found(
    catalog: ExperimentCatalog, records: Records
) -> None:
    records.found = ([running("new")], {})
    assert await catalog.find("acme", "new") == running("new")
    assert records.loads == ["acme"]


async def test_of_what_has_ended_only_so_many_are_kept(
    catalog: ExperimentCatalog, records: Records
) -> None:
    for number in range(MOST_OTHERS + 1):
        await catalog.find("acme", f"old-{number}")
    await catalog.find("acme", "old-0")
    assert records.loads.count("acme/old-0") == 2
