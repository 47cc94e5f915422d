"""What the doctor says of a database and of ports."""

import shutil
import socket
import uuid
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from server.app import Application
from server.doctor import examine
from server.key_commands import list_keys
from server.settings import OFF, Address, Settings
from tests.integration.databases import make_schema

ANY = Address("127.0.0.1", 0)


@pytest.fixture
def settings_of_nothing(folder: Path) -> Settings:
    """Any port, no metrics, an empty folder."""
    return Settings(listen=ANY, metrics_listen=OFF, data_folder=folder)


async def test_a_newer_schema_is_a_fault(
    settings_of_nothing: Settings, postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    url = await make_schema(postgres_url)
    await execute(url, "INSERT INTO schema_migrations VALUES ('', 9999, '9999_later', '')")
    assert await examine(replace(settings_of_nothing, database_url=url)) == 1
    assert "FAULT  database" in (said := capsys.readouterr().out)
    assert "migration 9999, which this server does not know; run the newer server" in said


async def test_a_schema_that_lacks_a_migration_in_the_middle_runs_it(
    settings_of_nothing: Settings, postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    url = await make_schema(postgres_url)
    await execute(url, "DELETE FROM schema_migrations WHERE number = 2")
    assert await examine(replace(settings_of_nothing, database_url=url)) == 0
    assert "1 migration(s) run at the next start" in capsys.readouterr().out


async def test_a_user_who_may_not_migrate_is_a_fault(
    settings_of_nothing: Settings, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"limited_{uuid.uuid4().hex}"
    await execute(database_url, f"CREATE ROLE {name} LOGIN")
    await execute(database_url, f"GRANT CREATE ON SCHEMA public TO {name}")
    url = database_url.replace("//postgres:", f"//{name}:")
    assert await examine(replace(settings_of_nothing, database_url=url)) == 1
    assert "run CREATE EXTENSION vector in this database once" in capsys.readouterr().out


async def test_a_database_that_there_is_not_is_said_without_its_name(
    settings_of_nothing: Settings, postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    url = postgres_url.replace("/postgres?", "/hidden?")
    assert await examine(replace(settings_of_nothing, database_url=url)) == 1
    assert "no such database" in (said := capsys.readouterr().out)
    assert "hidden" not in said


async def test_the_ports_of_a_server_that_serves_are_no_fault(
    app: Application, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    serving = replace(settings, listen=app.address, metrics_listen=app.metrics_address)
    assert await examine(serving) == 0
    assert "note   metrics port" in capsys.readouterr().out


async def test_a_metrics_port_that_another_program_has_is_a_fault(
    settings_of_nothing: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = Address("127.0.0.1", other.getsockname()[1])
        assert await examine(replace(settings_of_nothing, metrics_listen=taken)) == 1
    assert "FAULT  metrics port" in capsys.readouterr().out


async def test_a_full_disk_is_a_fault_where_the_database_is_on_it(
    settings_of_nothing: Settings,
    postgres_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    used = shutil.disk_usage(settings_of_nothing.folder)
    monkeypatch.setattr("shutil.disk_usage", lambda _path: used._replace(free=3 * 2**20))
    assert await examine(settings_of_nothing) == 1
    assert "has 3 MB left; make room there" in capsys.readouterr().out
    elsewhere = replace(settings_of_nothing, database_url=await make_schema(postgres_url))
    assert await examine(elsewhere) == 0


async def execute(url: str, statement: str) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(sql.SQL(statement))


async def test_a_data_folder_that_cannot_be_read_is_told_of(
    settings_of_nothing: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    number = settings_of_nothing.folder / "postgres" / "postmaster.pid"
    number.mkdir(parents=True)  # cannot be read by root either
    assert await examine(settings_of_nothing) == 1
    assert f"FAULT  database     {number}: Is a directory; run as" in capsys.readouterr().out
    assert await list_keys(settings_of_nothing, "default") == 1
    assert f"switchyard-server: {number}: Is a directory; run as" in capsys.readouterr().err
