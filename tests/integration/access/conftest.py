"""A server with its first keys made."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.integration.access.access_server import AccessServer, access_server


@pytest_asyncio.fixture
async def bare(database_url: str, folder: Path) -> AsyncIterator[AccessServer]:
    """A server on an empty database."""
    async with access_server(database_url, folder) as server:
        yield server


@pytest_asyncio.fixture
async def operator(bare: AccessServer) -> str:
    """The secret of the operator's first administrator."""
    return str((await bare.call("CreateApiKey", title="first", roles=["ROLE_ADMIN"])).secret)


@pytest_asyncio.fixture
async def access(bare: AccessServer, operator: str) -> AccessServer:
    """A server with an operator, and a tenant `acme`."""
    await bare.call("CreateTenant", operator, tenant_id="acme", title="Acme Ltd")
    return bare


@pytest_asyncio.fixture
async def admin(access: AccessServer, operator: str) -> str:
    """The secret of an administrator of `acme`."""
    made = await access.call("CreateApiKey", operator, tenant="acme", roles=["ROLE_ADMIN"])
    return str(made.secret)
