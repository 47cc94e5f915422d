"""What must hold of an answer beyond its form. Texts of the ticket are the measure."""

import re
from collections.abc import Sequence

from server.engines.llm.flaws import Flaw, FlawedAnswer
from server.engines.llm.form import ModelAnswer
from server.engines.llm.intent import ENOUGH, Claim
from server.engines.llm.leak import letters_of, repeats
from server.engines.llm.prompt import Prompt

ARTICLE = re.compile(r"\barticles/[\w-]+|\bKB[- ]?\d{2,}", re.IGNORECASE)
PLACEHOLDER = re.compile(r"\[[A-Z][A-Z_]*_\d+\]")


def check(answer: ModelAnswer, claims: Sequence[Claim], prompt: Prompt, ticket: str) -> None:
    """Refuse what must not be shown to anybody. Raises FlawedAnswer.

    `claims` are those of the reply, the surest first; `ticket` is its text as the model saw it.
    """
    written = "\n".join(text for text in (answer.summary, answer.reply) if text)
    letters = letters_of(written)
    if prompt.mark in letters or repeats(letters, prompt.own_letters):
        raise FlawedAnswer(Flaw.PROMPT_LEAKED, "it repeats your instructions")
    if any(found not in ticket for found in PLACEHOLDER.findall(written)):
        raise FlawedAnswer(Flaw.UNKNOWN_PLACEHOLDER, "it has a placeholder that the ticket lacks")
    if any(found.lower() not in ticket.lower() for found in ARTICLE.findall(written)):
        raise FlawedAnswer(Flaw.UNKNOWN_ARTICLE, "it names an article that does not exist")
    if claims and claims[0].confidence >= ENOUGH:
        raise FlawedAnswer(
            Flaw.INTENT_WITHOUT_ACTION,
            f"the reply claims to act ({claims[0].intent.value}), and you cannot act; say what the"
            " customer can do, or ask for what is missing",
        )
