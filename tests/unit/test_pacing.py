"""Work that is asked for more often than it is done."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from server.pacing import Paced
from server.storage.errors import StorageUnavailable


@dataclass
class Shop:
    """Work whose end the test decides, and pauses that it ends."""

    done: list[str] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)  # of the next attempts
    pause_over: asyncio.Event = field(default_factory=asyncio.Event)

    async def work(self, whose: str) -> None:
        """Do it, or fail."""
        if self.failures:
            raise self.failures.pop()
        self.done.append(whose)

    async def sleep(self, _seconds: float) -> None:
        """Until the test ends all pauses."""
        await self.pause_over.wait()


async def until(is_true: Callable[[], bool], turn: Callable[[], Awaitable[None]]) -> None:
    """Let the loop turn until it is."""
    for _ in range(1000):
        if is_true():
            return
        await turn()
    raise AssertionError("it never was")


async def turn() -> None:
    """One turn of the loop."""
    await asyncio.sleep(0)


async def test_what_is_asked_for_again_meanwhile_is_done_once_after_the_pause() -> None:
    shop = Shop()
    paced = Paced(shop.work, 1.0, shop.sleep)
    paced.soon("a")
    await until(lambda: shop.done == ["a"], turn)
    for _ in range(100):
        paced.soon("a")
        await turn()
    assert shop.done == ["a"]
    shop.pause_over.set()
    await until(lambda: len(shop.done) > 1, turn)
    assert shop.done == ["a", "a"]
    await paced.stop()


async def test_nobody_waits_for_anothers_pause() -> None:
    shop = Shop()
    paced = Paced(shop.work, 1.0, shop.sleep)
    paced.soon("a")
    await until(lambda: shop.done == ["a"], turn)
    paced.soon("b")
    await until(lambda: shop.done == ["a", "b"], turn)
    await paced.stop()


async def test_what_failed_is_tried_again_although_nobody_asks() -> None:
    shop = Shop(failures=[StorageUnavailable("away"), StorageUnavailable("away")])
    shop.pause_over.set()
    paced = Paced(shop.work, 1.0, shop.sleep)
    paced.soon("a")
    await until(lambda: shop.done == ["a"], turn)
    await paced.stop()


async def test_nothing_is_done_any_more_once_it_is_stopped() -> None:
    shop = Shop()
    paced = Paced(shop.work, 1.0, shop.sleep)
    paced.soon("a")
    await until(lambda: shop.done == ["a"], turn)
    paced.soon("a")
    await paced.stop()
    shop.pause_over.set()
    await turn()
    assert shop.done == ["a"]
