"""A limiter that stands alone: limits, custom limits, usage and what it forgets."""

import pytest

from interceptors.errors import RateLimited
from interceptors.limits.book import LimitBook
from interceptors.limits.limiter import Limiter, Usage
from interceptors.limits.tiers import TIERS, Limits
from interceptors.limits.windows import ADMITTED, NEAR, REFUSED, SHADOW, Verdict
from tests.unit.interceptors.limits.clock import Clock

METHOD = "a.B/C"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book() -> LimitBook:
    return LimitBook()


@pytest.fixture
def limiter(book: LimitBook, clock: Clock) -> Limiter:
    return Limiter(book, clock=clock, sleep=clock.sleep, most_callers=100)


def spend(
    limiter: Limiter, caller: str = "t/a", tier: str = "free", method: str = METHOD, cost: int = 1
) -> Verdict:
    """Charge a caller that has limits."""
    verdict = limiter.charge_here(caller, tier, method, cost)
    assert verdict is not None
    return verdict


@pytest.mark.parametrize("tier", TIERS)
def test_each_window_of_a_tier_holds_alone(tier: str, clock: Clock) -> None:
    for name, width_s, units in TIERS[tier].windows():
        book = LimitBook({"free": Limits(**{name: units})})
        limiter = Limiter(book, clock=clock)
        assert spend(limiter, cost=units).outcome == NEAR
        refused = spend(limiter)
        assert (refused.outcome, refused.window.width_s) == (REFUSED, width_s)


def test_callers_do_not_spend_each_others_units(limiter: Limiter) -> None:
    spend(limiter, "t/a", cost=2)
    assert spend(limiter, "t/b").outcome == ADMITTED


def test_a_caller_without_limits_has_no_verdict(limiter: Limiter, book: LimitBook) -> None:
    book.set_limits(Limits(), caller="t/a")
    assert limiter.charge_here("t/a", "free", METHOD, 1) is None


def test_a_limit_at_a_method_holds_for_each_caller_by_itself(
    limiter: Limiter, book: LimitBook
) -> None:
    book.set_limits(Limits(minute=1), method=METHOD)
    outcomes = [spend(limiter, caller, "pro").outcome for caller in ("t/a", "t/a", "t/b")]
    assert outcomes == [NEAR, REFUSED, NEAR]


def test_a_refusal_at_a_method_spends_nothing_of_the_caller(
    limiter: Limiter, book: LimitBook
) -> None:
    book.set_limits(Limits(minute=1), method=METHOD)
    for _ in range(5):
        spend(limiter, tier="enterprise")
    elsewhere = spend(limiter, tier="enterprise", method="a.B/Other")
    assert elsewhere.window.limit - elsewhere.remaining_units == 2


def test_a_refusal_of_the_caller_spends_nothing_at_the_method(
    limiter: Limiter, book: LimitBook, clock: Clock
) -> None:
    book.set_limits(Limits(day=3), method=METHOD)
    spend(limiter, cost=2)
    assert spend(limiter).outcome == REFUSED
    clock.now += 2
    assert spend(limiter).outcome == NEAR


def test_limits_that_change_keep_what_is_spent(limiter: Limiter, book: LimitBook) -> None:
    book.set_limits(Limits(hour=10), caller="t/a")
    spend(limiter, cost=6)
    book.set_limits(Limits(hour=7), caller="t/a")
    assert spend(limiter).remaining_units == 0


def test_limits_at_a_method_that_change_keep_what_is_spent(
    limiter: Limiter, book: LimitBook
) -> None:
    book.set_limits(Limits(hour=10), method=METHOD)
    spend(limiter, tier="enterprise", cost=6)
    book.set_limits(Limits(hour=7), method=METHOD)
    assert spend(limiter, tier="enterprise").remaining_units == 0


def test_a_caller_that_changes_tiers_keeps_what_is_spent(limiter: Limiter) -> None:
    spend(limiter, tier="pro", cost=5)
    assert spend(limiter, tier="free").outcome == REFUSED


def test_the_caller_seen_least_lately_is_forgotten_first(limiter: Limiter) -> None:
    for i in range(100):
        spend(limiter, f"t/{i}")
    spend(limiter, "t/0")
    spend(limiter, "t/100")
    assert limiter.usage("t/0") is not None
    assert limiter.usage("t/1") is None


def test_the_table_of_callers_is_bounded(limiter: Limiter) -> None:
    for i in range(1000):
        spend(limiter, f"t/{i}")
    assert limiter.callers_known == 100


@pytest.mark.parametrize("method", ["", METHOD])
def test_a_caller_over_its_limit_is_forgotten_after_all_others(
    limiter: Limiter, book: LimitBook, clock: Clock, method: str
) -> None:
    book.set_limits(Limits(hour=2), caller="t/a", method=method)
    spend(limiter, tier="enterprise", cost=2)
    for i in range(500):
        spend(limiter, f"t/{i}", tier="enterprise")
    assert spend(limiter, tier="enterprise").outcome == REFUSED
    clock.now += 2 * 3600
    for i in range(500):
        spend(limiter, f"t/{i}", tier="enterprise")
    assert limiter.usage("t/a") is None
    assert limiter.callers_known == 100


def test_the_table_is_bounded_when_every_caller_is_over_its_limit(limiter: Limiter) -> None:
    most = 0
    for i in range(1000):
        spend(limiter, f"t/{i}", cost=2)
        most = max(most, limiter.callers_known)
    assert limiter.callers_known == 100
    assert most <= 100 + 100 // 7 + 1
    assert limiter.usage("t/999") is not None


def test_usage_tells_admitted_and_refused_units(limiter: Limiter) -> None:
    spend(limiter, cost=2)
    spend(limiter, cost=2)
    assert limiter.usage("t/a") == Usage("t/a", "free", admitted_units=2, refused_units=2)


def test_top_callers_are_those_that_asked_for_the_most(limiter: Limiter) -> None:
    for caller, cost in (("t/a", 1), ("t/b", 9), ("t/c", 5)):
        spend(limiter, caller, cost=cost)
    assert [usage.caller for usage in limiter.top_callers(2)] == ["t/b", "t/c"]


async def test_status_tells_each_window(limiter: Limiter) -> None:
    spend(limiter, tier="basic", cost=3)
    status = await limiter.status("t/a", "basic")
    assert [(w.width_s, w.limit, w.remaining_units) for w in status] == [
        (1, 5, 2),
        (60, 150, 147),
        (3600, 5_000, 4_997),
        (86400, 50_000, 49_997),
    ]


async def test_looking_at_a_caller_opens_no_account(limiter: Limiter) -> None:
    spend(limiter, "t/real")
    for i in range(200):
        await limiter.status(f"t/invented-{i}", "free")
    assert limiter.callers_known == 1
    assert limiter.usage("t/real") is not None


async def test_status_tells_the_windows_of_methods_beside_the_callers(
    limiter: Limiter, book: LimitBook
) -> None:
    book.set_limits(Limits(hour=9), caller="t/a")
    book.set_limits(Limits(minute=5), caller="t/a", method=METHOD)
    book.set_limits(Limits(minute=6, day=7), method="a.B/Everybody")
    book.set_limits(Limits(minute=8), caller="t/b", method="a.B/Other")
    spend(limiter, cost=2)
    status = await limiter.status("t/a", "free")
    assert [(w.method, w.width_s, w.limit, w.remaining_units) for w in status] == [
        ("", 3600, 9, 7),
        (METHOD, 60, 5, 3),
        ("a.B/Everybody", 60, 6, 6),
        ("a.B/Everybody", 86400, 7, 7),
    ]


async def test_a_window_is_whole_again_at_its_reset(limiter: Limiter, clock: Clock) -> None:
    spend(limiter, cost=2)
    clock.now += (await limiter.status("t/a", "free"))[1].reset_s
    assert [w.remaining_units for w in await limiter.status("t/a", "free")][:2] == [2, 60]


async def test_a_caller_that_is_reset_begins_anew(limiter: Limiter) -> None:
    spend(limiter, cost=2)
    await limiter.reset("t/a")
    assert spend(limiter).outcome == ADMITTED


def test_shadow_mode_counts_refusals_and_refuses_nobody(limiter: Limiter) -> None:
    limiter.is_shadow = True
    assert [spend(limiter).outcome for _ in range(3)] == [ADMITTED, NEAR, SHADOW]
    assert limiter.charges["free"] == {ADMITTED: 1, NEAR: 1, REFUSED: 0, SHADOW: 1}


def test_charges_of_an_unknown_tier_count_as_free(limiter: Limiter) -> None:
    spend(limiter, tier="platinum")
    assert limiter.charges["free"][ADMITTED] == 1


async def test_an_address_is_refused_after_sixty_failures_in_a_minute(limiter: Limiter) -> None:
    for _ in range(60):
        await limiter.charge_anonymous("10.0.0.1")
    with pytest.raises(RateLimited) as raised:
        await limiter.charge_anonymous("10.0.0.1")
    assert (raised.value.subject, raised.value.limit) == ("address/10.0.0.1", 60)


async def test_the_addresses_of_one_ipv6_network_fail_together(limiter: Limiter) -> None:
    for i in range(60):
        await limiter.charge_anonymous(f"2001:db8::{i:x}")
    with pytest.raises(RateLimited) as raised:
        await limiter.charge_anonymous("2001:db8::ffff:1")
    assert raised.value.subject == "address/2001:db8::/64"


def test_a_caller_that_has_nothing_left_is_refused_before_it_is_charged(limiter: Limiter) -> None:
    limiter.check_here("t/a", "free")
    spend(limiter, cost=2)
    with pytest.raises(RateLimited):
        limiter.check_here("t/a", "free")


def test_in_shadow_mode_nobody_is_refused_before_it_is_charged(
    book: LimitBook, clock: Clock
) -> None:
    limiter = Limiter(book, clock=clock, is_shadow=True)
    spend(limiter, cost=2)
    limiter.check_here("t/a", "free")


async def test_patience_waits_for_room(limiter: Limiter, clock: Clock) -> None:
    for _ in range(4):
        verdict = await limiter.charge_patiently("t/a", "free", METHOD, 1)
        assert verdict is not None
        assert verdict.outcome != REFUSED
    assert sum(clock.slept) == pytest.approx(1.5, abs=0.001)  # two units each second


async def test_patience_gets_all_that_a_small_limit_promises(
    limiter: Limiter, clock: Clock
) -> None:
    for _ in range(60):
        await limiter.charge_patiently("t/a", "free", METHOD, 1)
    assert sum(clock.slept) == pytest.approx(29.5, abs=0.001)  # two units each second


async def test_patience_ends_at_a_window_that_is_spent_for_long(
    limiter: Limiter, book: LimitBook, clock: Clock
) -> None:
    book.set_limits(Limits(hour=1), caller="t/a")
    await limiter.charge_patiently("t/a", "free", METHOD, 1)
    verdict = await limiter.charge_patiently("t/a", "free", METHOD, 1)
    assert verdict is not None
    assert verdict.outcome == REFUSED
    assert not clock.slept


async def test_waiting_for_room_counts_as_one_charge(limiter: Limiter) -> None:
    for _ in range(3):
        await limiter.charge_patiently("t/a", "free", METHOD, 2)
    assert sum(limiter.charges["free"].values()) == 3
