"""Labels on record."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import psycopg
import pytest
import pytest_asyncio

from server.storage.database import Database
from server.triage.assessment import Priority, Sentiment
from server.triage.examples.label import (
    Change,
    Conflict,
    Kept,
    Label,
    LabelSource,
    digest_of,
    is_held_back,
    text_of,
)
from server.triage.examples.label_store import (
    LABEL_CHANNEL,
    LabelFilter,
    LabelStore,
    StoredLabel,
    delete_labels,
    keep,
    keep_many,
)
from tests.integration.databases import make_schema, opened
from tests.integration.triage.supplies import newest_number

PATIENCE_S = 60.0
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
WHOLE = Label(
    subject="Late",
    body="Where is my parcel?",
    category="shipping",
    priority=Priority.HIGH,
    sentiment=Sentiment.NEGATIVE,
    escalation=False,
    resolution_s=3600.5,
    time=NOW,
    source=LabelSource.CORRECTION,
    run_id="0" * 31 + "1",
    reviewer="ann",
)


@pytest_asyncio.fixture(scope="module")
async def database(postgres_url: str) -> AsyncIterator[Database]:
    """A database with the schema, for all tests of this module."""
    async with opened(await make_schema(postgres_url)) as database:
        yield database


@pytest.fixture
def tenant() -> str:
    """A tenant of the test's own."""
    return uuid.uuid4().hex


def imported(body: str, category: str = "shipping") -> Label:
    return Label("", body, category)


def corrected(body: str, category: str = "shipping") -> Label:
    return replace(imported(body, category), source=LabelSource.CORRECTION)


async def put(
    database: Database, tenant: str, *labels: Label, may_replace: bool = False
) -> list[Kept | Conflict]:
    async with database.connection("test") as connection, connection.transaction():
        return await keep_many(connection, tenant, [(one, may_replace) for one in labels], NOW)


async def put_persons(database: Database, tenant: str, label: Label) -> Kept:
    async with database.connection("test") as connection, connection.transaction():
        return await keep(connection, tenant, label, NOW)


async def all_of(
    database: Database,
    tenant: str,
    which: LabelFilter | None = None,
    after: int = 0,
    size: int = 500,
) -> list[StoredLabel]:
    pages = LabelStore(database).pages(tenant, which, after, size)
    return [stored async for page in pages for stored in page]


def changes(results: Sequence[Kept | Conflict]) -> list[Change | None]:
    return [one.change if isinstance(one, Kept) else None for one in results]


async def test_a_label_is_read_as_it_was_kept(database: Database, tenant: str) -> None:
    kept = await put_persons(database, tenant, WHOLE)
    (stored,) = await all_of(database, tenant)
    assert stored.label == WHOLE
    assert (stored.label_id, stored.create_time) == (kept.label_id, NOW)


async def test_the_same_label_again_changes_nothing(database: Database, tenant: str) -> None:
    first = await put_persons(database, tenant, WHOLE)
    number = await newest_number(database, tenant)
    again = await put_persons(database, tenant, replace(WHOLE, body="where is MY  parcel?"))
    assert again == Kept(first.label_id, Change.UNCHANGED)
    assert await newest_number(database, tenant) == number


async def test_a_category_stated_anew_replaces_and_the_rest_stays(
    database: Database, tenant: str
) -> None:
    first = await put_persons(database, tenant, WHOLE)
    before = await newest_number(database, tenant)
    said = Label(WHOLE.subject, WHOLE.body, "billing", source=LabelSource.CORRECTION)
    assert await put_persons(database, tenant, said) == Kept(first.label_id, Change.REPLACED)
    (stored,) = await all_of(database, tenant)
    expected = replace(WHOLE, category="billing", run_id="", reviewer="")
    assert stored.label == expected
    assert stored.number > before


async def test_an_import_that_contradicts_is_refused_unless_it_may_replace(
    database: Database, tenant: str
) -> None:
    kept = await put_persons(database, tenant, WHOLE)
    other = replace(WHOLE, category="billing", source=LabelSource.IMPORT)
    assert await put(database, tenant, other) == [Conflict(kept.label_id, "shipping")]
    replaced = await put(database, tenant, other, may_replace=True)
    assert replaced == [Kept(kept.label_id, Change.REPLACED)]
    (stored,) = await all_of(database, tenant)
    assert (stored.label.category, stored.label.source) == ("billing", LabelSource.IMPORT)


async def test_a_person_overrules_what_was_imported(database: Database, tenant: str) -> None:
    await put(database, tenant, imported("Where is it?"))
    await put_persons(database, tenant, corrected("Where is it?", "billing"))
    (stored,) = await all_of(database, tenant)
    assert (stored.label.category, stored.label.source) == ("billing", LabelSource.CORRECTION)


async def test_of_the_same_text_twice_in_a_batch_the_first_counts(
    database: Database, tenant: str
) -> None:
    one, same, other = imported("Hello"), imported("HELLO"), imported("hello ", "billing")
    told = await put(database, tenant, one, other, same, replace(one, priority=Priority.LOW))
    assert changes(told) == [Change.ADDED, None, Change.UNCHANGED, Change.REPLACED]
    (stored,) = await all_of(database, tenant)
    assert (stored.label.category, stored.label.priority) == ("shipping", Priority.LOW)


async def test_imports_of_the_same_texts_at_once_add_each_of_them_once(
    database: Database, tenant: str
) -> None:
    labels = [imported(f"text {i}") for i in range(200)]
    orders = (labels, labels[::-1], labels[100:] + labels[:100])
    told = await asyncio.gather(*[put(database, tenant, *order) for order in orders])
    assert sum(changes(one).count(Change.ADDED) for one in told) == 200
    assert len(await all_of(database, tenant)) == 200


async def test_persons_who_label_the_same_text_at_once_are_all_heard(
    database: Database, tenant: str
) -> None:
    said: list[Label] = [
        replace(WHOLE, priority=None, sentiment=None, escalation=None, resolution_s=None),
        Label(WHOLE.subject, WHOLE.body, priority=Priority.LOW, source=LabelSource.CORRECTION),
        Label(WHOLE.subject, WHOLE.body, escalation=True, source=LabelSource.CORRECTION),
    ]
    await asyncio.gather(*[put_persons(database, tenant, label) for label in said])
    (stored,) = await all_of(database, tenant)
    label = stored.label
    assert (label.category, label.priority, label.escalation) == ("shipping", Priority.LOW, True)


async def test_the_recent_labels_are_the_newest_that_people_stated(
    database: Database, tenant: str
) -> None:
    for i in range(5):
        await put_persons(database, tenant, corrected(f"text {i}"))
    await put(database, tenant, imported("imported"))
    await put_persons(database, tenant, replace(corrected("no category"), category=""))
    recent = await LabelStore(database).recent(tenant, 3)
    assert [label.text for label in recent] == ["text 2", "text 3", "text 4"]


async def test_a_model_has_learned_labels_up_to_its_number_but_those_held_back(
    database: Database, tenant: str
) -> None:
    store = LabelStore(database)
    for i in range(40):
        await put_persons(database, tenant, corrected(f"text {i}"))
    number = await newest_number(database, tenant)
    await put_persons(database, tenant, corrected("newer"))
    recent = await store.recent(tenant, 100, number)
    expected = {f"text {i}" for i in range(40) if not is_held_back(digest_of(f"text {i}"))}
    assert {label.text for label in recent if label.is_learned} == expected
    assert 0 < len(expected) < 40


async def test_the_recent_labels_are_at_most_two_mebibytes(database: Database, tenant: str) -> None:
    long = [corrected(f"{i} " + "x" * 8000) for i in range(300)]
    await put(database, tenant, *long)
    recent = await LabelStore(database).recent(tenant, 2000)
    assert 250 < len(recent) < 264
    assert {label.text for label in recent} <= {text_of(label) for label in long}


async def test_pages_hold_every_label_once_the_oldest_change_first(
    database: Database, tenant: str
) -> None:
    await put(database, tenant, *[imported(f"text {i}") for i in range(25)])
    await put(database, tenant, imported("text 3", "billing"), may_replace=True)
    stored = await all_of(database, tenant, size=10)
    assert len({one.label_id for one in stored}) == len(stored) == 25
    assert [one.number for one in stored] == sorted(one.number for one in stored)
    assert stored[-1].label.category == "billing"


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (LabelFilter(source=LabelSource.CORRECTION), {"b"}),
        (LabelFilter(category="billing"), {"c"}),
        (LabelFilter(start_time=NOW), {"a", "b", "c"}),
        (LabelFilter(start_time=NOW.replace(year=2027)), set()),
    ],
)
async def test_a_filter_leaves_out_other_labels(
    database: Database, tenant: str, which: LabelFilter, expected: set[str]
) -> None:
    await put(database, tenant, imported("a"), corrected("b"), imported("c", "billing"))
    assert {one.label.body for one in await all_of(database, tenant, which)} == expected


async def test_a_sample_has_as_much_of_each_category_and_nothing_that_is_held_back(
    database: Database, tenant: str
) -> None:
    many = [imported(f"parcel {i}") for i in range(100)]
    few = [imported(f"invoice {i}", "billing") for i in range(20)]
    await put(database, tenant, *many, *few, imported("gone", "removed"))
    sample = await LabelStore(database).sample(tenant, ["shipping", "billing"], 20)
    counts = [sum(one.category == name for one in sample) for name in ("shipping", "billing")]
    assert counts == [10, 10]
    assert not any(is_held_back(digest_of(text_of(label))) for label in sample)


async def test_what_changed_since_a_number_is_read(database: Database, tenant: str) -> None:
    await put(database, tenant, imported("a"), imported("b"))
    number = await newest_number(database, tenant)
    assert await all_of(database, tenant, after=number) == []
    unknown = replace(imported("d", ""), priority=Priority.LOW)
    await put(database, tenant, imported("a"), imported("c"), unknown)
    found = await all_of(database, tenant, after=number)
    assert sorted(stored.label.body for stored in found) == ["c", "d"]
    assert [stored.label.body for stored in found if stored.label.category] == ["c"]


async def test_every_change_is_told_and_nothing_else(database: Database, tenant: str) -> None:
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as listener:
        await listener.execute(f"LISTEN {LABEL_CHANNEL}".encode())
        for label in (imported("a"), imported("a"), imported("a", "billing"), imported("b")):
            await put(database, tenant, label)
        await listener.execute("SELECT pg_notify(%s, 'all')", [LABEL_CHANNEL])
        told = listener.notifies(timeout=PATIENCE_S, stop_after=3)
        heard = [each.payload async for each in told]
    assert heard == [tenant, tenant, "all"]


async def test_nobody_sees_another_tenants_labels(database: Database, tenant: str) -> None:
    await put(database, tenant, corrected("a"))
    stranger = uuid.uuid4().hex
    assert changes(await put(database, stranger, imported("a", "billing"))) == [Change.ADDED]
    assert [one.label.category for one in await all_of(database, tenant)] == ["shipping"]
    assert await LabelStore(database).recent(stranger, 10) == []


async def test_a_tenants_labels_end_with_it(database: Database, tenant: str) -> None:
    await put(database, tenant, imported("a"))
    async with database.connection("test") as connection:
        await delete_labels(connection, tenant)
    assert await all_of(database, tenant) == []
