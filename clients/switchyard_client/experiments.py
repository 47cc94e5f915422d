"""The typed client of experiments."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Mapping, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import Protocol

import grpc
from google.protobuf.message import DecodeError
from grpc.aio import AioRpcError

from switchyard_client.call_endings import CallEnding
from switchyard_client.connection import Connection
from switchyard_client.errors import error_of_call
from switchyard_client.feeding import end, feed, raise_of
from switchyard_client.messages.google.protobuf import FieldMask
from switchyard_client.messages.switchyard.experiment.v1 import (
    ApplyWinnerRequest,
    ApplyWinnerResponse,
    ArchiveExperimentRequest,
    ArchiveExperimentResponse,
    AssignVariantRequest,
    AssignVariantResponse,
    CreateExperimentRequest,
    CreateExperimentResponse,
    EstimateSampleSizeRequest,
    EstimateSampleSizeResponse,
    Experiment,
    ExperimentResults,
    ExperimentState,
    GetExperimentRequest,
    GetExperimentResponse,
    GetExperimentResultsRequest,
    GetExperimentResultsResponse,
    ListExperimentsRequest,
    ListExperimentsResponse,
    Outcome,
    PauseExperimentRequest,
    PauseExperimentResponse,
    PlannedMetric,
    RecordOutcomeRequest,
    RecordOutcomeResponse,
    RecordOutcomesRequest,
    RecordOutcomesResponse,
    RollBackWinnerRequest,
    RollBackWinnerResponse,
    StartExperimentRequest,
    StartExperimentResponse,
    StopExperimentRequest,
    StopExperimentResponse,
    UpdateExperimentRequest,
    UpdateExperimentResponse,
    WatchExperimentResultsRequest,
    WatchExperimentResultsResponse,
)
from switchyard_client.wire import codec_of

_SERVICE = "switchyard.experiment.v1.ExperimentService"
_COLLECTION = "experiments/"


class _Answer(Protocol):
    """What every change of an experiment is answered with."""

    experiment: Experiment | None


class ExperimentClient(Connection):
    """Calls the experiment service; made and used as a Connection is.

    A `name` is "experiments/" and an id, or the id alone. An `etag` says which version of an
    experiment is meant, and Conflict is raised when it has changed since; empty: whatever it is
    now. A call in a state that does not allow it raises PreconditionFailed.
    """

    async def create(
        self, experiment_id: str, experiment: Experiment, *, validate_only: bool = False
    ) -> Experiment:
        """The draft; with `validate_only` it is checked, and nothing is created."""
        request = CreateExperimentRequest(
            experiment_id=experiment_id, experiment=experiment, validate_only=validate_only
        )
        return _experiment(await self.call(_SERVICE, request, CreateExperimentResponse))

    async def get(self, name: str) -> Experiment:
        """One experiment. Raises NotFound."""
        request = GetExperimentRequest(name=resource_name(name))
        return _experiment(await self.call(_SERVICE, request, GetExperimentResponse))

    async def list(
        self,
        *,
        state: ExperimentState = ExperimentState.UNSPECIFIED,
        layer: str = "",
        page_size: int = 50,
    ) -> AsyncGenerator[Experiment, None]:
        """The experiments, the newest first; a page, at most 100 of them, is fetched when needed.

        UNSPECIFIED: in any state but archived.
        """
        request = ListExperimentsRequest(state=state, layer=layer, page_size=page_size)
        async for page in self.pages(_SERVICE, request, ListExperimentsResponse):
            for experiment in page.experiments:
                yield experiment

    async def update(
        self, experiment: Experiment, fields: Sequence[str] = (), *, validate_only: bool = False
    ) -> Experiment:
        """Change the named fields of the experiment; empty: those that are set.

        `experiment` carries its name and the etag of the version that it changes.
        """
        mask = FieldMask(paths=[*fields]) if fields else None
        request = UpdateExperimentRequest(
            experiment=experiment, update_mask=mask, validate_only=validate_only
        )
        return _experiment(await self.call(_SERVICE, request, UpdateExperimentResponse))

    async def start(self, name: str, *, etag: str = "") -> Experiment:
        """Start a draft, go on with a paused one, or reopen a stopped one as a new phase."""
        request = StartExperimentRequest(name=resource_name(name), etag=etag)
        return _experiment(await self.call(_SERVICE, request, StartExperimentResponse))

    async def pause(self, name: str, *, etag: str = "") -> Experiment:
        """Enrol no new units for now."""
        request = PauseExperimentRequest(name=resource_name(name), etag=etag)
        return _experiment(await self.call(_SERVICE, request, PauseExperimentResponse))

    async def stop(self, name: str, *, reason: str = "", etag: str = "") -> Experiment:
        """End it by hand."""
        request = StopExperimentRequest(name=resource_name(name), reason=reason, etag=etag)
        return _experiment(await self.call(_SERVICE, request, StopExperimentResponse))

    async def archive(self, name: str, *, etag: str = "") -> Experiment:
        """Put a draft or a stopped one away for good."""
        request = ArchiveExperimentRequest(name=resource_name(name), etag=etag)
        return _experiment(await self.call(_SERVICE, request, ArchiveExperimentResponse))

    async def apply_winner(self, name: str, *, variant: str = "", etag: str = "") -> Experiment:
        """Make the winner's parameters the defaults of its layer; another's where it is named."""
        request = ApplyWinnerRequest(name=resource_name(name), variant=variant, etag=etag)
        return _experiment(await self.call(_SERVICE, request, ApplyWinnerResponse))

    async def roll_back_winner(self, name: str, *, etag: str = "") -> Experiment:
        """Give its layer back the defaults from before the winner was applied."""
        request = RollBackWinnerRequest(name=resource_name(name), etag=etag)
        return _experiment(await self.call(_SERVICE, request, RollBackWinnerResponse))

    async def assign(
        self,
        unit_id: str,
        *,
        experiment: str = "",
        layer: str = "",
        attributes: Mapping[str, str] | None = None,
        pre_period_values: Mapping[str, float] | None = None,
        validate_only: bool = False,
        deadline_s: float | None = None,
    ) -> AssignVariantResponse:
        """The unit's variant in an experiment, or in whichever of a layer is its; the same one
        whenever it is asked for.

        The unit counts as exposed from now on, unless `validate_only` is set. A unit that is in
        none gets the layer's default parameters.
        """
        if bool(experiment) == bool(layer):
            raise ValueError("name an experiment or a layer, one of the two")
        request = AssignVariantRequest(
            experiment=resource_name(experiment) if experiment else None,
            layer=layer or None,
            unit_id=unit_id,
            attributes={**(attributes or {})},
            pre_period_values={**(pre_period_values or {})},
            validate_only=validate_only,
        )
        return await self.call(_SERVICE, request, AssignVariantResponse, deadline_s)

    async def record(
        self, outcome: Outcome, *, deadline_s: float | None = None
    ) -> RecordOutcomeResponse:
        """Record what came of a unit; when this returns, it is committed.

        An `outcome_id` that was recorded for the unit and metric before changes nothing, so that a
        call may be repeated.
        """
        request = RecordOutcomeRequest(outcome=outcome)
        return await self.call(_SERVICE, request, RecordOutcomeResponse, deadline_s)

    async def record_many(
        self, outcomes: AsyncIterable[Outcome], *, deadline_s: float | None = None
    ) -> RecordOutcomesResponse:
        """Record many outcomes; when this returns, all but the failed ones are committed.

        Outcomes are taken only as fast as the server reads. One that cannot be recorded is told by
        its place, and the others go on. What `outcomes` raises ends the call and is raised here.
        """
        method: grpc.aio.StreamUnaryMultiCallable[bytes, bytes]
        method = self._channel.stream_unary(f"/{_SERVICE}/RecordOutcomes")
        call = method(timeout=deadline_s, metadata=self._metadata)
        ending = CallEnding(call)
        feeder = asyncio.create_task(feed(call, _requests(outcomes)))
        try:
            answer: RecordOutcomesResponse = codec_of(RecordOutcomesResponse).parse(await call)
        except AioRpcError as error:
            raise error_of_call(await ending.behind(error)) from None
        except DecodeError as error:
            raise error_of_call(error) from None
        except asyncio.CancelledError:
            raise_of(feeder)
            raise
        finally:
            call.cancel()
            await end(feeder)
        return answer

    async def results(self, name: str, *, with_history: bool = False) -> ExperimentResults:
        """What it has shown so far; look as often as you like."""
        request = GetExperimentResultsRequest(name=resource_name(name), with_history=with_history)
        response = await self.call(_SERVICE, request, GetExperimentResultsResponse)
        return response.results or ExperimentResults()

    async def watch(
        self, name: str, *, min_interval_s: float = 1.0, deadline_s: float | None = None
    ) -> AsyncGenerator[ExperimentResults, None]:
        """The results now and whenever they have changed, until the experiment has ended."""
        request = WatchExperimentResultsRequest(
            name=resource_name(name), min_interval=timedelta(seconds=min_interval_s)
        )
        answers = self.stream(_SERVICE, request, WatchExperimentResultsResponse, deadline_s)
        async with aclosing(answers):
            async for answer in answers:
                yield answer.results or ExperimentResults()

    async def estimate(
        self,
        basis: PlannedMetric | str,
        min_effect: float,
        *,
        power: float = 0.0,
        alpha: float = 0.0,
        variants: int = 0,
        units_per_day: float = 0.0,
    ) -> EstimateSampleSizeResponse:
        """How many units it takes to find a difference of `min_effect`, and how long.

        `basis` is a metric that is not measured yet, or the name of a started experiment. 0: the
        server's default, or what that experiment has.
        """
        request = EstimateSampleSizeRequest(
            planned=basis if isinstance(basis, PlannedMetric) else None,
            experiment=resource_name(basis) if isinstance(basis, str) else None,
            min_effect=min_effect,
            power=power,
            alpha=alpha,
            variants=variants,
            units_per_day=units_per_day,
        )
        return await self.call(_SERVICE, request, EstimateSampleSizeResponse)


def resource_name(name: str) -> str:
    """Of an id, or of what is such a name already: "experiments/" and the id."""
    return _COLLECTION + name.removeprefix(_COLLECTION)


def _experiment(answer: _Answer) -> Experiment:
    return answer.experiment or Experiment()


async def _requests(
    outcomes: AsyncIterable[Outcome],
) -> AsyncGenerator[RecordOutcomesRequest, None]:
    async for outcome in outcomes:
        yield RecordOutcomesRequest(outcome=outcome)
