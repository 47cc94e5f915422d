"""Looks after what runs: counts who has matured, moves weights, keeps history, concludes.

Every process does; whoever is first does it, and the others find it done. Results are worked out
of sums alone, so that all processes see the same.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from server.experiments.allocation import is_due, next_weights
from server.experiments.analysis import analyse
from server.experiments.errors import ExperimentNotFound, NotPossibleNow, StaleExperiment
from server.experiments.experiment import Ending, Experiment, State
from server.experiments.lifecycle import concluded, latched, reweighed
from server.experiments.record_store import RecordStore
from server.experiments.results import Moment, Results, Tally, VariantMoment
from server.experiments.store import ExperimentStore
from server.experiments.verdict import decide
from server.storage.errors import StorageUnavailable
from server.storage.rounds import Rounds

ACTOR = "conductor"  # of what is concluded without a person
ROUND_S = 1.0
LOOK_EVERY = timedelta(minutes=1)  # also where nothing has happened: time alone concludes, too
GROWTH = 1.02  # of units, from one moment of the history to the next
LOOP = "experiments"

_Key = tuple[str, str]  # tenant, experiment_id


@dataclass(frozen=True, slots=True)
class _Seen:
    """An experiment as it was looked at last."""

    activity: int
    revision: int
    time: datetime


class Conductor:
    """One loop over all experiments that run."""

    def __init__(
        self, experiments: ExperimentStore, records: RecordStore, now: Callable[[], datetime]
    ) -> None:
        self._experiments = experiments
        self._records = records
        self._now = now
        self._seen: dict[_Key, _Seen] = {}  # of those that run alone
        self._looks: dict[_Key, Rounds] = {}  # of the same
        self._rounds = Rounds(LOOP)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._conduct_forever(), name=LOOP)

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def results(self, experiment: Experiment) -> tuple[Results, Tally]:
        """What an experiment has shown so far, and the sums that tell it.

        Raises StorageUnavailable.
        """
        tally = await self._records.tally(experiment)
        return await asyncio.to_thread(analyse, experiment, tally, self._now()), tally

    async def conduct(self) -> None:
        """One round over all that run. Raises StorageUnavailable.

        One that cannot be looked after is logged, and keeps nobody from the others.
        """
        live = await self._experiments.live()
        self._seen = {key: self._seen[key] for key in live if key in self._seen}
        self._looks = {key: self._looks.get(key) or _look() for key in live}
        for key, look in self._looks.items():
            with look:
                await self._look_after(*key)

    async def _conduct_forever(self) -> None:
        while True:
            with self._rounds:
                await self.conduct()
            await asyncio.sleep(ROUND_S)

    async def _look_after(self, tenant: str, experiment_id: str) -> None:
        experiment = await self._experiments.get(tenant, experiment_id)
        now, key = self._now(), (tenant, experiment_id)
        await self._records.mature(experiment, now)
        activity = await self._records.activity(tenant, experiment_id, experiment.phase)
        seen = self._seen.get(key)
        is_new = seen is None or (seen.activity, seen.revision) != (activity, experiment.revision)
        if seen is not None and not is_new and now < seen.time + LOOK_EVERY:
            return
        results, tally = await self.results(experiment)
        if is_new:
            await self._keep_history(experiment, results)
        if not await self._conclude(experiment, results, tally, now):
            await self._reweigh(experiment, tally, now)
        self._seen[key] = _Seen(activity, experiment.revision, now)

    async def _conclude(
        self, experiment: Experiment, results: Results, tally: Tally, now: datetime
    ) -> bool:
        """Whether the experiment has ended."""
        conclusion = decide(experiment, results, tally, now)
        if conclusion is None:
            return False
        stays = (
            conclusion.ending is Ending.WINNER and experiment.design.stopping.continues_after_winner
        )

        def conclude(current: Experiment, _others: object) -> Experiment:
            return (latched if stays else concluded)(current, conclusion)

        try:
            await self._experiments.change(
                experiment.tenant,
                experiment.experiment_id,
                experiment.etag,
                conclude,
                ACTOR,
                f"experiment.{conclusion.ending.name.lower()}",
            )
        except (StaleExperiment, NotPossibleNow):
            return False  # it has changed meanwhile: the next round looks again
        return not stays

    async def _reweigh(self, experiment: Experiment, tally: Tally, now: datetime) -> None:
        adaptive = experiment.design.allocation.is_adaptive
        if not adaptive or experiment.state is not State.RUNNING or not is_due(experiment, tally):
            return
        weights = await asyncio.to_thread(next_weights, experiment.design, tally)
        changed = reweighed(experiment, weights, now)
        assert changed.configuration is not None  # noqa: S101  # it was started
        await self._experiments.reweigh(experiment, changed.configuration)

    async def _keep_history(self, experiment: Experiment, results: Results) -> None:
        moment = moment_of(experiment, results)
        before = await self._experiments.moments(
            experiment.tenant, experiment.experiment_id, experiment.phase, 1
        )
        if moment.units and (not before or moment.units >= before[-1].units * GROWTH):
            await self._experiments.add_moment(experiment, moment)


def _look() -> Rounds:
    """Looks after one experiment; its tenant may be deleted meanwhile."""
    return Rounds(LOOP, (StorageUnavailable, ExperimentNotFound))


def moment_of(experiment: Experiment, results: Results) -> Moment:
    """The primary metric as it stands, for the history."""
    primary = next(m for m in results.metrics if m.metric == experiment.design.primary.name)
    variants = tuple(
        VariantMoment(weight, found.units, found.value, found.lift, found.lift_interval)
        for weight, found in zip(results.weights, primary.variants, strict=True)
    )
    return Moment(results.time, sum(variant.units for variant in variants), variants)
