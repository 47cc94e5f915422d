"""What operators order, carried out in every process.

A setting lasts: it is stored, and put in force again after a restart. An order is carried out
once. Both are committed with their audit event, put in force here, and told to the other
processes, which follow within a second.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import orjson

from server.admin.store import OrderStore, Setting, Value
from server.storage.errors import StorageUnavailable

RETRY_S = 1.0

Apply = Callable[[str, Value | None], None]  # subject, and what is set; None: the usual
CarryOut = Callable[[str, Value], None]  # subject and facts


class Orders:
    """Settings and orders by kind. `origin` tells this process' own notices from the others'."""

    def __init__(
        self,
        store: OrderStore,
        settings: Mapping[str, Apply],
        orders: Mapping[str, CarryOut],
        origin: str,
    ) -> None:
        self._store = store
        self._settings = settings
        self._orders = orders
        self._origin = origin
        self._in_force: dict[tuple[str, str], Value] = {}
        self._is_stale = asyncio.Event()
        self._reloading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Put in force what is set. Raises StorageUnavailable."""
        await self._reload()
        self._reloading = asyncio.create_task(self._reload_when_stale(), name="orders")

    async def stop(self) -> None:
        """Hear of nothing more."""
        if self._reloading is not None:
            self._reloading.cancel()
            await asyncio.gather(self._reloading, return_exceptions=True)

    def setting(self, kind: str, subject: str) -> Value | None:
        """What is set; None: the usual."""
        return self._in_force.get((kind, subject))

    async def set(self, kind: str, subject: str, value: Value | None, actor: str) -> None:
        """Set something in every process, for good. Raises StorageUnavailable."""
        setting = Setting(kind, subject, value)
        await self._store.set(setting, actor, self._notice(kind, subject, None))
        self._put_in_force(setting)

    async def order(self, kind: str, subject: str, facts: Value, actor: str) -> None:
        """Have something done in every process, once. Raises StorageUnavailable."""
        await self._store.order(kind, subject, facts, actor, self._notice(kind, subject, facts))
        self._orders[kind](subject, facts)

    def heard(self, notice: str | None) -> None:
        """Follow what another process has committed. None: anything may have been missed."""
        if notice is None:
            self._is_stale.set()
            return
        told: dict[str, Any] = orjson.loads(notice)
        if told["origin"] == self._origin:
            return
        if told["facts"] is None:
            self._is_stale.set()
        elif told["kind"] in self._orders:  # else a newer release knows more kinds than this one
            self._orders[told["kind"]](told["subject"], told["facts"])

    def _notice(self, kind: str, subject: str, facts: Value | None) -> str:
        told = {"origin": self._origin, "kind": kind, "subject": subject, "facts": facts}
        return orjson.dumps(told).decode()

    async def _reload_when_stale(self) -> None:
        while True:
            await self._is_stale.wait()
            self._is_stale.clear()
            with suppress(StorageUnavailable):
                await self._reload()
                continue
            self._is_stale.set()
            await asyncio.sleep(RETRY_S)

    async def _reload(self) -> None:
        found = await self._store.settings()
        gone = self._in_force.keys() - {(one.kind, one.subject) for one in found}
        for setting in (*found, *(Setting(kind, subject, None) for kind, subject in gone)):
            if self._in_force.get((setting.kind, setting.subject)) != setting.value:
                self._put_in_force(setting)

    def _put_in_force(self, setting: Setting) -> None:
        key = (setting.kind, setting.subject)
        if setting.value is None:
            self._in_force.pop(key, None)
        else:
            self._in_force[key] = setting.value
        if setting.kind in self._settings:
            self._settings[setting.kind](setting.subject, setting.value)
