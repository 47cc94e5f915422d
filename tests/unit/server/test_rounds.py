"""A background loop outlives whatever one of its rounds raises."""

import asyncio

import pytest

from server.storage.errors import StorageUnavailable
from server.storage.rounds import Repeated, Rounds

PATIENCE_S = 60.0


def play(rounds: Rounds, *outcomes: BaseException | None) -> None:
    for outcome in outcomes:
        with rounds:
            if outcome is not None:
                raise outcome


def test_what_nobody_foresaw_is_logged_once_until_a_round_succeeds(
    caplog: pytest.LogCaptureFixture,
) -> None:
    play(Rounds("test"), ValueError(), ValueError(), None, ValueError())
    assert [record.name for record in caplog.records] == ["switchyard.test"] * 2


def test_a_database_that_is_away_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    play(Rounds("test"), StorageUnavailable("gone"))
    assert not caplog.records


def test_a_cancellation_ends_the_loop() -> None:
    with pytest.raises(asyncio.CancelledError):
        play(Rounds("test"), asyncio.CancelledError())


@pytest.mark.parametrize("failure", [StorageUnavailable("gone"), ValueError()], ids=repr)
async def test_work_is_repeated_also_after_a_failure(failure: Exception) -> None:
    rounds: asyncio.Queue[int] = asyncio.Queue()
    begun = iter(range(1_000_000))

    async def work() -> None:
        number = next(begun)
        if number == 0:
            raise failure
        rounds.put_nowait(number)

    repeated = Repeated("test", work, 0.0)
    repeated.start()
    assert [await asyncio.wait_for(rounds.get(), PATIENCE_S) for _ in range(2)] == [1, 2]
    await repeated.stop()


@pytest.mark.parametrize("failure", [None, StorageUnavailable("gone")], ids=repr)
async def test_the_last_work_is_done_once_at_the_end(failure: Exception | None) -> None:
    done: list[str] = []

    async def work() -> None:
        done.append("work")

    async def last() -> None:
        done.append("last")
        if failure is not None:
            raise failure

    repeated = Repeated("test", work, 3600.0, at_end=last)
    repeated.start()
    await repeated.stop()
    assert done == ["last"]
