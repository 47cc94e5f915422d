"""Files of answers: whole lines only, whatever happens. `answered_rows.py` reads them again."""

import contextlib
import os
from pathlib import Path
from typing import BinaryIO, Self

from switchyard_client.answers import Answer, AnswerFormat, encoder, header

_FLUSH_CHARACTERS = 64 * 1024


class AnswerFile:
    """Appends answers to a file, in whole lines; a context manager.

    A new file that gets no answer is not left behind. What a file held before is replaced, where
    it `replaces`, when the first row that was sent has its record; until then it is kept.
    """

    def __init__(self, path: Path, form: AnswerFormat, *, replaces: bool = False) -> None:
        self.path = path
        self.is_kept = replaces
        self._encode = encoder(form)
        self._lines: list[str] = []
        self._waiting_characters = 0
        self._has_written = False
        self._header = header(form).encode()
        self._is_new = not path.exists()
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        self._size_bytes = os.fstat(self._file).st_size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.flush()
        finally:
            os.close(self._file)
            if self._is_new and not self._size_bytes:
                self.path.unlink(missing_ok=True)

    def write(self, answer: Answer) -> None:
        """Keep an answer; it reaches the file with the next flush."""
        line = self._encode(answer)
        self._lines.append(line)
        self._waiting_characters += len(line)
        if self.is_kept and answer["request_id"]:
            self._start_over()
        # The first one at once: it carries what --resume needs to know the others by.
        if self._waiting_characters >= _FLUSH_CHARACTERS or not self._has_written:
            self.flush()

    def flush(self) -> None:
        """Write what waits. Raises OSError, and the file then still ends with a whole line."""
        if self._lines and not self.is_kept:
            chunk = "".join(self._lines).encode()
            self._lines.clear()
            self._waiting_characters = 0
            self._append(chunk)
            self._has_written = True

    def _start_over(self) -> None:
        os.ftruncate(self._file, 0)
        self._size_bytes = 0
        self.is_kept = False

    def _append(self, chunk: bytes) -> None:
        if not self._size_bytes:
            chunk = self._header + chunk
        try:
            rest = memoryview(chunk)
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            with contextlib.suppress(OSError):  # a device has no length
                os.ftruncate(self._file, self._size_bytes)
            raise
        self._size_bytes += len(chunk)


class AnswerStream:
    """Writes answers to a stream that is open already, in whole lines; a context manager."""

    def __init__(self, stream: BinaryIO, form: AnswerFormat) -> None:
        self._stream = stream
        self._encode = encoder(form)
        stream.write(header(form).encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.flush()

    def write(self, answer: Answer) -> None:
        """Write an answer; it leaves the process with the next flush, or before."""
        self._stream.write(self._encode(answer).encode())

    def flush(self) -> None:
        """Write what waits."""
        self._stream.flush()
