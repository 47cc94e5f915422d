"""The verbs of what a help desk does, in the forms in which a reply can claim them."""

from collections.abc import Iterator, Mapping
from enum import StrEnum


class Intent(StrEnum):
    """What a reply claims to do; the values are labels of metrics."""

    REFUND = "refund"
    ESCALATE = "escalate"
    CONTACT = "contact"
    CHANGE = "change"
    INVESTIGATE = "investigate"


_A = "(?:an?|the|your|this)"  # which "_" stands for

# What follows a verb, as a pattern, tells it from its other meanings.
_VERBS: Mapping[Intent, str] = {
    Intent.REFUND: "refund, credit, reimburse, compensate, reverse, waive, pay back",
    Intent.ESCALATE: "escalate, forward, pass, hand, transfer, assign, reassign"
    ", ask (?:our|my|the|a)",
    Intent.CONTACT: "contact, call, email, e-mail, inform, notify, send, resend, alert, reach out"
    ", follow up, get back to you, get in touch, be in touch"
    ", let (?:you|them|(?:the|your)(?: [\\w-]+){1,3}?) know",
    Intent.CHANGE: "cancel, reset, update, change, delete, remove, unlock, restore, activate"
    ", reactivate, deactivate, fix, ship, reship, replace, process, issue, reissue, arrange"
    ", initiate, submit, schedule, reschedule, approve, correct, adjust, extend, enable, disable"
    ", resolve, renew, block, unblock, make (?:the|a|this) (?:change|correction|update)"
    ", open _, create _, apply _, file _, raise _, log _, book _",
    Intent.INVESTIGATE: "investigate, look (?:into|at), check, review, verify, confirm with"
    ", take care of",
}
_UNUSUAL: Mapping[str, tuple[str, str]] = {  # past, and with -ing
    "be": ("been", "being"),
    "cancel": ("cancell?ed", "cancell?ing"),
    "get": ("got", "getting"),
    "let": ("let", "letting"),
    "log": ("logged", "logging"),
    "make": ("made", "making"),
    "pay": ("paid", "paying"),
    "resend": ("resent", "resending"),
    "reset": ("reset", "resetting"),
    "reship": ("reshipped", "reshipping"),
    "send": ("sent", "sending"),
    "ship": ("shipped", "shipping"),
    "submit": ("submitted", "submitting"),
    "take": ("(?:took|taken)", "taking"),
    "transfer": ("transferred", "transferring"),
}


def spoken_forms() -> Iterator[tuple[Intent, str, str, str]]:
    """Patterns of each verb: with "will", in the past, and with -ing."""
    for intent, verbs in _VERBS.items():
        for verb in verbs.split(", "):
            head, space, rest = verb.replace(" _", f" {_A}").partition(" ")
            past, going_on = _UNUSUAL.get(head) or _regular(head)
            yield intent, head + space + rest, past + space + rest, going_on + space + rest


def _regular(verb: str) -> tuple[str, str]:
    if verb.endswith("e"):
        return f"{verb}d", f"{verb[:-1]}ing"
    past = f"{verb[:-1]}ied" if verb.endswith("y") else f"{verb}ed"
    return past, f"{verb}ing"
