"""What an engine in the process is taught, a little at a time."""

import asyncio
from collections.abc import Iterable, Sequence

import orjson

from server.engines.embedded.frames import LoadedEngine
from server.engines.embedded.process import EngineProcess
from server.triage.examples.label import RecentLabel

LESSON, LESSON_CHARS = 64, 64 * 1024  # of one job, about 20 ms: more would keep tickets waiting


class Lessons:
    """Teaches an engine the recent labels, and all of them again when it was loaded again."""

    def __init__(self, process: EngineProcess, key: str, load: bytes) -> None:
        self.engine = LoadedEngine(key, load, self._again)
        self._process = process
        self._key = orjson.Fragment(orjson.dumps(key))
        self._recent: dict[str, RecentLabel] = {}
        self._untaught: dict[str, RecentLabel] = {}  # those without a category are to be forgotten
        self._turn = asyncio.Lock()  # of two lessons the later one shall count

    async def teach(self, recent: Sequence[RecentLabel]) -> None:
        """Have it know these labels instead of those before. Raises EngineError, and goes on from
        there the next time.
        """
        before, self._recent = self._recent, {label.label_id: label for label in recent}
        gone = before.keys() - self._recent.keys()
        self._untaught |= {label_id: RecentLabel(label_id, "", "") for label_id in sorted(gone)}
        self._untaught |= {
            label_id: label
            for label_id, label in self._recent.items()
            if before.get(label_id) != label
        }
        await self._go_on()

    def end(self) -> None:
        """Teach no more, nor again."""
        self._recent, self._untaught = {}, {}

    async def _again(self) -> None:
        self._untaught = self._recent.copy()
        await self._go_on()

    async def _go_on(self) -> None:
        async with self._turn:
            while self._untaught:
                untaught = self._untaught  # another one after the engine was loaded again
                lesson = _first_lesson(untaught.values())
                told = [(one.label_id, one.text, one.category, one.is_learned) for one in lesson]
                job = orjson.dumps(["learn", self._key, told])
                await self._process.ask(job, self.engine, is_lesson=True)
                for label in lesson:
                    if untaught.get(label.label_id) is label:
                        del untaught[label.label_id]


def _first_lesson(labels: Iterable[RecentLabel]) -> list[RecentLabel]:
    """As many of the labels as one job teaches."""
    lesson: list[RecentLabel] = []
    chars = 0
    for label in labels:
        chars += len(label.text)
        if lesson and (chars > LESSON_CHARS or len(lesson) == LESSON):
            break
        lesson.append(label)
    return lesson
