"""Labels by the hundred: what is told of is committed, and what is wrong is told row by row."""

import asyncio
from itertools import pairwise
from typing import Any

import grpc
import pytest

from server.storage.database import Database
from tests.integration.access.refusals import refusal
from tests.integration.feedback.exchange.exchange_server import Exchange, row

COUNTS = ("read", "added", "replaced", "unchanged", "failed")


def counts(answer: Any) -> dict[str, int]:
    """What is not nought."""
    found = {name: getattr(answer, name) for name in COUNTS}
    return {name: count for name, count in found.items() if count}


def errors(answers: list[Any]) -> list[tuple[int, str]]:
    return [(error.index, error.field) for answer in answers for error in answer.errors]


async def on_record(database: Database, exchange: Exchange) -> dict[str, str]:
    async with database.connection("test") as connection:
        query = "SELECT body, coalesce(category, '') FROM labels WHERE tenant = %s"
        return dict(await (await connection.execute(query, [exchange.tenant])).fetchall())


async def test_labels_are_on_record_when_it_is_told(
    exchange: Exchange, labels_database: Database
) -> None:
    (answer,) = await exchange.load([row("a"), row("b", "refund")])
    assert counts(answer) == {"read": 2, "added": 2}
    assert await on_record(labels_database, exchange) == {"a": "billing", "b": "refund"}


async def test_how_far_it_is_is_told_after_every_few_hundred(exchange: Exchange) -> None:
    answers = await exchange.load(row(f"text {number}") for number in range(1200))
    read = [answer.read for answer in answers]
    assert max(after - before for before, after in pairwise([0, *read])) <= 500
    assert counts(answers[-1]) == {"read": 1200, "added": 1200}


async def test_who_sends_slowly_is_told_too(exchange: Exchange) -> None:
    call = exchange.importing()
    await call.write(row("a"))
    assert counts(await call.read()) == {"read": 1, "added": 1}
    await call.done_writing()
    assert await call.read() is grpc.aio.EOF


async def test_an_import_of_nothing_ends_well(exchange: Exchange) -> None:
    assert await exchange.load([]) == []


async def test_the_same_again_changes_nothing(exchange: Exchange) -> None:
    rows = [row(f"text {number}") for number in range(600)]
    await exchange.load(rows)
    assert counts((await exchange.load(rows))[-1]) == {"read": 600, "unchanged": 600}


async def test_a_text_that_comes_twice_is_one_label(exchange: Exchange) -> None:
    (answer,) = await exchange.load([row("a"), row("A "), row("a")])
    assert counts(answer) == {"read": 3, "added": 1, "unchanged": 2}


async def test_rows_of_one_text_add_to_one_another(
    exchange: Exchange, labels_database: Database
) -> None:
    rows = [row("a"), row("a", "", priority="PRIORITY_HIGH"), row("a", "", sentiment=1)]
    assert counts((await exchange.load(rows))[-1]) == {"read": 3, "added": 1, "replaced": 2}
    async with labels_database.connection("test") as connection:
        query = "SELECT category, priority, sentiment FROM labels WHERE tenant = %s"
        found = await (await connection.execute(query, [exchange.tenant])).fetchall()
    assert found == [("billing", 3, 1)]


async def test_a_stream_that_was_cut_is_sent_again_from_its_start(
    exchange: Exchange, labels_database: Database
) -> None:
    rows = [row(f"text {number}") for number in range(900)]
    call = exchange.importing()
    for each in rows[:700]:
        await call.write(each)
    told = await call.read()
    call.cancel()
    assert len(await on_record(labels_database, exchange)) >= told.added > 0
    last = (await exchange.load(rows))[-1]
    assert (last.read, last.added + last.unchanged, last.failed) == (900, 900, 0)
    assert len(await on_record(labels_database, exchange)) == 900


async def test_a_row_that_contradicts_an_earlier_one_is_refused(
    exchange: Exchange, labels_database: Database
) -> None:
    answers = await exchange.load([row("a"), row("a", "refund"), row("b")])
    assert counts(answers[-1]) == {"read": 3, "added": 2, "failed": 1}
    assert errors(answers) == [(1, "label.category")]
    assert await on_record(labels_database, exchange) == {"a": "billing", "b": "billing"}


async def test_a_row_that_contradicts_one_on_record_is_refused_and_told_how_to_insist(
    exchange: Exchange, labels_database: Database
) -> None:
    await exchange.load([row("a")])
    (answer,) = await exchange.load([row("a", "refund")])
    assert counts(answer) == {"read": 1, "failed": 1}
    assert "billing" in answer.errors[0].description
    assert "set replace" in answer.errors[0].description
    (answer,) = await exchange.load([row("a", "refund", replace=True)])
    assert counts(answer) == {"read": 1, "replaced": 1}
    assert await on_record(labels_database, exchange) == {"a": "refund"}


async def test_of_rows_that_may_replace_the_last_one_stands(
    exchange: Exchange, labels_database: Database
) -> None:
    names = ("billing", "refund", "shipping")
    rows = [row("a", name, replace=True) for name in names]
    assert counts((await exchange.load(rows))[-1]) == {"read": 3, "added": 1, "replaced": 2}
    assert await on_record(labels_database, exchange) == {"a": "shipping"}


async def test_a_category_outside_the_taxonomy_is_refused(exchange: Exchange) -> None:
    answers = await exchange.load([row("a", "refunds"), row("b")])
    assert counts(answers[-1]) == {"read": 2, "added": 1, "failed": 1}
    assert "did you mean refund?" in answers[0].errors[0].description


async def test_a_category_that_is_new_is_taken_from_then_on(
    exchange: Exchange, categories: list[str]
) -> None:
    call = exchange.importing()
    await call.write(row("a", "returns"))
    assert (await call.read()).failed == 1
    categories.append("returns")
    await call.write(row("b", "returns"))
    assert (await call.read()).added == 1
    call.cancel()


async def test_what_is_only_checked_is_not_imported_and_told_as_if_it_were(
    exchange: Exchange, labels_database: Database
) -> None:
    await exchange.load([row("a")])
    rows = [row("a"), row("b"), row("a", "refund"), row("c", "x")]
    for each in rows:
        each.validate_only = True
    answers = await exchange.load(rows)
    assert counts(answers[-1]) == {"read": 4, "added": 1, "unchanged": 1, "failed": 2}
    assert await on_record(labels_database, exchange) == {"a": "billing"}


async def test_two_imports_of_the_same_rows_at_once_add_each_once(
    exchange: Exchange, labels_database: Database
) -> None:
    rows = [row(f"text {number}") for number in range(1000)]
    told = await asyncio.gather(exchange.load(rows), exchange.load(rows[::-1]))
    assert sum(answers[-1].added for answers in told) == 1000
    assert not any(answers[-1].failed for answers in told)
    assert len(await on_record(labels_database, exchange)) == 1000


async def test_an_import_is_on_record(exchange: Exchange, labels_database: Database) -> None:
    await exchange.load([row("a"), row("b")])
    await exchange.load([row("a")])  # changes nothing
    async with labels_database.connection("test") as connection:
        query = "SELECT actor, action, after FROM audit_events WHERE tenant = %s"
        found = await (await connection.execute(query, [exchange.tenant])).fetchall()
    assert found == [("apiKeys/1", "label.import", {"added": 2, "replaced": 0})]


async def test_a_server_that_stops_tells_what_it_read_and_sends_the_rest_elsewhere(
    exchange: Exchange, draining: asyncio.Event
) -> None:
    call = exchange.importing()
    await call.write(row("a"))
    assert (await call.read()).added == 1
    draining.set()
    assert (await refusal(call.read())).reason == "SERVER_DRAINING"


@pytest.mark.parametrize("count", [1, 3])
async def test_a_row_of_wrong_kinds_is_told_by_its_fields(exchange: Exchange, count: int) -> None:
    hostile = [row("x\0y"), row("  \n "), row("a", "")]
    answers = await exchange.load([*hostile[:count], row("b")])
    assert [index for index, _ in errors(answers)] == [*range(count)]
    assert answers[-1].added == 1
    assert all(field.startswith("label") for _, field in errors(answers))


@pytest.mark.parametrize(
    ("fields", "at_fault"),
    [
        ({"subject": "two\nlines"}, "label.subject"),
        ({"time": {"seconds": -1}}, "label.time"),
        ({"time": {"nanos": -1}}, "label.time"),
        ({"resolution_time": {"nanos": 5}}, "label.resolution_time"),
        ({"resolution_time": {"seconds": 5, "nanos": -5}}, "label.resolution_time"),
        ({"priority": 9}, "label.priority"),
        ({"category": "x" * 64}, "label.category"),
        ({"category": "\0"}, "label.category"),
    ],
)
async def test_a_field_that_will_not_do_is_named(
    exchange: Exchange, fields: dict[str, Any], at_fault: str
) -> None:
    assert errors(await exchange.load([row("a", **fields)])) == [(0, at_fault)]


async def test_a_text_of_five_megabytes_is_refused_and_the_stream_goes_on(
    exchange: Exchange,
) -> None:
    answers = await exchange.load([row("a"), row("x" * 5_000_000), row("b")])
    assert counts(answers[-1]) == {"read": 3, "added": 2, "failed": 1}
    assert errors(answers) == [(1, "request")]


async def test_a_text_of_the_greatest_length_is_kept_as_far_as_engines_read_it(
    exchange: Exchange, labels_database: Database
) -> None:
    (answer,) = await exchange.load([row("ä" * 65_536)])
    assert counts(answer) == {"read": 1, "added": 1}
    (body,) = await on_record(labels_database, exchange)
    assert body == "ä" * 4096


async def test_bytes_that_are_no_row_are_refused_and_the_stream_goes_on(exchange: Exchange) -> None:
    call = exchange.importing_bytes()
    for data in (b"\xff\xff", row("a").SerializeToString(), b"\x0a\x05\x12\x03\xed\xa0\x80", b""):
        await call.write(data)
    await call.done_writing()
    answers = [answer async for answer in call]
    assert counts(answers[-1]) == {"read": 4, "added": 1, "failed": 3}
    assert errors(answers) == [(0, "request"), (2, "request"), (3, "label")]
