"""The starter taxonomy: ten categories that serve until a tenant brings its own."""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from importlib import resources
from typing import Any

from server.triage.taxonomy import Category, EscalationPolicy, Taxonomy

# The commonest first.
STARTER_CATEGORIES = (
    "account",
    "billing",
    "refund_cancellation",
    "shipping",
    "technical",
    "product_defect",
    "integration",
    "security_abuse",
    "feature_request",
    "general_question",
)

_POLICIES = {"by_rules": EscalationPolicy.BY_RULES, "always": EscalationPolicy.ALWAYS}


def starter_taxonomy() -> Taxonomy:
    """Revision 0, read from the files beside this module."""
    folder = resources.files("server.triage") / "starter"
    records = (tomllib.loads((folder / f"{n}.toml").read_text("utf-8")) for n in STARTER_CATEGORIES)
    return Taxonomy(revision=0, categories=tuple(map(_category, records)))


def starter_background() -> Sequence[str]:
    """Texts that are no support tickets, so that the starter model knows them for what they are."""
    file = resources.files("server.triage") / "starter" / "background.toml"
    texts: list[str] = tomllib.loads(file.read_text("utf-8"))["texts"]
    return texts


def _category(record: Mapping[str, Any]) -> Category:
    return Category(
        name=record["name"],
        title=record["title"],
        description=record["description"],
        examples=tuple(record["examples"]),
        escalation_policy=_POLICIES[record["escalation"]],
        estimated_resolution=timedelta(hours=record["estimated_resolution_hours"]),
        reply_text=record["reply"],
    )
