"""The response cache under its operators: its terms as settings, clearing as an order."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from interceptors.cache.answer_cache import AnswerCache
from interceptors.cache.tags import tag_of
from interceptors.cache.terms import Figures, Terms, total
from server.admin.orders import notice_of
from server.admin.store import Value, notify
from server.storage.database import Connection

SETTING = "cache"  # subject: a method
CLEAR = "cache.clear"
ERASE = "cache.erase"  # of a tenant that is deleted


async def erase_answers(connection: Connection, tenant: str) -> None:
    """Have every process erase a tenant's answers once the open transaction is committed."""
    await notify(connection, notice_of("order", ERASE, tag_of(tenant=tenant)))


def apply_terms(cache: AnswerCache, method: str, value: Value | None) -> None:
    """Put the terms of a method in force; None: the contract's. Unknown methods are left alone."""
    terms = cache.terms.get(method)
    if terms is None:
        return
    wanted = value or terms_of(Terms(method, terms.longest_s, ttl_s=terms.longest_s))
    # The contract may allow less than when this was set.
    ttl_s = min(wanted["ttl_s"], terms.longest_s)
    stale_ttl_s = min(wanted["stale_ttl_s"], terms.longest_s - ttl_s)
    terms.change(is_enabled=wanted["is_enabled"], ttl_s=ttl_s, stale_ttl_s=stale_ttl_s)


def terms_of(terms: Terms) -> dict[str, Any]:
    """The terms as they are set."""
    return {
        "is_enabled": terms.is_enabled,
        "ttl_s": terms.ttl_s,
        "stale_ttl_s": terms.stale_ttl_s,
    }


def read_figures(cache: AnswerCache) -> dict[str, Any]:
    """What this process' cache did, fit for JSON."""
    return {
        "entries": len(cache.memory),
        "bytes": cache.memory.bytes_kept,
        "methods": {name: asdict(terms.figures) for name, terms in cache.terms.items()},
    }


def sum_figures(processes: Iterable[dict[str, Any]], method: str) -> Figures:
    """What the caches of all processes did for one method."""
    return total(Figures(**p["methods"][method]) for p in processes if method in p["methods"])
