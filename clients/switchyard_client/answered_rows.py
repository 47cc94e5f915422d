"""Going on with a file of answers: which rows have one, and what has to go."""

import csv
import json
import shutil
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

from switchyard_client.answers import CSV_COLUMNS, AnswerFormat
from switchyard_client.request_ids import batch_of, digest_of, is_request_id

_MOST_ROWS = 100_000_000  # a number beyond that is damage, and would cost memory


class NotOurFile(Exception):
    """A file to go on with that these answers cannot go to; the message says why."""


class AnsweredRows:
    """The rows that have an answer: 8 bytes a row, whatever the answers."""

    def __init__(self) -> None:
        self.batch: bytes | None = None  # None: no row has been sent yet
        self.count = 0
        self._digests = array("Q")

    @classmethod
    def read(cls, path: Path, form: AnswerFormat) -> Self:
        """Those of a file of answers; a torn last line counts for nothing. Raises NotOurFile."""
        rows = cls()
        with path.open("rb") as stream:
            for line in _lines(stream, form):
                rows._add(line)
        return rows

    def _add(self, line: "_Line") -> None:
        if line.request_id:
            batch = batch_of(line.request_id)
            if self.batch not in (None, batch):
                raise NotOurFile("it holds answers of several batches")
            self.batch = batch
        if line.is_answered:
            missing = line.number + 1 - len(self._digests)
            self._digests.extend([0] * max(missing, 0))
            self.count += not self._digests[line.number]
            self._digests[line.number] = digest_of(line.request_id)

    def holds(self, number: int, request_id: str) -> bool:
        """Whether the row is answered. Raises NotOurFile when another row of that number is."""
        known = self._digests[number] if number < len(self._digests) else 0
        if known and known != digest_of(request_id):
            raise NotOurFile(
                f"its row {number} answers another ticket than row {number} here, "
                "or was asked for other --parts"
            )
        return bool(known)

    @property
    def last_number(self) -> int:
        """The highest row with an answer; 0 when there is none."""
        return max(len(self._digests) - 1, 0)


def drop_unanswered(path: Path, form: AnswerFormat) -> None:
    """Take failed rows and a torn last line out of a file of answers.

    The file is replaced as a whole: killed half-way, it is as it was.
    """
    path = path.resolve()
    fresh = path.with_name(f".{path.name}.switchyard-resuming")
    with path.open("rb") as old, fresh.open("wb") as new:
        if form is AnswerFormat.CSV:
            new.write(_CSV_HEADER)
        for line in _lines(old, form):
            if line.is_answered:
                new.write(line.raw)
    shutil.copymode(path, fresh)
    fresh.replace(path)


class _Line(NamedTuple):
    """A whole line of a file of answers; in CSV, all the lines of one row."""

    raw: bytes
    number: int
    request_id: str  # empty: the row was never sent
    is_answered: bool


_CSV_HEADER = ",".join(CSV_COLUMNS).encode() + b"\n"


def _lines(stream: BinaryIO, form: AnswerFormat) -> Iterator[_Line]:
    records = _json_records(stream) if form is AnswerFormat.JSONL else _csv_records(stream)
    for place, (raw, record) in enumerate(records, start=1):
        yield _line(place, raw, record)


def _line(place: int, raw: bytes, record: dict[str, object]) -> _Line:
    number = str(record.get("row"))
    request_id = record.get("request_id") or ""
    has_failed = bool(record.get("error") or record.get("error_code"))
    is_known = isinstance(request_id, str) and (is_request_id(request_id) or not request_id)
    if not number.isdecimal() or int(number) > _MOST_ROWS or not is_known:
        raise NotOurFile(f"its line {place} is none that `switchyard triage` writes")
    if not has_failed and not request_id:
        raise NotOurFile(f"its line {place} does not say which request it answers")
    return _Line(raw, int(number), str(request_id), not has_failed)


def _json_records(stream: BinaryIO) -> Iterator[tuple[bytes, dict[str, object]]]:
    for place, raw in enumerate(stream, start=1):
        if not raw.endswith(b"\n"):
            return  # torn: only the last line can lack its end
        try:
            record = json.loads(raw)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            raise NotOurFile(f"its line {place} is no JSON object")
        yield raw, record


def _csv_records(stream: BinaryIO) -> Iterator[tuple[bytes, dict[str, object]]]:
    header = stream.readline()
    if not header.endswith(b"\n") and _CSV_HEADER.startswith(header):
        return  # torn in the first line
    if header != _CSV_HEADER:
        raise NotOurFile("its first line names other columns than `switchyard triage` writes")
    raws: list[bytes] = []
    reader = csv.reader(_texts(stream, raws), strict=True)
    while (cells := _csv_cells(reader, stream)) is not None:
        raw = b"".join(raws)
        raws.clear()
        if not raw.endswith(b"\n"):
            return
        if len(cells) != len(CSV_COLUMNS):
            raise NotOurFile(f"a row of it has {len(cells)} cells, not {len(CSV_COLUMNS)}")
        yield raw, dict(zip(CSV_COLUMNS, cells, strict=True))


def _texts(stream: BinaryIO, raws: list[bytes]) -> Iterator[str]:
    for raw in stream:
        raws.append(raw)
        yield raw.decode(errors="replace")


def _csv_cells(reader: Iterator[list[str]], stream: BinaryIO) -> list[str] | None:
    """The next row; None after the last, and for a torn one."""
    try:
        return next(reader, None)
    except csv.Error as error:
        if stream.read(1):  # strict reading also refuses the end of the file within quotes
            raise NotOurFile(f"it is damaged: {error}") from None
        return None
