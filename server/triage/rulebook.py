"""Applies the rules of `rules.py` to a ticket: which are said, and what follows from them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain

from server.triage.assessment import Prediction, Priority, Reason
from server.triage.rules import RULES, Effect, Rule
from server.triage.taxonomy import EscalationPolicy

EVIDENCE_CHARACTERS = 200

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
_NOT_DENYING = re.compile(
    rb"\s(?:(?:no|without)\s(?:a\s)?doubt|no\sidea\s(?:who|how|why)"
    rb"|(?:not|never|wont|dont|wouldnt)\s(?:only|just|hesitate|rule\sout|joking|kidding))(?=\s)"
)
_DENYING_WORDS = 3
_DENYING_DIRECTLY = _DENIALS | {b"nobody"}
_AUXILIARIES = frozenset(
    b"a an any the one is are was were be been being has have had got get".split()
)

# What begins a line: signs of a quotation, and the sign of a list or of a rule across the page.
_LINE_START = re.compile(r"([\s>]*)([-*+#=_\u00b7\u2013\u2014\u2022]+(?:\s|\Z))?")

# How sure the priority is. Estimates, not measurements: with one rule that decides, two, more.
_UNDECIDED, _CONFLICT = 0.45, 0.4
_AGREEING = (0.6, 0.7, 0.75)
_CERTAIN = 0.8


BY_CATEGORY = Reason("CATEGORY_POLICY", "Tickets of this category always go to a person.")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say of a ticket."""

    priority: Prediction[Priority]
    priority_reasons: tuple[Reason, ...]
    escalation_reasons: tuple[Reason, ...]


# The place of its rule, the phrase, and the longer phrases around it that are harmless.
_Phrase = tuple[int, bytes, tuple[bytes, ...]]


class RuleBook:
    """Rules, indexed by their rarest words, so that a ticket meets only those that may apply."""

    def __init__(self, rules: Sequence[Rule] = RULES) -> None:
        self._rules = rules
        self._phrases: dict[bytes, list[_Phrase]] = {}
        for number, rule in enumerate(rules):
            harmless = [_spaced(phrase) for phrase in rule.harmless]
            for phrase in map(_spaced, rule.phrases):
                entry = (number, phrase, tuple(longer for longer in harmless if phrase in longer))
                self._phrases.setdefault(_rarest_word(phrase), []).append(entry)

    def judge(self, text: str, attributes: Mapping[str, str], policy: EscalationPolicy) -> Verdict:
        """Priority and reasons; reasons come in the order of the rules."""
        laid = _laid_out(text)
        words = laid.split()
        said = self._said(laid, words)
        causes = [(rule.effect, _reason(rule, phrase, text)) for rule, phrase in said]
        causes += [*_large_amount(text, words), *_attribute_causes(attributes)]
        escalations = [
            reason for (rule, _), (_, reason) in zip(said, causes, strict=False) if rule.escalates
        ]
        return Verdict(
            _priority([effect for effect, _ in causes]),
            tuple(reason for effect, reason in causes if effect is not Effect.NONE),
            with_category_policy(escalations, policy),
        )

    def _said(self, laid: bytes, words: Sequence[bytes]) -> list[tuple[Rule, str]]:
        """The rules that apply, each with one of its phrases that are said."""
        flowing = b" %b . " % laid
        broken = b" %b . " % laid.replace(b"\n", b" . ")
        line = flowing.replace(b"\n", b" ")
        anchors = dict.fromkeys(filter(self._phrases.__contains__, words))
        found: dict[int, bytes] = {}
        for number, phrase, harmless in chain.from_iterable(
            self._phrases[word] for word in anchors
        ):
            ends_clause = b"." in phrase
            if number in found or phrase not in (broken if ends_clause else line):
                continue
            spoken = broken if ends_clause else flowing
            if _is_said(phrase, harmless, spoken, self._rules[number].denied_directly):
                found[number] = phrase
        return [(self._rules[place], found[place].strip(b" .").decode()) for place in sorted(found)]


def with_category_policy(reasons: Sequence[Reason], policy: EscalationPolicy) -> tuple[Reason, ...]:
    """The reasons to escalate a ticket of a category with this policy. It takes none away."""
    if policy is not EscalationPolicy.ALWAYS:
        return tuple(reasons)
    return (*(reason for reason in reasons if reason != BY_CATEGORY), BY_CATEGORY)


def _spaced(phrase: str) -> bytes:
    return b" %b " % phrase.encode()


def _rarest_word(phrase: bytes) -> bytes:
    """The word to look a phrase up by: long, and not one that stands in most tickets."""
    return max(phrase.split(), key=lambda word: (word not in _COMMON_WORDS, len(word)))


def _character_classes() -> bytes:
    """Letters, digits and all beyond ASCII stay; what ends a clause becomes "."; else a space."""
    table = bytearray(range(256))
    for code in range(128):
        if not chr(code).isalnum():
            table[code] = ord("." if chr(code) in ".!?;:,()[]" else " ")
    return bytes(table)


_CLASSES = _character_classes()


def _laid_out(text: str) -> bytes:
    """Lower-case words without apostrophes; "." stands between clauses. A line break stands where
    one goes on in the next line, as in mail that is wrapped.
    """
    lines, quoted_above = [], 0
    for line in text.lower().replace("\u2019", "'").splitlines():
        start = _LINE_START.match(line)
        quoted, sign = (start[1].count(">"), start[2]) if start else (0, None)
        plain = line.encode(errors="replace").translate(_CLASSES, b"'")
        words = plain.replace(b".", b" . ").split()
        if not words or sign or quoted != quoted_above:
            words.insert(0, b".")
        lines.append(b" ".join(words))
        quoted_above = quoted
    return b"\n".join(lines)


def _is_said(phrase: bytes, harmless: Sequence[bytes], laid: bytes, directly: bool) -> bool:
    """Whether the phrase stands somewhere outside of what is harmless, and is not denied there."""
    for longer in harmless:
        laid = _without(longer, phrase, laid)
    line = laid.replace(b"\n", b" ")
    at = line.find(phrase)
    while at >= 0:
        if not _is_denied(laid[max(0, at - 60) : at + 1], directly):
            return True
        at = line.find(phrase, at + 1)
    return False


def _without(longer: bytes, phrase: bytes, laid: bytes) -> bytes:
    """The text, as long as before, with "." for the longer phrase: but a line break next to the
    phrase in it parts the two.
    """
    first = longer.index(phrase)
    last = first + len(phrase) - 1
    edges = [edge for edge in (first, last) if 0 < edge < len(longer) - 1]
    parts, done, line = [], 0, laid.replace(b"\n", b" ")
    at = line.find(longer)
    while at >= 0:
        if not any(laid[at + edge] == ord("\n") for edge in edges):
            parts += [laid[done : at + 1], b"." * (len(longer) - 2)]
            done = at + len(longer) - 1
        at = line.find(longer, at + len(longer) - 1)
    return b"".join([*parts, laid[done:]])


def _is_denied(before: bytes, directly: bool) -> bool:
    """Whether the text before a phrase denies it, "directly" in its last word. Of the line above,
    only the last word may, and not where it stands there alone, as an answer does.
    """
    clause = _NOT_DENYING.sub(b" indeed", b" " + before.rpartition(b".")[2])
    *above, here = (line.split() for line in clause.split(b"\n"))
    words = here
    if above and len(above[-1]) > 1:
        words = [above[-1][-1], *here]
    if not directly:
        return not _DENIALS.isdisjoint(words[-_DENYING_WORDS:])
    last = next((word for word in reversed(words) if word not in _AUXILIARIES), b"")
    return last in _DENYING_DIRECTLY


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
    """text[first:last] and up to 60 characters around it, within its lines, cut at spaces; in one
    line.
    """
    start = max(text.rfind("\n", 0, first) + 1, first - 60)
    if start and not text[start - 1].isspace():
        start = text.find(" ", start, first) + 1 or first
    line_end = text.find("\n", last)
    end = min(len(text) if line_end < 0 else line_end, last + 60)
    if end < len(text) and not text[end].isspace():
        end = max(text.rfind(" ", last, end), last)
    return " ".join(text[start:end].splitlines()).strip()[:EVIDENCE_CHARACTERS]


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
