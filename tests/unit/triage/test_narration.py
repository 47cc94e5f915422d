"""What a work tells while it goes on comes to whoever follows it, and leaving ends the work."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing

import pytest

from server.triage.engine import Attempt
from server.triage.narration import Narrator, ReplyPiece, narrated

Tell = Callable[[str], None]
ATTEMPT = Attempt("groq", "llama", "first", "ok")


async def test_what_is_told_comes_before_the_result() -> None:
    async def work(tell: Tell) -> str:
        tell("one")
        await asyncio.sleep(0)
        tell("two")
        return "result"

    assert [event async for event in narrated(work)] == ["one", "two", "result"]


async def test_a_failure_follows_what_was_told() -> None:
    async def work(tell: Tell) -> str:
        tell("one")
        raise ValueError("broken")

    async with aclosing(narrated(work)) as events:
        assert await anext(events) == "one"
        with pytest.raises(ValueError, match="broken"):
            await anext(events)


async def test_a_work_that_nobody_follows_any_more_has_ended_when_he_is_gone() -> None:
    ended = []

    async def work(tell: Tell) -> str:
        tell("one")
        try:
            await asyncio.Event().wait()
            return "result"
        finally:
            ended.append("given back")

    async with aclosing(narrated(work)) as events:
        await anext(events)
        assert ended == []
    assert ended == ["given back"]


def test_a_narrator_puts_personal_data_back_into_what_is_written() -> None:
    told: list[Attempt | ReplyPiece] = []
    narrator = Narrator(told.append, lambda text: text.replace("[NAME_1]", "Ada"))
    narrator.attempted(ATTEMPT)
    narrator.wrote("Dear [NAME_1]")
    assert told == [ATTEMPT, ReplyPiece("Dear Ada")]
