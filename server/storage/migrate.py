"""Brings the schema up to date: numbered SQL files, each run once, under an advisory lock."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from server.storage.database import AWAY, Connection, Database
from server.storage.errors import MigrationFailed

LOCK = 0x5377697463687964  # "Switchyd": one server migrates at a time
FOLDER = Path(__file__).parent / "migrations"

MAY_NOT_CREATE = (
    "the database's user may not create tables; let an administrator grant it CREATE on the "
    "schema, or make it the database's owner"
)
MAY_NOT_EXTEND = (
    "the database's user may not create extensions; let an administrator run "
    "CREATE EXTENSION vector in this database once"
)
NO_PGVECTOR = "PostgreSQL lacks the extension vector; install pgvector 0.8 or later there"
NO_UTF8 = (
    "the database's encoding is {}, which cannot hold every ticket; make one with "
    "CREATE DATABASE switchyard ENCODING 'UTF8' TEMPLATE template0"
)

# Whether tables may be made, whether there is an extension vector, and whether it may be made.
RIGHTS = """
SELECT coalesce(has_schema_privilege(current_schema(), 'CREATE'), false),
       count(*) > 0,
       coalesce(bool_or(installed OR current_setting('is_superuser')::boolean
           OR (trusted OR NOT superuser)
               AND has_database_privilege(current_database(), 'CREATE')), false)
FROM pg_available_extension_versions WHERE name = 'vector'
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered SQL file."""

    number: int
    name: str
    sql: str

    @property
    def digest(self) -> str:
        """SHA-256 of the file, to notice one that was changed after it ran."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def read_migrations(folder: Path = FOLDER) -> list[Migration]:
    """The migrations of a folder, in order."""
    paths = sorted(folder.glob("[0-9]*.sql"))
    return [Migration(int(path.name[:4]), path.stem, path.read_text("utf-8")) for path in paths]


async def migrate(database: Database, migrations: Sequence[Migration]) -> list[str]:
    """Run what has not run yet, all or nothing; the names of what ran.

    Raises MigrationFailed when the database knows a migration that this server does not.
    """
    async with database.connection("migrate.migrate") as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        with _translated_errors("the table of migrations"):
            await connection.execute(
                "CREATE TABLE IF NOT EXISTS schema_migrations ("
                " tenant text NOT NULL DEFAULT '', number int PRIMARY KEY, name text NOT NULL,"
                " digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
            )
        pending = await pending_migrations(connection, migrations)
        for migration in pending:
            with _translated_errors(f"migration {migration.name}"):
                await _apply(connection, migration)
    return [migration.name for migration in pending]


async def pending_migrations(
    connection: Connection, migrations: Sequence[Migration]
) -> list[Migration]:
    """What has not run yet.

    Raises MigrationFailed when the database knows a migration that this server does not, or
    another under its number, and when it cannot hold every text.
    """
    cursor = await connection.execute("SHOW server_encoding")
    encoding = str((await cursor.fetchone() or [""])[0])
    if encoding != "UTF8":
        raise MigrationFailed(NO_UTF8.format(encoding))
    done = await _applied(connection)
    unknown = sorted(set(done) - {m.number for m in migrations})
    if unknown:
        raise MigrationFailed(
            f"the database has migration {unknown[0]}, which this server does not know; "
            "run the newer server"
        )
    for migration in migrations:
        if done.get(migration.number, migration.digest) != migration.digest:
            raise MigrationFailed(f"migration {migration.name} was changed after it ran")
    return [migration for migration in migrations if migration.number not in done]


async def lacking_right(connection: Connection) -> str:
    """What keeps migrations from running in this database; empty: nothing that shows."""
    cursor = await connection.execute(RIGHTS)
    row = await cursor.fetchone()
    may_make_tables, is_available, may_make_extension = row or (False, False, False)
    if not may_make_tables:
        return MAY_NOT_CREATE
    if not is_available:
        return NO_PGVECTOR
    return "" if may_make_extension else MAY_NOT_EXTEND


async def _applied(connection: Connection) -> dict[int, str]:
    cursor = await connection.execute("SELECT to_regclass('schema_migrations') IS NOT NULL")
    if await cursor.fetchone() != (True,):
        return {}
    rows = await connection.execute("SELECT number, digest FROM schema_migrations")
    return dict(await rows.fetchall())


async def _apply(connection: Connection, migration: Migration) -> None:
    await connection.execute(migration.sql.encode())
    await connection.execute(
        "INSERT INTO schema_migrations (number, name, digest) VALUES (%s, %s, %s)",
        [migration.number, migration.name, migration.digest],
    )


@contextmanager
def _translated_errors(step: str) -> Iterator[None]:
    try:
        yield
    except AWAY:
        raise
    except psycopg.errors.InsufficientPrivilege as error:
        advice = MAY_NOT_EXTEND if "extension" in str(error) else MAY_NOT_CREATE
        raise MigrationFailed(f"{step} cannot be made: {advice}") from error
    except (psycopg.errors.FeatureNotSupported, psycopg.errors.UndefinedFile) as error:
        raise MigrationFailed(f"{step} cannot be made: {NO_PGVECTOR}") from error
    except psycopg.Error as error:
        raise MigrationFailed(f"{step} failed ({type(error).__name__})") from error
