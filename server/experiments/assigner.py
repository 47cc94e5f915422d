"""Gives units their variants: by the hash, unless what is on record says otherwise."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from server.experiments.assignment import Enrollment, choose, enroll
from server.experiments.catalog import ExperimentCatalog, Running
from server.experiments.condition import Attributes, holds
from server.experiments.experiment import Experiment, Parameters, State, UnitKind
from server.experiments.records.record import Assignment
from server.experiments.records.record_store import RecordStore

MOST_REMEMBERED = 50_000  # exposed units, of which nothing changes any more
NO_VALUES: Mapping[str, float] = {}

Units = Mapping[UnitKind, str]  # who is asked about, by what an experiment may call a unit
_Key = tuple[str, str, int, str]


@dataclass(frozen=True, slots=True)
class Assigned:
    """What a unit is to get."""

    enrollment: Enrollment
    parameters: Parameters  # the variant's; else the layer's defaults
    experiment: Experiment | None = None  # None: it is in none
    assignment: Assignment | None = None
    is_first_exposure: bool = False

    @property
    def variant(self) -> str:
        """The variant's name; empty: none."""
        if self.experiment is None or self.assignment is None:
            return ""
        return self.experiment.design.variants[self.assignment.variant].name


class Assigner:
    """Assigns, and remembers who was exposed."""

    def __init__(
        self,
        catalog: ExperimentCatalog,
        records: RecordStore,
        now: Callable[[], datetime],
    ) -> None:
        self.catalog = catalog
        self._records = records
        self._now = now
        self._exposed: OrderedDict[_Key, Assignment] = OrderedDict()

    async def in_experiment(
        self,
        tenant: str,
        experiment_id: str,
        units: Units,
        attributes: Attributes,
        pre_period: Mapping[str, float] = NO_VALUES,
        *,
        is_exposed: bool,
        is_kept: bool = True,
    ) -> Assigned:
        """The variant of a unit in one experiment; committed when it returns, if it is to be kept.

        Raises ExperimentNotFound, StorageUnavailable.
        """
        running = await self.catalog.running(tenant)
        experiment = running.by_id.get(experiment_id)
        if experiment is None:
            experiment = await self.catalog.find(tenant, experiment_id)
            return Assigned(Enrollment.NOT_RUNNING, running.defaults.get(experiment.layer, {}))
        enrollment, assignment, is_first = await self._assign(
            experiment, units, attributes, pre_period, is_exposed=is_exposed, is_kept=is_kept
        )
        return _assigned(running, experiment, enrollment, assignment, is_first)

    async def in_layer(
        self,
        tenant: str,
        layer: str,
        units: Units,
        attributes: Attributes,
        pre_period: Mapping[str, float] = NO_VALUES,
        *,
        is_exposed: bool,
        is_kept: bool = True,
    ) -> Assigned:
        """The same in whichever experiment of a layer has the unit. Raises StorageUnavailable."""
        running = await self.catalog.running(tenant)
        why = Enrollment.NOT_RUNNING
        for experiment in running.by_layer.get(layer, ()):
            enrollment, assignment, is_first = await self._assign(
                experiment, units, attributes, pre_period, is_exposed=is_exposed, is_kept=is_kept
            )
            if assignment is not None:
                return _assigned(running, experiment, enrollment, assignment, is_first)
            if why in {Enrollment.NOT_RUNNING, Enrollment.ELSEWHERE}:  # else it says more
                why = enrollment
        return Assigned(why, running.defaults.get(layer, {}))

    async def _assign(
        self,
        experiment: Experiment,
        units: Units,
        attributes: Attributes,
        pre_period: Mapping[str, float],
        *,
        is_exposed: bool,
        is_kept: bool,
    ) -> tuple[Enrollment, Assignment | None, bool]:
        unit = units.get(experiment.design.unit, "")
        if not unit:
            return Enrollment.NOT_TARGETED, None, False
        now = self._now()
        enrollment = enroll(experiment, unit, attributes)
        before = await self._before(experiment, unit, attributes, enrollment, now)
        if before is not None and not is_over(experiment, before, now):
            enrollment, wanted = Enrollment.ENROLLED, before
        elif enrollment is Enrollment.ENROLLED:
            wanted = _chosen(experiment, unit, 0 if before is None else before.episode + 1, now)
        else:
            return enrollment, None, False
        if not is_kept or (wanted is before and (wanted.expose_time or not is_exposed)):
            self._remember(experiment, wanted)
            return enrollment, wanted, False
        kept, is_first = await self._records.assign(
            experiment, wanted, pre_period, is_exposed=is_exposed
        )
        self._remember(experiment, kept)
        return enrollment, kept, is_first

    async def _before(
        self,
        experiment: Experiment,
        unit: str,
        attributes: Attributes,
        enrollment: Enrollment,
        now: datetime,
    ) -> Assignment | None:
        """What the unit was assigned to, where that may be another thing than the hash says now."""
        if not _may_be_in(experiment, enrollment, attributes):
            return None
        known = self._exposed.get(_key(experiment, unit))
        if known is not None and not is_over(experiment, known, now):
            return known
        if _may_be_on_record(experiment):
            return await self._records.find(experiment, unit)
        return None

    def _remember(self, experiment: Experiment, assignment: Assignment) -> None:
        if assignment.expose_time is None:
            return
        key = _key(experiment, assignment.unit)
        self._exposed[key] = assignment
        self._exposed.move_to_end(key)
        if len(self._exposed) > MOST_REMEMBERED:
            self._exposed.popitem(last=False)


def _key(experiment: Experiment, unit: str) -> _Key:
    return experiment.tenant, experiment.experiment_id, experiment.phase, unit


def is_over(experiment: Experiment, assignment: Assignment, now: datetime) -> bool:
    """Whether the unit is to be assigned anew: under an algorithm, after a time."""
    allocation = experiment.design.allocation
    if not allocation.is_adaptive:
        return False
    return now >= assignment.assign_time + timedelta(seconds=allocation.sticky_s)


def _may_be_in(experiment: Experiment, enrollment: Enrollment, attributes: Attributes) -> bool:
    """Whether the experiment is for the unit, whether or not it enrols anybody now.

    Every process asks this at every call: whoever fits no more gets no variant in any of them.
    """
    if enrollment is Enrollment.NOT_RUNNING:
        return holds(experiment.design.targeting, attributes)
    return enrollment in {Enrollment.ENROLLED, Enrollment.OUTSIDE_TRAFFIC}


def _may_be_on_record(experiment: Experiment) -> bool:
    """Whether a unit may have been assigned otherwise than the hash says now."""
    configuration = experiment.configuration
    assert configuration is not None  # noqa: S101  # it was started
    if experiment.state is State.PAUSED or experiment.design.allocation.is_adaptive:
        return True
    return configuration.start_time != experiment.start_time  # weights or traffic have changed


def _chosen(experiment: Experiment, unit: str, episode: int, now: datetime) -> Assignment:
    variant, propensity = choose(experiment, unit, episode)
    configuration = experiment.configuration
    assert configuration is not None  # noqa: S101  # it was started
    return Assignment(
        experiment_id=experiment.experiment_id,
        phase=experiment.phase,
        unit=unit,
        episode=episode,
        variant=variant,
        propensity=propensity,
        configuration=configuration.version,
        assign_time=now,
        expose_time=None,
    )


def _assigned(
    running: Running,
    experiment: Experiment,
    enrollment: Enrollment,
    assignment: Assignment | None,
    is_first: bool,
) -> Assigned:
    defaults = running.defaults.get(experiment.layer, {})
    if assignment is None:
        return Assigned(enrollment, defaults)
    parameters = experiment.design.variants[assignment.variant].parameters
    return Assigned(enrollment, {**defaults, **parameters}, experiment, assignment, is_first)
