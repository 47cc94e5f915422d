"""The reply out of an answer that is still being written, as far as it has come."""

import re

import orjson

OPENING = re.compile(r'"reply"\s{0,16}:\s{0,16}"')
LONGEST_OPENING = 41
# What may follow a backslash until the escape is whole.
WHOLE_ESCAPES = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})')
LONGEST_ESCAPE = 12  # of a surrogate pair
MOST_BEFORE = 4096  # characters of an answer before its reply begins


class ReplyText:
    """Takes in pieces of a JSON object and gives what is new of its reply, the last property."""

    def __init__(self) -> None:
        self.before = ""  # the answer up to its reply, once that has begun
        self.has_ended = False
        self._held = ""  # not given yet: before the reply, or a part of an escape
        self._has_begun = False
        # No JSON, or too long: the whole answer will be told what is wrong with it.
        self._is_broken = False

    def take(self, piece: str) -> str:
        """The text of the reply that this piece adds; empty before and after it."""
        if self.has_ended or self._is_broken:
            return ""
        begin = max(0, len(self._held) - LONGEST_OPENING)  # what was searched already is left out
        self._held += piece
        if not self._has_begun:
            opening = OPENING.search(self._held, begin)
            before = len(self._held) if opening is None else opening.start()
            if before > MOST_BEFORE:
                self._is_broken, self._held = True, ""
            if opening is None or self._is_broken:
                return ""
            self._has_begun = True
            self.before = self._held[: opening.start()]
            self._held = self._held[opening.end() :]
        return self._decode()

    def _decode(self) -> str:
        at, held = 0, self._held
        while at < len(held) and held[at] != '"':
            if held[at] != "\\":
                at += 1
                continue
            escape = WHOLE_ESCAPES.match(held, at)
            if escape is None:
                break  # the rest of it is still to come
            if _is_high_surrogate(escape[0]) and not WHOLE_ESCAPES.match(held, escape.end()):
                break  # so is its other half
            at = escape.end()
        self.has_ended = at < len(held) and held[at] == '"'
        given, self._held = held[:at], held[at:]
        if len(self._held) >= LONGEST_ESCAPE and not self.has_ended:
            self._is_broken = True  # the rest of that escape will not come
        try:
            return str(orjson.loads(f'"{given}"'))
        except orjson.JSONDecodeError:
            self.has_ended, self._is_broken = False, True
            return ""


def _is_high_surrogate(escape: str) -> bool:
    return escape[1] == "u" and 0xD800 <= int(escape[2:], 16) < 0xDC00
