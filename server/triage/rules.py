"""Rules for priority and escalation: what customers write when it is urgent, or when it is not.

The rules are data: read `RULES` from the top. A phrase is matched word for word, whatever its
case and punctuation, inside one sentence, and not where the three words before it deny it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from itertools import chain

from server.triage.assessment import Prediction, Priority, Reason
from server.triage.taxonomy import EscalationPolicy

EVIDENCE_CHARACTERS = 200


class Effect(Enum):
    """What a rule does to the priority."""

    AT_ONCE = "urgent, whatever else is said"
    RAISE = "one step up; three of them make it urgent"
    LOWER = "one step down"
    PLAN = "one step up, beside any other"
    NONE = "leaves it alone"


@dataclass(frozen=True, slots=True)
class Rule:
    """Phrases that mean the same, and what follows from them."""

    code: str
    explanation: str
    effect: Effect
    phrases: tuple[str, ...]
    escalates: bool = False


RULES = (
    Rule(
        "OUTAGE_FOR_ALL",
        "A service is down for everybody.",
        Effect.AT_ONCE,
        (
            "production is down", "production down", "prod is down", "site is down",
            "website is down", "service is down", "system is down", "systems are down",
            "server is down", "servers are down", "platform is down", "everything is down",
            "api is down", "app is down", "shop is down", "store is down", "network is down",
            "down for everyone", "down for everybody", "down for all", "complete outage",
            "total outage", "major outage", "full outage", "nobody can log in",
            "no one can log in", "nobody can login", "no one can login", "nobody can sign in",
            "no one can sign in", "nobody can access", "no one can access", "nobody can work",
            "no one can work", "none of our users can", "none of our customers can",
            "none of our staff can", "affects all users", "affecting all users",
            "affects all our", "affecting all our", "all users are affected",
            "all our users are affected", "all customers are affected",
        ),
        escalates=True,
    ),
    Rule(
        "SECURITY",
        "An account or data may be in somebody else's hands.",
        Effect.AT_ONCE,
        (
            "hacked", "hacker", "hackers", "data breach", "security breach", "breached",
            "compromised", "data leak", "leaked data", "data leaked", "been leaked",
            "was leaked", "leaked my", "leaked our", "password leaked", "unauthorised",
            "unauthorized", "phishing", "ransomware", "malware", "identity theft",
            "account takeover", "took over my account", "stole my account", "stolen account",
            "account was stolen", "someone else logged in", "somebody else logged in",
            "someone logged in", "somebody logged in", "someone logged into",
            "somebody logged into", "someone is using my account", "someone has access to my",
            "someone changed my", "somebody changed my", "security vulnerability",
            "sql injection", "fraud", "fraudulent", "fraudulently", "impersonating",
            "api key was exposed", "see other customers data", "see another customers",
            "someone elses data",
        ),
        escalates=True,
    ),
    Rule(
        "SAFETY",
        "Somebody may come to harm.",
        Effect.AT_ONCE,
        (
            "caught fire", "on fire", "is smoking", "smoke came out", "smoke coming",
            "electric shock", "electrocuted", "exploded", "burned my", "burnt my", "burned me",
            "injured", "injury", "ended up in hospital", "went to hospital", "got hurt",
            "allergic reaction", "gas leak", "kill myself", "suicide", "suicidal",
        ),
        escalates=True,
    ),
    Rule(
        "LEGAL_THREAT",
        "The customer speaks of legal steps or of an authority.",
        Effect.RAISE,
        (
            "lawyer", "lawyers", "attorney", "solicitor", "legal action", "legal steps",
            "legal proceedings", "take you to court", "see you in court", "to court",
            "in court", "small claims", "sue you", "will sue", "to sue", "suing you", "lawsuit",
            "gdpr complaint", "complaint under gdpr", "data protection authority",
            "data protection commissioner", "supervisory authority", "regulator", "ombudsman",
            "chargeback", "charge back", "trading standards", "consumer protection",
            "consumer rights", "attorney general", "better business bureau", "ftc",
            "police report", "report you to",
        ),
        escalates=True,
    ),
    Rule(
        "ASKS_FOR_PERSON",
        "The customer asks for a person.",
        Effect.NONE,
        (
            "real person", "real human", "actual person", "actual human", "human being",
            "live person", "live agent", "human agent", "speak to a human", "talk to a human",
            "speak with a human", "talk with a human", "speak to a person", "talk to a person",
            "speak with a person", "speak to someone", "talk to someone", "speak with someone",
            "speak to somebody", "talk to somebody", "speak to an agent", "speak with an agent",
            "talk to an agent", "speak to a manager", "speak to the manager", "your manager",
            "to a manager", "with a manager", "your supervisor", "to a supervisor", "call me",
            "calls me", "call back", "calls back", "phone me", "ring me", "give me a call",
            "someone in charge", "somebody in charge", "not a bot", "no bots", "not a robot",
            "no robots", "stop sending me bots",
        ),
        escalates=True,
    ),
    Rule(
        "MONEY_AT_RISK",
        "The customer has paid too much, or money is missing.",
        Effect.RAISE,
        (
            "charged twice", "charged me twice", "charged us twice", "billed twice",
            "billed me twice", "debited twice", "paid twice", "double charge", "double charged",
            "double billed", "duplicate charge", "duplicate payment", "two identical payments",
            "charged again", "charged three times", "overcharged", "wrongly charged",
            "charged the wrong amount", "unknown charge", "money is gone", "money is missing",
            "money disappeared", "money has not arrived", "overdrawn",
            "never received my refund", "still no refund",
        ),
    ),
    Rule(
        "BLOCKED",
        "The customer cannot go on, or data is lost.",
        Effect.RAISE,
        (
            "cannot log in", "cant log in", "can not log in", "unable to log in",
            "couldnt log in", "cannot login", "cant login", "cannot sign in", "cant sign in",
            "unable to sign in", "locked out", "cannot access", "cant access",
            "unable to access", "cannot work", "cant work", "unable to work",
            "blocked completely", "completely blocked", "blocking us", "business has stopped",
            "losing money", "losing customers", "losing sales", "data loss", "lost all",
            "lost everything", "all my data", "all our data", "data is gone",
            "everything is gone", "outage", "stopped working", "not working at all",
            "doesnt work at all",
        ),
    ),
    Rule(
        "DEADLINE",
        "Something must be done by a near date.",
        Effect.RAISE,
        (
            "go live tomorrow", "go live today", "going live", "launch tomorrow",
            "launch today", "launching tomorrow", "by end of day", "by the end of the day",
            "end of business", "by eod", "by close of business", "by tomorrow", "by tonight",
            "by noon", "until tomorrow", "before tomorrow", "due today", "due tomorrow",
            "deadline", "within the hour", "within an hour", "in an hour", "in two hours",
            "in 2 hours", "flight tomorrow", "fly tomorrow", "leave tomorrow",
            "wedding tomorrow", "expires today", "expires tomorrow", "tomorrow morning",
            "this afternoon",
        ),
    ),
    Rule(
        "CALLS_IT_URGENT",
        "The customer calls it urgent.",
        Effect.RAISE,
        (
            "urgent", "urgently", "asap", "as soon as possible", "emergency",
            "fix this immediately", "immediate attention", "immediate help", "right away",
            "critical", "top priority", "high priority", "time sensitive", "cannot wait",
            "cant wait any longer",
        ),
    ),
    Rule(
        "REPEATED_CONTACT",
        "The customer has asked before.",
        Effect.RAISE,
        (
            "second time", "third time", "fourth time", "fifth time", "third email",
            "third e mail", "second email", "third message", "third ticket", "still no reply",
            "still no answer", "still no response", "still waiting", "no reply", "no response",
            "nobody replied", "no one replied", "nobody answers", "no one answers",
            "nobody answered", "no one answered", "nobody has answered", "nobody has replied",
            "ignored my", "ignoring my", "ignoring me", "keep asking", "asked twice",
            "contacted you twice", "written twice", "wrote twice", "several times",
            "multiple times", "again and again", "over and over",
        ),
    ),
    Rule(
        "NO_HURRY",
        "The customer says that there is time.",
        Effect.LOWER,
        (
            "no rush", "no hurry", "not urgent", "isnt urgent", "not an emergency",
            "nothing urgent", "non urgent", "low priority", "not a priority", "no pressure",
            "take your time", "whenever you have time", "whenever you can",
            "whenever you get a chance", "when you have time", "when you get a chance",
            "when you have a moment", "when you have a minute", "just curious",
            "just wondering", "out of curiosity", "nothing serious", "not important",
            "can wait", "minor thing", "small thing", "cosmetic",
        ),
    ),
    Rule(
        "WISH",
        "The customer wishes for something new.",
        Effect.LOWER,
        (
            "feature request", "feature suggestion", "suggestion", "would be nice",
            "would be great if", "would be cool", "would be helpful if", "would be useful",
            "would be lovely", "would be good if", "nice to have", "would love to see",
            "id love to see", "would love it if", "please add", "please consider",
            "any plans to", "on your roadmap", "on the roadmap", "i wish there was",
            "i wish there were", "i wish you",  "idea for",
        ),
    ),
)  # fmt: skip

_LARGE_AMOUNT = 1_000
_MONEY_WORDS = frozenset(
    b"charged debited billed overcharged paid refund missing stolen withdrawn transferred".split()
)
_NUMBER = re.compile(r"\d[\d.,]{3,}")
_SIGNS = ("$", "\u20ac", "\u00a3")
_CURRENCIES = ("usd", "eur", "gbp", "dollar", "pound", *_SIGNS)
_MANY_CONTACTS = 2
_RAISES_TO_URGENT = 3

_DENIALS = frozenset(
    b"no non not never without isnt wasnt arent werent dont doesnt didnt hasnt havent wont hardly "
    b"neither nor nothing".split()
)
_COMMON_WORDS = frozenset(
    b"account can cannot cant could customers data from have nobody nothing please real since "
    b"somebody someone still the there time today tomorrow unable users when will with would "
    b"you your".split()
)
_NOT_DENYING = (b" not only ", b" not just ")
_DENYING_WORDS = 3

# How sure the priority is. Estimates, not measurements: with one rule that decides, two, more.
_UNDECIDED, _CONFLICT = 0.45, 0.4
_AGREEING = (0.6, 0.7, 0.75)
_CERTAIN = 0.8


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say of a ticket."""

    priority: Prediction[Priority]
    priority_reasons: tuple[Reason, ...]
    escalation_reasons: tuple[Reason, ...]


class RuleBook:
    """Rules, indexed by their rarest words, so that a ticket meets only those that may apply."""

    def __init__(self, rules: Sequence[Rule] = RULES) -> None:
        self._rules = rules
        self._phrases: dict[bytes, list[tuple[int, bytes]]] = {}
        for number, rule in enumerate(rules):
            for phrase in rule.phrases:
                entry = (number, b" %b " % phrase.encode())
                self._phrases.setdefault(_rarest_word(phrase.encode()), []).append(entry)

    def judge(self, text: str, attributes: Mapping[str, str], policy: EscalationPolicy) -> Verdict:
        """Priority and reasons; reasons come in the order of the rules."""
        words = _words(text)
        said = self._said(words)
        causes = [(rule.effect, _reason(rule, phrase, text)) for rule, phrase in said]
        causes += [*_large_amount(text, words), *_attribute_causes(attributes)]
        escalations = [
            reason for (rule, _), (_, reason) in zip(said, causes, strict=False) if rule.escalates
        ]
        if policy is EscalationPolicy.ALWAYS:
            explanation = "Tickets of this category always go to a person."
            escalations.append(Reason("CATEGORY_POLICY", explanation))
        return Verdict(
            _priority([effect for effect, _ in causes]),
            tuple(reason for effect, reason in causes if effect is not Effect.NONE),
            tuple(escalations),
        )

    def _said(self, words: Sequence[bytes]) -> list[tuple[Rule, str]]:
        """The rules that apply, each with one of its phrases that are said."""
        line = b" %b " % b" ".join(words)
        anchors = [word for word in dict.fromkeys(words) if word in self._phrases]
        found: dict[int, bytes] = {}
        for number, phrase in chain.from_iterable(self._phrases[word] for word in anchors):
            if phrase in line and number not in found and _is_said(phrase, line):
                found[number] = phrase
        return [(self._rules[number], found[number].strip().decode()) for number in sorted(found)]


def _rarest_word(phrase: bytes) -> bytes:
    """The word to look a phrase up by: long, and not one that stands in most tickets."""
    return max(phrase.split(), key=lambda word: (word not in _COMMON_WORDS, len(word)))


def _character_classes() -> bytes:
    """Letters, digits and all beyond ASCII stay; what ends a clause becomes "."; else a space."""
    table = bytearray(range(256))
    for code in range(128):
        if not chr(code).isalnum():
            table[code] = ord("." if chr(code) in ".!?;:,()[]\r\n" else " ")
    return bytes(table)


_CLASSES = _character_classes()


def _words(text: str) -> list[bytes]:
    """Lower-case words without apostrophes; "." stands between clauses."""
    plain = text.lower().replace("\u2019", "'").encode(errors="replace")
    return plain.translate(_CLASSES, b"'").replace(b".", b" . ").split()


def _is_said(phrase: bytes, line: bytes) -> bool:
    """Whether the phrase stands somewhere without a denial in the words before it."""
    at = line.find(phrase)
    while at >= 0:
        clause = line[max(0, at - 60) : at + 1].rpartition(b".")[2]
        before = clause.split()[-_DENYING_WORDS:]
        if _DENIALS.isdisjoint(before) or any(words in clause for words in _NOT_DENYING):
            return True
        at = line.find(phrase, at + 1)
    return False


def _reason(rule: Rule, phrase: str, text: str) -> Reason:
    """With the words around the phrase as the customer wrote them."""
    start, end = _place(phrase, text)
    evidence = _around(text, start, end) if end else phrase
    return Reason(rule.code, rule.explanation, evidence)


def _place(phrase: str, text: str) -> tuple[int, int]:
    """Where the phrase stands in the text as it was written; (0, 0) where that cannot be told."""
    lower = text.lower()
    start = lower.find(phrase)
    if start >= 0 and len(lower) == len(text):
        return start, start + len(phrase)
    letters = ("['\u2019]?".join(word) for word in phrase.split())
    match = re.search(r"[\W_]+".join(letters), text, re.IGNORECASE)
    return match.span() if match else (0, 0)


def _around(text: str, first: int, last: int) -> str:
    """text[first:last] and up to 60 characters around it, within its line, cut at spaces."""
    start = max(text.rfind("\n", 0, first) + 1, first - 60)
    if start and not text[start - 1].isspace():
        start = text.find(" ", start, first) + 1 or first
    line_end = text.find("\n", last)
    end = min(len(text) if line_end < 0 else line_end, last + 60)
    if end < len(text) and not text[end].isspace():
        end = max(text.rfind(" ", last, end), last)
    return text[start:end].strip()[:EVIDENCE_CHARACTERS]


def _large_amount(text: str, words: Sequence[bytes]) -> Iterator[tuple[Effect, Reason]]:
    if _MONEY_WORDS.isdisjoint(words):
        return
    for match in _NUMBER.finditer(text):
        if _value(match[0]) >= _LARGE_AMOUNT and _is_money(text, *match.span()):
            explanation = f"An amount of {_LARGE_AMOUNT:,} or more is at stake."
            yield Effect.RAISE, Reason("LARGE_AMOUNT", explanation, _around(text, *match.span()))
            return


def _is_money(text: str, start: int, end: int) -> bool:
    """Whether a currency stands before or after the number text[start:end]."""
    before, after = text[max(0, start - 2) : start], text[end : end + 8]
    return before.rstrip().endswith(_SIGNS) or after.lower().lstrip().startswith(_CURRENCIES)


def _value(written: str) -> int:
    """Whole units of an amount, written with points or commas for thousands or for cents."""
    whole = re.sub(r"[.,]\d{1,2}$", "", written.strip(".,"))
    return int("".join(filter(str.isdecimal, whole))[:12] or "0")


def _attribute_causes(attributes: Mapping[str, str]) -> Iterator[tuple[Effect, Reason]]:
    contacts = attributes.get("previous_contacts", "").strip()[:9]
    if contacts.isdecimal() and int(contacts) >= _MANY_CONTACTS:
        explanation = "The customer has contacted us before."
        evidence = f"previous_contacts={contacts}"
        yield Effect.RAISE, Reason("PREVIOUS_CONTACTS", explanation, evidence)
    if attributes.get("plan", "").strip().lower() == "enterprise":
        explanation = "The customer is on the enterprise plan."
        yield Effect.PLAN, Reason("ENTERPRISE_PLAN", explanation, "plan=enterprise")


def _priority(effects: Sequence[Effect]) -> Prediction[Priority]:
    raises, lowers = effects.count(Effect.RAISE), effects.count(Effect.LOWER)
    if Effect.AT_ONCE in effects:
        return _prediction(Priority.URGENT, _CONFLICT if lowers else _CERTAIN)
    if raises >= _RAISES_TO_URGENT and not lowers:
        return _prediction(Priority.URGENT, _AGREEING[0])
    steps = (raises > 0) - (lowers > 0) + (Effect.PLAN in effects)
    level = Priority(min(Priority.MEDIUM + steps, Priority.URGENT))
    if raises and lowers:
        return _prediction(level, _CONFLICT)
    agreeing = raises + lowers
    return _prediction(level, _AGREEING[min(agreeing, 3) - 1] if agreeing else _UNDECIDED)


@cache
def _prediction(level: Priority, confidence: float) -> Prediction[Priority]:
    """The others share what remains, those one step away four times as much as those two away."""
    nearness = {other: 1 / (other - level) ** 2 for other in Priority if other != level}
    scale = (1 - confidence) / sum(nearness.values())
    others = sorted(nearness, key=lambda other: (-nearness[other], other))
    return Prediction(level, confidence, tuple((o, nearness[o] * scale) for o in others))
