"""Finds replies that say something was done or will be done: nobody does it, it is only written.

English alone: replies in other languages pass, and a person reads them before they are sent.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from server.engines.llm.actions import Intent, spoken_forms


@dataclass(frozen=True, slots=True)
class Claim:
    """An action that a reply claims. `confidence` is a rule's, in [0, 1], not a probability."""

    intent: Intent
    confidence: float


def _verbs(form: int, *without: Intent) -> str:
    """A pattern of all verbs in one of their forms, each a group with the name of its intent."""
    spoken: dict[Intent, list[str]] = {}
    for intent, *forms in spoken_forms():
        if intent not in without:
            spoken.setdefault(intent, []).append(forms[form])
    named = (f"(?P<{intent}>{'|'.join(verbs)})" for intent, verbs in spoken.items())
    return rf"\s+(?:{'|'.join(named)})\b"


# Who acts, and how certain it is that they say so.
_GROUP = r"(?:team|department|desk|staff|engineers?|specialists?|agents?|developers?|experts?)"
WE = rf"\b(?:i|we|my colleagues?|our colleagues?|(?:our|the)(?: [\w-]+){{0,3}}? {_GROUP})"
WITH = (
    r"(?:\s+(?:\w+ly|just|now|already|also|then|both|again|hereby|today|since|gone ahead and"
    r"|went ahead and))*"
)
WILL = r"(?:'ll|\s+(?:will|shall)|(?:'m|'re|\s+(?:am|are|is))\s+going\s+to)"
IT = r"\s+(?:it|this|that|these|them|everything|(?:the|your|that|this)(?: [\w-]+){1,3}?)"
BASE, PAST, ING = (_verbs(form) for form in range(3))
REFUNDED = _verbs(1, *(intent for intent in Intent if intent is not Intent.REFUND))
HAVE = r"(?:'ve|'s|\s+ha(?:ve|s))"
BY_US = {  # what follows who acts: its confidence, and its pattern
    "done": (0.95, f"{HAVE}{WITH}{PAST}"),
    "was able": (0.95, rf"(?:\s+(?:was|were)|{HAVE}\s+been)\s+able\s+to{WITH}{BASE}"),
    "past": (0.9, f"{WITH}{PAST}"),
    "did": (0.9, rf"\s+did{WITH}{BASE}"),
    "had it done": (0.9, rf"{HAVE}?{WITH}\s+(?:got|gotten|had){IT}{PAST}"),
    "going on": (0.9, rf"(?:'m|'re|\s+(?:am|are|is)|{HAVE}\s+been){WITH}{ING}"),
    "to come": (0.85, f"{WILL}{WITH}{BASE}"),
    "will be doing": (0.85, rf"{WILL}{WITH}\s+be{WITH}{ING}"),
    "will get it done": (0.85, rf"{WILL}{WITH}\s+(?:get|have){IT}{PAST}"),
    # That a message "will be looked into" is what help desks do with every one.
    "and will": (
        0.85,
        rf"(?:'ve)?\s[^.!?\n,;]{{1,80}}?\sand\s+will{WITH}{_verbs(0, Intent.INVESTIGATE)}",
    ),
    # "We see that you called and have cancelled" tells what the customer did.
    "and have": (
        0.9,
        r"(?!(?:'\w+)?(?:\s\w+){0,2}?\s(?:understand|see|know|read|note|noted|hear|sorry)\b"
        r"[^.!?\n,;]{0,60}?\byou\b(?!\s(?:were|are)\b))"
        rf"(?:'\w+)?\s[^.!?\n,;]{{1,80}}?,?\sand\s+have{WITH}{PAST}",
    ),
}
# How a sentence ends that says what is, and not what is usual ("is sent to you every month").
ENDED = (
    r"(?=\s*(?:[.!,;\n]|\Z)|\s+(?:and|now|today|yesterday|this morning|for you|in full"
    r"|successfully|as (?:you )?(?:asked|requested))\b)"
)
USUALLY = r"(?:currently|automatically|usually|normally|typically|generally|only|blocked|disabled)"
ANNOUNCING = (
    r"\b(?:(?:i|we) can|(?:happy|glad|pleased) to)"
    r" (?:confirm|say|tell you|inform you|let you know)\b"
)
THING = (
    r"(?:refund|credit|replacement|order|subscription|account|address|charge|payment|fee|invoice"
    r"|case|ticket|access|booking|plan|renewal|issue|bug)"
)
BY_NOBODY = {
    "let me": (0.85, rf"\blet\s+(?:me|us){WITH}{BASE}"),
    "passive": (0.85, rf"(?:\bha(?:s|ve)|'s|'ve){WITH}\s+been{WITH}{PAST}"),
    "passive now": (0.85, rf"\b(?:is|are){WITH}\s+being{WITH}{PAST}"),
    "passive to come": (0.85, rf"\b(?:will|is going to|are going to){WITH}\s+be{WITH}{PAST}"),
    "was": (0.6, rf"\b(?:was|were){WITH}{PAST}"),  # as customers tell it, too
    "was today": (
        0.85,
        rf"\b(?:was|were){WITH}{PAST}\s+(?:today|just now|this (?:morning|afternoon))\b",
    ),
    "promised": (
        0.85,
        r"\byou(?:'ll|\s+will)\s+(?:(?P<contact>hear\s+(?:back\s+)?from\s+(?:us|me|our))"
        r"|(?:receive|get|have)\s+(?:an?|the|your)\s+(?:\w+\s+)?"
        r"(?:(?P<refund>refund|credit|reimbursement)|(?P<change>replacement)))\b",
    ),
    "someone will": (
        0.85,
        r"\b(?:some(?:one|body)|(?:an?|one of (?:our|the|my))(?: [\w-]+){0,2}?"
        rf" (?:{_GROUP}|colleagues?|technician|manager|representative)){WILL}{WITH}"
        f"{_verbs(0, Intent.INVESTIGATE)}",
    ),
    "is so": (
        0.85,
        rf"\b(?:(?:(?:i'm|i am|we're|we are) )?{ANNOUNCING}(?: that)? )?"
        r"(?:your(?: [\w-]+){1,3}?|(?:the|this|that|it|everything)(?: [\w-]+){0,3}?"
        r"(?=(?:'s| is| are) (?:now|already)\b))"
        rf"(?:'s| is| are)(?! {USUALLY}\b){WITH}{PAST}{ENDED}",
    ),
    "is so, in short": (
        0.85,
        rf"\b(?:full |your )?{THING}(?! reset){WITH}{PAST}(?=\s*(?:[.!]|\Z))",
    ),
    "was refunded": (
        0.85,
        rf"\b(?:your|the)(?: [\w-]+){{1,3}}? (?:was|were){WITH}{REFUNDED}{ENDED}",
    ),
    "came about": (
        0.85,
        r"\b(?:your|the)(?: [\w-]+){0,2}? "
        r"(?:(?P<refund>refund|credit|reimbursement)|(?P<change>replacement))"
        rf" (?:went through|has gone through|is (?:now )?(?:complete|on its way)){ENDED}",
    ),
    "announced": (
        0.85,
        rf"{ANNOUNCING}[^.!?\n,;]{{1,60}}?\s(?:was|were){WITH}{PAST}",
    ),
}
TO_COME = {
    "to come",
    "will be doing",
    "will get it done",
    "and will",
    "passive to come",
    "promised",
    "someone will",
}
STATES = {"is so", "is so, in short", "was refunded", "came about"}
PASSIVE = {"passive", "passive now", "passive to come", "was", "was today", *STATES}
ENOUGH = 0.8  # confidence from which a claim is a flaw

# What stands round a claim may take from it. "After checking" is no condition, and behind the verb
# only one upon the customer is ("as soon as you send it").
CONDITION = re.compile(
    r"\b(?:if|once|when|whenever|after|before|unless|whether|until|as soon as|in case)\b"
    r"(?!\s*,|\s+\w+ing\b)"
)
ON_CUSTOMER = re.compile(r"\b(?:if|once|when|after|as soon as|until|unless) you\b")
ASKED = re.compile(r"\b(?:which|whom?|where|how|why)\b")
TOLD = re.compile(
    r"\b(?:you (?:write|wrote|say|said|mention|mentioned|report|reported|describe|told|tell)"
    r"|it (?:seems|appears|looks)|according to|(?:from|in) your (?:ticket|message|e-?mail))\b"
)
FELT = re.compile(r"\b(?:sorry|understand|telling us|apolog\w+|you for|as you \w+)\b")
NOBODY = re.compile(r"\b(?:no|nothing|none|nobody)(?:\s+[\w-]+){0,4}\s*\Z|\b(?:i|we|they)\s*\Z")
RELATIVE = re.compile(r"\b(?:that|who)\s*\Z")
CLAUSE_BEGINS = re.compile(r"(?:\A|[^\w\s'\])]|\b(?:and|but|so|that|because|as|then|today))\s*\Z")
STATE_BEGINS = re.compile(r"(?:\A|[,;:]|\s[-\u2013\u2014])\s*\Z")
SHOWN = re.compile(r"\b(?:says?|shows?|shown|reads?|status|message|title|click|choose|select)\b")
NOTHING = re.compile(r"\s+(?:nothing|no|none)\b")
READ = re.compile(
    r"\W{1,3}(?:through |over )?(?:the|your|this)"
    r" (?:ticket|message|e-?mail|text|description|note)s?\b"
)
BY_OTHERS = re.compile(
    r"(?:\s+\w+){0,3}\s+by (?:you\b|them\b|(?:your|the|an?) (?:\w+ )?(?:bank|carrier|courier|seller"
    r"|shop|store|merchant|issuer|manufacturer|retailer|system|customer|platform)\b)"
)
MOST_AROUND = 400  # characters that are looked at on either side of a claim

_WE = re.compile(rf"{WE}\b")
_BY_US = [(said, sure, re.compile(pattern)) for said, (sure, pattern) in BY_US.items()]
_BY_NOBODY = [(said, sure, re.compile(pattern)) for said, (sure, pattern) in BY_NOBODY.items()]
_ENDS = re.compile(r"[.!?\n]")
_COMMAS = re.compile(r"[,;:]")
_JOINTS = re.compile(r"[,;:]|\b(?:and|but)\b")


def find_claims(reply: str) -> list[Claim]:
    """The actions that a reply claims, each kind once, the surest first."""
    found: dict[Intent, float] = {}
    reply = reply.lower().replace("\u2019", "'")
    ends = [end.start() for end in _ENDS.finditer(reply)]
    for said, sure, start, match in _said(reply):
        intent = next(Intent(name) for name, verb in match.groupdict().items() if verb)
        before, after = _around(reply, start, match.end(), ends)
        confidence = sure * _share_meant(said, intent, before, after)
        found[intent] = max(found.get(intent, 0.0), confidence)
    return sorted((Claim(i, c) for i, c in found.items() if c), key=lambda claim: -claim.confidence)


def confidence_bucket(confidence: float) -> str:
    """The label under which a metric counts a claim."""
    return "high" if confidence >= 0.9 else "medium" if confidence >= ENOUGH else "low"


def _said(reply: str) -> Iterator[tuple[str, float, int, re.Match[str]]]:
    """How an action is said, the confidence of that, where it begins, and the verb in a match."""
    for we in _WE.finditer(reply):
        for said, sure, pattern in _BY_US:
            if match := pattern.match(reply, we.end()):
                yield said, sure, we.start(), match
    for said, sure, pattern in _BY_NOBODY:
        for match in pattern.finditer(reply):
            yield said, sure, match.start(), match


def _around(text: str, start: int, end: int, ends: Sequence[int]) -> tuple[str, str]:
    """The rest of the sentence on either side of a claim, the right one with its end."""
    at = bisect_left(ends, start)
    begin = ends[at - 1] + 1 if at else 0
    at = bisect_left(ends, end)
    until = ends[at] + 1 if at < len(ends) else len(text)
    return text[max(begin, start - MOST_AROUND) : start], text[end : min(until, end + MOST_AROUND)]


def _share_meant(said: str, intent: Intent, before: str, after: str) -> float:
    """How much of a claim's confidence is left where it is asked, told or holds on a condition."""
    if _COMMAS.split(after, maxsplit=1)[0].endswith("?") or NOTHING.match(after):
        return 0.0
    if intent is Intent.INVESTIGATE and said in {"done", "past"} and READ.match(after):
        return 0.0
    if said in PASSIVE and NOBODY.search(before):
        return 0.0
    return 0.5 if _is_weak(said, before, after) else 1.0


def _is_weak(said: str, before: str, after: str) -> bool:
    clause = _COMMAS.split(before)[-1].lstrip()
    follows_comma = len(clause) < len(before.lstrip())
    if CONDITION.search(before if said in TO_COME | STATES else clause):
        return True
    if said in STATES and (SHOWN.search(before) or not STATE_BEGINS.search(before)):
        return True
    # "Your order, which we have cancelled" is a claim.
    if ASKED.search(clause, 1 if follows_comma else 0):
        return True
    if said in TO_COME and ON_CUSTOMER.search(after):
        return True
    if said in PASSIVE:
        joint = _JOINTS.split(before)[-1]
        is_told = TOLD.search(before) or FELT.search(joint) or RELATIVE.search(before)
        return bool(is_told or BY_OTHERS.match(after))
    return said == "past" and not CLAUSE_BEGINS.search(before)
