"""Tickets from files and pipes, a row at a time."""

from collections.abc import Iterator

from switchyard_client.record_files import RecordFile, RecordFormat
from switchyard_client.tickets import BadRow, ColumnMap, Row, row_of


class TicketFile:
    """The rows of one input; "-" is standard input. Use as a context manager.

    Raises UnreadableInput when no ticket can be read from it.
    """

    def __init__(
        self, name: str, columns: ColumnMap | None = None, form: RecordFormat | None = None
    ) -> None:
        self._columns = columns or ColumnMap()
        self._file = RecordFile(name, self._columns, form)

    @property
    def is_regular(self) -> bool:
        """Whether it can be read twice."""
        return self._file.is_regular

    def __enter__(self) -> Iterator[Row | BadRow]:
        return self._rows()

    def __exit__(self, *_: object) -> None:
        self._file.__exit__()

    def _rows(self) -> Iterator[Row | BadRow]:
        with self._file as records:
            for number, record in enumerate(records, start=1):
                if isinstance(record, str):
                    yield BadRow(number, "", record)
                else:
                    yield row_of(number, record, self._columns)
