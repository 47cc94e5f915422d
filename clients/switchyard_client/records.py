"""Records from bytes: one JSON object a line, or CSV under a line of names.

A record is a row's values by column, or a text that says what is wrong with the row. One bad row
never ends the reading.
"""

import csv
import gzip
import io
import itertools
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Protocol, TypeAlias

MAX_LINE_BYTES = 4 * 1024 * 1024  # six times the longest ticket with every character escaped
_LOOK_AHEAD_ROWS = 20
_DELIMITERS = (",", ";", "\t")

ByteStream: TypeAlias = "io.BufferedReader[io.FileIO] | gzip.GzipFile"
Record = dict[str, object] | str  # values by column, or what is wrong with the row


class UnreadableInput(Exception):
    """An input that no row can be read from; the message says what to do."""


class Columns(Protocol):
    """Which columns rows must have."""

    def suffice(self, names: Iterable[str]) -> bool:
        """Whether a row of these columns can be read."""

    def missing(self, names: Iterable[str]) -> list[str]:
        """The columns that the caller asked for and that are not there."""

    def used(self, names: Iterable[str]) -> list[str]:
        """The columns that hold something that is read."""

    def refusal(self, names: Iterable[str]) -> UnreadableInput:
        """Why rows of columns that do not suffice cannot be read."""


def jsonl_records(stream: ByteStream, columns: Columns) -> Iterator[Record]:
    """The objects of a JSONL stream. Raises UnreadableInput when those of the first rows do not
    suffice.
    """
    return _expect_columns(_objects(stream), columns)


def _objects(stream: ByteStream) -> Iterator[Record]:
    for line in _lines(stream):
        if isinstance(line, str):
            yield line
        elif not line.isspace():
            yield _parse_object(line)


class _CsvText:
    """Lines for csv.reader, which wants text; keeps what is wrong with the row being read."""

    def __init__(self, lines: Iterator[bytes | str]) -> None:
        self._lines = lines
        self._quotes = 0
        self._problem = ""
        self.line_count = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.line_count += 1
            if isinstance(line, str):
                self._problem = line
                yield "\n"
                continue
            if b"\0" in line:
                self._problem = "holds a NUL byte"
            text = self._decode(line)
            self._quotes += text.count('"')
            yield text
        if self._quotes % 2 and self.line_count > 1:
            self._problem = "a quote that opens here is never closed"

    def _decode(self, line: bytes) -> str:
        try:
            return line.decode()
        except UnicodeDecodeError as error:
            self._problem = f"is not UTF-8: holds the byte 0x{line[error.start]:02x}"
            return line.decode(errors="replace")

    def take_problem(self) -> str:
        """What is wrong with the row that has just been read; empty when nothing is."""
        problem, self._problem, self._quotes, self.line_count = self._problem, "", 0, 0
        return problem


def csv_records(stream: ByteStream, columns: Columns) -> Iterator[Record]:
    """The rows of a CSV stream under the names in its first line.

    Raises UnreadableInput when those do not suffice.
    """
    # A setting of the whole process, and the only way to read the longest bodies.
    csv.field_size_limit(MAX_LINE_BYTES)
    lines = _lines(stream)
    text = _CsvText(lines)
    first = next(iter(text), "")
    delimiter = _delimiter_of(first, columns)
    reader = csv.reader(itertools.chain([first], text), delimiter=delimiter)
    header = _header(reader)
    if problem := text.take_problem():
        raise UnreadableInput(f"the first line {problem}")
    if not any(header):
        raise UnreadableInput("the input is empty")
    _check_header(header, columns)
    while (record := _csv_record(reader, text, header)) is not None:
        if record:
            yield record


def _expect_columns(records: Iterator[Record], columns: Columns) -> Iterator[Record]:
    """The same records; UnreadableInput when none of the first ones has what it needs.

    Rows may name different columns, so one bad row condemns no file.
    """
    held = []
    for record in records:
        held.append(record)
        suffices = not isinstance(record, str) and columns.suffice(record)
        if suffices or len(held) == _LOOK_AHEAD_ROWS:
            break
    named = [record for record in held if not isinstance(record, str)]
    if named and not any(columns.suffice(record) for record in named):
        raise columns.refusal(dict.fromkeys(name for record in named for name in record))
    yield from held
    yield from records


def _parse_object(line: bytes) -> Record:
    if b"\0" in line:
        return "holds a NUL byte"
    try:
        values = json.loads(line.decode())
    except UnicodeDecodeError as error:
        return f"is not UTF-8: byte {error.start + 1} of the line is 0x{line[error.start]:02x}"
    except json.JSONDecodeError as error:
        # Some of its messages end with the word already.
        return f"is no JSON: {error.msg.removesuffix(' at')} at character {error.colno}"
    except (ValueError, RecursionError) as error:
        return f"is no JSON that can be read: {error}"
    return values if isinstance(values, dict) else "is no JSON object"


def _header(reader: Iterator[list[str]]) -> list[str]:
    try:
        return [cell.strip() for cell in next(reader, [])]
    except csv.Error as error:
        raise UnreadableInput(f"the first line is no CSV: {error}") from None


def _delimiter_of(header: str, columns: Columns) -> str:
    """The one that makes columns that suffice; else the one that makes the most."""

    def merit(delimiter: str) -> tuple[bool, int]:
        cells = [cell.strip(' "\r\n') for cell in header.split(delimiter)]
        return columns.suffice(cells), len(cells)

    return max(_DELIMITERS, key=merit)


def _check_header(header: list[str], columns: Columns) -> None:
    if missing := columns.missing(header):
        raise UnreadableInput(f"no column is named {missing[0]!r}; found: {', '.join(header)}")
    if not columns.suffice(header):
        raise columns.refusal(header)
    counts = Counter(header)
    if twice := [name for name in columns.used(header) if counts[name] > 1]:
        raise UnreadableInput(
            f"{counts[twice[0]]} columns are named {twice[0]!r}; rename all but one"
        )


def _csv_record(
    reader: Iterator[list[str]], text: _CsvText, header: list[str]
) -> dict[str, object] | str | None:
    """The next row; empty for a blank one, None after the last."""
    try:
        cells = next(reader, None)
    except csv.Error as error:
        return text.take_problem() or f"is no CSV: {error}; is a quote not closed?"
    problem = text.take_problem()
    if problem or cells is None:
        return problem or None
    if len(cells) > len(header):
        return (
            f"has {len(cells)} cells where the first line names {len(header)}; "
            "quote the text that holds the delimiter"
        )
    return dict(zip(header, cells, strict=False)) if any(cells) else {}


def _lines(stream: ByteStream) -> Iterator[bytes | str]:
    """Lines as bytes; a text instead of a line says why it could not be read."""
    while True:
        try:
            line = stream.readline(MAX_LINE_BYTES)
            if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
                _skip_line(stream)
                yield f"the line is longer than {MAX_LINE_BYTES} bytes"
                continue
        except (EOFError, OSError, zlib.error) as error:
            yield f"the input ends here, damaged: {error}"
            return
        if not line:
            return
        yield line


def _skip_line(stream: ByteStream) -> None:
    while (rest := stream.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
        pass
