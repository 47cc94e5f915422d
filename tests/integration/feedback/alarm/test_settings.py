"""Feedback settings on record."""

import asyncio
from datetime import timedelta

import pytest

from server.audit.store import AuditLog
from server.feedback.alarm.settings import Settings
from server.feedback.alarm.settings_store import SettingsStore, delete_settings
from server.storage.database import Database
from server.triage.errors import StaleEtag
from tests.unit.feedback.alarm.runs import START

WANTED = Settings(train_after_labels=100, train_every_s=86_400.0, most_overturned=0.2)


@pytest.fixture
def stores(databases: list[Database]) -> list[SettingsStore]:
    """Of each of two processes."""
    return [SettingsStore(database) for database in databases]


async def test_a_tenant_begins_with_nothing_set_in_motion(
    stores: list[SettingsStore], tenant: str
) -> None:
    assert await stores[0].get(tenant) == Settings()


async def test_every_process_sees_what_was_set(stores: list[SettingsStore], tenant: str) -> None:
    updated = await stores[0].update(tenant, WANTED, "", "apiKeys/1", START)
    assert await stores[1].get(tenant) == updated
    assert (updated.most_overturned, updated.update_time) == (0.2, START)


async def test_a_stale_etag_is_refused(stores: list[SettingsStore], tenant: str) -> None:
    etag = (await stores[0].get(tenant)).etag
    await stores[0].update(tenant, WANTED, etag, "apiKeys/1", START)
    with pytest.raises(StaleEtag):
        await stores[1].update(tenant, Settings(), etag, "apiKeys/2", START)


async def test_of_two_first_updates_with_an_etag_one_is_refused(
    stores: list[SettingsStore], tenant: str
) -> None:
    etag = Settings().etag
    found = await asyncio.gather(
        *(store.update(tenant, WANTED, etag, "apiKeys/1", START) for store in stores),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in found) == ["Settings", "StaleEtag"]


async def test_a_refused_first_update_leaves_nothing(
    stores: list[SettingsStore], tenant: str
) -> None:
    with pytest.raises(StaleEtag):
        await stores[0].update(tenant, WANTED, "r7", "apiKeys/1", START)
    assert await stores[0].get(tenant) == Settings()


async def test_a_change_is_on_record(
    stores: list[SettingsStore], databases: list[Database], tenant: str
) -> None:
    await stores[0].update(tenant, WANTED, "", "apiKeys/1", START)
    await stores[0].update(tenant, Settings(), "", "apiKeys/2", START + timedelta(hours=1))
    last, first = await AuditLog(databases[0]).page(tenant, "feedback_settings.update", None, 9)
    assert last.change.before == first.change.after
    assert first.change.after is not None
    assert first.change.after["most_overturned"] == 0.2


async def test_a_deleted_tenant_has_no_settings(
    stores: list[SettingsStore], databases: list[Database], tenant: str
) -> None:
    await stores[0].update(tenant, WANTED, "", "apiKeys/1", START)
    async with databases[0].connection("test") as connection:
        await delete_settings(connection, tenant)
    assert await stores[0].get(tenant) == Settings()
