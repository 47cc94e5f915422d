"""Sums over all processes: each publishes its figures, and whoever is asked adds them up."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from server.admin.store import FigureStore
from server.storage.rounds import Repeated

PUBLISH_S = 1.0
ALIVE_S = 5.0  # a process that has published nothing for so long has ended

Figures = Mapping[str, Any]  # fit for JSON


class ProcessFigures:
    """The figures of this process, by `read`, and of the others that share the database."""

    def __init__(self, store: FigureStore, process: str, read: Callable[[], Figures]) -> None:
        self._store = store
        self._process = process
        self._read = read
        self._publishing = Repeated("figures", self.publish, PUBLISH_S, at_end=self._withdraw)

    def start(self) -> None:
        """Publish every second."""
        self._publishing.start()

    async def stop(self) -> None:
        """Publish no more."""
        await self._publishing.stop()

    async def publish(self) -> None:
        """Let the others see this process' figures as they are now. Raises StorageUnavailable."""
        await self._store.publish(self._process, orjson.dumps(self._read()))

    async def of_all(self) -> list[Figures]:
        """Of this process as they are now, and of the others as of the last second.

        Raises StorageUnavailable.
        """
        return [self._read(), *await self._store.of_others(self._process, ALIVE_S)]

    async def _withdraw(self) -> None:
        await self._store.withdraw(self._process, ALIVE_S)
