"""What is remembered holds until it expires or is revoked, and never grows without bound."""

import math
from collections.abc import Callable

import pytest

from interceptors.call import Caller
from server.access.refusals import INVALID
from server.access.remembered import REFUSED_S, Remembered, Verified
from tests.unit.access.clock import Clock


def caller(tenant: str = "acme", key_id: str = "a") -> Caller:
    return Caller(tenant, f"apiKeys/{key_id}", frozenset(), "free")


def verified(tenant: str = "acme", key_id: str = "a", until_s: float = math.inf) -> Verified:
    return Verified(caller(tenant, key_id), key_id, until_s)


def listening(clock: Clock, most: int = 100) -> Remembered:
    remembered = Remembered(clock, most, most)
    remembered.forget(None)
    return remembered


def keep(remembered: Remembered, header: str, what: Verified) -> None:
    remembered.remember(header, what, remembered.generation)


def test_a_verified_header_is_known_until_it_expires() -> None:
    clock = Clock()
    remembered = listening(clock)
    keep(remembered, "h", verified(until_s=clock() + 10))
    clock.go(9.9)
    assert remembered.known("h") == caller()
    clock.go(0.1)
    assert remembered.known("h") is None


def test_the_least_used_header_is_dropped_first() -> None:
    remembered = listening(Clock(), most=2)
    keep(remembered, "old", verified())
    keep(remembered, "idle", verified())
    assert remembered.known("old")
    keep(remembered, "new", verified())
    known = [h for h in ("old", "idle", "new") if remembered.known(h)]
    assert known == ["old", "new"]


def test_a_revoked_key_is_forgotten_and_the_others_stay() -> None:
    remembered = listening(Clock())
    keep(remembered, "its secret", verified(key_id="a"))
    keep(remembered, "its token", verified(key_id="a"))
    keep(remembered, "another", verified(key_id="b"))
    remembered.forget("apiKeys/a")
    known = [h for h in ("its secret", "its token", "another") if remembered.known(h)]
    assert known == ["another"]


def test_a_suspended_tenant_is_forgotten_and_the_others_stay() -> None:
    remembered = listening(Clock())
    keep(remembered, "acme", verified("acme", "a"))
    keep(remembered, "a", verified("other", "acme"))
    remembered.forget("tenants/acme")
    assert [h for h in ("acme", "a") if remembered.known(h)] == ["a"]


def test_nothing_is_kept_while_no_revocation_would_be_heard_of() -> None:
    remembered = Remembered(Clock())
    keep(remembered, "before the first connection", verified())
    remembered.forget(None)
    keep(remembered, "connected", verified())
    remembered.lose()
    keep(remembered, "lost", verified())
    headers = ("before the first connection", "connected", "lost")
    assert [h for h in headers if remembered.known(h)] == []


def test_what_was_verified_before_a_revocation_was_heard_is_not_kept_after_it() -> None:
    remembered = listening(Clock())
    generation = remembered.generation
    remembered.forget("apiKeys/a")
    remembered.remember("h", verified(), generation)
    assert remembered.known("h") is None


@pytest.mark.parametrize(
    "change", [lambda r: r.forget("apiKeys/a"), lambda r: r.forget(None), Remembered.lose]
)
def test_whether_there_are_keys_is_asked_again_after_every_change(
    change: Callable[[Remembered], None],
) -> None:
    remembered = listening(Clock())
    remembered.remember_keys(False, remembered.generation)
    change(remembered)
    assert remembered.has_keys is None


def test_a_refusal_answers_for_a_short_while() -> None:
    clock = Clock()
    remembered = listening(clock)
    remembered.refuse("h", INVALID)
    assert remembered.refusal("h") is INVALID
    clock.go(REFUSED_S)
    assert remembered.refusal("h") is None


def test_a_change_makes_refused_headers_be_asked_for_again() -> None:
    remembered = listening(Clock())
    remembered.refuse("h", INVALID)
    remembered.forget("tenants/acme")
    assert remembered.refusal("h") is None


def test_a_hundred_thousand_bad_headers_are_kept_neither_whole_nor_all() -> None:
    remembered = listening(Clock(), most=1000)
    for i in range(100_000):
        remembered.refuse(f"Bearer sy_{i}", INVALID)
    kept = [i for i in range(100_000) if remembered.refusal(f"Bearer sy_{i}")]
    assert kept == list(range(99_000, 100_000))


def test_a_use_is_told_once_and_to_the_last() -> None:
    clock = Clock()
    remembered = listening(clock)
    keep(remembered, "h", verified(key_id="a"))
    keep(remembered, "outside", verified(key_id=""))
    clock.go(5)
    remembered.known("h")
    assert remembered.take_uses() == {"a": clock()}
    assert remembered.take_uses() == {}
