"""Shows a reply while it is written, as far as nobody will have to take it back."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import orjson

from server.engines.llm.completion import Completion, Finish
from server.engines.llm.flaws import FlawedAnswer
from server.engines.llm.reply_text import ReplyText
from server.triage.assessment import MOST_REPLY
from server.triage.engine import Attempt, EngineListener

SENTENCE_END = re.compile(r"[.!?](?=\s)|[\u3002\uff01\uff1f\n]")


@dataclass(slots=True)
class ReplyListener:
    """Hears of attempts, and of the reply sentence by sentence.

    A sentence is passed on when the answer would be a good one if the reply ended with it. So no
    placeholder is passed on in two parts, and an answer that is flawed early can be corrected.
    Of a reply that is longer than any may be, nothing more is.
    """

    listener: EngineListener
    read: Callable[[Completion], object]  # raises FlawedAnswer
    _reply: ReplyText = field(default_factory=ReplyText)
    _text: str = ""
    _passed_on: int = 0  # characters of the text
    _is_flawed: bool = False

    def attempted(self, attempt: Attempt) -> None:
        """A call has ended; the next one writes another reply."""
        self.listener.attempted(attempt)
        self._reply, self._text, self._passed_on, self._is_flawed = ReplyText(), "", 0, False

    def wrote(self, piece: str) -> bool:
        """A piece of an answer has come; whether any of it was shown to the caller."""
        if self._is_flawed:
            return False
        begin = max(self._passed_on, len(self._text) - 1)  # a space may make it a sentence's end
        self._text += self._reply.take(piece)
        if len(self._text) > MOST_REPLY:
            self._is_flawed = True
            return False
        end = len(self._text) if self._reply.has_ended else self._last_sentence_end(begin)
        if end <= self._passed_on or not self._is_good(end):
            return False
        self.listener.wrote(self._text[self._passed_on : end])
        self._passed_on = end
        return True

    def _last_sentence_end(self, begin: int) -> int:
        ends = SENTENCE_END.finditer(self._text, begin)
        return max((end.end() for end in ends), default=0)

    def _is_good(self, end: int) -> bool:
        reply = orjson.dumps(self._text[:end]).decode()
        answer = f'{self._reply.before}"reply":{reply}}}'
        try:
            self.read(Completion(answer, Finish.STOP, "", 0, 0))
        except FlawedAnswer:
            self._is_flawed = True
        return not self._is_flawed
