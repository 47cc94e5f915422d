"""A request that cannot be encoded is never sent: not as it is, and not as an empty one."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from switchyard_client import (
    AdminClient,
    BatchTriageRequest,
    ExperimentClient,
    Taxonomy,
    Ticket,
    TriageClient,
    UnsendableRequest,
)
from switchyard_client.__main__ import cli
from switchyard_client.client import MOST_ITEM_BYTES
from switchyard_client.messages.switchyard.experiment.v1 import Outcome
from switchyard_client.messages.switchyard.triage.v1 import Category
from switchyard_client.records import MAX_LINE_BYTES

from tests.unit.client.fake_admin import FakeAdmin
from tests.unit.client.fake_experiments import FakeExperiments
from tests.unit.client.fake_service import FakeServer, FakeTriage

HALF = "half a pair: \ud800"


async def test_a_call_that_cannot_be_encoded_is_never_sent(
    fake: FakeServer, admin: FakeAdmin
) -> None:
    async with AdminClient(fake.address) as client:
        with pytest.raises(UnsendableRequest, match="method: is not valid UTF-8"):
            await client.cache.clear(method=HALF)
    assert admin.requests == []


async def test_a_stream_that_cannot_be_encoded_is_never_asked_for(
    fake: FakeServer, service: FakeTriage
) -> None:
    async with TriageClient(fake.address) as client:
        with pytest.raises(UnsendableRequest):
            [event async for event in client.stream_triage(Ticket(id="s", body=HALF))]
    assert service.executions == 0


async def test_an_outcome_that_cannot_be_encoded_is_never_recorded(
    fake: FakeServer, experiments: FakeExperiments
) -> None:
    async def outcomes() -> AsyncIterator[Outcome]:
        yield Outcome(unit_id=HALF, metric="resolved")

    async with ExperimentClient(fake.address) as client:
        with pytest.raises(UnsendableRequest, match=r"outcome\.unit_id"):
            await client.record_many(outcomes())
    assert experiments.requests == []


async def test_an_item_that_cannot_be_encoded_is_never_sent(
    fake: FakeServer, service: FakeTriage
) -> None:
    async def requests() -> AsyncIterator[BatchTriageRequest]:
        yield BatchTriageRequest(index=1, ticket=Ticket(id=HALF, body="text"))

    async with TriageClient(fake.address) as client:
        with pytest.raises(UnsendableRequest, match=r"ticket\.id"):
            [answer async for answer in client.batch_triage(requests())]
    assert service.received == 0


async def test_items_that_cannot_be_sent_are_told_and_the_others_go_on(
    fake: FakeServer, service: FakeTriage
) -> None:
    bodies = ["text", HALF, "x" * MOST_ITEM_BYTES, "text"]

    async def requests() -> AsyncIterator[BatchTriageRequest]:
        for index, body in enumerate(bodies, start=5):
            yield BatchTriageRequest(index=index, ticket=Ticket(body=body))

    told: dict[int, str] = {}

    def refused(request: BatchTriageRequest, error: UnsendableRequest) -> None:
        told[request.index] = error.field_violations[0].description

    async with TriageClient(fake.address) as client:
        answers = [a.index async for a in client.batch_triage(requests(), refused=refused)]
    assert (answers, service.received) == ([5, 8], 2)
    assert told == {
        6: "is not valid UTF-8",
        7: "makes item 7 4,194,316 bytes long; at most 4,194,304 can be sent",
    }


async def test_the_largest_item_is_sent(fake: FakeServer, service: FakeTriage) -> None:
    async def requests() -> AsyncIterator[BatchTriageRequest]:
        yield BatchTriageRequest(index=7, ticket=Ticket(body="x" * (MOST_ITEM_BYTES - 12 + extra)))

    async with TriageClient(fake.address) as client:
        extra = 0
        assert [answer.index async for answer in client.batch_triage(requests())] == [7]
        extra = 1
        with pytest.raises(UnsendableRequest, match="makes item 7 4,194,305 bytes long"):
            [answer async for answer in client.batch_triage(requests())]
    assert service.received == 1


@pytest.mark.parametrize(
    ("ticket", "field", "description"),
    [
        (Ticket(body=HALF), "ticket.body", "is not valid UTF-8"),
        (Ticket(attributes={HALF: "pro"}), "ticket.attributes", "is not valid UTF-8"),
        (Ticket(attributes={"plan": HALF}), "ticket.attributes", "is not valid UTF-8"),
        (Ticket(created_time=datetime(2026, 1, 1)), "ticket.created_time", "timezone"),
        (Ticket(body=5), "ticket.body", ""),  # type: ignore[arg-type]  # the fault
        ("text", "ticket", ""),
    ],
)
async def test_the_error_names_the_field(
    fake: FakeServer, ticket: Ticket, field: str, description: str
) -> None:
    async with TriageClient(fake.address) as client:
        with pytest.raises(UnsendableRequest) as caught:
            await client.triage(ticket)
    violation = caught.value.field_violations[0]
    assert violation.field == field
    assert description in violation.description


async def test_the_error_says_which_of_many(fake: FakeServer, service: FakeTriage) -> None:
    taxonomy = Taxonomy(categories=[Category(name="a"), Category(name="b", examples=["x", HALF])])
    async with TriageClient(fake.address) as client:
        with pytest.raises(UnsendableRequest) as caught:
            await client.update_taxonomy(taxonomy)
    assert caught.value.field_violations[0].field == "taxonomy.categories[1].examples"
    assert service.taxonomy.revision == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("admin", "cache", "clear", "--method", "a\udcff"),
        ("admin", "cache", "clear", "--tenant", "a\udcff"),
        ("admin", "letters", "purge", "--function", "a\udcff", "--yes"),
        ("runs", "list", "--category", "a\udcff"),
        ("triage", "--text", "hi\udcff"),
        ("triage", "--text", "hi", "--subject", "a\udcff"),
        ("triage", "--text", "hi", "--attribute", "plan=\udcff"),
        ("triage", "--text", "hi", "--id", "a\udcff"),
    ],
)
def test_a_command_with_bytes_that_are_no_text_asks_for_nothing(
    fake: FakeServer, service: FakeTriage, admin: FakeAdmin, arguments: tuple[str, ...]
) -> None:
    result = CliRunner().invoke(cli, arguments, env={"SWITCHYARD_SERVER": fake.address})
    assert result.exit_code == 2
    assert "nothing was sent" in result.stderr
    assert "is not valid UTF-8" in result.stderr
    assert (admin.requests, service.executions, service.pages) == ([], 0, 0)


def test_a_taxonomy_with_half_a_pair_is_not_sent(
    fake: FakeServer, service: FakeTriage, tmp_path: Path
) -> None:
    path = tmp_path / "taxonomy.json"
    path.write_text('{"etag": "0-etag", "categories": [{"name": "a", "title": "bad \\ud800"}]}')
    environment = {"SWITCHYARD_SERVER": fake.address}
    result = CliRunner().invoke(cli, ["taxonomy", "set", str(path)], env=environment)
    assert result.exit_code == 2
    assert "nothing was sent: taxonomy.categories[0].title" in result.stderr
    assert service.taxonomy.revision == 0


def test_a_row_that_cannot_be_encoded_is_an_error_of_its_own(
    fake: FakeServer, service: FakeTriage, tmp_path: Path
) -> None:
    path, out = tmp_path / "tickets.jsonl", tmp_path / "out.jsonl"
    lines = [f'{{"id": "T-{n}", "body": "text"}}\n' for n in range(1, 61)]
    lines[30] = '{"id": "T-31", "body": "text", "attr.\\ud800": "x"}\n'
    lines[40] = '{"id": "T-41", "attr.\\ud800": "x"}\n'
    path.write_text("".join(lines))
    environment = {"SWITCHYARD_SERVER": fake.address}
    result = CliRunner().invoke(cli, ["triage", str(path), "--out", str(out)], env=environment)
    assert result.exit_code == 1
    assert service.executions == 58
    written = [json.loads(line) for line in out.read_text().splitlines()]
    assert sorted(record["row"] for record in written) == list(range(1, 61))
    problems = {
        record["row"]: record["error"]["message"] for record in written if record.get("error")
    }
    assert problems == {
        31: "attributes: holds half of a surrogate pair",
        41: r"no body; the row has id, attr.\ud800",
    }


def test_a_row_that_is_too_large_is_an_error_of_its_own_and_the_file_is_gone_on_with(
    fake: FakeServer, service: FakeTriage, tmp_path: Path
) -> None:
    path, out = tmp_path / "tickets.jsonl", tmp_path / "out.jsonl"
    lines = [f'{{"id": "T-{n}", "body": "text"}}\n' for n in range(1, 61)]
    lines[1] = "{\n"  # never sent: rows and places in the stream differ from here on
    beginning = '{"id": "T-31", "body": "'
    lines[30] = beginning + "x" * (MAX_LINE_BYTES - len(beginning) - 3) + '"}\n'
    path.write_text("".join(lines))
    environment = {"SWITCHYARD_SERVER": fake.address}
    command = ["triage", str(path), "--out", str(out)]
    assert CliRunner().invoke(cli, command, env=environment).exit_code == 1
    written = [json.loads(line) for line in out.read_text().splitlines()]
    failed = next(r for r in written if r.get("error") and r["row"] != 2)
    assert (failed["row"], failed["id"], failed["request_id"]) == (31, "T-31", "")
    assert "at most 4,194,304 can be sent" in failed["error"]["message"]
    assert CliRunner().invoke(cli, [*command, "--resume"], env=environment).exit_code == 1
    assert len(written) == len(out.read_text().splitlines()) == 60
    assert (service.executions, service.received) == (58, 58)


def test_a_mapping_that_is_no_text_makes_no_request(
    fake: FakeServer, service: FakeTriage, tmp_path: Path
) -> None:
    path = tmp_path / "tickets.csv"
    path.write_text("body,tier\ntext,pro\n")
    arguments = ["triage", str(path), "--map", "attributes.\udcff=tier"]
    result = CliRunner().invoke(cli, arguments, env={"SWITCHYARD_SERVER": fake.address})
    assert (result.exit_code, service.received) == (2, 0)
