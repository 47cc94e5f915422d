"""What redaction finds on public data, what it takes for personal data wrongly, and what it costs.

    SWITCHYARD_DATA=DIR python -m bench.redaction

DIR holds pii_presidio.jsonl: one JSON object a line with "text" and "spans" of "type", "start" and
"end". Prints a table and writes build/redaction.json.

A span is found when every letter and digit of it is covered by placeholders, of whatever kind: none
of it leaves the process. A placeholder is right when it overlaps a span of a type that its kind
stands for; precision counts each placeholder once. Secrets and customers' identifiers have no type
in that data: they count as wrong wherever they overlap none.
"""

import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from bench.figures import Figure, report
from server.privacy.found import Found, Kind
from server.privacy.redaction import find_personal, redact

# Types of the data that a kind of placeholder stands for.
STANDS_FOR = {
    Kind.EMAIL: {"EMAIL_ADDRESS"},
    Kind.CARD: {"CREDIT_CARD"},
    Kind.IBAN: {"IBAN_CODE"},
    Kind.IP: {"IP_ADDRESS"},
    Kind.ID: {"US_SSN", "US_DRIVER_LICENSE", "US_PASSPORT", "US_ITIN"},
    Kind.PHONE: {"PHONE_NUMBER"},
    Kind.ADDRESS: {"STREET_ADDRESS", "ZIP_CODE", "GPE"},
    Kind.NAME: {"PERSON", "TITLE", "ORGANIZATION"},
}
# A kind may be right about some spans of a type, and owes no others: of dates those of birth.
MAY_STAND_FOR = {Kind.ID: {"DATE_TIME"}}
RECALL = {
    **dict.fromkeys((Kind.EMAIL, Kind.CARD, Kind.IBAN, Kind.IP, Kind.ID), ">= 0.99"),
    Kind.PHONE: ">= 0.97",
}
PRECISION = dict.fromkeys(RECALL, ">= 0.95")
_ROUNDS, _REPEATS = 10, 200  # the quickest tells: others share the machine
_TICKET = (
    "Hello team,\nwe reduced from 25 to 18 users on 1 October, as your colleague confirmed by "
    "e-mail. The invoice 88213 of 5 October still lists 25 at 14 EUR each. I wrote about it last "
    "week and the answer was that the change would show up on the next bill, which it did not. "
    "Could somebody please look into this? We need a corrected invoice, and a credit note for the "
    "difference. You reach me at jane.doe@example.com or under +1 415 555 2671, in the office from "
    "nine to five. Our accounting is waiting and cannot close the month without it, which is "
    "disappointing.\nKind regards,\nJane Doe\n"
)
_HOSTILE = {
    "digits": "1",
    "digits apart": "1 ",
    "at signs": "@",
    "one letter": "a",
    "cards": "4111 ",
    "phones": "07700900123,",
    "numbers and words": "12 Aa ",
}


@dataclass
class Tally:
    """How much of one kind there was, was found, and was taken for it."""

    spans: Counter[str] = field(default_factory=Counter)  # by type
    hidden: Counter[str] = field(default_factory=Counter)  # by type
    taken: Counter[Kind] = field(default_factory=Counter)
    right: Counter[Kind] = field(default_factory=Counter)

    def add(self, text: str, spans: Sequence[Mapping[str, object]], found: Sequence[Found]) -> None:
        """Count one text."""
        covered = {place for each in found for place in range(each.start, each.end)}
        truth = [(str(s["type"]), range(int(str(s["start"])), int(str(s["end"])))) for s in spans]
        for kind, places in truth:
            self.spans[kind] += 1
            self.hidden[kind] += all(p in covered for p in places if text[p].isalnum())
        for each in found:
            self.taken[each.kind] += 1
            self.right[each.kind] += any(
                kind in STANDS_FOR.get(each.kind, set()) | MAY_STAND_FOR.get(each.kind, set())
                and max(each.start, places.start) < min(each.end, places.stop)
                for kind, places in truth
            )


def main() -> None:
    """Measure and report."""
    folder = os.environ.get("SWITCHYARD_DATA")
    if not folder:
        print("skipped: SWITCHYARD_DATA does not name a folder with the public data sets")
        return
    tally = Tally()
    for line in (Path(folder) / "pii_presidio.jsonl").read_bytes().splitlines():
        row = orjson.loads(line)
        tally.add(row["text"], row["spans"], find_personal(row["text"]))
    report(
        "redaction",
        [*_accuracy(tally), *_costs()],
        [
            "recall: share of spans of which no letter or digit leaves the process",
            "precision: share of placeholders of the kind that overlap a span of its types",
        ],
    )


def _accuracy(tally: Tally) -> Iterator[Figure]:
    for kind, types in STANDS_FOR.items():
        for each in sorted(types & tally.spans.keys()):
            recall = tally.hidden[each] / tally.spans[each]
            goal = RECALL.get(kind, "")
            yield Figure(each, "recall", recall, f"of {tally.spans[each]}", goal)
        if tally.taken[kind]:
            precision = tally.right[kind] / tally.taken[kind]
            taken = f"of {tally.taken[kind]}"
            yield Figure(f"[{kind}_n]", "precision", precision, taken, PRECISION.get(kind, ""))
    for kind in (Kind.SECRET, Kind.CUSTOMER):
        yield Figure(f"[{kind}_n]", "taken wrongly", tally.taken[kind], "placeholders")


def _costs() -> Iterator[Figure]:
    redact([_TICKET])  # tables of telephone numbers are read at the first
    seconds = min(_cpu_s(_TICKET, _ROUNDS) for _ in range(_REPEATS))
    yield Figure(f"ticket of {len(_TICKET.encode())} bytes", "CPU", seconds * 1e6, "us", "<= 300")
    for size_kib in (8, 64):
        for name, piece in _HOSTILE.items():
            text = (piece * (size_kib * 1024))[: size_kib * 1024]
            yield Figure(f"{size_kib} KiB of {name}", "CPU", _cpu_s(text, 1) * 1e3, "ms")


def _cpu_s(text: str, times: int) -> float:
    """Seconds of processor time that one redaction takes, on average."""
    start = time.process_time()
    for _ in range(times):
        redact([text])
    return (time.process_time() - start) / times


if __name__ == "__main__":
    main()
