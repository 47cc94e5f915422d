"""How a question and its answer look in OpenAI's chat protocol, whoever carries them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from server.engines.llm.classification import classify_told, failure
from server.engines.llm.completion import Completion, Finish, Question, Role, Token
from server.triage.engine import believable

MOST_ANSWER_BYTES = 1024 * 1024
TOP_LOGPROBS = 5  # as many as every provider gives
MOST_LOGPROB = 1e6  # either side of 0; providers tell -9999 where they mean never
SCHEMA_IN_WORDS = "Answer with one JSON object that keeps this JSON Schema, and nothing else:"

FINISHES = {
    "length": Finish.LENGTH,
    "max_tokens": Finish.LENGTH,
    "content_filter": Finish.REFUSED,
    "safety": Finish.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a provider understands."""

    model: str
    has_strict_schema: bool  # else it is told the schema in words, and held to JSON alone
    has_logprobs: bool

    def body(self, question: Question) -> dict[str, Any]:
        """The request for a question, to be sent as JSON."""
        body = {
            "model": self.model,
            "messages": self._messages(question),
            "max_tokens": question.most_tokens,
            "temperature": question.temperature,
            "response_format": self._format(question),
        }
        if self.has_logprobs and question.wants_logprobs:
            body |= {"logprobs": True, "top_logprobs": TOP_LOGPROBS}
        return body

    def streamed_body(self, question: Question) -> dict[str, Any]:
        """The same, to be answered piece by piece."""
        return self.body(question) | {"stream": True, "stream_options": {"include_usage": True}}

    def _format(self, question: Question) -> Mapping[str, Any]:
        if not self.has_strict_schema:
            return {"type": "json_object"}
        schema = {"name": question.schema_name, "schema": question.schema, "strict": True}
        return {"type": "json_schema", "json_schema": schema}

    def _messages(self, question: Question) -> list[dict[str, str]]:
        messages = [{"role": each.role.value, "content": each.text} for each in question.messages]
        if self.has_strict_schema:
            return messages
        order = f"{SCHEMA_IN_WORDS}\n{orjson.dumps(question.schema).decode()}"
        # One system message, at the front: the templates of many models take no other.
        if messages and messages[0]["role"] == Role.SYSTEM:
            messages[0]["content"] += f"\n\n{order}"
            return messages
        return [{"role": Role.SYSTEM.value, "content": order}, *messages]


def read_completion(body: Mapping[str, Any]) -> Completion:
    """The answer in a whole body. Raises ProviderError."""
    gathering = Gathering("stop")
    gathering.add(body, "message")
    return gathering.completion()


class Gathering:
    """Puts an answer together from the bodies that it comes in. Its methods raise ProviderError.

    `finish`: how it ends where no body says so; empty: one must.
    """

    def __init__(self, finish: str = "") -> None:
        self._texts: list[str] = []
        self._tokens: list[Any] = []  # as they are told
        self._finish = finish
        self._model = ""
        self._usage: object = None
        self._declines = False

    def add(self, body: Mapping[str, Any], part: str = "delta") -> str:
        """Take a body in; the text that it brings."""
        try:
            return self._add(body, part)
        except (AttributeError, LookupError, TypeError, ValueError):
            raise failure("unreadable") from None  # the error could quote the answer

    def completion(self) -> Completion:
        """The whole answer."""
        if not self._finish:
            raise failure("network", has_begun=bool(self._texts))  # it stopped in the middle
        finish = FINISHES.get(self._finish, Finish.STOP)
        usage = self._usage if isinstance(self._usage, Mapping) else {}
        return Completion(
            text="".join(self._texts),
            finish=Finish.REFUSED if self._declines else finish,
            model=self._model,
            input_tokens=believable(usage.get("prompt_tokens")),
            output_tokens=believable(usage.get("completion_tokens")),
            tokens=Tokens(self._tokens),
        )

    def _add(self, body: Mapping[str, Any], part: str) -> str:
        if body.get("error"):
            raise classify_told(body)
        self._model = str(body.get("model") or self._model)
        self._usage = body.get("usage") or self._usage
        choices = body["choices"]
        if not choices and part == "delta":  # the usage alone
            return ""
        choice = choices[0]
        said = choice[part]
        text = said.get("content") or ""
        if not isinstance(text, str):
            raise failure("unreadable")
        self._texts.append(text)
        self._declines |= bool(said.get("refusal"))
        self._finish = (choice.get("finish_reason") or self._finish).lower()
        told = choice.get("logprobs")
        if isinstance(told, Mapping) and isinstance(listed := told.get("content"), list):
            self._tokens += listed
        return text


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of an answer, each read when somebody looks at it: there are hundreds, and all
    but the first few are seldom wanted. They end before one that cannot be read.
    """

    told: Sequence[Any]

    def __iter__(self) -> Iterator[Token]:
        """From the first on."""
        for each in self.told:
            token = _token(each)
            if token is None:
                return
            yield token


def _token(told: Any) -> Token | None:
    """A token; None: an answer is good without it."""
    try:
        pieces = [
            (piece["token"], piece["logprob"])
            for piece in (told, *(told.get("top_logprobs") or ()))
        ]
        for text, logprob in pieces:
            if not isinstance(text, str) or not abs(logprob) <= MOST_LOGPROB:
                return None
    except (AttributeError, LookupError, TypeError):
        return None
    (text, logprob), *others = pieces
    return Token(text, logprob, tuple(others))
