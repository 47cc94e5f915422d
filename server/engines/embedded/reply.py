"""A reply to send or to edit: the category's own text around the ticket's own facts."""

import re
from collections.abc import Iterator, Mapping

REPLY_CHARACTERS = 4_000
_MOST_FACTS = 4
_NEUTRAL = (
    "Thank you for writing to us. We have received your message and will look into it. "
    "If there are more details that could help, please reply to this message."
)
_FOR_PERSON = "A colleague will take care of your request personally."
_CLOSING = "Kind regards,\nCustomer Support"

# What a fact is called in the reply, and the word that customers put before the reference.
_KINDS = {
    "order": "order",
    "purchase": "order",
    "invoice": "invoice",
    "tracking": "tracking number",
    "shipment": "shipment",
    "booking": "booking",
    "error": "error",
    "status": "status",
}
_REFERENCE = re.compile(
    r"(?:\s(?:number|no|nr|id|ref|reference|code))?\.?(?:\s(?:is|was))?"
    r"[\s:#]{0,3}([a-z0-9][a-z0-9_/-]{1,38}[a-z0-9])(?![\w@])",
    re.IGNORECASE,
)
_PLAIN_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_/#-]{0,39}")


def write_reply(
    text: str,
    category_text: str,
    ticket_id: str,
    attributes: Mapping[str, str],
    for_person: bool,
) -> str:
    """A whole reply of at most 4,000 characters. Every fact in it stands in the ticket."""
    paragraphs = ["Hello,", category_text.strip() or _NEUTRAL]
    if for_person:
        paragraphs.append(_FOR_PERSON)
    paragraphs += [_facts_line(text, ticket_id, attributes), _CLOSING]
    return "\n\n".join(paragraphs)[:REPLY_CHARACTERS]


def find_facts(text: str, attributes: Mapping[str, str]) -> list[tuple[str, str]]:
    """Orders, invoices and codes that the ticket names, as (kind, reference), each once."""
    facts: dict[str, tuple[str, str]] = {}
    for kind, reference in (*_attributed_facts(attributes), *_written_facts(text)):
        facts.setdefault(reference.upper(), (kind, reference))
    return list(facts.values())[:_MOST_FACTS]


def _attributed_facts(attributes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    order = attributes.get("order", "")
    if _PLAIN_REFERENCE.fullmatch(order):
        yield "order", order


def _written_facts(text: str) -> Iterator[tuple[str, str]]:
    lower = text.lower()
    if len(lower) != len(text):  # letters that grow when lowered; positions must stay
        lower = text
    for word, kind in _KINDS.items():
        at = lower.find(word)
        while at >= 0:
            match = _REFERENCE.match(text, at + len(word))
            starts_word = at == 0 or not text[at - 1].isalnum()
            if match and starts_word and _looks_assigned(match[1]):
                yield kind, match[1]
            at = lower.find(word, at + len(word))


def _looks_assigned(reference: str) -> bool:
    """Like "88213" or "INV-7", not like "2-3" or "15th"."""
    digits = sum(map(str.isdigit, reference))
    return digits >= 3 or (digits > 0 and any(map(str.isupper, reference)))


def _facts_line(text: str, ticket_id: str, attributes: Mapping[str, str]) -> str:
    facts = [f"{kind} {reference}" for kind, reference in find_facts(text, attributes)]
    reference = f"Your ticket is {ticket_id}."
    return f"You mentioned: {', '.join(facts)}. {reference}" if facts else reference
