"""A process of the engine's own, seen from the server: jobs out, answers back.

Reading a ticket is the largest part of a call's processor time. Here it runs beside the event
loop, not in its way, and many tickets one after the other find its tables still in the
processor's caches. So jobs travel together: while the process has one frame in hand, what comes
waits for the next.
"""

import asyncio
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from server.engines.embedded.frames import LENGTH, MOST_IN_FRAME, Frame, Job, LoadedEngine, Outbox
from server.engines.embedded.trainer import child_environment
from server.engines.errors import EngineError, EngineProcessDied
from server.triage.errors import ModelUnreadable

MOST_DEATHS = 2  # of the process, with a job in its hands, before the job is given up
WATCH_S = 0.5
PING = orjson.dumps(["drop", ""])  # an engine that is not there

_COMMAND = (sys.executable, "-m", "server.engines.embedded.worker")
_ERRORS: dict[str, type[Exception]] = {"ModelUnreadable": ModelUnreadable}


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
        self._outbox = Outbox(most_engines)
        self._sent: Frame | None = None
        self._sent_s = 0.0
        self._teaching: set[asyncio.Task[None]] = set()  # engines that were loaded again
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
        tasks = [*self._teaching, *([self._watch] if self._watch else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._end()

    async def ask(
        self, data: bytes, engine: LoadedEngine | None = None, *, is_lesson: bool = False
    ) -> Any:
        """The answer to a job. engine: it is loaded before, where it is not.

        Raises what the job raised: ModelUnreadable, else EngineError; EngineProcessDied when the
        process has died of it twice.
        """
        job = Job(data, engine, asyncio.get_running_loop().create_future(), is_lesson)
        self._outbox.add(job)
        self._gather()
        return await job.answer

    async def load(self, engine: LoadedEngine) -> Any:
        """Load an engine, which has learned nothing yet: what `ask` says of the job."""
        return await self.ask(engine.load, engine)

    def retire(self, key: str) -> None:
        """Drop an engine. Whoever still asks it has it loaded again."""
        self._outbox.retire(key)

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
        waiting = len(self._outbox)
        if waited < waiting < MOST_IN_FRAME:
            asyncio.get_running_loop().call_soon(self._end_turn, waiting)
            return
        self._is_gathering = False
        self._send()

    def _send(self) -> None:
        """Send what waits, unless a frame is still to be answered."""
        if self._sent is not None or self._transport is None:
            return
        frame = self._outbox.next_frame()
        if frame is None:
            return
        self._sent, self._sent_s = frame, time.monotonic()
        data = frame.encode()
        self._transport.write(LENGTH.pack(len(data)) + data)
        if frame.reloaded:
            self._teach(frame.reloaded)

    def _teach(self, engine: LoadedEngine) -> None:
        """Have an engine that is loaded again learn again what it had; tickets do not wait."""

        async def teach() -> None:
            with suppress(EngineError):  # the next lesson begins where this one ended
                await engine.teach()

        task = asyncio.create_task(teach(), name="engine-lessons")
        self._teaching.add(task)
        task.add_done_callback(self._teaching.discard)

    def _receive(self, data: bytes) -> None:
        frame, self._sent = self._sent, None
        if frame is None:  # nothing was asked
            return
        answers = orjson.loads(data)[len(frame.errands) :]
        for job, answer in zip(frame.jobs, answers, strict=True):
            if job.engine and "error" in answer and (job.is_load or answer["error"] == "KeyError"):
                self._outbox.is_lost(job.engine)
            _resolve(job, answer)
        self._send()

    async def _keep_running(self) -> None:
        """Replace the process when it has died or hangs; give it again what was lost."""
        while True:
            await asyncio.sleep(WATCH_S)
            hangs = self._sent is not None and time.monotonic() - self._sent_s > self._answer_s
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
                self._outbox.put_back(job)
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
            self._outbox.all_are_lost()
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


def _resolve(job: Job, answer: dict[str, Any]) -> None:
    if job.answer.done():
        return
    if "ok" in answer:
        job.answer.set_result(answer["ok"])
        return
    kind = _ERRORS.get(answer["error"], EngineError)
    job.answer.set_exception(kind(f"{answer['error']} in job {answer['cause']}"))
