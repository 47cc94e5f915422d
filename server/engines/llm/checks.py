"""What must hold of an answer beyond its form. Texts of the ticket are the measure."""

import re
from collections.abc import Sequence

from server.engines.llm.flaws import Flaw, FlawedAnswer
from server.engines.llm.form import ModelAnswer
from server.engines.llm.intent import ENOUGH, Claim
from server.engines.llm.leak import readings_of, repeats
from server.engines.llm.prompt import Prompt

ARTICLE = re.compile(
    r"\barticles/(?P<name>[\w-]+)"
    r"|\b(?:KB|article)s?(?:[- ]?(?:no\.?|number|id))?[- ]?#?(?P<number>\d+)\b"
    r"|\b(?:https?://|www\.)(?P<link>[^\s<>\"'()\[\]\\]+)",
    re.IGNORECASE,
)
ESCAPED = re.compile(r"\\.")  # in JSON; "\nKB-1" would be no word of its own
PLACEHOLDER = re.compile(r"\[[A-Z][A-Z_]*_\d+\]")


def check(answer: ModelAnswer, claims: Sequence[Claim], prompt: Prompt, ticket: str) -> None:
    """Refuse what must not be shown to anybody. Raises FlawedAnswer.

    `claims` are those of the reply, the surest first; `ticket` is its text as the model saw it.
    """
    written = "\n".join(text for text in (answer.summary, answer.reply) if text)
    if any(_is_leaked(letters, prompt) for letters in readings_of(written)):
        raise FlawedAnswer(Flaw.PROMPT_LEAKED, "it repeats your instructions")
    if any(found not in ticket for found in PLACEHOLDER.findall(written)):
        raise FlawedAnswer(Flaw.UNKNOWN_PLACEHOLDER, "it has a placeholder that the ticket lacks")
    if not _articles(written) <= _articles(ESCAPED.sub(" ", ticket)):
        raise FlawedAnswer(Flaw.UNKNOWN_ARTICLE, "it names an article that does not exist")
    if claims and claims[0].confidence >= ENOUGH:
        raise FlawedAnswer(
            Flaw.INTENT_WITHOUT_ACTION,
            f"the reply claims to act ({claims[0].intent.value}), and you cannot act; say what the"
            " customer can do, or ask for what is missing",
        )


def _is_leaked(letters: bytes, prompt: Prompt) -> bool:
    """Whether the prompt is repeated, or the descriptions of more categories than one."""
    if prompt.mark in letters or repeats(letters, prompt.own_letters):
        return True
    return sum(description in letters for description in prompt.descriptions) > 1


def _articles(text: str) -> set[str]:
    """Articles and links in a text, in one spelling."""
    return {
        (found["name"] or found["number"] or found["link"])
        .lower()
        .removeprefix("www.")
        .rstrip("/.,;:!?*_`")
        for found in ARTICLE.finditer(text)
    }
