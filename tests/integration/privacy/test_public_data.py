"""Redaction of texts that others wrote, where SWITCHYARD_DATA names them."""

import os
from pathlib import Path

import orjson
import pytest

from bench.redaction import PRECISION, RECALL, STANDS_FOR, Tally
from server.privacy.found import Kind
from server.privacy.redaction import find_personal

FOLDER = os.environ.get("SWITCHYARD_DATA")

pytestmark = pytest.mark.skipif(
    not FOLDER, reason="SWITCHYARD_DATA does not name a folder with the public data sets"
)


@pytest.fixture(scope="module")
def tally() -> Tally:
    """What is found in the public data."""
    tally = Tally()
    for line in (Path(str(FOLDER)) / "pii_presidio.jsonl").read_bytes().splitlines():
        row = orjson.loads(line)
        tally.add(row["text"], row["spans"], find_personal(row["text"]))
    return tally


@pytest.mark.parametrize("kind", RECALL)
def test_what_must_not_leave_is_found(tally: Tally, kind: Kind) -> None:
    types = STANDS_FOR[kind]
    spans, hidden = (sum(counts[each] for each in types) for counts in (tally.spans, tally.hidden))
    assert hidden / spans >= float(RECALL[kind].split()[1])


@pytest.mark.parametrize("kind", PRECISION)
def test_little_else_is_taken_for_it(tally: Tally, kind: Kind) -> None:
    assert tally.right[kind] / tally.taken[kind] >= float(PRECISION[kind].split()[1])
