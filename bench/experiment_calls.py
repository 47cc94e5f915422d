"""Requests of the experiment service, to measure: units that are new, and outcomes that are."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import grpc
from switchyard.experiment.v1 import (
    experiment_pb2,
    experiment_service_pb2,
    experiment_service_pb2_grpc,
    metric_pb2,
)

ASSIGN = "/switchyard.experiment.v1.ExperimentService/AssignVariant"
RECORD = "/switchyard.experiment.v1.ExperimentService/RecordOutcome"
NAME = "experiments/bench"
EXPOSED = 1000  # units that outcomes are recorded of


async def open_experiment(address: str, authorization: str) -> None:
    """Start an experiment that never ends, and expose units to it."""
    metadata = [("authorization", authorization)]
    async with grpc.aio.insecure_channel(address) as channel:
        stub: Any = experiment_service_pb2_grpc.ExperimentServiceStub(channel)  # type: ignore[no-untyped-call]  # generated
        create = experiment_service_pb2.CreateExperimentRequest(
            experiment_id="bench", experiment=_design()
        )
        await stub.CreateExperiment(create, metadata=metadata)
        start = experiment_service_pb2.StartExperimentRequest(name=NAME)
        await stub.StartExperiment(start, metadata=metadata)
        for number in range(EXPOSED):
            await stub.AssignVariant(_assignment(_known(number)), metadata=metadata)


def _design() -> experiment_pb2.Experiment:
    value = metric_pb2.Metric(
        name="value",
        kind=metric_pb2.METRIC_KIND_MEAN,
        role=metric_pb2.METRIC_ROLE_PRIMARY,
        aggregation=metric_pb2.AGGREGATION_MEAN,
    )
    variants = [experiment_pb2.Variant(name=name, weight=0.5) for name in ("a", "b")]
    stopping = experiment_pb2.StoppingRule(
        min_units=10**9, continues_after_winner=True, continues_after_harm=True
    )
    return experiment_pb2.Experiment(
        unit=experiment_pb2.UNIT_KIND_OTHER, variants=variants, metrics=[value], stopping=stopping
    )


def assignments() -> Iterator[bytes]:
    """Units that nobody has seen."""
    return (_assignment(f"new-{number}").SerializeToString() for number in count())


def outcomes() -> Iterator[bytes]:
    """New outcomes of units that were exposed, one unit after the other."""
    return (_outcome(number).SerializeToString() for number in count())


def _known(number: int) -> str:
    return f"known-{number}"


def _assignment(unit_id: str) -> experiment_service_pb2.AssignVariantRequest:
    return experiment_service_pb2.AssignVariantRequest(experiment=NAME, unit_id=unit_id)


def _outcome(number: int) -> experiment_service_pb2.RecordOutcomeRequest:
    outcome = experiment_service_pb2.Outcome(
        experiment=NAME,
        unit_id=_known(number % EXPOSED),
        metric="value",
        outcome_id=f"outcome-{number}",
        value=number % 7,
    )
    return experiment_service_pb2.RecordOutcomeRequest(outcome=outcome)
