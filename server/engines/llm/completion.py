"""What is asked of a language model and what it answers, whichever way it is reached."""

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

# Adds to the headers of a request which trace it belongs to.
AddTrace = Callable[[MutableMapping[str, str]], None]


class Role(StrEnum):
    """Who speaks; the values are those of the wire."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class Finish(StrEnum):
    """Why a model stopped writing."""

    STOP = "stop"  # it was done
    LENGTH = "length"  # it had no tokens left
    REFUSED = "refused"  # a content filter stopped it, or it declined


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the conversation that a model continues."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """What a model is asked: to answer with JSON that keeps a schema."""

    messages: tuple[Message, ...]
    schema_name: str  # [a-z_], at most 64 characters
    schema: Mapping[str, Any]  # JSON Schema; every object closed, every property required
    most_tokens: int  # of the answer
    temperature: float = 0.0
    wants_logprobs: bool = True  # where the provider has them


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the answer, and the likeliest pieces in its place, perhaps itself among them."""

    text: str
    logprob: float  # natural logarithm of its probability
    alternatives: tuple[tuple[str, float], ...] = ()  # text and logprob, the likeliest first


@dataclass(frozen=True, slots=True)
class Completion:
    """A model's whole answer."""

    text: str
    finish: Finish
    model: str  # as the provider names what answered
    input_tokens: int  # 0: the provider did not say
    output_tokens: int  # likewise
    tokens: Iterable[Token] = ()  # as far as they can be read; empty: the provider does not tell


class Transport(Protocol):
    """A way to one provider. Both methods raise ProviderError, and nothing else of their own."""

    async def complete(self, question: Question, timeout_s: float) -> Completion:
        """The whole answer, within `timeout_s` seconds."""

    def stream(
        self, question: Question, timeout_s: float
    ) -> AsyncGenerator[str | Completion, None]:
        """The answer's text piece by piece as it is written, and the whole answer last."""

    async def close(self) -> None:
        """Close the pooled connections."""
