"""API keys: made, listed, replaced, revoked, and never worth more than those who made them."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.access.errors import TooManyKeys
from server.access.key import key_id_in, new_secret
from server.access.key_store import KeyOrder, KeyStore
from server.access.roles import Role
from tests.integration.access.access_server import AccessServer
from tests.integration.access.refusals import refusal

UNKNOWN = "apiKeys/" + "0" * 16


async def test_a_secret_is_shown_once_and_stored_nowhere(
    access: AccessServer, operator: str
) -> None:
    listed = await access.call("ListApiKeys", operator)
    assert operator.startswith(listed.api_keys[0].prefix)
    assert operator not in str(listed)
    random_part = operator.rpartition("_")[2]
    async with access.database.connection("test") as connection:
        rows = await (await connection.execute("SELECT k::text FROM api_keys k")).fetchall()
        events = await (await connection.execute("SELECT e::text FROM audit_events e")).fetchall()
    assert random_part not in str(rows + events)


async def test_a_key_is_what_was_asked_for(access: AccessServer, operator: str) -> None:
    made = await access.call(
        "CreateApiKey",
        operator,
        tenant="acme",
        title="help desk",
        roles=["ROLE_AGENT"],
        permissions=["audit.read"],
        tier="pro",
        ttl=timedelta(hours=1),
    )
    key = made.api_key
    assert (key.tenant, key.title, key.tier) == ("acme", "help desk", "pro")
    assert (list(key.roles), list(key.permissions)) == ([2], ["audit.read"])
    assert key.expire_time.seconds - key.create_time.seconds == 3600
    assert (await access.call("ListAuditEvents", made.secret)).audit_events


async def test_a_key_may_do_what_its_role_says_and_nothing_else(
    access: AccessServer, admin: str
) -> None:
    made = await access.call("CreateApiKey", admin, roles=["ROLE_READER"])
    refused = await refusal(access.call("ListApiKeys", made.secret))
    assert (refused.code, refused.reason) == ("PERMISSION_DENIED", "PERMISSION_DENIED")
    assert "access.read" in refused.message


async def test_nobody_gives_a_key_more_than_it_has_itself(access: AccessServer, admin: str) -> None:
    manager = await access.call(
        "CreateApiKey", admin, roles=["ROLE_READER"], permissions=["access.manage"]
    )
    more = access.call("CreateApiKey", manager.secret, roles=["ROLE_ADMIN"])
    assert (await refusal(more)).code == "PERMISSION_DENIED"
    same = {"roles": ["ROLE_READER"], "permissions": ["access.manage"]}
    assert (await access.call("CreateApiKey", manager.secret, **same)).secret


async def test_nobody_comes_to_more_by_replacing_a_key_that_has_more(
    access: AccessServer, admin: str
) -> None:
    manager = await access.call(
        "CreateApiKey", admin, roles=["ROLE_READER"], permissions=["access.manage"]
    )
    replacing = access.call("RotateApiKey", manager.secret, name=f"apiKeys/{key_id_in(admin)}")
    assert (await refusal(replacing)).code == "PERMISSION_DENIED"


@pytest.mark.parametrize("permission", ["tenants.manage", "cache.manage", "access.unknown"])
async def test_a_tenants_key_gets_no_permission_of_the_operator_not_even_from_him(
    access: AccessServer, admin: str, operator: str, permission: str
) -> None:
    for secret in (admin, operator):
        refused = await refusal(
            access.call(
                "CreateApiKey",
                secret,
                tenant="acme",
                roles=["ROLE_READER"],
                permissions=[permission],
            )
        )
        assert (refused.code, refused.field) == ("INVALID_ARGUMENT", "permissions[0]")


async def test_only_an_operator_chooses_a_tier(access: AccessServer, admin: str) -> None:
    chosen = access.call("CreateApiKey", admin, roles=["ROLE_READER"], tier="pro")
    assert (await refusal(chosen)).code == "PERMISSION_DENIED"
    made = await access.call("CreateApiKey", admin, roles=["ROLE_READER"])
    assert made.api_key.tier == "free"


@pytest.mark.parametrize("method", ["CreateApiKey", "ListApiKeys", "ListAuditEvents"])
async def test_another_tenant_is_named_by_operators_alone(
    access: AccessServer, admin: str, operator: str, method: str
) -> None:
    fields = {"roles": ["ROLE_READER"]} if method == "CreateApiKey" else {}
    refused = await refusal(access.call(method, admin, tenant="default", **fields))
    assert refused.code == "PERMISSION_DENIED"
    assert await access.call(method, operator, tenant="acme", **fields)


@pytest.mark.parametrize("method", ["RotateApiKey", "RevokeApiKey"])
async def test_the_key_of_another_tenant_is_as_unknown_as_one_that_never_was(
    access: AccessServer, admin: str, operator: str, method: str
) -> None:
    others = f"apiKeys/{key_id_in(operator)}"
    refused = await refusal(access.call(method, admin, name=others))
    unknown = await refusal(access.call(method, admin, name=UNKNOWN))
    assert (refused.code, refused.reason) == ("NOT_FOUND", "API_KEY_NOT_FOUND")
    assert refused.message.replace(others, UNKNOWN) == unknown.message


async def test_a_key_for_a_tenant_that_is_not_there_is_refused(
    access: AccessServer, operator: str
) -> None:
    making = access.call("CreateApiKey", operator, tenant="nobody", roles=["ROLE_READER"])
    assert (await refusal(making)).reason == "TENANT_NOT_FOUND"


async def test_a_title_that_cannot_be_stored_is_named(access: AccessServer, operator: str) -> None:
    making = access.call("CreateApiKey", operator, title="a\0b", roles=["ROLE_READER"])
    refused = await refusal(making)
    assert (refused.code, refused.field) == ("INVALID_ARGUMENT", "title")


async def test_keys_are_listed_page_by_page_the_newest_first(
    access: AccessServer, admin: str
) -> None:
    for i in range(4):
        await access.call("CreateApiKey", admin, title=str(i), roles=["ROLE_READER"])
    titles, token = [], ""
    while True:
        page = await access.call("ListApiKeys", admin, page_size=2, page_token=token)
        titles += [key.title for key in page.api_keys]
        token = page.next_page_token
        if not token:
            break
    assert titles == ["3", "2", "1", "0", ""]


async def test_a_page_token_of_another_listing_is_refused(
    access: AccessServer, admin: str, operator: str
) -> None:
    await access.call("CreateApiKey", admin, roles=["ROLE_READER"])
    token = (await access.call("ListApiKeys", admin, page_size=1)).next_page_token
    for method, secret in (("ListAuditEvents", admin), ("ListApiKeys", operator)):
        refused = await refusal(access.call(method, secret, page_token=token))
        assert (refused.reason, refused.field) == ("INVALID_PAGE_TOKEN", "page_token")


async def test_a_replaced_key_works_on_for_the_overlap(access: AccessServer, admin: str) -> None:
    name = f"apiKeys/{key_id_in(admin)}"
    made = await access.call("RotateApiKey", admin, name=name, overlap=timedelta(minutes=5))
    new, old = (await access.call("ListApiKeys", admin)).api_keys
    assert (old.replaced_by, new.name) == (made.api_key.name, made.api_key.name)
    assert old.expire_time.seconds - new.create_time.seconds == 300
    assert (list(new.roles), new.tier) == (list(old.roles), old.tier)
    assert not new.HasField("expire_time")
    assert await access.call("ListApiKeys", made.secret)


async def test_an_overlap_never_makes_a_key_live_longer(access: AccessServer, admin: str) -> None:
    lifetime = timedelta(minutes=10)
    made = await access.call("CreateApiKey", admin, roles=["ROLE_READER"], ttl=lifetime)
    name = made.api_key.name
    replaced = await access.call("RotateApiKey", admin, name=name, overlap=timedelta(days=1))
    old = (await access.call("ListApiKeys", admin)).api_keys[1]
    assert old.expire_time == made.api_key.expire_time
    new = replaced.api_key
    assert new.expire_time.ToDatetime() - new.create_time.ToDatetime() == lifetime


async def test_what_cannot_be_replaced_says_why(access: AccessServer, admin: str) -> None:
    replaced, revoked, expired = [
        (await access.call("CreateApiKey", admin, roles=["ROLE_READER"])).api_key.name
        for _ in range(3)
    ]
    await access.call("RotateApiKey", admin, name=replaced)
    await access.call("RevokeApiKey", admin, name=revoked)
    await access.call("RotateApiKey", admin, name=expired, overlap=timedelta(0))
    for name, why in ((replaced, "replaced"), (revoked, "revoked"), (expired, "expired")):
        refused = await refusal(access.call("RotateApiKey", admin, name=name))
        assert (refused.code, why in refused.message) == ("FAILED_PRECONDITION", True)


async def test_a_key_that_is_replaced_twice_at_once_is_replaced_once(
    access: AccessServer, admin: str
) -> None:
    made = await access.call("CreateApiKey", admin, roles=["ROLE_READER"])
    rotations = [access.call("RotateApiKey", admin, name=made.api_key.name) for _ in range(5)]
    results = await asyncio.gather(*rotations, return_exceptions=True)
    assert sum(not isinstance(result, Exception) for result in results) == 1


async def test_revoking_again_changes_nothing(access: AccessServer, admin: str) -> None:
    made = await access.call("CreateApiKey", admin, roles=["ROLE_READER"])
    name = made.api_key.name
    first = await access.call("RevokeApiKey", admin, name=name)
    assert first.api_key.HasField("revoke_time")
    assert await access.call("RevokeApiKey", admin, name=name) == first


async def test_the_last_use_is_on_record_to_the_minute(access: AccessServer, admin: str) -> None:
    await access.call("ListApiKeys", admin)
    await access.last_use.stop()
    used = (await access.call("ListApiKeys", admin)).api_keys[0].last_use_time
    now = datetime.now(UTC).timestamp()
    assert used.seconds % 60 == 0
    assert now - 120 < used.seconds <= now


async def test_an_earlier_use_does_not_replace_a_later_one(
    access: AccessServer, admin: str
) -> None:
    keys, key_id = KeyStore(access.database), key_id_in(admin)
    await keys.write_uses({key_id: 1_800_000_000.0})
    await keys.write_uses({key_id: 1_700_000_000.0, "f" * 16: 1.0})
    found = await keys.find(key_id)
    assert found is not None
    assert found.key.last_use_time == datetime.fromtimestamp(1_800_000_000, UTC)


async def test_a_tenant_has_so_many_live_keys_and_no_more(access: AccessServer) -> None:
    keys = KeyStore(access.database, most_live=2)
    first, _ = [await keys.add(order(), new_secret(secrets.token_bytes), "test") for _ in range(2)]
    with pytest.raises(TooManyKeys):
        await keys.add(order(), new_secret(secrets.token_bytes), "test")
    with pytest.raises(TooManyKeys):
        await keys.replace(first, new_secret(secrets.token_bytes), timedelta(hours=1), "test")
    assert len(await keys.page("acme", None, 10)) == 2
    await keys.revoke(first.key_id, "test")
    assert await keys.add(order(), new_secret(secrets.token_bytes), "test")


def order() -> KeyOrder:
    """A key of `acme`."""
    return KeyOrder("acme", "", (Role.READER,), (), "free", None)


@pytest.mark.parametrize(
    "fields",
    [{"roles": ["ROLE_AGENT"]}, {"roles": ["ROLE_ADMIN"], "tenant": "acme"}],
    ids=["no administrator", "another tenant"],
)
async def test_the_first_key_is_an_administrators_of_the_operator(
    bare: AccessServer, fields: dict[str, Any]
) -> None:
    await bare.call("CreateTenant", tenant_id="acme")
    refused = await refusal(bare.call("CreateApiKey", **fields))
    assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", "FIRST_KEY_NOT_ADMIN")
    assert (await bare.call("CreateApiKey", roles=["ROLE_ADMIN"])).secret
