"""What waits for people: found, ranked, and in one pair of hands at a time."""

import asyncio
from datetime import timedelta

import pytest

from server.feedback.review.item import Wanted
from server.feedback.review.reviews import Reviews
from server.feedback.review.store import close, reopen
from server.storage.database import Database
from server.triage.review import ReviewReason
from tests.integration.databases import add_tenant
from tests.integration.feedback.review.conftest import ANYTHING, Calendar, Wait, names

REFUND = "I was charged twice for my order and want the money back"
ADDRESS = "Please change the address of my account"
DAY = timedelta(days=1)


async def test_the_most_worthwhile_come_first(reviews: Reviews, tenant: str, wait: Wait) -> None:
    low, high = await wait(ADDRESS, 0.2), await wait(REFUND, 0.8)
    items, waiting = await reviews.page(tenant, "ann", ANYTHING, 10, None)
    assert (names(items), waiting) == ([high, low], 2)


async def test_who_only_looks_takes_nothing(reviews: Reviews, tenant: str, wait: Wait) -> None:
    await wait(ADDRESS)
    (seen,), _ = await reviews.page(tenant, "ann", ANYTHING, 10, None)
    assert seen.lease is None
    assert len((await reviews.page(tenant, "bob", ANYTHING, 10, 60))[0]) == 1


async def test_what_one_has_in_hand_nobody_else_gets(
    offices: list[Reviews], tenant: str, wait: Wait, calendar: Calendar
) -> None:
    await wait(ADDRESS)
    (taken,), _ = await offices[0].page(tenant, "ann", ANYTHING, 10, 60)
    assert taken.lease is not None
    assert taken.lease.reviewer == "ann"
    assert taken.lease.expire_time == calendar.now + timedelta(seconds=60)
    assert await offices[1].page(tenant, "bob", ANYTHING, 10, 60) == ([], 0)


async def test_who_asks_again_gets_what_they_have_for_longer(
    reviews: Reviews, tenant: str, wait: Wait, calendar: Calendar
) -> None:
    run_id = await wait(ADDRESS)
    await reviews.page(tenant, "ann", ANYTHING, 10, 60)
    calendar.pass_by(50)
    assert names((await reviews.page(tenant, "ann", ANYTHING, 10, 60))[0]) == [run_id]
    calendar.pass_by(50)
    assert await reviews.page(tenant, "bob", ANYTHING, 10, 60) == ([], 0)


async def test_who_looks_sees_what_they_have_in_hand(
    reviews: Reviews, tenant: str, wait: Wait
) -> None:
    await wait(ADDRESS)
    await reviews.page(tenant, "ann", ANYTHING, 10, 60)
    (seen,), _ = await reviews.page(tenant, "ann", ANYTHING, 10, None)
    assert seen.lease is not None


async def test_what_was_held_too_long_is_anybodys(
    reviews: Reviews, tenant: str, wait: Wait, calendar: Calendar
) -> None:
    run_id = await wait(ADDRESS)
    await reviews.page(tenant, "ann", ANYTHING, 10, 60)
    calendar.pass_by(60)
    assert names((await reviews.page(tenant, "bob", ANYTHING, 10, 60))[0]) == [run_id]


async def test_what_is_handed_back_others_get(reviews: Reviews, tenant: str, wait: Wait) -> None:
    run_id = await wait(ADDRESS)
    await reviews.page(tenant, "ann", ANYTHING, 10, 60)
    assert await reviews.release(tenant, "bob", [run_id]) == 0
    assert await reviews.release(tenant, "ann", [run_id]) == 1
    assert names((await reviews.page(tenant, "bob", ANYTHING, 10, 60))[0]) == [run_id]


async def test_twenty_who_ask_at_the_same_moment_get_different_items(
    offices: list[Reviews], tenant: str, wait: Wait
) -> None:
    waiting = [await wait(f"{ADDRESS}, number {number}") for number in range(60)]
    pages = await asyncio.gather(
        *(
            offices[number % 2].page(tenant, f"reviewer-{number}", ANYTHING, 3, 60)
            for number in range(20)
        )
    )
    taken = [name for items, _ in pages for name in names(items)]
    assert sorted(taken) == sorted(waiting)


async def test_items_are_filtered_by_reason_and_category(
    reviews: Reviews, tenant: str, wait: Wait
) -> None:
    audit = await wait(ADDRESS, reason=ReviewReason.AUDIT)
    refund = await wait(REFUND, category="refund")
    by_reason = await reviews.page(tenant, "ann", Wanted(ReviewReason.AUDIT), 10, None)
    by_category = await reviews.page(tenant, "ann", Wanted(category="refund"), 10, None)
    assert (names(by_reason[0]), by_reason[1]) == ([audit], 1)
    assert (names(by_category[0]), by_category[1]) == ([refund], 1)


async def test_another_tenants_items_are_not_seen(
    reviews: Reviews, databases: list[Database], tenant: str, wait: Wait
) -> None:
    await wait(ADDRESS, of=await add_tenant(databases[0]))
    assert await reviews.page(tenant, "ann", ANYTHING, 10, 60) == ([], 0)


async def test_what_is_a_month_old_waits_no_more(reviews: Reviews, tenant: str, wait: Wait) -> None:
    await wait(ADDRESS, age=31 * DAY)
    young = await wait(REFUND, age=29 * DAY)
    items, waiting = await reviews.page(tenant, "ann", ANYTHING, 10, None)
    assert (names(items), waiting) == ([young], 1)


async def test_items_tell_how_many_like_them_wait(
    reviews: Reviews, tenant: str, wait: Wait
) -> None:
    for number in range(3):
        await wait(f"{REFUND}, order {number}")
    items, _ = await reviews.page(tenant, "ann", ANYTHING, 10, None)
    assert [item.ranked.similar_waiting for item in items] == [2, 2, 2]


async def test_a_page_is_no_larger_than_a_message_and_what_is_left_out_is_free(
    offices: list[Reviews], tenant: str, wait: Wait
) -> None:
    large = {await wait(f"{number} {'ä' * 65_000}") for number in range(20)}
    items, _ = await offices[0].page(tenant, "ann", ANYTHING, 20, 60)
    assert sum(len(item.run.ticket_record) for item in items) < 2.1e6
    rest, _ = await offices[1].page(tenant, "bob", ANYTHING, 20, 60)
    assert {*names(items), *names(rest)} == large


async def test_a_run_that_somebody_judged_waits_no_more(
    reviews: Reviews, databases: list[Database], tenant: str, wait: Wait
) -> None:
    run_id = await wait(ADDRESS)
    await reviews.page(tenant, "ann", ANYTHING, 10, 60)
    async with databases[1].connection("test") as connection:
        await close(connection, tenant, run_id)
    assert await reviews.page(tenant, "ann", ANYTHING, 10, 60) == ([], 0)


async def test_what_is_being_judged_is_not_given_to_others_and_not_waited_for(
    reviews: Reviews, databases: list[Database], tenant: str, wait: Wait
) -> None:
    run_id = await wait(ADDRESS)
    async with databases[1].connection("test") as connection, connection.transaction():
        await close(connection, tenant, run_id)
        items, _ = await reviews.page(tenant, "ann", ANYTHING, 10, 60)
    assert items == []


async def test_what_people_disagree_about_another_one_gets(
    reviews: Reviews, databases: list[Database], tenant: str, wait: Wait
) -> None:
    run_id = await wait(ADDRESS)
    await reviews.page(tenant, "ann", ANYTHING, 10, 60)
    async with databases[1].connection("test") as connection:
        await reopen(connection, tenant, run_id)
        for reviewer in ("ann", "bob"):
            await connection.execute(JUDGED, {"tenant": tenant, "run": run_id, "by": reviewer})
    assert await reviews.page(tenant, "ann", ANYTHING, 10, 60) == ([], 0)
    (item,), waiting = await reviews.page(tenant, "cleo", ANYTHING, 10, 60)
    assert (item.ranked.reason, waiting) == (ReviewReason.DISAGREEMENT, 1)


async def test_leases_end_with_their_runs(
    reviews: Reviews, databases: list[Database], tenant: str, wait: Wait
) -> None:
    await wait(ADDRESS)
    await reviews.page(tenant, "ann", ANYTHING, 10, 60)
    async with databases[0].connection("test") as connection:
        await connection.execute("DELETE FROM triage_runs WHERE tenant = %s", [tenant])
    assert await reviews.page(tenant, "ann", ANYTHING, 10, 60) == ([], 0)
    assert await _leases(databases[0], tenant) == 0


async def test_leases_that_nobody_holds_do_not_pile_up(
    reviews: Reviews, databases: list[Database], tenant: str, wait: Wait, calendar: Calendar
) -> None:
    for number in range(5):
        await wait(f"{number} {ADDRESS}")
    await reviews.page(tenant, "ann", ANYTHING, 5, 60)
    calendar.pass_by(61)
    await reviews.page(tenant, "ann", ANYTHING, 1, 60)
    assert await _leases(databases[0], tenant) == 1


@pytest.mark.parametrize("body", ["", "?!", "\N{PILE OF POO}" * 1000])
async def test_a_ticket_without_a_word_can_be_reviewed(
    reviews: Reviews, tenant: str, wait: Wait, body: str
) -> None:
    run_id = await wait(body)
    assert names((await reviews.page(tenant, "ann", ANYTHING, 1, 60))[0]) == [run_id]


async def _leases(database: Database, tenant: str) -> int:
    async with database.connection("test") as connection:
        query = "SELECT count(*) FROM review_leases WHERE tenant = %s"
        row = await (await connection.execute(query, [tenant])).fetchone()
    assert row is not None
    return int(row[0])


JUDGED = """
INSERT INTO feedback (tenant, feedback_id, run_id, reviewer, submitter, create_time, digest,
                      in_force, content, effects, run_time, category, language, model, prompt,
                      variant, verdicts)
VALUES (%(tenant)s, gen_random_uuid(), %(run)s, %(by)s, %(by)s, now(), '', TRUE, '{}', '{}', now(),
        'billing', 'en', '', '', '', '{}')
"""
