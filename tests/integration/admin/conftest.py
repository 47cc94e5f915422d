"""Two servers on one database and one Redis, and two more that ask a language model; shared by the
tests, each of which has subjects of its own.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from server.settings import OFF, Address, Settings
from server.storage.database import Database
from tests.conftest import make_database
from tests.integration.admin.servers import Pair, at, new_caller, serving
from tests.integration.callers import ACCESS, Caller
from tools.fake_llm_process import FakeLlm
from tools.redis_process import RedisProcess

PROVIDERS = """
[[provider]]
name = "openai"
base_url = "{url}"
model = "small"
input_usd_per_million = 0.15
output_usd_per_million = 0.6
"""


@pytest_asyncio.fixture(scope="package")
async def pair(
    session_folder: Path, postgres_url: str, session_redis: RedisProcess
) -> AsyncIterator[Pair]:
    """The two servers, of the operator and a tenant `acme`."""
    settings = Settings(
        listen=Address("127.0.0.1", 0),
        metrics_listen=OFF,
        data_folder=session_folder / "admin",
        database_url=await make_database(postgres_url),
        redis_url=session_redis.url,
    )
    async with open_pair(settings) as pair:
        yield pair


@pytest.fixture(scope="package")
def shared_model() -> Iterator[FakeLlm]:
    """The language model that the two of `desks` ask; use `model`, which restores it."""
    process = FakeLlm().start()
    yield process
    process.stop()


@pytest.fixture(scope="package")
def embedder() -> Iterator[FakeLlm]:
    """What the two of `desks` embed texts by: apart, so that faults of `model` do not meet it."""
    process = FakeLlm().start()
    yield process
    process.stop()


@pytest.fixture
def model(shared_model: FakeLlm) -> FakeLlm:
    """A language model that answers well."""
    shared_model.reset()
    return shared_model


@pytest_asyncio.fixture(scope="package")
async def desks(
    session_folder: Path, postgres_url: str, shared_model: FakeLlm, embedder: FakeLlm
) -> AsyncIterator[Pair]:
    """Two servers that ask a language model, and embed texts."""
    providers = session_folder / "providers.toml"
    providers.write_text(PROVIDERS.format(url=shared_model.url))
    settings = Settings(
        listen=Address("127.0.0.1", 0),
        metrics_listen=OFF,
        data_folder=session_folder / "desks",
        database_url=await make_database(postgres_url),
        llm_providers=providers,
        embedding_url=f"{embedder.url}#small,384",
    )
    async with open_pair(settings) as pair:
        yield pair


@asynccontextmanager
async def open_pair(settings: Settings) -> AsyncIterator[Pair]:
    """Two servers on one database, of the operator and a tenant `acme`."""
    async with AsyncExitStack() as stack:
        first, second = [await stack.enter_async_context(serving(settings)) for _ in range(2)]
        operator = await new_caller(Caller(first), "ROLE_ADMIN")
        await operator.call(f"{ACCESS}/CreateTenant", tenant_id="acme")
        yield Pair(
            settings,
            operator,
            at(operator, second),
            await new_caller(operator, "ROLE_ADMIN", "acme"),
            await new_caller(operator, "ROLE_READER", "acme"),
        )


@pytest_asyncio.fixture(scope="package")
async def cut_off(pair: Pair, session_folder: Path) -> AsyncIterator[Caller]:
    """The operator at a third server, which cannot reach the Redis of the two."""
    nowhere = f"unix://{session_folder / 'no-redis.sock'}"
    async with serving(replace(pair.settings, redis_url=nowhere)) as channel:
        yield at(pair.one, channel)


@pytest_asyncio.fixture(scope="package")
async def records(pair: Pair) -> AsyncIterator[Database]:
    """The database of the two servers."""
    database = Database(pair.settings.database_url)
    await database.open()
    yield database
    await database.close()
