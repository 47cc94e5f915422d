"""Experiments: who is assigned what, what came of it, and who looks after it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import grpc
from switchyard.experiment.v1 import experiment_service_pb2_grpc

from server.composition.faults import AnswerError
from server.composition.ground import Ground
from server.experiments.applying import ParameterFaults
from server.experiments.assigner import Assigner
from server.experiments.catalog import ExperimentCatalog
from server.experiments.checks import check_design
from server.experiments.conductor import Conductor
from server.experiments.looks import Looks
from server.experiments.records.record_store import RecordStore
from server.experiments.servicer import ExperimentServicer
from server.experiments.store import ExperimentStore
from server.storage.group_commit import GroupCommit


@dataclass(frozen=True, slots=True)
class ExperimentParts:
    """Experiments, as other parts need them."""

    store: ExperimentStore
    records: RecordStore
    assigner: Assigner
    looks: Looks
    parameter_faults: ParameterFaults

    @property
    def catalog(self) -> ExperimentCatalog:
        """What runs for each tenant."""
        return self.assigner.catalog


def make_experiments(ground: Ground, parameter_faults: ParameterFaults) -> ExperimentParts:
    store = ExperimentStore(ground.database, parameter_faults)
    # A writer of its own: it reads before it writes, and what only appends must not wait for that.
    commits = GroupCommit(ground.database)
    commits.start()
    ground.stack.push_async_callback(commits.stop)
    records = RecordStore(ground.database, commits, _now)
    assigner = Assigner(ExperimentCatalog(store.active, store.get), records, _now)
    looks = Looks(store, records, _now)
    conductor = Conductor(store, records, looks, _now)
    conductor.start()
    ground.stack.push_async_callback(conductor.stop)
    return ExperimentParts(store, records, assigner, looks, parameter_faults)


def add_experiments(
    server: grpc.aio.Server,
    ground: Ground,
    experiments: ExperimentParts,
    answer_error: AnswerError,
) -> None:
    experiment_service_pb2_grpc.add_ExperimentServiceServicer_to_server(  # type: ignore[no-untyped-call]  # generated
        ExperimentServicer(
            experiments=experiments.store,
            records=experiments.records,
            assigner=experiments.assigner,
            looks=experiments.looks,
            check=partial(check_design, parameter_faults=experiments.parameter_faults),
            status_of=answer_error,
            page_key=ground.key,
            draining=ground.guards.gate.closed,
            now=_now,
        ),
        server,
    )


def _now() -> datetime:
    return datetime.now(UTC)
