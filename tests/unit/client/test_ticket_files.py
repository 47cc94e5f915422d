"""Rows from files: formats, compression, and whatever else comes in."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from switchyard_client.labels import LabelColumns
from switchyard_client.outcomes import OutcomeColumns
from switchyard_client.record_files import RecordFile, RecordFormat, count_rows
from switchyard_client.records import MAX_LINE_BYTES, Columns, UnreadableInput
from switchyard_client.ticket_files import TicketFile
from switchyard_client.tickets import BadRow, ColumnMap, NoBodyColumn, Row


def read(path: Path, content: bytes, *mappings: str) -> list[Row | BadRow]:
    """The rows of a file with that content."""
    path.write_bytes(content)
    with TicketFile(str(path), ColumnMap.parse(mappings)) as rows:
        return list(rows)


def bodies(rows: list[Row | BadRow]) -> list[str]:
    """The body of each row, or "!" where it is bad."""
    return [row.ticket.body if isinstance(row, Row) else "!" for row in rows]


def problems(rows: list[Row | BadRow]) -> list[tuple[int, str]]:
    """Number and problem of each bad row."""
    return [(row.number, row.problem) for row in rows if isinstance(row, BadRow)]


JSONL = b'{"body": "one"}\n\n{"body": "two"}\n'
CSV = b"id;Body\n1;one\n2;two\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.jsonl", JSONL),
        ("t.jsonl.gz", gzip.compress(JSONL, mtime=0)),
        ("t.ndjson", JSONL),
        ("t", JSONL),
        ("t.txt", gzip.compress(JSONL, mtime=0)),
        ("t.csv", CSV),
        ("T.CSV", CSV),
        ("t.csv.gz", gzip.compress(CSV, mtime=0)),
        ("t", CSV),
        ("t", gzip.compress(CSV, mtime=0)),
        ("t.csv", b"\xef\xbb\xbf" + CSV),
        ("t.jsonl", b"\xef\xbb\xbf" + JSONL),
        ("t.csv", b"id,body\r\n1,one\r\n2,two\r\n"),
        ("t.tsv", b"id\tbody\n1\tone\n2\ttwo\n"),
        ("t.csv", b"body\none\ntwo"),
    ],
)
def test_formats_are_told_by_name_or_content(tmp_path: Path, name: str, content: bytes) -> None:
    assert bodies(read(tmp_path / name, content)) == ["one", "two"]


def test_the_given_format_beats_the_name(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(JSONL)
    with TicketFile(str(path), form=RecordFormat.JSONL) as rows:
        assert bodies(list(rows)) == ["one", "two"]


def test_csv_cells_may_hold_delimiters_quotes_and_lines(tmp_path: Path) -> None:
    rows = read(tmp_path / "t.csv", b'id,body\n1,"a, ""b""\nc"\n2,d\n')
    assert bodies(rows) == ['a, "b"\nc', "d"]


def test_blank_csv_rows_are_no_rows(tmp_path: Path) -> None:
    assert bodies(read(tmp_path / "t.csv", b"id,body\n\n1,one\n,\n2,two\n")) == ["one", "two"]


def test_a_csv_row_with_too_many_cells_is_bad(tmp_path: Path) -> None:
    rows = read(tmp_path / "t.csv", b"id,body\n1,well, then\n2,two\n")
    assert bodies(rows) == ["!", "two"]
    assert "3 cells where the first line names 2" in problems(rows)[0][1]


def test_a_missing_body_column_lists_the_columns_and_suggests_one(tmp_path: Path) -> None:
    with pytest.raises(NoBodyColumn, match=r"found: id, Text\. .* --map body=Text"):
        read(tmp_path / "t.csv", b"id,Text\n1,one\n")


def test_json_rows_that_never_have_a_body_are_no_tickets(tmp_path: Path) -> None:
    content = b"".join(json.dumps({"message": str(i)}).encode() + b"\n" for i in range(50))
    with pytest.raises(NoBodyColumn, match="--map body=message"):
        read(tmp_path / "t.jsonl", content)


def test_one_json_row_without_a_body_is_one_bad_row(tmp_path: Path) -> None:
    rows = read(tmp_path / "t.jsonl", b'{"text": "x"}\n{"body": "two"}\n')
    assert bodies(rows) == ["!", "two"]


def test_a_mapped_column_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match="no column is named 'texte'; found: id, text"):
        read(tmp_path / "t.csv", b"id,text\n1,one\n", "body=texte")


@pytest.mark.parametrize(
    ("header", "column"),
    [(b"id,body,body", "body"), (b"body,x,attr.plan,attr.plan", "attr.plan")],
)
def test_a_column_that_is_there_twice_is_an_error(
    tmp_path: Path, header: bytes, column: str
) -> None:
    with pytest.raises(UnreadableInput, match=f"2 columns are named '{column}'"):
        read(tmp_path / "t.csv", header + b"\n1,one,two\n")


@pytest.mark.parametrize(
    ("columns", "header"),
    [
        (LabelColumns({}), b"text,category,text"),
        (OutcomeColumns(), b"unit,metric,id,success,metric"),
    ],
)
def test_labels_and_outcomes_have_each_column_once(
    tmp_path: Path, columns: Columns, header: bytes
) -> None:
    (tmp_path / "t.csv").write_bytes(header + b"\n")
    with (
        pytest.raises(UnreadableInput, match="2 columns are named"),
        RecordFile(str(tmp_path / "t.csv"), columns) as records,
    ):
        list(records)


def test_columns_that_are_no_field_may_have_one_name(tmp_path: Path) -> None:
    assert bodies(read(tmp_path / "t.csv", b"body,note,note,,\none,a,b,,\n")) == ["one"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{", "is no JSON: "),
        (b'{"body": "a\x01b"}', "is no JSON: Invalid control character at character 12"),
        (b'"text"', "is no JSON object"),
        (b"[1]", "is no JSON object"),
        (b"null", "is no JSON object"),
        (b"[" * 100_000, "is no JSON that can be read"),
        (b'{"body": ' + b"1" * 5_000 + b"}", "is no JSON that can be read"),
        (b'{"body": "\xff"}', "is not UTF-8: byte 11 of the line is 0xff"),
        (b'{"body": "a\x00b"}', "holds a NUL byte"),
        (b'{"body": "\\ud800"}', "half of a surrogate pair"),
        (b'{"body": "' + b"x" * MAX_LINE_BYTES + b'"}', "the line is longer than"),
    ],
)
def test_a_bad_json_line_is_one_bad_row(tmp_path: Path, line: bytes, problem: str) -> None:
    rows = read(tmp_path / "t.jsonl", b'{"body": "one"}\n' + line + b'\n{"body": "three"}\n')
    assert bodies(rows) == ["one", "!", "three"]
    assert problem in problems(rows)[0][1]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"1,\xff", "is not UTF-8: holds the byte 0xff"),
        (b"1,a\x00b", "holds a NUL byte"),
        (b"1," + b"x" * MAX_LINE_BYTES, "the line is longer than"),
        (b'1,"a\n\xff"', "is not UTF-8"),
    ],
)
def test_a_bad_csv_row_is_one_bad_row(tmp_path: Path, line: bytes, problem: str) -> None:
    rows = read(tmp_path / "t.csv", b"id,body\n0,zero\n" + line + b"\n2,two\n")
    assert bodies(rows) == ["zero", "!", "two"]
    assert problem in problems(rows)[0][1]


def test_a_quote_that_never_closes_is_told(tmp_path: Path) -> None:
    rows = read(tmp_path / "t.csv", b'id,body\n1,one\n2,"two\n3,three\n')
    assert problems(rows) == [(2, "a quote that opens here is never closed")]


def test_a_torn_gzip_gives_its_rows_and_then_says_so(tmp_path: Path) -> None:
    whole = gzip.compress(b"".join(b'{"body": "%d"}\n' % i for i in range(20_000)))
    rows = read(tmp_path / "t.jsonl.gz", whole[: len(whole) // 2])
    assert bodies(rows[:2]) == ["0", "1"]
    assert "the input ends here, damaged" in problems(rows)[-1][1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        ("id,body\n".encode("utf-16"), "UTF-16"),
        (b'[{"body": "x"}]', "jq -c"),
        (b"\x1f\x8bnot gzip at all", "damaged"),
    ],
)
def test_what_cannot_be_read_at_all_is_an_error(
    tmp_path: Path, content: bytes, message: str
) -> None:
    with pytest.raises(UnreadableInput, match=message):
        read(tmp_path / "input", content)


def test_a_file_that_is_not_there_is_an_error() -> None:
    with (
        pytest.raises(UnreadableInput, match="No such file"),
        TicketFile("/no/such/file") as rows,
    ):
        next(rows)


@given(st.binary(max_size=300))
@settings(max_examples=300)
def test_no_bytes_break_the_reading(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    for name in ("t.jsonl", "t.csv", "t"):
        path = tmp_path_factory.getbasetemp() / name
        try:
            read(path, content)
        except UnreadableInput:
            continue


@pytest.mark.parametrize(
    ("name", "content", "count"),
    [
        ("t.jsonl", JSONL, 3),  # blank lines count: it is an estimate
        ("t.jsonl", b'{"body": "one"}', 1),
        ("t.csv", b'id,body\n1,"a\nb\nc"\n2,two', 2),
        ("t.csv", b"", 0),
        ("t.jsonl.gz", gzip.compress(JSONL, mtime=0), None),
    ],
)
def test_rows_are_counted_without_reading_them(
    tmp_path: Path, name: str, content: bytes, count: int | None
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert count_rows(str(path)) == count
