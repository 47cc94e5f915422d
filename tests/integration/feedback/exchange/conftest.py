"""Labels on a real PostgreSQL, and a socket to them."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Collection
from datetime import UTC, datetime

import grpc
import pytest
import pytest_asyncio

from server.feedback.exchange.exporting import LabelExports
from server.feedback.exchange.importing import LabelImports
from server.storage.database import Database
from server.triage.examples.label_store import LabelStore
from tests.integration.databases import make_schema, opened
from tests.integration.feedback.exchange.exchange_server import Exchange, exchange_server

START = datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)


@pytest_asyncio.fixture(scope="package")
async def labels_url(postgres_url: str) -> str:
    """A database with the schema, shared by the tests: each has a tenant of its own."""
    return await make_schema(postgres_url)


@pytest_asyncio.fixture(scope="package")
async def labels_database(labels_url: str) -> AsyncIterator[Database]:
    """A pool."""
    async with opened(labels_url) as database:
        yield database


@pytest.fixture
def categories() -> list[str]:
    """The names in the taxonomy; tests change them."""
    return ["billing", "refund", "shipping"]


@pytest.fixture
def draining() -> asyncio.Event:
    """Set when the server stops."""
    return asyncio.Event()


@pytest_asyncio.fixture
async def channel(
    labels_database: Database, categories: list[str], draining: asyncio.Event
) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a server of the test's own."""

    async def categories_of(_tenant: str) -> Collection[str]:
        return categories

    imports = LabelImports(labels_database, categories_of, draining, lambda: START, 0.05)
    exports = LabelExports(LabelStore(labels_database), categories_of)
    async with exchange_server(imports, exports) as channel:
        yield channel


@pytest.fixture
def exchange(channel: grpc.aio.Channel) -> Exchange:
    """Who imports and exports for a tenant of the test's own."""
    return Exchange(channel, f"tenant-{uuid.uuid4().hex}")
