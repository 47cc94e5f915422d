"""Texts of many callers are worked on together, and none of them is harmed by another."""

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar

import numpy as np
import pytest

from server.embedders.batches import Batches
from server.embedders.embedder import Vector
from server.embedders.errors import EmbedderBusy

PATIENCE_S = 60.0
NEVER_S = 600.0  # a wait that no test outlasts


class BadText(Exception):
    """A text that cannot be worked on."""


class Worker:
    """Makes a vector of a text's length, when it is let; "bad" has none."""

    def __init__(self) -> None:
        self.batches: list[Sequence[str]] = []
        self.at_work = asyncio.Event()
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def work(self, texts: Sequence[str]) -> Sequence[Vector]:
        self.batches.append(texts)
        self.at_work.set()
        await self.may_end.wait()
        if "bad" in texts:
            raise BadText
        return [np.array([len(text)], np.float32) for text in texts]


def batches_of(
    worker: Worker, *, most_batch: int = 8, wait_s: float = 0.0, at_once: int = 1, waiting: int = 99
) -> Batches:
    return Batches(
        worker.work,
        lambda error: isinstance(error, BadText),
        most_batch=most_batch,
        longest_wait_s=wait_s,
        most_at_once=at_once,
        most_waiting=waiting,
    )


def lengths(vectors: Sequence[Vector]) -> list[int]:
    return [int(vector[0]) for vector in vectors]


async def test_vectors_come_in_the_order_of_the_texts() -> None:
    batches = batches_of(Worker(), most_batch=2)
    assert lengths(await batches.ask(["a", "bbb", "cc", "", "dddd"])) == [1, 3, 2, 0, 4]


async def test_callers_at_once_share_a_batch() -> None:
    worker = Worker()
    batches = batches_of(worker)
    await asyncio.gather(batches.ask(["a", "b"]), batches.ask(["c"]))
    assert worker.batches == [["a", "b", "c"]]


async def test_a_batch_holds_no_more_than_it_may() -> None:
    worker = Worker()
    await batches_of(worker, most_batch=3).ask(list("abcdefg"))
    assert [len(batch) for batch in worker.batches] == [3, 3, 1]


async def test_who_comes_alone_does_not_wait() -> None:
    batches = batches_of(Worker(), wait_s=NEVER_S)
    assert [lengths(await batches.ask(["a"])), lengths(await batches.ask(["bb"]))] == [[1], [2]]


async def test_where_texts_come_close_together_a_batch_waits_until_it_is_full() -> None:
    worker = Worker()
    batches = batches_of(worker, most_batch=2, wait_s=NEVER_S)
    await batches.ask(["a", "b"])
    lone = asyncio.create_task(batches.ask(["c"]))
    await asyncio.sleep(0)
    await batches.ask(["d"])
    await lone
    assert worker.batches == [["a", "b"], ["c", "d"]]


async def test_a_batch_that_stays_small_begins_after_the_longest_wait() -> None:
    worker = Worker()
    batches = batches_of(worker, wait_s=0.001)
    await batches.ask(["a", "b"])
    assert lengths(await batches.ask(["c"])) == [1]


async def test_texts_gather_while_others_are_worked_on() -> None:
    worker = Worker()
    worker.may_end.clear()
    batches = batches_of(worker)
    first = asyncio.create_task(batches.ask(["a"]))
    await worker.at_work.wait()
    others = [asyncio.create_task(batches.ask([text])) for text in "bcd"]
    await asyncio.sleep(0)
    worker.may_end.set()
    await asyncio.gather(first, *others)
    assert worker.batches == [["a"], ["b", "c", "d"]]


async def test_several_batches_are_worked_on_at_once() -> None:
    worker = Worker()
    worker.may_end.clear()
    batches = batches_of(worker, most_batch=1, at_once=3)
    asking = asyncio.create_task(batches.ask(list("abcde")))
    async with asyncio.timeout(PATIENCE_S):
        while len(worker.batches) < 3:  # noqa: ASYNC110  # the worker tells no event of its third
            await asyncio.sleep(0)
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(worker.batches) == 3
    worker.may_end.set()
    await asking


async def test_a_text_that_fails_fails_alone() -> None:
    batches = batches_of(Worker())
    asked = [batches.ask([text]) for text in ("a", "bad", "cc", "ddd", "bad", "f")]
    ends = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(end) is BadText for end in ends] == [False, True, False, False, True, False]


async def test_a_failure_of_all_is_not_tried_text_by_text() -> None:
    calls: list[Sequence[str]] = []

    async def work(texts: Sequence[str]) -> Sequence[Vector]:
        calls.append(texts)
        raise OSError

    batches = Batches(work, lambda _error: False, most_batch=8, longest_wait_s=0.0, most_at_once=1)
    with pytest.raises(OSError):  # noqa: PT011  # it has no text
        await batches.ask(["a", "b"])
    assert len(calls) == 1


async def test_a_caller_that_leaves_harms_no_other() -> None:
    worker = Worker()
    worker.may_end.clear()
    batches = batches_of(worker)
    leaving, staying = [asyncio.create_task(batches.ask([text])) for text in ("a", "bb")]
    await worker.at_work.wait()
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    worker.may_end.set()
    assert lengths(await staying) == [2]


async def test_what_nobody_waits_for_any_more_is_not_begun() -> None:
    worker = Worker()
    worker.may_end.clear()
    batches = batches_of(worker)
    first = asyncio.create_task(batches.ask(["a"]))
    await worker.at_work.wait()
    leaving = asyncio.create_task(batches.ask(["b"]))
    await asyncio.sleep(0)
    leaving.cancel()
    worker.may_end.set()
    await asyncio.gather(first, leaving, return_exceptions=True)
    await batches.ask(["c"])
    assert worker.batches == [["a"], ["c"]]


async def test_more_than_may_wait_is_refused() -> None:
    with pytest.raises(EmbedderBusy):
        await batches_of(Worker(), waiting=2).ask(["a", "b", "c"])


async def test_closing_cancels_who_waits() -> None:
    worker = Worker()
    worker.may_end.clear()
    batches = batches_of(worker, most_batch=1)
    asking = [asyncio.create_task(batches.ask([text])) for text in "ab"]
    await worker.at_work.wait()
    await batches.close()
    ends = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(end) for end in ends] == [asyncio.CancelledError] * 2


async def test_a_batch_is_worked_on_in_the_context_of_its_first_text() -> None:
    worker, caller, seen = Worker(), ContextVar[str]("caller"), list[str]()

    async def work(texts: Sequence[str]) -> Sequence[Vector]:
        seen.append(caller.get())
        return await worker.work(texts)

    batches = Batches(work, lambda _error: False, most_batch=1, longest_wait_s=0.0, most_at_once=1)

    async def ask_as(name: str) -> None:
        caller.set(name)
        await batches.ask([name])

    await asyncio.gather(ask_as("one"), ask_as("other"))
    assert seen == ["one", "other"]
