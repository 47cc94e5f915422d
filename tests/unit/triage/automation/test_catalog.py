"""How automation stands is at hand, and what cannot be read lets nothing pass for long."""

import asyncio
from dataclasses import dataclass, field

import pytest

from server.storage.errors import StorageUnavailable
from server.triage.automation.budget import Field, Terms
from server.triage.automation.catalog import (
    MOST_TENANTS,
    REFRESH_S,
    RETRY_S,
    TRUSTED_S,
    AutomationCatalog,
)
from server.triage.automation.standing import Gate, Standing

OPEN = Standing({Field.CATEGORY: Terms(0.02)}, {(Field.CATEGORY, "engine"): Gate(0, 0.9)})
SHUT = Standing({Field.CATEGORY: Terms(0.02)})


@dataclass
class Record:
    """What is on record, and how often it was read."""

    standing: Standing = OPEN
    is_away: bool = False
    reads: int = 0
    now_s: float = 1000.0
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def load(self, _tenant: str) -> Standing:
        """What is on record when the reading begins."""
        self.reads += 1
        standing, is_away = self.standing, self.is_away
        await self.gate.wait()
        if is_away:
            raise StorageUnavailable("away")
        return standing

    def clock(self) -> float:
        """The time that was set."""
        return self.now_s


@pytest.fixture
def record() -> Record:
    """An open gate on record."""
    return Record()


@pytest.fixture
def catalog(record: Record) -> AutomationCatalog:
    """A catalog that hears of changes."""
    catalog = AutomationCatalog(record.load, record.clock)
    catalog.forget(None)
    return catalog


async def settled(catalog: AutomationCatalog) -> Standing:
    """How automation stands once what is asked for was read."""
    await catalog.of("acme")
    for _ in range(5):
        await asyncio.sleep(0)
    return await catalog.of("acme")


async def test_what_was_read_is_not_read_again(catalog: AutomationCatalog, record: Record) -> None:
    assert [await catalog.of("acme") for _ in range(3)] == [OPEN] * 3
    assert record.reads == 1


async def test_all_who_ask_at_once_share_one_reading(
    catalog: AutomationCatalog, record: Record
) -> None:
    assert await asyncio.gather(*(catalog.of("acme") for _ in range(5))) == [OPEN] * 5
    assert record.reads == 1


async def test_a_change_is_in_force_once_it_is_read(
    catalog: AutomationCatalog, record: Record
) -> None:
    await catalog.of("acme")
    record.standing = SHUT
    catalog.forget("acme")
    assert catalog.generation_of("acme") is None
    assert await settled(catalog) == SHUT
    assert catalog.generation_of("acme") == SHUT.generation


async def test_what_was_being_read_when_it_changed_is_read_again(
    catalog: AutomationCatalog, record: Record
) -> None:
    record.gate.clear()
    first = asyncio.create_task(catalog.of("acme"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    record.standing = SHUT
    catalog.forget("acme")
    record.gate.set()
    await first
    assert await catalog.of("acme") == SHUT


async def test_what_was_never_read_and_cannot_be_is_refused(
    catalog: AutomationCatalog, record: Record
) -> None:
    record.is_away = True
    with pytest.raises(StorageUnavailable):
        await catalog.of("acme")
    record.is_away = False
    assert await catalog.of("acme") == OPEN


async def test_a_known_gate_stands_while_the_database_is_away_for_a_minute(
    catalog: AutomationCatalog, record: Record
) -> None:
    await catalog.of("acme")
    record.is_away = True
    catalog.lose()
    record.now_s += TRUSTED_S
    assert await settled(catalog) == OPEN


async def test_a_gate_closes_when_the_database_is_away_for_longer(
    catalog: AutomationCatalog, record: Record
) -> None:
    await catalog.of("acme")
    record.is_away = True
    catalog.lose()
    record.now_s += TRUSTED_S + 0.1
    assert not (await settled(catalog)).is_known
    record.is_away = False
    record.now_s += RETRY_S
    catalog.forget(None)
    assert await settled(catalog) == OPEN


async def test_who_does_not_hear_of_changes_reads_again_and_again(
    catalog: AutomationCatalog, record: Record
) -> None:
    await catalog.of("acme")
    catalog.lose()
    await settled(catalog)
    record.standing = SHUT
    record.now_s += RETRY_S
    assert await settled(catalog) == SHUT
    assert catalog.generation_of("acme") is None


async def test_a_database_that_is_away_is_not_asked_by_every_call(
    catalog: AutomationCatalog, record: Record
) -> None:
    await catalog.of("acme")
    record.is_away = True
    catalog.forget("acme")
    for _ in range(10):
        await settled(catalog)
    assert record.reads == 2


async def test_calibration_is_read_anew_from_time_to_time(
    catalog: AutomationCatalog, record: Record
) -> None:
    await catalog.of("acme")
    record.now_s += REFRESH_S
    await settled(catalog)
    assert record.reads == 2
    assert catalog.generation_of("acme") == OPEN.generation


async def test_tenants_that_are_not_asked_for_are_let_go(catalog: AutomationCatalog) -> None:
    for number in range(MOST_TENANTS + 1):
        await catalog.of(f"t{number}")
    assert catalog.generation_of("t0") is None
    assert catalog.generation_of("t1") == OPEN.generation


async def test_what_has_changed_decides_from_the_next_ticket_on(
    catalog: AutomationCatalog, record: Record
) -> None:
    assert await catalog.of("acme") == OPEN
    record.standing = SHUT
    catalog.forget("acme")
    assert [*await asyncio.gather(catalog.of("acme"), catalog.of("acme"))] == [SHUT, SHUT]
