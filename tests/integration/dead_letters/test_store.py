"""Dead letters are kept, found, counted, purged, and bounded, each tenant's apart."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from server.dead_letters.letter import (
    FailedAttempt,
    LetterCounts,
    LetterFilter,
    Severity,
    State,
)
from server.dead_letters.store import DeadLetterStore, delete_letters
from server.storage.database import Database
from tests.integration.dead_letters.conftest import MOST_LETTERS, START, AddLetters, MakeLetter

ANY = LetterFilter()
ACTOR = "apiKeys/0123456789abcdef"
STRANGE = '{"body":"null byte \\u0000, half a pair \\ud83d"}'


async def numbers(store: DeadLetterStore, tenant: str, which: LetterFilter = ANY) -> list[int]:
    return [int(letter.letter_id, 16) for letter in await store.page(tenant, which, "", 100)]


async def test_a_letter_is_read_as_it_was_added(
    store: DeadLetterStore, tenant: str, make_letter: MakeLetter, add: AddLetters
) -> None:
    attempts = (FailedAttempt("a", "m", "network", None, 0.5), *make_letter(1).attempts)
    letter = make_letter(1, attempts=attempts)
    await add(letter)
    assert await store.page(tenant, ANY, "", 9) == [letter]


async def test_adding_a_letter_again_changes_nothing(
    store: DeadLetterStore, tenant: str, make_letter: MakeLetter, add: AddLetters
) -> None:
    await add(make_letter(1))
    await add(make_letter(1, reason="network"))
    assert await store.page(tenant, ANY, "", 9) == [make_letter(1)]


async def test_pages_go_from_the_newest_to_the_oldest(
    store: DeadLetterStore, tenant: str, make_letter: MakeLetter, add: AddLetters
) -> None:
    await add(*map(make_letter, range(1, 6)))
    first = await store.page(tenant, ANY, "", 2)
    second = await store.page(tenant, ANY, first[-1].letter_id, 9)
    assert [int(letter.letter_id, 16) for letter in (*first, *second)] == [5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("which", "found"),
    [
        (LetterFilter(function="triage.draft"), [2]),
        (LetterFilter(severity=Severity.CRITICAL), [3]),
        (LetterFilter(state=State.REPLAYED), [4]),
        (LetterFilter(start_time=START + timedelta(hours=3)), [4, 3]),
        (LetterFilter(end_time=START + timedelta(hours=3)), [2, 1]),
        (LetterFilter(letter_ids=[f"{1:032x}", f"{4:032x}", f"{99:032x}"]), [4, 1]),
        (LetterFilter(function="triage.draft", severity=Severity.CRITICAL), []),
    ],
)
async def test_a_filter_finds_what_fits_all_of_it(
    store: DeadLetterStore,
    tenant: str,
    make_letter: MakeLetter,
    add: AddLetters,
    which: LetterFilter,
    found: list[int],
) -> None:
    await add(
        make_letter(1),
        make_letter(2, function="triage.draft"),
        make_letter(3, severity=Severity.CRITICAL),
        make_letter(4, state=State.REPLAYED, replay_run="triageRuns/1"),
    )
    assert await numbers(store, tenant, which) == found


async def test_letters_are_counted_by_function_and_by_severity(
    store: DeadLetterStore, tenant: str, make_letter: MakeLetter, add: AddLetters
) -> None:
    await add(
        make_letter(1),
        make_letter(2, severity=Severity.WARNING),
        make_letter(3, function="triage.draft"),
    )
    assert await store.counts(tenant, ANY) == LetterCounts(
        {"triage.classify": 2, "triage.draft": 1}, {Severity.WARNING: 1, Severity.ERROR: 2}
    )


async def test_of_a_purged_letter_it_stays_on_record_that_it_failed(
    store: DeadLetterStore, tenant: str, make_letter: MakeLetter, add: AddLetters
) -> None:
    await add(make_letter(1), make_letter(2))
    assert await store.purge(tenant, LetterFilter(end_time=START + timedelta(hours=2)), ACTOR) == 1
    purged = replace(make_letter(1), request=None, state=State.PURGED)
    assert await store.page(tenant, ANY, "", 9) == [make_letter(2), purged]


async def test_what_is_purged_is_not_purged_again(
    store: DeadLetterStore, tenant: str, make_letter: MakeLetter, add: AddLetters
) -> None:
    await add(make_letter(1))
    assert [await store.purge(tenant, ANY, ACTOR) for _ in range(2)] == [1, 0]


async def test_beyond_the_bound_the_oldest_letters_leave(
    store: DeadLetterStore, tenant: str, make_letter: MakeLetter, add: AddLetters
) -> None:
    await add(*map(make_letter, range(1, MOST_LETTERS + 4)))
    await add(make_letter(MOST_LETTERS + 4))
    assert await numbers(store, tenant) == list(range(MOST_LETTERS + 4, 4, -1))


async def test_processes_that_add_at_once_keep_the_bound_together(
    stores: list[DeadLetterStore], tenant: str, make_letter: MakeLetter, add: AddLetters
) -> None:
    letters = [make_letter(number) for number in range(1, 4 * MOST_LETTERS)]
    await asyncio.gather(add(*letters[::2]), add(*letters[1::2]))
    await add(make_letter(4 * MOST_LETTERS))
    assert await numbers(stores[0], tenant) == list(range(4 * MOST_LETTERS, 3 * MOST_LETTERS, -1))


async def test_a_tenant_that_fills_its_bound_leaves_the_letters_of_others(
    store: DeadLetterStore, tenant: str, make_letter: MakeLetter, add: AddLetters
) -> None:
    await add(make_letter(1))
    others = [make_letter(n, tenant=f"{tenant}-2") for n in range(2, 2 * MOST_LETTERS)]
    await add(*others)
    assert await numbers(store, tenant) == [1]


async def test_a_request_that_postgresql_has_no_characters_for_is_kept(
    store: DeadLetterStore, tenant: str, make_letter: MakeLetter, add: AddLetters
) -> None:
    await add(make_letter(1, request=STRANGE.encode()))
    assert await numbers(store, tenant) == [1]


async def test_no_tenant_reaches_the_letters_of_another(
    store: DeadLetterStore, tenant: str, make_letter: MakeLetter, add: AddLetters
) -> None:
    letter = make_letter(1)
    await add(letter)
    stranger, its = f"{tenant}-2", LetterFilter(letter_ids=[letter.letter_id])
    assert await store.page(stranger, its, "", 9) == []
    assert await store.counts(stranger, its) == LetterCounts({}, {})
    assert await store.claim(stranger, its, f"{7:032x}", 60.0) is None
    assert await store.purge(stranger, its, ACTOR) == 0
    assert not await store.mark_replayed(replace(letter, tenant=stranger), f"{7:032x}", "x", ACTOR)
    assert await store.page(tenant, ANY, "", 9) == [letter]


async def test_a_tenant_that_is_deleted_takes_its_letters_along(
    store: DeadLetterStore,
    tenant: str,
    make_letter: MakeLetter,
    add: AddLetters,
    letters_database: Database,
) -> None:
    await add(make_letter(1), make_letter(2, tenant=f"{tenant}-2"))
    async with letters_database.connection("test") as connection:
        assert await delete_letters(connection, tenant) == 1
    assert [await numbers(store, t) for t in (tenant, f"{tenant}-2")] == [[], [2]]
