"""What is hidden of a ticket before it leaves, and what tells its wording from another's."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from server.privacy.found import Finder
from server.privacy.redaction import Redacted, redact
from server.triage.ticket import Ticket

# At the end of a text that was cut: half an address is not found, and would give itself away.
UNSURE_CHARACTERS = 100
MOST_EXAMPLE = 1000  # characters of an example that are read
_PLACEHOLDER = re.compile(r"\[[A-Z_]+_\d+\]")
_WORD = re.compile(r"\w+")


def hide(
    outward: Mapping[str, Any], ticket: Ticket, language: str, finders: Sequence[Finder]
) -> tuple[Redacted, dict[str, Any]]:
    """An outward ticket without its personal data, and the way back. An attribute whose very name
    is personal is left out.
    """
    texts, names = texts_of(outward), list(outward.get("attributes", ()))
    redacted = redact(
        [*texts, *names],
        known=[("customer_id", ticket.customer_id), *ticket.attributes.items()],
        language=language,
        finders=finders,
        ends=[*_sure_ends(outward, ticket), *map(len, names)],
    )
    hidden = _with_texts(outward, redacted.texts)
    told = redacted.texts[len(texts) :]
    for name in (name for name, shown in zip(names, told, strict=True) if shown != name):
        del hidden["attributes"][name]
    return redacted, hidden


def hide_example(text: str, language: str, finders: Sequence[Finder]) -> str:
    """The beginning of another customer's text without personal data, and without a way back."""
    read = text[:MOST_EXAMPLE]
    end = len(read) if read == text else len(read) - UNSURE_CHARACTERS
    hidden = redact([read], language=language, finders=finders, ends=[end])
    return _PLACEHOLDER.sub("[...]", hidden.texts[0])


def wording_of(outward: Mapping[str, Any]) -> str:
    """A digest that is the same for texts that differ in case, spaces and punctuation alone."""
    texts = [*texts_of(outward), *outward.get("attributes", ())]
    words = _WORD.findall("\n".join(texts).casefold())
    return hashlib.blake2b(" ".join(words).encode(), digest_size=16).hexdigest()


def texts_of(outward: Mapping[str, Any]) -> list[str]:
    """The free texts of what leaves the process, in an order of their own."""
    return [
        *(outward[name] for name in ("subject", "body") if name in outward),
        *outward.get("attributes", {}).values(),
    ]


def _sure_ends(outward: Mapping[str, Any], ticket: Ticket) -> Iterator[int]:
    """How far each text may go out: to its end, unless it was cut."""
    whole = [getattr(ticket, name) for name in ("subject", "body") if name in outward]
    whole += [ticket.attributes[name] for name in outward.get("attributes", ())]
    for text, original in zip(texts_of(outward), whole, strict=True):
        yield len(text) if len(text) == len(original) else len(text) - UNSURE_CHARACTERS


def _with_texts(outward: Mapping[str, Any], texts: Sequence[str]) -> dict[str, Any]:
    """The same with other texts, the first of these."""
    rest = iter(texts)
    changed: dict[str, Any] = {n: next(rest) for n in ("subject", "body") if n in outward}
    if "attributes" in outward:
        changed["attributes"] = {name: next(rest) for name in outward["attributes"]}
    return {**outward, **changed}
