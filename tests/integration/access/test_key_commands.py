"""`switchyard-server keys`: the first administrator, beside a running server or without one."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from server.access.key import key_id_in
from tests.integration.access.access_server import AccessServer
from tests.integration.access.refusals import refusal


async def keys(
    *arguments: str, data: Path, database_url: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the command on a data folder, or on a given database."""
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "server", "keys", *arguments, "--data", str(data)],
        env=os.environ | {"SWITCHYARD_DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_without_a_server_the_first_key_is_made_and_found_again(folder: Path) -> None:
    made = await keys("create", "--title", "first administrator", data=folder)
    key_id = key_id_in(made.stdout.strip())
    assert key_id, made.stderr
    listed = await keys("list", data=folder)
    assert f"apiKeys/{key_id}" in listed.stdout
    assert "admin" in listed.stdout
    assert "first administrator" in listed.stdout
    assert made.stdout.strip() not in listed.stdout


async def test_beside_a_running_server_a_key_opens_it_and_is_revoked_again(
    bare: AccessServer, database_url: str, folder: Path
) -> None:
    made = await keys("create", "--days", "1", data=folder, database_url=database_url)
    secret = made.stdout.strip()
    assert (await bare.call("ListTenants", secret)).tenants
    name = f"apiKeys/{key_id_in(secret)}"
    revoked = await keys("revoke", name, data=folder, database_url=database_url)
    assert (revoked.returncode, "revoked" in revoked.stdout) == (0, True)
    assert (await refusal(bare.call("ListTenants", secret))).reason == "CREDENTIALS_REVOKED"
    async with bare.database.connection("test") as connection:
        cursor = await connection.execute("SELECT DISTINCT actor FROM audit_events")
        assert await cursor.fetchall() == [("command-line",)]


async def test_a_key_that_is_revoked_here_leaves_no_limits_behind(
    bare: AccessServer, database_url: str, folder: Path
) -> None:
    made = await keys("create", data=folder, database_url=database_url)
    name = f"apiKeys/{key_id_in(made.stdout.strip())}"
    limits = [f"default/{name} ", "default/alice "]
    async with bare.database.connection("test") as connection:
        await connection.execute(
            "INSERT INTO settings (tenant, kind, subject, value)"
            """ SELECT 'default', 'custom_limit', unnest(%s::text[]), '{"day": 5}'""",
            [limits],
        )
    await keys("revoke", name, data=folder, database_url=database_url)
    async with bare.database.connection("test") as connection:
        left = await (await connection.execute("SELECT subject FROM settings")).fetchall()
    assert left == [("default/alice ",)]


async def test_a_mistake_is_named_and_changes_nothing(database_url: str, folder: Path) -> None:
    for arguments, says in (
        (("create", "--tenant", "nobody"), "no tenants/nobody"),
        (("revoke", "apiKeys/0000000000000000"), "no apiKeys/0000000000000000"),
        (("list",), "has no key"),
    ):
        done = await keys(*arguments, data=folder, database_url=database_url)
        assert says in done.stderr
        assert "Traceback" not in done.stderr
        assert done.stdout == ""
