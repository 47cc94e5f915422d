"""Names for what goes together: entries carry tags, and a tag is invalidated as a whole."""

from collections.abc import Sequence

ALL = "all"


def tag_of(method: str = "", tenant: str = "") -> str:
    """The tag of a method's entries, of a tenant's, of a method's of one tenant, or of all."""
    named = (("method", method), ("tenant", tenant))
    return ",".join(f"{kind}:{name}" for kind, name in named if name) or ALL


def owner_in(tags: Sequence[str]) -> str:
    """The tag of the tenant whose entry carries these; empty: it is no tenant's."""
    return next((tag for tag in tags if tag.startswith("tenant:")), "")


def tags_of(method: str, tenant: str) -> tuple[str, ...]:
    """Every tag that an entry carries for its question."""
    tags = (ALL, tag_of(method), tag_of(tenant=tenant), tag_of(method, tenant))
    return tuple(dict.fromkeys(tags))  # without a tenant two of them are the same twice
