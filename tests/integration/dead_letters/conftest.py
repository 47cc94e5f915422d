"""Dead letters on a real PostgreSQL, as two processes would have them."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from server.dead_letters.letter import DeadLetter, FailedAttempt, Severity
from server.dead_letters.store import DeadLetterStore, keep_letters
from server.storage.database import Database
from tests.integration.databases import make_schema, opened

START = datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)
MOST_LETTERS = 20

MakeLetter = Callable[..., DeadLetter]
AddLetters = Callable[..., Awaitable[None]]


@pytest_asyncio.fixture(scope="package")
async def letters_url(postgres_url: str) -> str:
    """A database with the schema, shared by the tests: each has a tenant of its own."""
    return await make_schema(postgres_url)


@pytest_asyncio.fixture(scope="package")
async def letters_database(letters_url: str) -> AsyncIterator[Database]:
    """A pool for what the stores do not do."""
    async with opened(letters_url) as database:
        yield database


@pytest_asyncio.fixture(scope="package")
async def stores(letters_url: str) -> AsyncIterator[list[DeadLetterStore]]:
    """Two stores, each on a pool of its own."""
    async with opened(letters_url) as one, opened(letters_url) as two:
        yield [DeadLetterStore(one), DeadLetterStore(two)]


@pytest.fixture
def add(letters_database: Database) -> AddLetters:
    """Puts letters on record in one transaction."""

    async def add_letters(*letters: DeadLetter) -> None:
        async with letters_database.connection("test") as connection, connection.transaction():
            await keep_letters(connection, letters, MOST_LETTERS)

    return add_letters


@pytest.fixture
def tenant() -> str:
    """A tenant of the test's own."""
    return f"tenant-{uuid.uuid4().hex}"


@pytest.fixture
def store(stores: list[DeadLetterStore]) -> DeadLetterStore:
    """One of them."""
    return stores[0]


@pytest.fixture
def make_letter(tenant: str) -> MakeLetter:
    """Makes the letter of a number: later numbers are later letters."""

    def make(number: int, **fields: object) -> DeadLetter:
        letter = DeadLetter(
            tenant=tenant,
            letter_id=f"{number:032x}",
            create_time=START + timedelta(hours=number),
            function="triage.classify",
            severity=Severity.ERROR,
            reason="rate_limited",
            attempts=(FailedAttempt("groq", "small", "rate_limited", 429, 0.25),),
            request=b'{"body":"Where is my order?"}',
        )
        return replace(letter, **fields)  # type: ignore[arg-type]  # fields by name

    return make
