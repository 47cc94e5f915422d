"""A letter is replayed at most once at a time, and not again once that has succeeded."""

import asyncio
from collections.abc import Awaitable, Callable

from server.dead_letters.letter import DeadLetter, LetterFilter, State
from server.dead_letters.replay import Replay, replay
from server.dead_letters.store import DeadLetterStore
from tests.integration.dead_letters.conftest import AddLetters, MakeLetter

ANY = LetterFilter()
ACTOR = "apiKeys/0123456789abcdef"
CLAIM, OTHER_CLAIM = f"{7:032x}", f"{8:032x}"
LEASE_S = 600.0

Work = Callable[[DeadLetter], Awaitable[str]]


async def run_of(letter: DeadLetter) -> str:
    return f"triageRuns/{int(letter.letter_id, 16)}"


async def replay_all(
    store: DeadLetterStore, tenant: str, work: Work = run_of, lease_s: float = LEASE_S
) -> list[Replay]:
    return [
        found async for found in replay(store, tenant, ANY, work, ACTOR, most=9, lease_s=lease_s)
    ]


async def state_of(store: DeadLetterStore, letter: DeadLetter) -> State:
    (found,) = await store.page(letter.tenant, LetterFilter([letter.letter_id]), "", 1)
    return found.state


async def test_letters_are_replayed_from_the_oldest(
    store: DeadLetterStore, tenant: str, make_letter: MakeLetter, add: AddLetters
) -> None:
    for number in (2, 1):
        await add(make_letter(number))
    assert [found.run for found in await replay_all(store, tenant)] == [
        "triageRuns/1",
        "triageRuns/2",
    ]


async def test_a_replayed_letter_names_its_run(
    store: DeadLetterStore, tenant: str, make_letter: MakeLetter, add: AddLetters
) -> None:
    await add(make_letter(1))
    await replay_all(store, tenant)
    (found,) = await store.page(tenant, ANY, "", 9)
    assert (found.state, found.replay_run) == (State.REPLAYED, "triageRuns/1")


async def test_what_was_replayed_is_not_replayed_again(
    store: DeadLetterStore, tenant: str, make_letter: MakeLetter, add: AddLetters
) -> None:
    await add(make_letter(1))
    assert [len(await replay_all(store, tenant)) for _ in range(2)] == [1, 0]


async def test_what_was_purged_is_not_replayed(
    store: DeadLetterStore, tenant: str, make_letter: MakeLetter, add: AddLetters
) -> None:
    await add(make_letter(1))
    await store.purge(tenant, ANY, ACTOR)
    assert await replay_all(store, tenant) == []


async def test_a_letter_that_fails_again_waits_on_and_holds_up_no_other(
    store: DeadLetterStore, tenant: str, make_letter: MakeLetter, add: AddLetters
) -> None:
    for number in (1, 2):
        await add(make_letter(number))

    async def fail_the_first(letter: DeadLetter) -> str:
        if letter == make_letter(1):
            raise LookupError("the text of a ticket")
        return await run_of(letter)

    first, second = await replay_all(store, tenant, fail_the_first)
    assert first == Replay(make_letter(1).letter_id, "", "LookupError")
    assert second.run == "triageRuns/2"
    assert [found.run for found in await replay_all(store, tenant)] == ["triageRuns/1"]


async def test_no_more_letters_are_replayed_than_asked_for(
    store: DeadLetterStore, tenant: str, make_letter: MakeLetter, add: AddLetters
) -> None:
    for number in (1, 2, 3):
        await add(make_letter(number))
    found = [one.run async for one in replay(store, tenant, ANY, run_of, ACTOR, most=2)]
    assert found == ["triageRuns/1", "triageRuns/2"]


async def test_processes_that_replay_at_once_do_each_letter_once(
    stores: list[DeadLetterStore], tenant: str, make_letter: MakeLetter, add: AddLetters
) -> None:
    for number in range(1, 9):
        await add(make_letter(number))
    done: list[str] = []

    async def work(letter: DeadLetter) -> str:
        done.append(letter.letter_id)
        await asyncio.sleep(0)  # lets the other process go on
        return await run_of(letter)

    await asyncio.gather(*(replay_all(store, tenant, work) for store in (*stores, *stores)))
    assert sorted(done) == [make_letter(number).letter_id for number in range(1, 9)]


async def test_a_letter_is_left_to_who_works_on_it(
    stores: list[DeadLetterStore], tenant: str, make_letter: MakeLetter, add: AddLetters
) -> None:
    await add(make_letter(1))
    assert await stores[0].claim(tenant, ANY, CLAIM, LEASE_S) is not None
    assert await replay_all(stores[1], tenant) == []


async def test_what_a_crash_left_in_the_middle_is_replayed_when_its_claim_is_over(
    stores: list[DeadLetterStore], tenant: str, make_letter: MakeLetter, add: AddLetters
) -> None:
    await add(make_letter(1))
    assert await stores[0].claim(tenant, ANY, CLAIM, lease_s=0.0) is not None
    assert len(await replay_all(stores[1], tenant)) == 1


async def test_who_has_lost_its_claim_marks_nothing(
    stores: list[DeadLetterStore], tenant: str, make_letter: MakeLetter, add: AddLetters
) -> None:
    await add(make_letter(1))
    late = await stores[0].claim(tenant, ANY, CLAIM, lease_s=0.0)
    assert late is not None
    assert await stores[1].claim(tenant, ANY, OTHER_CLAIM, LEASE_S) is not None
    assert not await stores[0].mark_replayed(late, CLAIM, "triageRuns/late", ACTOR)
    assert await state_of(stores[0], late) is State.WAITING


async def test_a_work_that_outlives_its_claim_is_ended(
    store: DeadLetterStore, tenant: str, make_letter: MakeLetter, add: AddLetters
) -> None:
    await add(make_letter(1))

    async def never_end(_letter: DeadLetter) -> str:
        await asyncio.Event().wait()
        return ""

    (found,) = await replay_all(store, tenant, never_end, lease_s=0.01)
    assert found == Replay(make_letter(1).letter_id, "", "TimeoutError")
