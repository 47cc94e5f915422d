"""switchyard.experiment.v1.ExperimentService: messages in, messages out."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from datetime import datetime
from operator import attrgetter
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import grpc
from google.rpc.status_pb2 import Status
from switchyard.experiment.v1 import experiment_service_pb2 as pb
from switchyard.experiment.v1 import experiment_service_pb2_grpc
from switchyard.experiment.v1.results_pb2 import ExperimentResults

from server.caller import caller_of
from server.experiments import lifecycle, wire
from server.experiments.assigner import Assigner
from server.experiments.design_wire import read_design
from server.experiments.errors import InvalidExperiment, NotPossibleNow, StaleExperiment
from server.experiments.experiment import Design, Experiment, State, UnitKind
from server.experiments.findings.planning import plan_from_figures, plan_from_results
from server.experiments.looks import Look, Looks
from server.experiments.pulse_store import Pulse
from server.experiments.records.record_store import RecordStore
from server.experiments.results_wire import write_results
from server.experiments.store import Change, ExperimentStore
from server.paging import make_page_token, read_page_token
from server.streams import ServerDraining, answer_each
from server.violation import FieldViolation
from server.wire_values import read_seconds

Context = grpc.aio.ServicerContext[Any, Any]
Check = Callable[[Design], None]  # raises InvalidExperiment
_Found = TypeVar("_Found", Experiment, Pulse)

DEFAULT_PAGE_SIZE = 50
DEFAULT_INTERVAL_S = 1.0
OUTCOME_SLOTS = 256  # of one stream that are recorded at once: as many as one commit takes
MOST_FAILURES = 1000
MOST_CONFIGURATIONS = 1000  # told of one phase, the newest
OVER = frozenset({State.STOPPED, State.ARCHIVED})


class ExperimentServicer(experiment_service_pb2_grpc.ExperimentServiceServicer):
    """The wire side of experiments. Requests have been validated before they come here."""

    def __init__(
        self,
        experiments: ExperimentStore,
        records: RecordStore,
        assigner: Assigner,
        looks: Looks,
        check: Check,
        status_of: Callable[[Any, Exception], Status],
        page_key: bytes,
        draining: asyncio.Event,
        now: Callable[[], datetime],
    ) -> None:
        self._experiments = experiments
        self._records = records
        self._assigner = assigner
        self._looks = looks
        self._check = check
        self._status_of = status_of
        self._page_key = page_key
        self._draining = draining
        self._now = now
        # Written once for all who watch; there as long as the looks are.
        self._messages: WeakKeyDictionary[Look, ExperimentResults] = WeakKeyDictionary()

    async def CreateExperiment(
        self, request: pb.CreateExperimentRequest, context: Context
    ) -> pb.CreateExperimentResponse:
        """A new draft."""
        caller = caller_of(context)
        design = read_design(request.experiment)
        self._check_request(design)
        draft = lifecycle.drafted(caller.tenant, request.experiment_id, design, self._now())
        if not request.validate_only:
            await self._experiments.create(draft, caller.subject)
        return pb.CreateExperimentResponse(experiment=wire.write_experiment(draft))

    async def GetExperiment(
        self, request: pb.GetExperimentRequest, context: Context
    ) -> pb.GetExperimentResponse:
        """One experiment of the caller's tenant."""
        experiment = await self._get(request.name, context)
        return pb.GetExperimentResponse(experiment=wire.write_experiment(experiment))

    async def ListExperiments(
        self, request: pb.ListExperimentsRequest, context: Context
    ) -> pb.ListExperimentsResponse:
        """A page of experiments, the newest first."""
        tenant, size = caller_of(context).tenant, request.page_size or DEFAULT_PAGE_SIZE
        scope = f"experiments\0{tenant}\0{request.state}\0{request.layer}"
        before = read_page_token(request.page_token, scope, self._page_key).decode()
        state = State(request.state) if request.state else None
        found = await self._experiments.page(tenant, state, request.layer, before, size + 1)
        token = ""
        if len(found) > size:
            last = found[size - 1].experiment_id.encode()
            token = make_page_token(last, scope, self._page_key)
        return pb.ListExperimentsResponse(
            experiments=[wire.write_experiment(experiment) for experiment in found[:size]],
            next_page_token=token,
        )

    async def UpdateExperiment(
        self, request: pb.UpdateExperimentRequest, context: Context
    ) -> pb.UpdateExperimentResponse:
        """Change what may change in its state."""
        mask, wanted = wire.read_update(request), read_design(request.experiment)

        def update(current: Experiment, _others: object) -> Experiment:
            changed = lifecycle.updated(current, wanted, mask, self._now())
            self._check_request(changed.design)
            return changed

        name, etag = request.experiment.name, request.experiment.etag
        if request.validate_only:
            current = await self._get(name, context)
            if etag != current.etag:
                raise StaleExperiment(name)
            experiment = update(current, ())
        else:
            experiment = await self._change(context, name, etag, update, "update")
        return pb.UpdateExperimentResponse(experiment=wire.write_experiment(experiment))

    async def StartExperiment(
        self, request: pb.StartExperimentRequest, context: Context
    ) -> pb.StartExperimentResponse:
        """Start, go on, or reopen."""

        def start(current: Experiment, others: Any) -> Experiment:
            self._check(current.design)  # the server may have lost a model since it was written
            return lifecycle.started(current, others, self._now())

        experiment = await self._change(context, request.name, request.etag, start, "start")
        return pb.StartExperimentResponse(experiment=wire.write_experiment(experiment))

    async def PauseExperiment(
        self, request: pb.PauseExperimentRequest, context: Context
    ) -> pb.PauseExperimentResponse:
        """Enrol nobody for now."""

        def pause(current: Experiment, _others: object) -> Experiment:
            return lifecycle.paused(current, self._now())

        experiment = await self._change(context, request.name, request.etag, pause, "pause")
        return pb.PauseExperimentResponse(experiment=wire.write_experiment(experiment))

    async def StopExperiment(
        self, request: pb.StopExperimentRequest, context: Context
    ) -> pb.StopExperimentResponse:
        """End it by hand."""

        def stop(current: Experiment, _others: object) -> Experiment:
            return lifecycle.stopped(current, request.reason, self._now())

        experiment = await self._change(context, request.name, request.etag, stop, "stop")
        return pb.StopExperimentResponse(experiment=wire.write_experiment(experiment))

    async def ArchiveExperiment(
        self, request: pb.ArchiveExperimentRequest, context: Context
    ) -> pb.ArchiveExperimentResponse:
        """Put it away for good."""

        def archive(current: Experiment, _others: object) -> Experiment:
            return lifecycle.archived(current, self._now())

        experiment = await self._change(context, request.name, request.etag, archive, "archive")
        return pb.ArchiveExperimentResponse(experiment=wire.write_experiment(experiment))

    async def ApplyWinner(
        self, request: pb.ApplyWinnerRequest, context: Context
    ) -> pb.ApplyWinnerResponse:
        """Make the winner's parameters the layer's defaults."""
        caller = caller_of(context)
        experiment = await self._experiments.apply(
            caller.tenant, _id(request.name), request.etag, request.variant, caller.subject
        )
        self._assigner.catalog.forget(caller.tenant)
        return pb.ApplyWinnerResponse(experiment=wire.write_experiment(experiment))

    async def RollBackWinner(
        self, request: pb.RollBackWinnerRequest, context: Context
    ) -> pb.RollBackWinnerResponse:
        """Take them back."""
        caller = caller_of(context)
        experiment = await self._experiments.roll_back(
            caller.tenant, _id(request.name), request.etag, caller.subject
        )
        self._assigner.catalog.forget(caller.tenant)
        return pb.RollBackWinnerResponse(experiment=wire.write_experiment(experiment))

    async def AssignVariant(
        self, request: pb.AssignVariantRequest, context: Context
    ) -> pb.AssignVariantResponse:
        """The variant of a unit."""
        in_layer = request.WhichOneof("scope") == "layer"
        assign = self._assigner.in_layer if in_layer else self._assigner.in_experiment
        assigned = await assign(
            caller_of(context).tenant,
            request.layer if in_layer else _id(request.experiment),
            dict.fromkeys(UnitKind, request.unit_id),
            request.attributes,
            dict(request.pre_period_values),
            is_exposed=True,
            is_kept=not request.validate_only,
        )
        return wire.write_assigned(assigned)

    async def RecordOutcome(
        self, request: pb.RecordOutcomeRequest, context: Context
    ) -> pb.RecordOutcomeResponse:
        """Record what came of a unit."""
        return await self._record(request.outcome, context)

    async def RecordOutcomes(
        self,
        request_iterator: AsyncIterator[pb.RecordOutcomesRequest | Exception],
        context: Context,
    ) -> pb.RecordOutcomesResponse:
        """Record many, a bounded number at once."""
        response = pb.RecordOutcomesResponse()

        async def record(
            position: int, item: pb.RecordOutcomesRequest | Exception
        ) -> tuple[int, pb.RecordOutcomeResponse | Exception]:
            try:
                if isinstance(item, Exception):
                    return position, item
                return position, await self._record(item.outcome, context)
            except Exception as error:  # every failure of an item is told with its index
                return position, error

        answers = answer_each(request_iterator, record, OUTCOME_SLOTS, self._draining)
        async with aclosing(answers):
            async for position, answer in answers:
                if isinstance(answer, Exception):
                    self._add_failure(response, position, answer, context)
                elif answer.is_repeated:
                    response.repeated_before += 1
                else:
                    response.recorded += 1
        response.failures.sort(key=attrgetter("index"))  # they came in any order
        return response

    async def GetExperimentResults(
        self, request: pb.GetExperimentResultsRequest, context: Context
    ) -> pb.GetExperimentResultsResponse:
        """What it has shown so far."""
        tenant, experiment_id = caller_of(context).tenant, _id(request.name)
        pulse = _begun(await self._experiments.pulse(tenant, experiment_id))
        look = await self._looks.at(pulse)
        if not request.with_history:
            return pb.GetExperimentResultsResponse(results=self._told(look))
        history = await self._experiments.moments(tenant, experiment_id, look.experiment.phase)
        configurations = look.configurations[-MOST_CONFIGURATIONS:]
        told = write_results(look.experiment, look.results, history, configurations)
        return pb.GetExperimentResultsResponse(results=told)

    async def WatchExperimentResults(
        self, request: pb.WatchExperimentResultsRequest, context: Context
    ) -> AsyncGenerator[pb.WatchExperimentResultsResponse, None]:
        """What it has shown, again whenever that has changed, until it has ended.

        Raises ServerDraining when the server stops first.
        """
        asked = request.HasField("min_interval")
        interval_s = read_seconds(request.min_interval) if asked else DEFAULT_INTERVAL_S
        tenant, experiment_id = caller_of(context).tenant, _id(request.name)
        seen: Pulse | None = None
        while True:
            pulse = _begun(await self._looks.poll(tenant, experiment_id))
            if seen is None or not seen.has_seen(pulse):
                look = await self._looks.at(pulse, is_patient=True)
                if look.pulse != seen:
                    seen = look.pulse
                    yield pb.WatchExperimentResultsResponse(results=self._told(look))
                if look.experiment.state in OVER:
                    return
            if await _is_set_within(self._draining, interval_s):
                raise ServerDraining

    async def EstimateSampleSize(
        self, request: pb.EstimateSampleSizeRequest, context: Context
    ) -> pb.EstimateSampleSizeResponse:
        """How many units a comparison needs."""
        if request.WhichOneof("basis") == "planned":
            size = await asyncio.to_thread(plan_from_figures, wire.read_plan(request))
            return wire.write_sample_size(size)
        experiment = _begun(await self._get(request.experiment, context))
        tally = await self._records.tally(experiment)
        plan = wire.read_plan(request)
        size = await asyncio.to_thread(plan_from_results, experiment, tally, plan, self._now())
        return wire.write_sample_size(size)

    def _told(self, look: Look) -> ExperimentResults:
        message = self._messages.get(look)
        if message is None:
            message = self._messages[look] = write_results(look.experiment, look.results)
        return message

    def _check_request(self, design: Design) -> None:
        """Raises InvalidExperiment, with the fields as the request names them."""
        try:
            self._check(design)
        except InvalidExperiment as invalid:
            faults = [FieldViolation(f"experiment.{field}", rule) for field, rule in invalid.faults]
            raise InvalidExperiment(faults) from None

    async def _get(self, name: str, context: Context) -> Experiment:
        return await self._experiments.get(caller_of(context).tenant, _id(name))

    async def _change(
        self, context: Context, name: str, etag: str, change: Change, verb: str
    ) -> Experiment:
        caller = caller_of(context)
        experiment = await self._experiments.change(
            caller.tenant, _id(name), etag, change, caller.subject, f"experiment.{verb}"
        )
        self._assigner.catalog.forget(caller.tenant)  # at once here; elsewhere by NOTIFY
        return experiment

    async def _record(self, message: pb.Outcome, context: Context) -> pb.RecordOutcomeResponse:
        tenant, experiment_id = caller_of(context).tenant, _id(message.experiment)
        experiment = await self._assigner.catalog.find(tenant, experiment_id)
        outcome = wire.read_outcome(message, self._now())
        recorded = await self._records.record(experiment, message.unit_id, outcome)
        variant = experiment.design.variants[recorded.variant].name
        return pb.RecordOutcomeResponse(variant=variant, is_repeated=recorded.is_repeated)

    def _add_failure(
        self, response: pb.RecordOutcomesResponse, position: int, error: Exception, context: Context
    ) -> None:
        response.failed += 1
        if len(response.failures) < MOST_FAILURES:
            response.failures.add(index=position, error=self._status_of(context, error))


def _id(name: str) -> str:
    return name.removeprefix("experiments/")


def _begun(found: _Found) -> _Found:
    if not found.phase:
        raise NotPossibleNow(found.name, "was never started; StartExperiment starts it.")
    return found


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    """Whether the event is set before so many seconds have passed."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
