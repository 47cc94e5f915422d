"""Finds replies that say something was done or will be done: nobody does it, it is only written.

English alone: replies in other languages pass, and a person reads them before they are sent.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain


class Intent(StrEnum):
    """What a reply claims to do; the values are labels of metrics."""

    REFUND = "refund"
    ESCALATE = "escalate"
    CONTACT = "contact"
    CHANGE = "change"
    INVESTIGATE = "investigate"


@dataclass(frozen=True, slots=True)
class Claim:
    """An action that a reply claims. `confidence` is a rule's, in [0, 1], not a probability."""

    intent: Intent
    confidence: float


ACTIONS = {
    Intent.REFUND: r"refund\w*|credit(?:ed|ing)?|reimburs\w+|compensat\w+|revers(?:ed|ing|e)",
    Intent.ESCALATE: r"escalat\w+|forward(?:ed|ing)?|pass(?:ed|ing)?|hand(?:ed|ing)?|transfer\w*"
    r"|assign\w*",
    Intent.CONTACT: r"contact\w*|call(?:ed|ing)?|e-?mail(?:ed|ing)?|inform\w*|notif\w+|sen[dt]"
    r"|sending",
    Intent.CHANGE: r"cancel\w*|reset\w*|updat\w+|chang(?:ed|ing|e)|delet\w+|remov\w+|unlock\w*"
    r"|restor\w+|activat\w+|fix(?:ed|ing)?|ship(?:ped|ping)?|replac\w+|process(?:ed|ing)?"
    r"|issu(?:ed|ing|e)",
    Intent.INVESTIGATE: r"investigat\w+|look(?:ed|ing)? into|check(?:ed|ing)?|review(?:ed|ing)?",
}
# Who acts, and how certain it is that they say so. A question or a condition claims nothing.
WE = r"\b(?:i|we|our team|the team|my colleagues?|our engineers?)"
HAVE = r"(?P<done>'ve|\s+ha(?:ve|s))"
ARE = r"(?P<going_on>'m|'re|\s+(?:am|are|is))(?:\s+going\s+to)?"
WILL = r"(?P<to_come>'ll|\s+will)"
BETWEEN = (
    r"(?:\s+(?:just|now|already|also|immediately|gladly|personally|then|been|be"
    r"|gone ahead and))*\s+"
)
ACTION = r"(?P<action>\w+(?: into)?)"
CLAIMS = (
    re.compile(f"{WE}(?:{HAVE}|{ARE}|{WILL}){BETWEEN}{ACTION}"),
    re.compile(rf"(?P<by_whom>ha(?:s|ve) been|will be) (?:\w+ly )?{ACTION}"),
)
CONFIDENCES = {"done": 0.95, "going_on": 0.9, "to_come": 0.85, "by_whom": 0.6}
CONDITIONS = re.compile(r"\b(?:if|once|when|after|before|unless|whether|until)\b")
SENTENCE_ENDS = re.compile(r"[.!?\n]")
ENOUGH = 0.8  # confidence from which a claim is a flaw

_ACTIONS = {intent: re.compile(rf"(?:{words})\Z") for intent, words in ACTIONS.items()}


def find_claims(reply: str) -> list[Claim]:
    """The actions that a reply claims, each kind once, the surest first."""
    found: dict[Intent, float] = {}
    reply = reply.lower().replace("\u2019", "'")
    for match in chain.from_iterable(pattern.finditer(reply) for pattern in CLAIMS):
        intent = _intent_of(match["action"])
        if intent is not None:
            sure = _confidence(match) * _share_meant(_sentence_at(reply, match.start()))
            found[intent] = max(found.get(intent, 0.0), sure)
    return sorted((Claim(i, c) for i, c in found.items() if c), key=lambda claim: -claim.confidence)


def confidence_bucket(confidence: float) -> str:
    """The label under which a metric counts a claim."""
    return "high" if confidence >= 0.9 else "medium" if confidence >= ENOUGH else "low"


def _confidence(match: re.Match[str]) -> float:
    said = match.groupdict()
    return next(confidence for name, confidence in CONFIDENCES.items() if said.get(name))


def _intent_of(action: str) -> Intent | None:
    return next((i for i, pattern in _ACTIONS.items() if pattern.match(action)), None)


def _sentence_at(text: str, at: int) -> str:
    """The sentence round a position, with its end."""
    begin = max(text.rfind(end, 0, at) for end in ".!?\n") + 1
    end = SENTENCE_ENDS.search(text, at)
    return text[begin : end.end() if end else len(text)]


def _share_meant(sentence: str) -> float:
    """How much of a claim's confidence is left where it is asked, or holds under a condition."""
    if sentence.endswith("?"):
        return 0.0
    return 0.5 if CONDITIONS.search(sentence) else 1.0
