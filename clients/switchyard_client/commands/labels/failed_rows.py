"""Rows of an import that failed: the first few for people, all of them as a file."""

import json
from pathlib import Path
from typing import Self, TextIO

from switchyard_client.commands.console import plain, stderr
from switchyard_client.records import Record

_MOST_SHOWN = 20


class FailedRows:
    """Keeps what failed, and prints the first of it at the end; a context manager.

    With a path there is a file of them as soon as one fails: the rows with their problem, to be
    mended and imported. Raises OSError.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: TextIO | None = None
        self._first: list[str] = []
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
        self._show()

    def add(self, file: str, number: int, record: Record, problem: str) -> None:
        """A row that failed, and why."""
        self._count += 1
        if len(self._first) < _MOST_SHOWN:
            self._first.append(f"{file}, row {number}: {problem}")
        if self._path is not None:
            self._write(self._path, number, record, problem)

    def _show(self) -> None:
        for line in self._first:
            stderr().print(plain(line, "red"))
        more = self._count - len(self._first)
        if more:
            hint = "" if self._path else ": --failures FILE keeps them all"
            stderr().print(f"... and {more:,} more failed{hint}")
        if self._file is not None:
            stderr().print(plain(f"wrote {self._path}", "dim"))

    def _write(self, path: Path, number: int, record: Record, problem: str) -> None:
        if self._file is None:
            self._file = path.open("w", encoding="utf-8", errors="replace")
        values = {} if isinstance(record, str) else record
        line = {**values, "row": number, "problem": problem}
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
