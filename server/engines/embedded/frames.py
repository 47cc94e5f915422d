"""What the engine's process is to do next.

Jobs travel together, so many to a frame. To load an engine and to teach it take as long as many
tickets: a frame does each once at most, or everybody would wait and the process seem to hang.
"""

import asyncio
import struct
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

LENGTH = struct.Struct("!I")  # of a frame or of its answer; stands before it
MOST_IN_FRAME = 16  # beside a lesson
MOST_LOADED_BYTES = (
    128 * 1024 * 1024
)  # of jobs that load; an engine takes about three times its job


@dataclass(frozen=True, slots=True)
class LoadedEngine:
    """An engine that the process has, or can be given again."""

    key: str
    load: bytes  # the job that loads it, as JSON
    teach: Callable[[], Awaitable[None]]  # what it had learned, now that it is loaded again


@dataclass(slots=True, eq=False)
class Job:
    """One job and who waits for its answer."""

    data: bytes  # as JSON
    engine: LoadedEngine | None  # that must be loaded before
    answer: asyncio.Future[Any]
    is_lesson: bool = False
    deaths: int = 0  # of the process, with the job in its hands

    @property
    def is_load(self) -> bool:
        """Whether it is what loads the engine."""
        return self.engine is not None and self.data is self.engine.load


@dataclass(slots=True, eq=False)
class Frame:
    """Jobs that travel together, behind errands whose answers nobody waits for."""

    jobs: list[Job] = field(default_factory=list)
    errands: list[bytes] = field(default_factory=list)
    reloaded: LoadedEngine | None = None  # by an errand
    loads: bool = False  # whether any engine is loaded

    def encode(self) -> bytes:
        """As the process reads it."""
        return b"[" + b",".join([*self.errands, *(job.data for job in self.jobs)]) + b"]"


class Outbox:
    """Jobs that wait, and which engines the process has: those that were used last, `most_engines`
    and MOST_LOADED_BYTES of them.
    """

    def __init__(self, most_engines: int) -> None:
        self._most_engines = most_engines
        self._waiting: deque[Job] = deque()
        self._lessons: deque[Job] = deque()
        self._loaded: OrderedDict[str, int] = OrderedDict()  # sizes of their load jobs
        self._retired: set[str] = set()  # keys of engines to drop before the next frame's jobs

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, job: Job) -> None:
        """Have a job wait behind the others of its kind."""
        self._queue_of(job).append(job)

    def put_back(self, job: Job) -> None:
        """Have a job wait before all others of its kind."""
        self._queue_of(job).appendleft(job)

    def next_frame(self) -> Frame | None:
        """What waits, as far as one frame holds it; None: nothing does."""
        retired = sorted(self._retired)  # not what this frame retires: its jobs may need that
        frame = Frame()
        queues = [(self._waiting, MOST_IN_FRAME), (self._lessons, 1)]
        # A job that the process died with goes alone, first: it shall not take others along.
        queues.sort(key=lambda one: not _has_suspect(one[0]))
        for queue, most in queues:
            end = len(frame.jobs) + most
            while queue and len(frame.jobs) < end and self._fits(queue[0], frame):
                job = queue.popleft()
                if not job.answer.done():
                    self._put(job, frame)
        if not frame.jobs:
            return None
        self._retired.difference_update(retired)
        frame.errands[:0] = [orjson.dumps(["drop", key]) for key in retired]
        return frame

    def retire(self, key: str) -> None:
        """Drop an engine with the next frame. Whoever still asks it has it loaded again."""
        self._loaded.pop(key, None)
        self._retired.add(key)

    def is_lost(self, engine: LoadedEngine) -> None:
        """The process has turned out not to have the engine."""
        self._loaded.pop(engine.key, None)

    def all_are_lost(self) -> None:
        """The process is a new one."""
        self._loaded.clear()

    def _queue_of(self, job: Job) -> deque[Job]:
        return self._lessons if job.is_lesson else self._waiting

    def _fits(self, job: Job, frame: Frame) -> bool:
        if frame.jobs and (job.deaths or frame.jobs[-1].deaths):
            return False
        return not (frame.loads and self._must_load(job))

    def _must_load(self, job: Job) -> bool:
        return job.engine is not None and (job.is_load or job.engine.key not in self._loaded)

    def _put(self, job: Job, frame: Frame) -> None:
        """Add a job, behind the load of the engine that it needs."""
        frame.jobs.append(job)
        if job.engine is None:
            return
        if not self._must_load(job):
            self._loaded.move_to_end(job.engine.key)
            return
        frame.loads = True
        if not job.is_load:
            frame.errands.append(job.engine.load)
            frame.reloaded = job.engine
        self._loaded[job.engine.key] = len(job.engine.load)
        self._loaded.move_to_end(job.engine.key)
        while len(self._loaded) > 1 and self._are_too_many():
            self.retire(next(iter(self._loaded)))

    def _are_too_many(self) -> bool:
        too_large = sum(self._loaded.values()) > MOST_LOADED_BYTES
        return too_large or len(self._loaded) > self._most_engines


def _has_suspect(queue: deque[Job]) -> bool:
    """Whether the process died with the queue's first job."""
    return bool(queue) and queue[0].deaths > 0
