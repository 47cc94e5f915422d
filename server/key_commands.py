"""API keys from the command line, for the first administrator: beside a running server or without
one.
"""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta

import click

from server.access.errors import AccessError
from server.access.key import ApiKey, new_secret
from server.access.key_store import KeyOrder, KeyStore
from server.access.roles import Role, usual_tier
from server.admin.limits.inheritance import inherit_limits
from server.audit.store import COMMAND_LINE
from server.errors import status_of
from server.settings import Settings
from server.storage.database import Database
from server.storage.embedded import EmbeddedPostgres, running_url
from server.storage.errors import StorageError
from server.storage.migrate import migrate, read_migrations

PAGE_SIZE = 1000


def key_order(
    tenant: str, title: str, roles: Sequence[str], tier: str, days: int | None
) -> KeyOrder:
    """What a new key shall be; `roles` are lower-case names."""
    lifetime = timedelta(days=days) if days else None
    known = tuple(Role[role.upper()] for role in roles)
    return KeyOrder(tenant, title, known, (), tier or usual_tier(tenant, known), lifetime)


async def create_key(settings: Settings, order: KeyOrder) -> int:
    """Make a key and print its secret; the exit status."""

    async def create(keys: KeyStore) -> None:
        secret = new_secret(secrets.token_bytes)
        key = await keys.add(order, secret, COMMAND_LINE)
        click.echo(_line(key), err=True)
        click.echo("Call with this secret; it cannot be shown again:", err=True)
        click.echo(secret.text)

    return await _with_keys(settings, create)


async def list_keys(settings: Settings, tenant: str) -> int:
    """Print a line a key, the newest first; the exit status."""

    async def list_all(keys: KeyStore) -> None:
        before: int | None = None
        while page := await keys.page(tenant, before, PAGE_SIZE):
            for key in page:
                click.echo(_line(key))
            before = page[-1].number
        if before is None:
            click.echo(f"Tenant {tenant} has no key.", err=True)

    return await _with_keys(settings, list_all)


async def revoke_key(settings: Settings, key_id: str) -> int:
    """Revoke a key of any tenant; the exit status."""

    async def revoke(keys: KeyStore) -> None:
        click.echo(_line(await keys.revoke(key_id, COMMAND_LINE)))

    return await _with_keys(settings, revoke)


async def _with_keys(settings: Settings, work: Callable[[KeyStore], Awaitable[None]]) -> int:
    try:
        async with _database(settings) as database:
            await work(KeyStore(database, inherit_limits))
    except AccessError as error:
        click.echo(f"switchyard-server: {status_of(error).message}", err=True)
        return 1
    except StorageError as error:
        click.echo(f"switchyard-server: {error}", err=True)
        return 1
    except OSError as error:  # the data folder is another user's, or cannot be written
        text = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        click.echo(f"switchyard-server: {text}; run as the server's user", err=True)
        return 1
    return 0


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Database]:
    """The database of the server that runs, or of the one that would run with these settings."""
    async with AsyncExitStack() as stack:
        url = settings.database_url or running_url(settings.folder)
        if not url:
            embedded = EmbeddedPostgres(settings.folder)
            stack.push_async_callback(embedded.stop)
            url = await embedded.start()
        database = Database(url, most_connections=2)
        await database.open()
        stack.push_async_callback(database.close)
        await migrate(database, read_migrations())
        yield database


def _line(key: ApiKey) -> str:
    facts: Sequence[str] = (
        key.name,
        f"tenant {key.tenant}",
        "+".join(role.name.lower() for role in key.roles),
        f"tier {key.tier}",
        _state(key, datetime.now(UTC)),
        f"last used {_minute(key.last_use_time)}" if key.last_use_time else "never used",
        key.title,
    )
    return "  ".join(fact for fact in facts if fact)


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoke_time:
        return f"revoked {_minute(key.revoke_time)}"
    if key.expire_time is None:
        return "never expires"
    return f"{'expired' if key.expire_time <= now else 'expires'} {_minute(key.expire_time)}"


def _minute(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"
