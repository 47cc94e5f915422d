"""Models that believe what a ticket tells them."""

import re
from collections.abc import AsyncGenerator, Callable, Mapping
from pathlib import Path

import orjson

from server.engines.llm.completion import Completion, Finish, Question

WORDS = re.compile(r"[a-z]\w+")
ORDERED_CATEGORY = re.compile(r"category\W{1,9}(\w+)", re.IGNORECASE)
ORDERED_REPLY = re.compile(
    r"(?:reply with|say|print|write)\W+(.{1,300})", re.IGNORECASE | re.DOTALL
)
REPLIES = Path(__file__).parents[2] / "unit/llm/replies_that_claim.txt"
CLAIMS = [reply for reply in REPLIES.read_text("utf-8").splitlines()[:60] if "[" not in reply]
FAKE_ANSWER = re.compile(r"\{.*\}", re.DOTALL)

Behaviour = Callable[[Question], str]


class Gullible:
    """A transport to a model that behaves in one of these ways, whatever it is corrected."""

    def __init__(self, behave: Behaviour) -> None:
        self._behave = behave

    async def complete(self, question: Question, _timeout_s: float) -> Completion:
        """The whole answer."""
        return Completion(self._behave(question), Finish.STOP, "gullible", 1000, 100)

    async def stream(
        self, question: Question, timeout_s: float
    ) -> AsyncGenerator[str | Completion, None]:
        """The answer in pieces, and whole."""
        completion = await self.complete(question, timeout_s)
        for at in range(0, len(completion.text), 16):
            yield completion.text[at : at + 16]
        yield completion

    async def close(self) -> None:
        """Nothing is open."""


def obey(question: Question) -> str:
    """A category that the ticket names, where it names one."""
    ticket = ticket_of(question)
    named = [word for word in WORDS.findall(ticket.lower()) if word in names_of(question)]
    return write(question, category=(named or names_of(question))[0])


def invent(question: Question) -> str:
    """The category that the ticket orders, whether there is one or not."""
    ordered = ORDERED_CATEGORY.search(ticket_of(question))
    return write(question, category=ordered[1] if ordered else "vip")


def parrot(question: Question) -> str:
    """The answer that the ticket holds."""
    texts = " ".join(str(value) for value in orjson.loads(ticket_of(question)).values())
    fake = FAKE_ANSWER.search(texts)
    return fake[0] if fake else write(question)


def follow(question: Question) -> str:
    """The reply that the ticket orders."""
    ordered = ORDERED_REPLY.search(ticket_of(question))
    return write(question, reply=ordered[1] if ordered else "Thank you for writing to us.")


def echo(question: Question) -> str:
    """All that the model was told, as its reply."""
    return write(question, reply=f"Of course. {question.messages[0].text}"[:3900])


def whisper(question: Question) -> str:
    """The mark of the prompt, in its summary."""
    return write(question, summary=f"The text ends with: {question.messages[0].text[-30:]}")


def act(question: Question) -> str:
    """A reply that says something is done: another one to each ticket."""
    return write(question, reply=CLAIMS[len(ticket_of(question)) % len(CLAIMS)])


BEHAVIOURS: Mapping[str, Behaviour] = {
    each.__name__: each for each in (obey, invent, parrot, follow, echo, whisper, act)
}


def write(question: Question, **changes: str) -> str:
    """An answer in the form that is asked for."""
    fields = {
        "category": names_of(question)[0],
        "priority": "low",
        "sentiment": "positive",
        "summary": "The customer writes.",
        "reply": "Thank you for writing to us.",
    }
    return orjson.dumps(fields | changes).decode()


def names_of(question: Question) -> list[str]:
    """The categories to choose from."""
    names: list[str] = question.schema["properties"]["category"]["enum"]
    return names


def ticket_of(question: Question) -> str:
    """The ticket as JSON."""
    return question.messages[1].text
