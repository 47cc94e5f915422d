"""A background loop outlives whatever one of its rounds raises."""

import asyncio

import pytest

from server.storage.errors import StorageUnavailable
from server.storage.rounds import Rounds


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
