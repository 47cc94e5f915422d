"""Records from files and pipes: JSONL and CSV, gzipped or not, one at a time."""

import contextlib
import gzip
import io
import os
import zlib
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import BinaryIO

from switchyard_client.records import (
    ByteStream,
    Columns,
    Record,
    UnreadableInput,
    csv_records,
    jsonl_records,
)

_GZIP = b"\x1f\x8b"
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class RecordFormat(Enum):
    """How rows are written."""

    JSONL = "jsonl"
    CSV = "csv"


_BY_SUFFIX = {
    ".jsonl": RecordFormat.JSONL,
    ".ndjson": RecordFormat.JSONL,
    ".csv": RecordFormat.CSV,
    ".tsv": RecordFormat.CSV,
}


class RecordFile:
    """The records of one input; "-" is standard input. Use as a context manager.

    Raises UnreadableInput when none can be read from it.
    """

    def __init__(self, name: str, columns: Columns, form: RecordFormat | None = None) -> None:
        self.name = name
        self._columns = columns
        self._form = form
        self._closing = contextlib.ExitStack()

    @property
    def is_regular(self) -> bool:
        """Whether it can be read twice."""
        return self.name != "-" and Path(self.name).is_file()

    def __enter__(self) -> Iterator[Record]:
        return self._records()

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def _open(self) -> ByteStream:
        if self.name == "-":
            # Neither sys.stdin.buffer nor closed: a thread that waits in it would hold up the end.
            return _unzipped(io.BufferedReader(io.FileIO(0, closefd=False)))
        file = self._closing.enter_context(io.BufferedReader(io.FileIO(self.name)))
        stream = _unzipped(file)
        self._closing.enter_context(stream)
        return stream

    def _records(self) -> Iterator[Record]:
        try:
            stream = self._open()
        except OSError as error:
            raise UnreadableInput(f"cannot read {self.name}: {error.strerror}") from None
        head = _peek(stream)
        if head.startswith(_UTF16_MARKS):
            raise UnreadableInput(f"{self.name} is UTF-16; save it as UTF-8")
        if head.startswith(_UTF8_MARK):
            stream.read(len(_UTF8_MARK))
            head = head[len(_UTF8_MARK) :]
        yield from self._parsed(stream, head)

    def _parsed(self, stream: ByteStream, head: bytes) -> Iterator[Record]:
        form = self._form or _format_of(self.name, head)
        if form is RecordFormat.CSV:
            return csv_records(stream, self._columns)
        if head.lstrip().startswith(b"["):
            raise UnreadableInput(
                f"{self.name} is one JSON array; write one object a line: jq -c '.[]' {self.name}"
            )
        return jsonl_records(stream, self._columns)


def _unzipped(stream: "io.BufferedReader[io.FileIO]") -> ByteStream:
    return gzip.GzipFile(fileobj=stream) if stream.peek(2)[:2] == _GZIP else stream


def count_rows(path: str, form: RecordFormat | None = None) -> int | None:
    """About how many rows a regular file has, from its line ends; None for all else."""
    if path == "-" or not Path(path).is_file() or not os.access(path, os.R_OK):
        return None
    with Path(path).open("rb") as stream:
        head = stream.read(512)
        if head.startswith(_GZIP):
            return None
        stream.seek(0)
        if (form or _format_of(path, head)) is RecordFormat.CSV:
            return max(0, _count_records(stream) - 1)
        return _count_lines(stream)


def _count_lines(stream: BinaryIO) -> int:
    lines, last = 0, b"\n"
    while chunk := stream.read(1 << 20):
        lines += chunk.count(b"\n")
        last = chunk[-1:]
    return lines + (last != b"\n")


def _count_records(stream: BinaryIO) -> int:
    """Line ends outside quotes."""
    records, quotes, last = 0, 0, b"\n"
    while chunk := stream.read(1 << 20):
        for piece in chunk.split(b'"'):
            records += piece.count(b"\n") if quotes % 2 == 0 else 0
            quotes += 1
        quotes -= 1
        last = chunk[-1:]
    return records + (last != b"\n")


def _peek(stream: ByteStream) -> bytes:
    try:
        return stream.peek(512)[:512]
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UnreadableInput(f"the gzip data is damaged: {error}") from None


def _format_of(name: str, head: bytes) -> RecordFormat:
    named = _BY_SUFFIX.get(Path(name.lower().removesuffix(".gz")).suffix)
    if named:
        return named
    looks_like_json = head.removeprefix(_UTF8_MARK).lstrip()[:1] in (b"{", b"[")
    return RecordFormat.JSONL if looks_like_json else RecordFormat.CSV
