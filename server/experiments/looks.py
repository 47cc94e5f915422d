"""Looks at experiments: what the sums on record tell, worked out once for all who ask.

A look takes from milliseconds to seconds of processor time. So it is taken in a thread, by one at a
time, as threads share the interpreter with the calls that are served meanwhile; and those who can
wait do not ask for more of them than a tenth of the time would hold.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from server.experiments.allocation import is_due, next_weights
from server.experiments.experiment import Conclusion, Configuration, Experiment, State
from server.experiments.findings.analysis import analyse
from server.experiments.findings.verdict import decide
from server.experiments.pulse_store import Pulse
from server.experiments.records.record_store import RecordStore
from server.experiments.results import Results, Tally
from server.experiments.store import ExperimentStore

LASTING = timedelta(minutes=1)  # of a look, where nothing has happened: time alone concludes, too
POLL_S = 0.1
REST = 9.0  # after a look, in terms of the time that it took
MOST_KEPT = 64


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)  # one look is like no other
class Look:
    """What an experiment has shown by one time, and what follows for it."""

    pulse: Pulse  # nothing that it counts is missing
    experiment: Experiment
    configurations: tuple[Configuration, ...]  # of the phase, oldest first
    results: Results
    conclusion: Conclusion | None  # that is due; None: the experiment goes on
    weights: tuple[float, ...] | None  # that are due under its algorithm; None: none are


@dataclass(frozen=True, slots=True)
class _Kept:
    """A look, and until when no other is taken for those who can wait."""

    look: Look
    rest_end_s: float


@dataclass(frozen=True, slots=True)
class _Poll:
    """A pulse that has been asked for."""

    pulse: asyncio.Task[Pulse]
    end_s: float  # until then the answer is new enough


class Looks:
    """Takes looks, and keeps the newest. The clock is monotonic, in seconds."""

    def __init__(
        self,
        experiments: ExperimentStore,
        records: RecordStore,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._experiments = experiments
        self._records = records
        self._now = now
        self._clock = clock
        self._turn = asyncio.Lock()
        self._kept: OrderedDict[int, _Kept] = OrderedDict()  # by the experiment's number
        self._polls: OrderedDict[tuple[str, str], _Poll] = OrderedDict()

    async def poll(self, tenant: str, experiment_id: str) -> Pulse:
        """The pulse of at most POLL_S ago, read once for all who watch the experiment.

        Raises ExperimentNotFound, StorageUnavailable.
        """
        poll = self._polls.get((tenant, experiment_id))
        if poll is None or (poll.pulse.done() and self._clock() >= poll.end_s):
            reading = asyncio.create_task(self._experiments.pulse(tenant, experiment_id))
            poll = _Poll(reading, self._clock() + POLL_S)
            _keep(self._polls, (tenant, experiment_id), poll)
        return await asyncio.shield(poll.pulse)

    async def at(self, pulse: Pulse, *, is_patient: bool = False) -> Look:
        """A look that misses nothing of the pulse, whose phase has begun.

        is_patient  whether one will do that misses what came within the rest after it
        Raises ExperimentNotFound, StorageUnavailable.
        """
        kept = self._kept.get(pulse.number)
        if kept is not None and (
            self._will_do(kept, pulse) or (is_patient and self._rests(kept, pulse))
        ):
            return kept.look
        # It is finished, and kept, also where this caller leaves.
        return await asyncio.shield(asyncio.create_task(self._in_turn(pulse)))

    def _will_do(self, kept: _Kept, pulse: Pulse) -> bool:
        look = kept.look
        return look.pulse.has_seen(pulse) and self._now() < look.results.time + LASTING

    def _rests(self, kept: _Kept, pulse: Pulse) -> bool:
        return kept.look.pulse.stands_as(pulse) and self._clock() < kept.rest_end_s

    async def _in_turn(self, wanted: Pulse) -> Look:
        async with self._turn:
            kept = self._kept.get(wanted.number)
            if kept is not None and self._will_do(kept, wanted):
                return kept.look  # somebody has looked meanwhile
            # Anew: one look serves all who have asked by now.
            pulse = await self._experiments.pulse(wanted.tenant, wanted.experiment_id)
            began_s = self._clock()
            look = await self._look(pulse)
            end_s = self._clock()
            _keep(self._kept, pulse.number, _Kept(look, end_s + REST * (end_s - began_s)))
            return look

    async def _look(self, pulse: Pulse) -> Look:
        experiment = await self._experiments.get(pulse.tenant, pulse.experiment_id)
        tally = await self._records.tally(experiment)
        return await asyncio.to_thread(_taken, pulse, experiment, tally, self._now())


def _taken(pulse: Pulse, experiment: Experiment, tally: Tally, now: datetime) -> Look:
    results = analyse(experiment, tally, now)
    is_moving = experiment.state is State.RUNNING and is_due(experiment, tally)
    return Look(
        pulse,
        experiment,
        tally.configurations,
        results,
        decide(experiment, results, tally, now),
        next_weights(experiment.design, tally) if is_moving else None,
    )


def _keep(kept: OrderedDict[Any, Any], key: Hashable, value: object) -> None:
    """Put a value in, and the oldest out where there are too many."""
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > MOST_KEPT:
        kept.popitem(last=False)
