"""`switchyard labels import`: from the files to the exit status."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from switchyard_client.client import TriageClient
from switchyard_client.commands.asking import ask_client
from switchyard_client.commands.batch import with_ticks
from switchyard_client.commands.console import counted, plain, stderr, stdout
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.failures import CommandFailed, Exit, call_failed
from switchyard_client.commands.labels.failed_rows import FailedRows
from switchyard_client.commands.labels.file_import import FileImport
from switchyard_client.commands.labels.new_categories import (
    MOST_CATEGORIES,
    NewCategory,
    added_to,
    missing_categories,
    show_categories,
)
from switchyard_client.commands.progress import Pace, progress_on
from switchyard_client.commands.rows import file_rows, piped_rows
from switchyard_client.errors import SwitchyardError
from switchyard_client.feedback import FeedbackClient
from switchyard_client.labels import InvalidLabel, LabelColumns, label_of
from switchyard_client.messages.switchyard.feedback.v1 import Label
from switchyard_client.record_files import RecordFile, count_rows
from switchyard_client.records import Record, UnreadableInput

_TICK_S = 0.25
_LOOK_AHEAD_ROWS = 20
_GO_ON = "to go on, give the same command again"


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """What the caller of `switchyard labels import` asked for."""

    endpoint: Endpoint
    files: tuple[str, ...]
    columns: LabelColumns
    replace: bool
    is_check: bool
    adds_categories: bool
    failures: Path | None


def run_import(order: ImportOrder) -> Exit:
    """Import the files, say what came of them, and give the exit status. Raises CommandFailed."""
    _check_files(order)
    try:
        coming = _add_categories(order) if order.adds_categories else {}
        with FailedRows(order.failures) as failed:
            return _run(order, failed, coming)
    except UnreadableInput as error:
        raise CommandFailed(str(error), Exit.USAGE) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        message = f"cannot write {order.failures}: {error.strerror}"
        raise CommandFailed(message, Exit.USAGE) from None


def _check_files(order: ImportOrder) -> None:
    if order.adds_categories and "-" in order.files:
        message = "--add-categories reads the input twice: give a file, not -"
        raise CommandFailed(message, Exit.USAGE)
    if order.failures is not None and order.failures.exists():
        inputs = [Path(path) for path in order.files if Path(path).exists()]
        if any(order.failures.samefile(path) for path in inputs):
            raise CommandFailed(f"{order.failures} is the input", Exit.USAGE)


def _add_categories(order: ImportOrder) -> Mapping[str, NewCategory]:
    """Add what the taxonomy lacks; the categories that are still to come, where it is a check."""
    current = ask_client(order.endpoint, TriageClient, lambda client: client.get_taxonomy())
    found = missing_categories(order.files, order.columns, current)
    if not found:
        stdout().print("the taxonomy has every category of the input")
        return {}
    wanted = added_to(current, found)
    _check_number(len(wanted.categories))
    show_categories(found)
    after = ask_client(
        order.endpoint,
        TriageClient,
        lambda client: client.update_taxonomy(wanted, validate_only=order.is_check),
    )
    if order.is_check:
        stdout().print(f"{_categories(len(found))} would be added")
        return found
    stdout().print(f"{_categories(len(found))} added; revision {after.revision} is in force")
    return {}


def _check_number(categories: int) -> None:
    if categories > MOST_CATEGORIES:
        message = (
            f"the taxonomy would have {_categories(categories)}, and takes {MOST_CATEGORIES}; "
            "name the column of the category with --category-column, or merge some in the file"
        )
        raise CommandFailed(message, Exit.USAGE)


def _categories(count: int) -> str:
    return counted(count, "category", "categories")


def _run(order: ImportOrder, failed: FailedRows, coming: Mapping[str, NewCategory]) -> Exit:
    imports: list[FileImport] = []
    try:
        asyncio.run(_import_all(order, failed, coming, imports))
    except SwitchyardError as error:
        _show(order, imports[-1:])
        raise call_failed(error, order.endpoint, _GO_ON) from None
    except KeyboardInterrupt:
        _show(order, imports[-1:])
        stderr().print(f"switchyard: interrupted; {_GO_ON}")
        return Exit.INTERRUPTED
    if not any(one.done for one in imports):
        raise CommandFailed(f"there is no label in {', '.join(order.files)}", Exit.USAGE)
    return Exit.PARTIAL if any(one.errors for one in imports) else Exit.DONE


async def _import_all(
    order: ImportOrder,
    failed: FailedRows,
    coming: Mapping[str, NewCategory],
    imports: list[FileImport],
) -> None:
    async with order.endpoint.client(FeedbackClient) as client:
        for path in order.files:
            imports.append(FileImport(path, failed))
            await _import(order, client, imports[-1], coming)
            _show(order, imports[-1:])


async def _import(
    order: ImportOrder,
    client: FeedbackClient,
    one: FileImport,
    coming: Mapping[str, NewCategory],
) -> None:
    file = RecordFile(one.path, order.columns)
    pace = Pace(count_rows(one.path), time.monotonic)
    with file as records:
        rows = enumerate(_shown(records, order.columns, one.path), start=1)
        arriving = file_rows(rows) if file.is_regular else piped_rows(rows)
        labels = _labels(arriving, order.columns, one, coming)

        async def send() -> None:
            answers = client.import_labels(
                labels, replace=order.replace, validate_only=order.is_check
            )
            async for answer in answers:
                one.hear(answer)

        with progress_on(stderr(), pace) as progress:
            await with_ticks(send(), lambda: progress.show(one), _TICK_S)


def _shown(records: Iterator[Record], columns: LabelColumns, path: str) -> Iterator[Record]:
    """The same records; which columns count is said before the first of them is sent."""
    held = []
    for record in itertools.islice(records, _LOOK_AHEAD_ROWS):
        held.append(record)
        if not isinstance(record, str):
            found = columns.among(record)
            told = [f"{name} from {column}" for name, column in found.items()]
            unused = [column for column in record if column not in found.values()]
            told += [f"not used: {', '.join(unused[:10])}"] if unused else []
            stderr().print(plain(f"{path}: {'; '.join(told)}", "dim"))
            break
    return itertools.chain(held, records)


async def _labels(
    rows: AsyncIterator[tuple[int, Record]],
    columns: LabelColumns,
    one: FileImport,
    coming: Mapping[str, NewCategory],
) -> AsyncIterator[Label]:
    """The labels of the rows that hold one; the others are counted."""
    async for number, record in rows:
        if isinstance(record, str):
            one.refuse(number, record, record)
            continue
        try:
            label = label_of(record, columns)
        except InvalidLabel as error:
            one.refuse(number, record, str(error))
            continue
        if label.category in coming:
            one.waiting += 1
            continue
        one.send(number, record)
        yield label


def _show(order: ImportOrder, imports: Iterable[FileImport]) -> None:
    would = "checked, nothing imported; it would be: " if order.is_check else ""
    for one in imports:
        stdout().print(plain(f"{one.path}: {would}{one.describe()}"))
