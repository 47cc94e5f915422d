"""Looks after what runs: counts who has matured, moves weights, keeps history, concludes.

Every process does; whoever is first does it, and the others find it done. Results are worked out
of sums alone, so that all processes see the same.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from server.experiments.errors import ExperimentNotFound, NotPossibleNow, StaleExperiment
from server.experiments.experiment import Ending, Experiment
from server.experiments.lifecycle import concluded, latched, reweighed
from server.experiments.looks import LASTING, Look, Looks
from server.experiments.pulse_store import Pulse
from server.experiments.records.record_store import RecordStore
from server.experiments.results import Moment, Results, VariantMoment
from server.experiments.store import ExperimentStore
from server.storage.errors import StorageUnavailable
from server.storage.rounds import Rounds

ACTOR = "conductor"  # of what is concluded without a person
ROUND_S = 1.0
GROWTH = 1.02  # of units, from one moment of the history to the next
LOOP = "experiments"

_Key = tuple[str, str]  # tenant, experiment_id


class Conductor:
    """One loop over all experiments that run, and over those with units that are waited for."""

    def __init__(
        self,
        experiments: ExperimentStore,
        records: RecordStore,
        looks: Looks,
        now: Callable[[], datetime],
    ) -> None:
        self._experiments = experiments
        self._records = records
        self._looks = looks
        self._now = now
        self._seen: dict[int, tuple[Pulse, datetime]] = {}  # of the last looks, by number
        self._each: dict[_Key, Rounds] = {}  # of those that are looked after
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

    async def conduct(self) -> None:
        """One round over all. Raises StorageUnavailable.

        An experiment that cannot be looked after is logged, and keeps nobody from the others.
        """
        due = await self._records.due(self._now())
        live = await self._experiments.live()
        self._forget_all_but(due, live)
        for tenant, experiment_id, phase in due:
            with self._each[tenant, experiment_id]:
                await self._mature(tenant, experiment_id, phase)
        for pulse in live:
            with self._each[pulse.tenant, pulse.experiment_id]:
                await self._look_after(pulse)

    async def _conduct_forever(self) -> None:
        while True:
            began_s = time.perf_counter()
            with self._rounds:
                await self.conduct()
            # However many experiments there are: half of the time is for other work.
            await asyncio.sleep(max(ROUND_S, time.perf_counter() - began_s))

    def _forget_all_but(self, due: Sequence[tuple[str, str, int]], live: Sequence[Pulse]) -> None:
        seen = self._seen
        self._seen = {each.number: seen[each.number] for each in live if each.number in seen}
        keys = {(tenant, name) for tenant, name, _ in due}
        keys |= {(each.tenant, each.experiment_id) for each in live}
        self._each = {key: self._each.get(key) or _rounds_of_one() for key in keys}

    async def _mature(self, tenant: str, experiment_id: str, phase: int) -> None:
        """Count whom a phase has waited for, also once it has ended."""
        experiment = await self._experiments.get(tenant, experiment_id)
        await self._records.mature(experiment.changed(phase=phase), self._now())

    async def _look_after(self, pulse: Pulse) -> None:
        seen = self._seen.get(pulse.number)
        if seen is not None and seen[0] == pulse and self._now() < seen[1] + LASTING:
            return
        look = await self._looks.at(pulse, is_patient=True)
        if seen == (look.pulse, look.results.time):
            return  # it rests
        if seen is None or seen[0] != look.pulse:
            await self._keep_history(look.experiment, look.results)
        if not await self._conclude(look):
            await self._reweigh(look)
        self._seen[pulse.number] = look.pulse, look.results.time

    async def _conclude(self, look: Look) -> bool:
        """Whether the experiment has ended."""
        experiment, conclusion = look.experiment, look.conclusion
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

    async def _reweigh(self, look: Look) -> None:
        if look.weights is not None:
            changed = reweighed(look.experiment, look.weights, self._now())
            assert changed.configuration is not None  # noqa: S101  # it was started
            await self._experiments.reweigh(look.experiment, changed.configuration)

    async def _keep_history(self, experiment: Experiment, results: Results) -> None:
        moment = moment_of(results)
        before = await self._experiments.moments(
            experiment.tenant, experiment.experiment_id, experiment.phase, 1
        )
        if moment.units and (not before or moment.units >= before[-1].units * GROWTH):
            await self._experiments.add_moment(experiment, moment)


def _rounds_of_one() -> Rounds:
    """Of one experiment; its tenant may be deleted meanwhile."""
    return Rounds(LOOP, (StorageUnavailable, ExperimentNotFound))


def moment_of(results: Results) -> Moment:
    """The primary metric as it stands, for the history."""
    variants = tuple(
        VariantMoment(weight, found.units, found.value, found.lift, found.lift_interval)
        for weight, found in zip(results.weights, results.primary.variants, strict=True)
    )
    return Moment(results.time, sum(variant.units for variant in variants), variants)
