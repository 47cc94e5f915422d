"""What operators order, carried out in every process.

A setting lasts: it is stored, and put in force again after a restart. An order is carried out
once, or without harm twice. Both are committed with their audit event, put in force here, and
told to all processes, which follow within a second. This one follows too: of a caller that leaves
after the commit, and of two that set the same at once, what is stored counts.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import orjson

from server.admin.store import Merge, OrderStore, Setting, Value
from server.storage.rounds import Rounds

RETRY_S = 1.0
MOST_WAITING = 1000  # orders that were heard; people do not give them faster

Apply = Callable[[str, Value | None], None]  # subject, and what is set; None: the usual
CarryOut = Callable[[str], Awaitable[Any]]  # subject


class Orders:
    """Settings and orders by kind. `missed` makes up for orders that this process did not hear."""

    def __init__(
        self,
        store: OrderStore,
        settings: Mapping[str, Apply],
        orders: Mapping[str, CarryOut],
        missed: Callable[[], object],
    ) -> None:
        self._store = store
        self._settings = settings
        self._orders = orders
        self._missed = missed
        self._in_force: dict[tuple[str, str], Value] = {}
        self._is_stale = asyncio.Event()
        self._waiting: asyncio.Queue[tuple[str, str]] = asyncio.Queue(MOST_WAITING)
        self._reloads, self._carryings_out = Rounds("settings"), Rounds("orders")
        self._following: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Put in force what is set. Raises StorageUnavailable."""
        await self._catch_up()
        self._following = [
            asyncio.create_task(self._reload_when_stale(), name="settings"),
            asyncio.create_task(self._carry_out_forever(), name="orders"),
        ]

    async def stop(self) -> None:
        """Hear of nothing more."""
        for task in self._following:
            task.cancel()
        await asyncio.gather(*self._following, return_exceptions=True)

    async def set(self, kind: str, subject: str, value: Value | None, actor: str) -> None:
        """Set something in every process, for good. Raises StorageUnavailable."""
        await self._set(kind, subject, lambda _before: value, actor)

    async def change(
        self, kind: str, subject: str, changed: Callable[[], Value], actor: str
    ) -> None:
        """Set something that keeps what the order does not name.

        `changed` is asked once all that was set before is in force here, and nobody else changes
        it. Raises StorageUnavailable and what `changed` raises, and then nothing has changed.
        """

        def merge(before: Value | None) -> Value:
            self._follow(Setting(kind, subject, before))
            return changed()

        await self._set(kind, subject, merge, actor)

    async def order(self, kind: str, subject: str, facts: Value, actor: str) -> Any:
        """Have something done in every process; what came of it in this one.

        Raises StorageUnavailable, and then nothing is done.
        """
        await self._store.order(kind, subject, facts, actor, notice_of("order", kind, subject))
        return await self._orders[kind](subject)

    def heard(self, notice: str | None) -> None:
        """Follow what a process has committed. None, or a notice that is
        none: anything may have been missed.
        """
        told = _read_notice(notice)
        if told is None:
            self._is_stale.set()
            self._missed()
            return
        what, kind, subject = told
        if what == "setting":
            self._is_stale.set()
        elif kind in self._orders:  # else a newer release knows more kinds than this one
            self.soon(kind, subject)

    def soon(self, kind: str, subject: str) -> None:
        """Have something done in this process, after what waits already."""
        try:
            self._waiting.put_nowait((kind, subject))
        except asyncio.QueueFull:
            self._missed()

    async def _set(self, kind: str, subject: str, merge: Merge, actor: str) -> None:
        notice = notice_of("setting", kind, subject)
        self._put_in_force(await self._store.set(kind, subject, merge, actor, notice))

    async def _carry_out_forever(self) -> None:
        while True:
            kind, subject = await self._waiting.get()
            with self._carryings_out:
                await self._orders[kind](subject)

    async def _reload_when_stale(self) -> None:
        while True:
            await self._is_stale.wait()
            self._is_stale.clear()
            with self._reloads:
                await self._catch_up()
                continue
            self._is_stale.set()
            await asyncio.sleep(RETRY_S)

    async def _catch_up(self) -> None:
        """Put in force what is set by now, wherever that was. Raises StorageUnavailable."""
        found = await self._store.settings()
        gone = self._in_force.keys() - {(one.kind, one.subject) for one in found}
        for setting in (*found, *(Setting(kind, subject, None) for kind, subject in gone)):
            self._follow(setting)

    def _follow(self, setting: Setting) -> None:
        if self._in_force.get((setting.kind, setting.subject)) != setting.value:
            self._put_in_force(setting)

    def _put_in_force(self, setting: Setting) -> None:
        key = (setting.kind, setting.subject)
        if setting.value is None:
            self._in_force.pop(key, None)
        else:
            self._in_force[key] = setting.value
        if setting.kind in self._settings:
            # A newer release may have set what this one cannot read: it goes on without.
            with suppress(TypeError, ValueError, KeyError):
                self._settings[setting.kind](setting.subject, setting.value)


def notice_of(what: str, kind: str, subject: str) -> str:
    """What tells the processes of a setting or an order."""
    return orjson.dumps({"what": what, "kind": kind, "subject": subject}).decode()


def _read_notice(notice: str | None) -> tuple[str, str, str] | None:
    """What, kind and subject; None: that there is no knowing what was committed."""
    try:
        told = orjson.loads(notice or "")
        return str(told["what"]), str(told["kind"]), str(told["subject"])
    except (ValueError, KeyError, TypeError):
        return None
