"""Brings the schema up to date: numbered SQL files, each run once, under an advisory lock."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from server.storage.database import Connection, Database
from server.storage.errors import MigrationFailed

LOCK = 0x5377697463687964  # "Switchyd": one server migrates at a time
FOLDER = Path(__file__).parent / "migrations"


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
        done = await _applied(connection)
        unknown = sorted(set(done) - {m.number for m in migrations})
        if unknown:
            raise MigrationFailed(
                f"the database has migration {unknown[0]}, which this server does not know; "
                "run the newer server"
            )
        return [m.name for m in migrations if await _apply(connection, m, done.get(m.number))]


async def _applied(connection: Connection) -> dict[int, str]:
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations ("
        " tenant text NOT NULL DEFAULT '', number int PRIMARY KEY, name text NOT NULL,"
        " digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
    )
    rows = await connection.execute("SELECT number, digest FROM schema_migrations")
    return dict(await rows.fetchall())


async def _apply(connection: Connection, migration: Migration, done: str | None) -> bool:
    if done == migration.digest:
        return False
    if done is not None:
        raise MigrationFailed(f"migration {migration.name} was changed after it ran")
    await connection.execute(migration.sql.encode())
    await connection.execute(
        "INSERT INTO schema_migrations (number, name, digest) VALUES (%s, %s, %s)",
        [migration.number, migration.name, migration.digest],
    )
    return True
