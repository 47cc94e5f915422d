"""Files of answers: whole lines, torn lines, and going on."""

import os
from pathlib import Path

import pytest
from switchyard_client import Ticket, TriageResult
from switchyard_client.answer_files import AnswerFile
from switchyard_client.answered_rows import AnsweredRows, NotOurFile, drop_unanswered
from switchyard_client.answers import CSV_COLUMNS, Answer, AnswerFormat, answer_of, failure
from switchyard_client.request_ids import request_id_of
from switchyard_client.tickets import Row

from tests.unit.client.fake_service import make_result

FORMATS = pytest.mark.parametrize("form", list(AnswerFormat))
BATCH = bytes(range(6))


def row(number: int, body: str = "text") -> Row:
    """A row of the input."""
    return Row(number, Ticket(id=f"T-{number}", body=body))


def record(number: int, *, has_failed: bool = False, batch: bytes = BATCH) -> Answer:
    """The record of such a row."""
    place = {"row": number, "id": f"T-{number}", "request_id": request_id_of(batch, row(number))}
    result = TriageResult.parse(make_result("triageRuns/1", "T").SerializeToString())
    return place | (failure("INTERNAL", "", "x") if has_failed else answer_of(result))


def write(path: Path, form: AnswerFormat, *records: Answer) -> None:
    """A file of these records."""
    with AnswerFile(path, form) as answers:
        for one in records:
            answers.write(one)


def answered(path: Path, form: AnswerFormat, *numbers: int) -> list[int]:
    """Which of these rows the file answers."""
    rows = AnsweredRows.read(path, form)
    return [n for n in numbers if rows.holds(n, request_id_of(BATCH, row(n)))]


@FORMATS
def test_answered_rows_are_known_again(tmp_path: Path, form: AnswerFormat) -> None:
    write(tmp_path / "o", form, record(1), record(5), record(2))
    assert answered(tmp_path / "o", form, 1, 2, 3, 4, 5, 6) == [1, 2, 5]


@FORMATS
def test_the_batch_is_known_again(tmp_path: Path, form: AnswerFormat) -> None:
    write(tmp_path / "o", form, record(1, has_failed=True))
    assert AnsweredRows.read(tmp_path / "o", form).batch == BATCH


@FORMATS
def test_failed_rows_are_to_be_tried_again(tmp_path: Path, form: AnswerFormat) -> None:
    write(tmp_path / "o", form, record(1), record(2, has_failed=True))
    assert answered(tmp_path / "o", form, 1, 2) == [1]


@FORMATS
def test_a_file_torn_anywhere_keeps_its_whole_rows(tmp_path: Path, form: AnswerFormat) -> None:
    path = tmp_path / "o"
    write(path, form, record(1), record(2))
    whole = path.read_bytes()
    write(path, form, record(3))
    longer = path.read_bytes()
    for size in range(len(whole), len(longer)):
        path.write_bytes(longer[:size])
        assert answered(path, form, 1, 2, 3) == [1, 2], size
        drop_unanswered(path, form)
        assert path.read_bytes() == whole, size


@FORMATS
def test_a_file_torn_in_its_first_row_is_as_good_as_empty(
    tmp_path: Path, form: AnswerFormat
) -> None:
    path = tmp_path / "o"
    write(path, form, record(1))
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        assert AnsweredRows.read(path, form).count == 0, size


def test_a_file_of_the_users_beside_the_answers_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path / "o", AnswerFormat.JSONL, record(1))
    (tmp_path / "o.resuming").write_text("important")
    drop_unanswered(tmp_path / "o", AnswerFormat.JSONL)
    assert (tmp_path / "o.resuming").read_text() == "important"
    assert len(list(tmp_path.iterdir())) == 2


@FORMATS
def test_failed_rows_are_taken_out_and_the_others_stay_as_they_are(
    tmp_path: Path, form: AnswerFormat
) -> None:
    write(tmp_path / "all", form, record(1), record(2, has_failed=True), record(3))
    write(tmp_path / "good", form, record(1), record(3))
    drop_unanswered(tmp_path / "all", form)
    assert (tmp_path / "all").read_bytes() == (tmp_path / "good").read_bytes()


@FORMATS
def test_more_answers_go_to_the_end(tmp_path: Path, form: AnswerFormat) -> None:
    write(tmp_path / "parts", form, record(1))
    write(tmp_path / "parts", form, record(2))
    write(tmp_path / "whole", form, record(1), record(2))
    assert (tmp_path / "parts").read_bytes() == (tmp_path / "whole").read_bytes()


def test_a_row_that_was_answered_for_another_ticket_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "o", AnswerFormat.JSONL, record(1))
    rows = AnsweredRows.read(tmp_path / "o", AnswerFormat.JSONL)
    with pytest.raises(NotOurFile, match="row 1"):
        rows.holds(1, request_id_of(BATCH, row(1, body="another text")))


def test_answers_of_two_batches_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "o", AnswerFormat.JSONL, record(1), record(2, batch=bytes(6)))
    with pytest.raises(NotOurFile, match="several batches"):
        AnsweredRows.read(tmp_path / "o", AnswerFormat.JSONL)


CSV_HEADER = ",".join(CSV_COLUMNS) + "\n"


@pytest.mark.parametrize(
    ("form", "content"),
    [
        (AnswerFormat.JSONL, '{"body": "x"}\n'),
        (AnswerFormat.JSONL, "row,id\n"),
        (AnswerFormat.JSONL, "[1]\n"),
        (AnswerFormat.JSONL, '{"row": 1, "id": "T-1"}\n'),
        (AnswerFormat.JSONL, '{"row": 1, "request_id": "zz"}\n'),
        (AnswerFormat.JSONL, '{"row": 99999999999999, "error": {}}\n'),
        (AnswerFormat.JSONL, '{"row": -1, "error": {}}\n'),
        (AnswerFormat.CSV, "id,body\n1,x\n"),
        (AnswerFormat.CSV, "{}\n"),
        (AnswerFormat.CSV, CSV_HEADER + "1,2\n"),
        (AnswerFormat.CSV, CSV_HEADER + '1,"a"b\n' + "x\n" * 9),
    ],
)
def test_a_file_that_is_not_ours_is_refused_and_left_alone(
    tmp_path: Path, form: AnswerFormat, content: str
) -> None:
    path = tmp_path / "o"
    path.write_text(content)
    with pytest.raises(NotOurFile):
        AnsweredRows.read(path, form)
    assert path.read_text() == content


def test_a_replaced_file_keeps_its_mode_and_its_links(tmp_path: Path) -> None:
    path, link = tmp_path / "o", tmp_path / "link"
    write(path, AnswerFormat.JSONL, record(1))
    path.chmod(0o640)
    link.symlink_to(path)
    drop_unanswered(link, AnswerFormat.JSONL)
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_file_that_gets_no_answer_is_not_left_behind(tmp_path: Path) -> None:
    write(tmp_path / "o", AnswerFormat.CSV)
    assert not (tmp_path / "o").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_an_error() -> None:
    with pytest.raises(OSError, match="No space left"):
        write(Path("/dev/full"), AnswerFormat.JSONL, record(1))


def test_every_flush_ends_with_a_whole_line(tmp_path: Path) -> None:
    path = tmp_path / "o"
    with AnswerFile(path, AnswerFormat.JSONL) as answers:
        for number in range(1, 200):
            answers.write(record(number))
            content = path.read_bytes()
            assert content.endswith(b"\n")
        assert len(content) > os.pathconf(tmp_path, "PC_PIPE_BUF")
