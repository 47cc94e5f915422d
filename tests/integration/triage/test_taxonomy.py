"""GetTaxonomy and UpdateTaxonomy, and what they do to triage."""

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from switchyard.triage.v1 import taxonomy_pb2, triage_service_pb2, triage_service_pb2_grpc

from server.app import Application, application
from server.logs import JsonLog
from server.settings import OFF, Address, Settings
from tests.integration.triage.requests import category, fields_of, reason_of, request

Triage = Any  # the generated stub has no types

GARDEN = category(
    "garden_tools",
    "My hedge trimmer does not start",
    "The lawn mower blade is blunt",
    "Which chain fits the chainsaw I bought?",
    "The garden hose leaks at the tap",
    "leaf blower makes a terrible noise",
)


@pytest_asyncio.fixture
async def servers(database_url: str, folder: Path) -> AsyncIterator[list[Application]]:
    """Two servers on one empty database."""
    settings = Settings(
        listen=Address("127.0.0.1", 0),
        metrics_listen=OFF,
        data_folder=folder,
        database_url=database_url,
    )
    log = JsonLog(io.BytesIO())
    async with application(settings, log) as one, application(settings, log) as two:
        yield [one, two]


@pytest_asyncio.fixture
async def stubs(servers: list[Application]) -> AsyncIterator[list[Triage]]:
    """A stub of each server."""
    one, two = (grpc.aio.insecure_channel(str(server.address)) for server in servers)
    async with one, two:
        yield [triage_service_pb2_grpc.TriageServiceStub(channel) for channel in (one, two)]  # type: ignore[no-untyped-call]  # generated


async def get(triage: Triage) -> taxonomy_pb2.Taxonomy:
    answer = await triage.GetTaxonomy(triage_service_pb2.GetTaxonomyRequest())
    taxonomy: taxonomy_pb2.Taxonomy = answer.taxonomy
    return taxonomy


async def update(triage: Triage, taxonomy: taxonomy_pb2.Taxonomy, **fields: Any) -> Any:
    asked = triage_service_pb2.UpdateTaxonomyRequest(taxonomy=taxonomy, **fields)
    return (await triage.UpdateTaxonomy(asked, timeout=120)).taxonomy


async def predicted(triage: Triage, body: str) -> str:
    return str((await triage.Triage(request(body))).result.category.category)


async def test_a_tenant_begins_with_the_starter_taxonomy(triage: Triage) -> None:
    taxonomy = await get(triage)
    assert taxonomy.revision == 0
    assert len(taxonomy.categories) == 10
    assert all(len(one.examples) >= 40 for one in taxonomy.categories)


async def test_an_added_category_is_predicted_by_every_server_without_a_restart(
    stubs: list[Triage],
) -> None:
    one, two = stubs
    body = "The chain of my chainsaw is blunt and the hedge trimmer does not start"
    assert await predicted(two, body) != "garden_tools"
    taxonomy = await get(one)
    taxonomy.categories.append(GARDEN)
    updated = await update(one, taxonomy)
    assert (updated.revision, len(updated.categories)) == (1, 11)
    assert await predicted(one, body) == "garden_tools"
    for _ in range(50):  # the other server hears of it by NOTIFY
        if await predicted(two, body) == "garden_tools":
            break
    assert (await get(two)).etag == updated.etag
    result = (await two.Triage(request(body))).result
    assert result.engine.taxonomy_revision == 1


async def test_an_update_that_has_not_seen_the_last_one_is_aborted(stubs: list[Triage]) -> None:
    one, two = stubs
    stale = await get(one)
    changed = await get(two)
    changed.categories[0].title = "Changed"
    await update(two, changed)
    stale.categories[1].title = "Changed too"
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await update(one, stale)
    assert raised.value.code() == grpc.StatusCode.ABORTED
    assert reason_of(raised.value) == "STALE_ETAG"


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        (lambda t: t.categories.append(t.categories[0]), "taxonomy.categories[10].name"),
        (lambda t: t.categories.append(category("Bad Name", "x")), "taxonomy.categories[10].name"),
        (lambda t: t.categories.append(category("empty")), "taxonomy.categories[10].examples"),
        (
            lambda t: t.categories[1].examples.append(t.categories[0].examples[0]),
            "taxonomy.categories[1].examples[70]",
        ),
        (lambda t: t.categories[1].examples.append(" "), "taxonomy.categories[1].examples[70]"),
        (lambda t: t.ClearField("etag"), "taxonomy.etag"),
        (lambda t: t.ClearField("categories"), "taxonomy.categories"),
    ],
)
async def test_what_is_wrong_is_refused_with_its_path_and_changes_nothing(
    triage: Triage, change: Any, fields: str
) -> None:
    before = await get(triage)
    taxonomy = await get(triage)
    change(taxonomy)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await update(triage, taxonomy)
    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert fields in fields_of(raised.value)
    assert (await get(triage)).etag == before.etag


async def test_validate_only_checks_and_changes_nothing(triage: Triage) -> None:
    before = await get(triage)
    taxonomy = await get(triage)
    taxonomy.categories.append(GARDEN)
    assert (await update(triage, taxonomy, validate_only=True)).etag == before.etag
    assert (await get(triage)).etag == before.etag
