"""Tenants come, rest and go; what was done stays on record."""

import asyncio
import json
import uuid
from datetime import timedelta

import psycopg
import pytest

from server.access.tenant_store import LONGEST_WORK, TenantStore
from server.triage.taxonomy_store import TaxonomyStore
from tests.integration.access.access_server import AccessServer
from tests.integration.access.refusals import refusal

INSERT_RUN = (
    "INSERT INTO triage_runs VALUES (%s, %s, now(), 'id', 'other', 1, NULL, '', '{}', '{}', '1')"
)


async def add_data(access: AccessServer, tenant: str) -> None:
    """A run and two revisions of the taxonomy."""
    async with access.database.connection("test") as connection:
        await connection.execute(INSERT_RUN, [tenant, uuid.uuid4()])
    for revision in (1, 2):
        await TaxonomyStore(access.database).add(tenant, revision, [], b"", "alice")


async def rows_of(access: AccessServer, tenant: str) -> list[int]:
    """How many keys, runs and revisions a tenant has."""
    counts = []
    async with access.database.connection("test") as connection:
        for table in ("api_keys", "triage_runs", "taxonomies"):
            query = f"SELECT count(*) FROM {table} WHERE tenant = %s"
            row = await (await connection.execute(query.encode(), [tenant])).fetchone()
            assert row is not None
            counts.append(int(row[0]))
    return counts


async def test_a_deleted_tenant_leaves_nothing_behind_but_its_audit_events(
    access: AccessServer, admin: str, operator: str
) -> None:
    for tenant in ("acme", "default"):
        await add_data(access, tenant)
    await access.call("SuspendTenant", operator, name="tenants/acme")
    deleted = await access.call("DeleteTenant", operator, name="tenants/acme")
    counts = (deleted.api_keys, deleted.triage_runs, deleted.taxonomy_revisions)
    assert counts == (1, 1, 2)
    assert await rows_of(access, "acme") == [0, 0, 0]
    assert await rows_of(access, "default") == [1, 1, 2]
    events = (await access.call("ListAuditEvents", operator, tenant="acme")).audit_events
    assert [event.action for event in events] == [
        "tenant.delete",
        "tenant.suspend",
        "taxonomy.update",
        "taxonomy.update",
        "api_key.create",
        "tenant.create",
    ]
    assert (await refusal(access.call("ListApiKeys", admin))).reason == "INVALID_CREDENTIALS"


async def age_deletion(access: AccessServer, age: timedelta) -> None:
    """As if `acme` had been deleted so long ago."""
    async with access.database.connection("test") as connection:
        query = "UPDATE tenants SET delete_time = now() - %s WHERE tenant = 'acme'"
        await connection.execute(query, [age])


async def test_what_calls_under_way_write_after_a_deletion_is_deleted_later(
    access: AccessServer, operator: str
) -> None:
    await access.call("SuspendTenant", operator, name="tenants/acme")
    await access.call("DeleteTenant", operator, name="tenants/acme")
    await add_data(access, "acme")
    tenants = TenantStore(access.database)
    await tenants.clear_deleted()  # more may come
    assert await rows_of(access, "acme") == [0, 1, 2]
    await age_deletion(access, LONGEST_WORK)
    await asyncio.gather(tenants.clear_deleted(), tenants.clear_deleted())
    assert await rows_of(access, "acme") == [0, 0, 0]
    await add_data(access, "acme")
    await tenants.clear_deleted()  # it is done but once
    assert await rows_of(access, "acme") == [0, 1, 2]


async def test_an_id_is_never_given_to_another_tenant(access: AccessServer, operator: str) -> None:
    creating = {"tenant_id": "acme", "title": "Another"}
    assert (await refusal(access.call("CreateTenant", operator, **creating))).code == (
        "ALREADY_EXISTS"
    )
    await access.call("SuspendTenant", operator, name="tenants/acme")
    await access.call("DeleteTenant", operator, name="tenants/acme")
    refused = await refusal(access.call("CreateTenant", operator, **creating))
    assert (refused.code, refused.reason) == ("ALREADY_EXISTS", "TENANT_ID_TAKEN")
    listed = (await access.call("ListTenants", operator)).tenants
    assert [tenant.name for tenant in listed] == ["tenants/default"]


@pytest.mark.parametrize("method", ["SuspendTenant", "ResumeTenant", "DeleteTenant"])
async def test_a_tenant_that_is_not_there_is_not_found(
    access: AccessServer, operator: str, method: str
) -> None:
    refused = await refusal(access.call(method, operator, name="tenants/nobody"))
    assert (refused.code, refused.reason) == ("NOT_FOUND", "TENANT_NOT_FOUND")


async def test_a_tenant_that_is_not_suspended_is_not_deleted(
    access: AccessServer, operator: str
) -> None:
    refused = await refusal(access.call("DeleteTenant", operator, name="tenants/acme"))
    assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", "TENANT_NOT_SUSPENDED")


async def test_the_operators_tenant_cannot_be_suspended(
    access: AccessServer, operator: str
) -> None:
    refused = await refusal(access.call("SuspendTenant", operator, name="tenants/default"))
    assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", "OPERATOR_TENANT")


async def test_a_suspended_tenant_gets_no_new_keys(access: AccessServer, operator: str) -> None:
    await access.call("SuspendTenant", operator, name="tenants/acme")
    making = access.call("CreateApiKey", operator, tenant="acme", roles=["ROLE_READER"])
    refused = await refusal(making)
    assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", "TENANT_SUSPENDED")


async def test_tenants_are_listed_page_by_page_by_name(access: AccessServer, operator: str) -> None:
    for tenant in ("b-2", "b", "b1"):
        await access.call("CreateTenant", operator, tenant_id=tenant)
    names, token = [], ""
    while True:
        page = await access.call("ListTenants", operator, page_size=2, page_token=token)
        names += [tenant.name.removeprefix("tenants/") for tenant in page.tenants]
        token = page.next_page_token
        if not token:
            break
    assert names == ["acme", "b", "b-2", "b1", "default"]


async def test_an_event_says_who_did_what_and_how_it_was_before(
    access: AccessServer, operator: str
) -> None:
    await access.call("SuspendTenant", operator, name="tenants/acme")
    again = await access.call("SuspendTenant", operator, name="tenants/acme")
    assert again.tenant.suspended
    listed = await access.call("ListAuditEvents", operator, tenant="acme", action="tenant.suspend")
    (event,) = listed.audit_events  # what holds already is no change
    assert event.actor == (await access.call("ListApiKeys", operator)).api_keys[0].name
    assert (event.tenant, event.resource) == ("acme", "tenants/acme")
    assert json.loads(event.before) == {"title": "Acme Ltd", "suspended": False}
    assert json.loads(event.after) == {"title": "Acme Ltd", "suspended": True}
    assert event.time.seconds > 0


async def test_the_first_key_is_on_record_as_made_from_this_machine(
    access: AccessServer, operator: str
) -> None:
    first = (await access.call("ListAuditEvents", operator)).audit_events[-1]
    assert (first.actor, first.action, first.before) == ("loopback", "api_key.create", "")


async def test_events_are_listed_page_by_page_the_newest_first(
    access: AccessServer, admin: str
) -> None:
    for i in range(4):
        await access.call("CreateApiKey", admin, title=str(i), roles=["ROLE_READER"])
    names, token = [], ""
    while True:
        page = await access.call(
            "ListAuditEvents", admin, page_size=2, page_token=token, action="api_key.create"
        )
        names += [int(event.name.removeprefix("auditEvents/")) for event in page.audit_events]
        token = page.next_page_token
        if not token:
            break
    assert len(names) == 5
    assert names == sorted(names, reverse=True)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_events SET actor = 'me'", "DELETE FROM audit_events", "TRUNCATE audit_events"],
)
async def test_the_database_refuses_to_change_what_is_on_record(
    access: AccessServer, statement: str
) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match="never changed"):
        async with access.database.connection("test") as connection:
            await connection.execute(statement.encode())
