"""A process of the engine's own, seen from the server: jobs out, answers back.

Reading a ticket is the largest part of a call's processor time. Here it runs beside the event
loop, not in its way, and many tickets one after the other find its tables still in the
processor's caches. So jobs travel together: while the process has one frame in hand, what comes
waits for the next.
"""

import asyncio
import math
import socket
import sys
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from server.engines.embedded.trainer import child_environment
from server.engines.embedded.worker import LENGTH
from server.engines.errors import EngineError, EngineProcessDied
from server.triage.errors import ModelUnreadable

MOST_IN_FRAME = 16
MOST_DEATHS = 2  # of the process, with a job in its hands, before the job is given up
WATCH_S = 0.5
PING = orjson.dumps(["drop", ""])  # an engine that is not there

_COMMAND = (sys.executable, "-m", "server.engines.embedded.worker")
_ERRORS: dict[str, type[Exception]] = {"ModelUnreadable": ModelUnreadable}


@dataclass(frozen=True, slots=True)
class LoadedEngine:
    """An engine that the process has, or can be given again."""

    key: str
    jobs: Callable[[], Sequence[bytes]]  # that load it, and teach it what it knows by now


@dataclass(slots=True, eq=False)
class _Job:
    data: bytes  # the job as JSON
    needs: LoadedEngine | None  # the engine that must be loaded before
    answer: asyncio.Future[Any]
    deaths: int = 0


@dataclass(slots=True, eq=False)
class _Frame:
    """What was sent and is not answered: the jobs, behind so many errands."""

    jobs: Sequence[_Job]
    errands: int
    sent_s: float


class EngineProcess:
    """One process that answers jobs, replaced when it dies or hangs.

    A frame takes milliseconds: a process that takes `answer_s` hangs. It keeps `most_engines`,
    more than the taxonomies that the catalog keeps.
    """

    def __init__(
        self,
        answer_s: float = 5.0,
        most_engines: int = 66,
        embedding_model: Path | None = None,
    ) -> None:
        self._embedding_model = () if embedding_model is None else (str(embedding_model),)
        self._answer_s = answer_s
        self._most_engines = most_engines
        self._waiting: deque[_Job] = deque()
        self._sent: _Frame | None = None
        self._loaded: OrderedDict[str, None] = OrderedDict()
        self._retired: set[str] = set()  # keys of engines to drop before the next frame's jobs
        self._is_gathering = False
        self._child: asyncio.subprocess.Process | None = None
        self._transport: asyncio.Transport | None = None
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the process."""
        await self._spawn()
        self._watch = asyncio.create_task(self._keep_running(), name="engine-process")

    async def stop(self) -> None:
        """End the process."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        await self._end()

    async def ask(self, data: bytes, needs: LoadedEngine | None = None) -> Any:
        """The answer to a job.

        Raises what the job raised: ModelUnreadable, else EngineError; EngineProcessDied when the
        process has died of it twice.
        """
        job = _Job(data, needs, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        self._gather()
        return await job.answer

    def retire(self, key: str) -> None:
        """Drop an engine. Whoever still asks it has it loaded again."""
        self._retired.add(key)

    async def ping(self) -> None:
        """Return when the process answers. Raises EngineError, EngineProcessDied."""
        await self.ask(PING)

    def _gather(self) -> None:
        """Send after the first turn of the loop that brings no more jobs, or when a frame is full:
        many tickets in one frame cost a third less than in a frame each.
        """
        if not self._is_gathering and self._sent is None:
            self._is_gathering = True
            asyncio.get_running_loop().call_soon(self._end_turn, 0)

    def _end_turn(self, waited: int) -> None:
        waiting = len(self._waiting)
        if waited < waiting < MOST_IN_FRAME:
            asyncio.get_running_loop().call_soon(self._end_turn, waiting)
            return
        self._is_gathering = False
        self._send()

    def _send(self) -> None:
        """Send what waits, unless a frame is still to be answered."""
        while self._waiting and self._sent is None and self._transport is not None:
            # A job that the process died with goes alone: it shall not take others along.
            is_suspect = self._waiting[0].deaths > 0
            size = 1 if is_suspect else min(len(self._waiting), MOST_IN_FRAME)
            taken = [self._waiting.popleft() for _ in range(size)]
            if jobs := [job for job in taken if not job.answer.done()]:
                self._send_frame(jobs, self._transport)

    def _send_frame(self, jobs: Sequence[_Job], transport: asyncio.Transport) -> None:
        errands = [self._drop(key) for key in self._retired]
        self._retired.clear()
        errands += [errand for job in jobs if job.needs for errand in self._errands(job.needs)]
        data = b"[" + b",".join([*errands, *(job.data for job in jobs)]) + b"]"
        self._sent = _Frame(jobs, len(errands), time.monotonic())
        transport.write(LENGTH.pack(len(data)) + data)

    def _errands(self, engine: LoadedEngine) -> list[bytes]:
        """What the process must do before it has `engine`."""
        if engine.key in self._loaded:
            self._loaded.move_to_end(engine.key)
            return []
        self._loaded[engine.key] = None
        errands = [*engine.jobs()]
        if len(self._loaded) > self._most_engines:
            errands.append(self._drop(next(iter(self._loaded))))
        return errands

    def _drop(self, key: str) -> bytes:
        """The job that drops an engine."""
        self._loaded.pop(key, None)
        return orjson.dumps(["drop", key])

    def _receive(self, data: bytes) -> None:
        frame, self._sent = self._sent, None
        if frame is None:  # nothing was asked
            return
        for job, answer in zip(frame.jobs, orjson.loads(data)[frame.errands :], strict=True):
            if job.needs and answer.get("error") == "KeyError":  # it could not be loaded
                self._loaded.pop(job.needs.key, None)
            _resolve(job, answer)
        self._send()

    async def _keep_running(self) -> None:
        """Replace the process when it has died or hangs; give it again what was lost."""
        while True:
            await asyncio.sleep(WATCH_S)
            sent_s = self._sent.sent_s if self._sent else math.inf
            hangs = time.monotonic() - sent_s > self._answer_s
            if hangs or self._transport is None:
                await self._end()
                self._take_back()
                with suppress(OSError):  # no process could be started: the next turn tries again
                    await self._spawn()
                    self._gather()

    def _take_back(self) -> None:
        """Let the jobs that the process had in hand wait again, or give them up."""
        frame, self._sent = self._sent, None
        for job in reversed(frame.jobs if frame else ()):
            job.deaths += 1
            if job.deaths < MOST_DEATHS:
                self._waiting.appendleft(job)
            elif not job.answer.done():
                job.answer.set_exception(EngineProcessDied())

    async def _spawn(self) -> None:
        ours, theirs = socket.socketpair()
        try:
            self._child = await asyncio.create_subprocess_exec(
                *(*_COMMAND, str(theirs.fileno()), *self._embedding_model),
                pass_fds=[theirs.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
                env=child_environment(),
            )
            self._loaded.clear()
            connection = _Connection(self._receive, self._lose)
            self._transport, _ = await asyncio.get_running_loop().create_unix_connection(
                lambda: connection, sock=ours
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()

    def _lose(self) -> None:
        """The process has died: what is asked now waits for the next one."""
        self._transport = None

    async def _end(self) -> None:
        if self._transport is not None:
            self._transport.abort()
            self._transport = None
        if self._child is not None:
            if self._child.returncode is None:
                self._child.kill()
            await self._child.wait()


class _Connection(asyncio.Protocol):
    """Cuts what the process sends into frames."""

    def __init__(self, receive: Callable[[bytes], None], lose: Callable[[], None]) -> None:
        self._receive = receive
        self._lose = lose
        self._buffer = bytearray()

    def data_received(self, data: bytes) -> None:
        """Hand every whole frame on."""
        self._buffer += data
        while len(self._buffer) >= LENGTH.size:
            end = LENGTH.size + LENGTH.unpack_from(self._buffer)[0]
            if len(self._buffer) < end:
                return
            frame = bytes(self._buffer[LENGTH.size : end])
            del self._buffer[:end]
            self._receive(frame)

    def connection_lost(self, _error: Exception | None) -> None:
        """The process has closed its end."""
        self._lose()


def _resolve(job: _Job, answer: dict[str, Any]) -> None:
    if job.answer.done():
        return
    if "ok" in answer:
        job.answer.set_result(answer["ok"])
        return
    kind = _ERRORS.get(answer["error"], EngineError)
    job.answer.set_exception(kind(f"{answer['error']} in job {answer['cause']}"))
