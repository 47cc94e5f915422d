"""What can be wrong with an answer that arrived, and how a model is told."""

from dataclasses import replace
from enum import StrEnum

from server.engines.llm.completion import Message, Question, Role

MOST_QUOTED = 2000  # characters of a flawed answer that are shown to its model again


class Flaw(StrEnum):
    """Why an answer cannot be used; the values are labels of metrics."""

    EMPTY = "empty"
    CUT_OFF = "cut_off"
    NOT_JSON = "not_json"
    OFF_SCHEMA = "off_schema"
    UNKNOWN_CATEGORY = "unknown_category"
    UNKNOWN_ARTICLE = "unknown_article"
    UNKNOWN_PLACEHOLDER = "unknown_placeholder"
    INTENT_WITHOUT_ACTION = "intent_without_action"
    PROMPT_LEAKED = "prompt_leaked"
    REFUSED = "refused"  # another provider may answer; this one was sure


class FlawedAnswer(Exception):
    """An answer that cannot be used. `cause` is for the model: it quotes nothing."""

    def __init__(self, flaw: Flaw, cause: str) -> None:
        super().__init__(flaw.value)
        self.flaw = flaw
        self.cause = cause


def corrected(question: Question, flawed: FlawedAnswer, said: str) -> Question:
    """The question once more, after what was said and what is wrong with it."""
    asked = (
        f"That answer cannot be used: {flawed.cause}. Answer again, for the same ticket and in the"
        " form that was asked for. Write the JSON object alone."
    )
    said = said[:MOST_QUOTED]
    # A prompt that was leaked is not repeated, and nothing can be said of an empty answer.
    is_quoted = bool(said.strip()) and flawed.flaw is not Flaw.PROMPT_LEAKED
    told = [Message(Role.ASSISTANT, said)] if is_quoted else []
    messages = (*question.messages, *told, Message(Role.USER, asked))
    return replace(question, messages=messages)
