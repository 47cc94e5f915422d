"""Labels for elsewhere: all of them, without personal data, in whole lines."""

import csv
import io
from dataclasses import replace
from typing import Any

import orjson
import pytest

from tests.integration.access.refusals import refusal
from tests.integration.feedback.exchange.exchange_server import Exchange, row

JSONL, CSV, CHAT = 1, 2, 3
CHUNK_BYTES = 256 * 1024


async def exported(exchange: Exchange, **request: Any) -> list[dict[str, Any]]:
    chunks = await exchange.unload(**request)
    return [orjson.loads(line) for chunk in chunks for line in chunk.data.splitlines()]


async def test_all_labels_come_the_oldest_first(exchange: Exchange) -> None:
    await exchange.load([row(f"text {number}") for number in range(120)])
    bodies = [label["body"] for label in await exported(exchange)]
    assert sorted(bodies) == sorted(f"text {number}" for number in range(120))
    await exchange.load([row("text 3", "refund", replace=True)])
    assert (await exported(exchange))[-1]["body"] == "text 3"


async def test_what_was_exported_can_be_imported(exchange: Exchange) -> None:
    await exchange.load([row("a", priority="PRIORITY_LOW"), row("b", "", sentiment=2)])
    labels = await exported(exchange)
    for label in labels:
        assert label.pop("source") == "LABEL_SOURCE_IMPORT"
        assert label.pop("create_time") == "2026-01-02T03:04:05.678000Z"
    other = replace(exchange, tenant=f"{exchange.tenant}-2")
    await other.load(row(label.pop("body"), label.pop("category", ""), **label) for label in labels)
    assert len(await exported(other)) == 2


@pytest.mark.parametrize("form", [0, JSONL, CSV, CHAT])
async def test_personal_data_stays_here(exchange: Exchange, form: int) -> None:
    text = "I am reachable at jane.miller@example.com or +44 20 7946 0958."
    await exchange.load([row(text, subject="Card 4111 1111 1111 1111")])
    data = b"".join(chunk.data for chunk in await exchange.unload(format=form))
    assert b"reachable" in data
    for value in (b"jane", b"example.com", b"7946", b"4111"):
        assert value not in data


async def test_half_an_address_at_the_end_of_what_is_kept_does_not_go_out(
    exchange: Exchange,
) -> None:
    filling = "word " * 1635  # the address stands across the end of what is kept
    await exchange.load([row(f"{filling}jane.miller@example.com")])
    (label,) = await exported(exchange)
    assert "jane" not in label["body"]


async def test_labels_of_others_are_not_exported(exchange: Exchange) -> None:
    await exchange.load([row("a")])
    assert await replace(exchange, tenant=f"{exchange.tenant}-2").unload() == []


async def test_labels_are_chosen_by_category_source_and_time(exchange: Exchange) -> None:
    await exchange.load([row("a"), row("b", "refund")])
    assert [label["body"] for label in await exported(exchange, category="refund")] == ["b"]
    assert await exported(exchange, source="LABEL_SOURCE_CORRECTION") == []
    assert len(await exported(exchange, source="LABEL_SOURCE_IMPORT")) == 2
    assert await exported(exchange, start_time={"seconds": 1_800_000_000}) == []
    assert len(await exported(exchange, start_time={"seconds": 1_700_000_000})) == 2


async def test_a_category_that_no_database_could_look_for_is_refused(exchange: Exchange) -> None:
    refused = await refusal(exchange.unload(category="a\0"))
    assert (refused.code, refused.field) == ("INVALID_ARGUMENT", "category")


async def test_chunks_are_whole_lines_and_no_larger_than_is_said(exchange: Exchange) -> None:
    await exchange.load([row(f"{number} " + "word " * 1500) for number in range(100)])
    chunks = await exchange.unload()
    assert len(chunks) > 1
    assert max(len(chunk.data) for chunk in chunks) <= CHUNK_BYTES
    assert all(chunk.data.endswith(b"\n") for chunk in chunks)
    lines = [len(chunk.data.splitlines()) for chunk in chunks]
    assert [chunk.labels for chunk in chunks] == [sum(lines[: n + 1]) for n in range(len(lines))]
    assert chunks[-1].labels == 100


async def test_the_longest_line_fits_in_a_chunk(exchange: Exchange) -> None:
    await exchange.load([row('"\t' * 4096, subject='"' * 1000)])
    for form in (JSONL, CSV, CHAT):
        chunks = await exchange.unload(format=form)
        assert max(len(chunk.data) for chunk in chunks) <= CHUNK_BYTES


async def test_a_table_is_one_even_where_nothing_is_in_it(exchange: Exchange) -> None:
    (chunk,) = await exchange.unload(format=CSV)
    assert chunk.data.startswith(b"subject,body,category")
    assert chunk.labels == 0


async def test_a_table_holds_no_formulas(exchange: Exchange) -> None:
    await exchange.load([row('=HYPERLINK("http://x.example","y")')])
    data = b"".join(chunk.data for chunk in await exchange.unload(format=CSV)).decode()
    (label,) = csv.DictReader(io.StringIO(data, newline=""))
    assert label["body"].startswith("'=HYPERLINK(")


async def test_chats_name_the_categories_in_force(exchange: Exchange) -> None:
    await exchange.load([row("a"), row("b", "", priority="PRIORITY_LOW")])
    (chat,) = await exported(exchange, format=CHAT)
    assert "billing, refund, shipping" in chat["messages"][0]["content"]
    assert orjson.loads(chat["messages"][2]["content"]) == {"category": "billing"}
