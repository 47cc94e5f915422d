"""Server-sent events, taken apart as their bytes come in."""

import re
from collections.abc import Iterator

CONTENT_TYPE = "text/event-stream"
DONE = b"[DONE]"  # the data of the last event of OpenAI's streams
_LINE_ENDS = re.compile(rb"\r\n|\n|\r")


class EventReader:
    """Finds the data of events in bytes that come in any portions. Comments and names are left
    out; an event that the stream breaks off in is none.
    """

    def __init__(self) -> None:
        self.is_done = False  # whether the last event has been
        self._line: list[bytes] = []  # portions of a line that has not ended
        self._ended_in_cr = False  # the last portion: a line feed that follows ends no other line
        self._data: list[bytes] = []  # lines of an event that has not ended

    def feed(self, portion: bytes) -> Iterator[bytes]:
        """The data of every event that ends in this portion, up to the last of all."""
        if self._ended_in_cr:
            portion = portion.removeprefix(b"\n")
        self._ended_in_cr = portion.endswith(b"\r")
        *ended, rest = _LINE_ENDS.split(portion)
        if not ended:
            self._line.append(rest)
            return
        ended[0] = b"".join([*self._line, ended[0]])
        self._line = [rest]
        for line in ended:
            field, colon, value = line.partition(b":")
            if field == b"data":
                self._data.append(value.removeprefix(b" "))
            elif not (field or colon) and self._data:  # the empty line at an event's end
                data, self._data = b"\n".join(self._data), []
                if data == DONE:
                    self.is_done = True
                    return
                yield data
