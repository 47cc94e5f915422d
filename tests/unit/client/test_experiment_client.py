"""The typed client of experiments over a real socket."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from google.protobuf.message import Message
from google.rpc import code_pb2
from switchyard.experiment.v1 import (
    experiment_pb2,
    experiment_service_pb2,
    metric_pb2,
    results_pb2,
)
from switchyard_client import (
    Conflict,
    Enrollment,
    Experiment,
    ExperimentClient,
    ExperimentState,
    MetricKind,
    Outcome,
    ParameterValue,
    PlannedMetric,
    PreconditionFailed,
    Variant,
)

from tests.unit.client.fake_experiments import NAME, FakeExperiments, make_experiment, make_results
from tests.unit.client.fake_service import FakeServer, status


async def test_an_experiment_is_created_with_parameters_of_every_type(
    fake: FakeServer, experiments: FakeExperiments
) -> None:
    parameters = {
        "model": ParameterValue(text="a"),
        "temperature": ParameterValue(number=0.0),
        "most": ParameterValue(integer=3),
        "is_short": ParameterValue(flag=False),
    }
    wanted = Experiment(variants=[Variant(name="control", weight=1.0, parameters=parameters)])
    async with ExperimentClient(fake.address) as client:
        await client.create("x", wanted)
    variant = experiment_pb2.Variant(name="control", weight=1.0)
    variant.parameters["model"].text = "a"
    variant.parameters["temperature"].number = 0.0
    variant.parameters["most"].integer = 3
    variant.parameters["is_short"].flag = False
    assert experiments.requests == [
        experiment_service_pb2.CreateExperimentRequest(
            experiment_id="x", experiment=experiment_pb2.Experiment(variants=[variant])
        )
    ]


async def test_an_experiment_comes_back_with_its_parts(
    fake: FakeServer, experiments: FakeExperiments
) -> None:
    answer = make_experiment()
    answer.variants[0].parameters["temperature"].number = 0.2
    experiments.answers["GetExperiment"] = [
        experiment_service_pb2.GetExperimentResponse(experiment=answer)
    ]
    async with ExperimentClient(fake.address) as client:
        found = await client.get("lower-threshold")
    assert (found.name, found.state, found.etag) == (NAME, ExperimentState.RUNNING, "7")
    assert found.variants[0].parameters == {"temperature": ParameterValue(number=0.2)}
    assert found.metrics[1].kind is MetricKind.MEAN


@pytest.mark.parametrize("name", ["lower-threshold", NAME])
async def test_an_id_alone_is_a_name(
    fake: FakeServer, experiments: FakeExperiments, name: str
) -> None:
    async with ExperimentClient(fake.address) as client:
        await client.stop(name, reason="enough")
    assert experiments.requests == [
        experiment_service_pb2.StopExperimentRequest(name=NAME, reason="enough")
    ]


async def test_experiments_come_page_by_page(
    fake: FakeServer, experiments: FakeExperiments
) -> None:
    first, second = make_experiment(), make_experiment()
    second.name = "experiments/other"
    experiments.answers["ListExperiments"] = [
        experiment_service_pb2.ListExperimentsResponse(experiments=[first], next_page_token="2"),  # noqa: S106  # no secret
        experiment_service_pb2.ListExperimentsResponse(experiments=[second]),
    ]
    async with ExperimentClient(fake.address) as client:
        names = [one.name async for one in client.list(state=ExperimentState.RUNNING)]
    assert names == [NAME, "experiments/other"]


async def test_an_update_names_the_fields_that_change(
    fake: FakeServer, experiments: FakeExperiments
) -> None:
    async with ExperimentClient(fake.address) as client:
        await client.update(Experiment(name=NAME, etag="7", traffic=0.0), ["traffic"])
    wanted = experiment_service_pb2.UpdateExperimentRequest(
        experiment=experiment_pb2.Experiment(name=NAME, etag="7", traffic=0.0)
    )
    wanted.update_mask.paths.append("traffic")
    assert experiments.requests == [wanted]


async def test_a_stale_etag_is_a_conflict(fake: FakeServer, experiments: FakeExperiments) -> None:
    experiments.failure = status(code_pb2.ABORTED, "STALE_ETAG", "it has changed")
    async with ExperimentClient(fake.address) as client:
        with pytest.raises(Conflict):
            await client.pause(NAME, etag="6")


async def test_a_unit_is_assigned_with_all_that_is_known_of_it(
    fake: FakeServer, experiments: FakeExperiments
) -> None:
    answer = experiment_service_pb2.AssignVariantResponse(
        enrollment=experiment_service_pb2.ENROLLMENT_ENROLLED, variant="model", propensity=0.5
    )
    answer.parameters["engine"].text = "llm"
    experiments.answers["AssignVariant"] = [answer]
    async with ExperimentClient(fake.address) as client:
        got = await client.assign(
            "C-17",
            experiment="lower-threshold",
            attributes={"plan": "pro"},
            pre_period_values={"seconds": 31.5},
        )
    assert experiments.requests == [
        experiment_service_pb2.AssignVariantRequest(
            experiment=NAME,
            unit_id="C-17",
            attributes={"plan": "pro"},
            pre_period_values={"seconds": 31.5},
        )
    ]
    assert (got.enrollment, got.variant) == (Enrollment.ENROLLED, "model")
    assert got.parameters == {"engine": ParameterValue(text="llm")}


async def test_a_unit_is_assigned_in_a_layer(
    fake: FakeServer, experiments: FakeExperiments
) -> None:
    async with ExperimentClient(fake.address) as client:
        await client.assign("C-17", layer="triage", validate_only=True)
    assert experiments.requests == [
        experiment_service_pb2.AssignVariantRequest(
            layer="triage", unit_id="C-17", validate_only=True
        )
    ]


@pytest.mark.parametrize(("experiment", "layer"), [("", ""), ("a", "b")])
async def test_a_unit_is_assigned_in_one_place_alone(experiment: str, layer: str) -> None:
    with pytest.raises(ValueError, match="an experiment or a layer"):
        await ExperimentClient().assign("C-17", experiment=experiment, layer=layer)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (Outcome(experiment=NAME, success=False), "success"),
        (Outcome(experiment=NAME, value=0.0), "value"),
    ],
)
async def test_an_outcome_that_failed_or_is_0_is_still_an_outcome(
    fake: FakeServer, experiments: FakeExperiments, given: Outcome, field: str
) -> None:
    async with ExperimentClient(fake.address) as client:
        await client.record(given)
    (request,) = experiments.requests
    assert isinstance(request, experiment_service_pb2.RecordOutcomeRequest)
    assert request.outcome.WhichOneof("result") == field


async def outcomes(count: int) -> AsyncIterator[Outcome]:
    """So many successes."""
    for number in range(count):
        yield Outcome(experiment=NAME, unit_id=str(number), outcome_id="1", success=True)


async def test_many_outcomes_go_out_in_one_call(
    fake: FakeServer, experiments: FakeExperiments
) -> None:
    answer = experiment_service_pb2.RecordOutcomesResponse(recorded=499, failed=1)
    answer.failures.add(index=3).error.CopyFrom(status(code_pb2.NOT_FOUND, "X", "no such unit"))
    experiments.answers["RecordOutcomes"] = [answer]
    async with ExperimentClient(fake.address) as client:
        told = await client.record_many(outcomes(500))
    assert (told.recorded, told.failures[0].index) == (499, 3)
    assert [_unit(request) for request in experiments.requests] == [str(n) for n in range(500)]


def _unit(request: Message) -> str:
    assert isinstance(request, experiment_service_pb2.RecordOutcomesRequest)
    return request.outcome.unit_id


async def test_what_the_outcomes_raise_is_raised(fake: FakeServer) -> None:
    async def broken() -> AsyncIterator[Outcome]:
        yield Outcome(experiment=NAME)
        raise RuntimeError("the file is gone")

    async with ExperimentClient(fake.address) as client:
        with pytest.raises(RuntimeError, match="the file is gone"):
            await client.record_many(broken())


async def test_a_refusal_in_the_middle_is_raised_though_more_outcomes_wait(
    fake: FakeServer, experiments: FakeExperiments
) -> None:
    experiments.failure = status(code_pb2.FAILED_PRECONDITION, "ARCHIVED", "it is put away")
    experiments.fails_after = 2
    never = asyncio.Event()

    async def waiting() -> AsyncIterator[Outcome]:
        async for outcome in outcomes(3):
            yield outcome
        await never.wait()

    async with ExperimentClient(fake.address) as client:
        with pytest.raises(PreconditionFailed) as caught:
            await client.record_many(waiting())
    assert caught.value.reason == "ARCHIVED"


async def test_results_come_with_their_history(
    fake: FakeServer, experiments: FakeExperiments
) -> None:
    experiments.answers["GetExperimentResults"] = [
        experiment_service_pb2.GetExperimentResultsResponse(results=make_results())
    ]
    async with ExperimentClient(fake.address) as client:
        results = await client.results(NAME, with_history=True)
    assert experiments.requests == [
        experiment_service_pb2.GetExperimentResultsRequest(name=NAME, with_history=True)
    ]
    assert [moment.units for moment in results.history] == [400, 800, 1200, 1600, 2000]
    assert results.metrics[0].variants[0].lift is None
    assert results.metrics[0].variants[1].lift == pytest.approx(0.05)


async def test_results_are_watched_until_the_server_ends(
    fake: FakeServer, experiments: FakeExperiments
) -> None:
    experiments.answers["WatchExperimentResults"] = [
        experiment_service_pb2.WatchExperimentResultsResponse(
            results=results_pb2.ExperimentResults(exposures=units)
        )
        for units in (1, 2)
    ]
    async with ExperimentClient(fake.address) as client:
        seen = [one.exposures async for one in client.watch(NAME, min_interval_s=0.5)]
    assert seen == [1, 2]
    wanted = experiment_service_pb2.WatchExperimentResultsRequest(name=NAME)
    wanted.min_interval.FromTimedelta(timedelta(seconds=0.5))
    assert experiments.requests == [wanted]


async def test_a_plan_and_a_started_experiment_are_estimated(
    fake: FakeServer, experiments: FakeExperiments
) -> None:
    async with ExperimentClient(fake.address) as client:
        await client.estimate(PlannedMetric(kind=MetricKind.BINARY, baseline=0.8), 0.05)
        await client.estimate("lower-threshold", 0.05, power=0.9)
    planned = experiment_service_pb2.EstimateSampleSizeRequest(
        planned=experiment_service_pb2.PlannedMetric(
            kind=metric_pb2.METRIC_KIND_BINARY, baseline=0.8
        ),
        min_effect=0.05,
    )
    started = experiment_service_pb2.EstimateSampleSizeRequest(
        experiment=NAME, min_effect=0.05, power=0.9
    )
    assert experiments.requests == [planned, started]
