"""Triage: the taxonomies and their engines, the pipeline, and what it needs outside."""

from collections.abc import Sequence
from dataclasses import dataclass

import grpc
from switchyard.triage.v1 import triage_service_pb2_grpc

from server.admin.cache.semantic import SemanticControl
from server.composition.automation import AutomationParts
from server.composition.faults import AnswerError
from server.composition.ground import Ground, observer
from server.composition.models import open_finders, open_reuse
from server.dead_letters.store import DeadLetterStore
from server.engines.embedded.process import EngineProcess
from server.engines.embedded.remote import RemoteEngineMaker, digest_of_model
from server.engines.llm.engine import LlmEngineMaker
from server.engines.llm.exact import ExactAnswers
from server.engines.llm.inquiry import Inquirer
from server.engines.llm.member import Member
from server.engines.llm.prompt import prompt_versions
from server.experiments.assigner import Assigner
from server.triage.catalog import TaxonomyCatalog
from server.triage.engine import EngineMaker
from server.triage.examples.label_store import LabelStore
from server.triage.metrics import TriageMetrics
from server.triage.models.model_store import ModelStore
from server.triage.outside import Outside
from server.triage.parameters import Offer
from server.triage.pipeline import TriagePipeline
from server.triage.run import Run
from server.triage.servicer import TriageServicer
from server.triage.starter import starter_taxonomy
from server.triage.store import RunStore
from server.triage.supply import Active, Supply
from server.triage.taxonomy_store import TaxonomyStore
from server.triage.trial import Trials


@dataclass(frozen=True, slots=True)
class TriageParts:
    """Triage, and what operators look at and change of it."""

    catalog: TaxonomyCatalog
    runs: RunStore
    pipeline: TriagePipeline
    letters: DeadLetterStore
    metrics: TriageMetrics
    providers: Sequence[Member]  # of language models; empty: the embedded engine answers alone
    reuse: SemanticControl


async def make_catalog(
    ground: Ground, engines: EngineProcess, inquirer: Inquirer | None
) -> TaxonomyCatalog:
    maker: EngineMaker = RemoteEngineMaker(engines, ground.settings.embedding_model)
    if inquirer is not None:
        maker = LlmEngineMaker(maker, inquirer, ExactAnswers(ground.guards.cache))
    starter = starter_taxonomy()
    supply = Supply(
        taxonomies=TaxonomyStore(ground.database),
        models=ModelStore(ground.database, digest_of_model, maker.starter_model),
        labels=LabelStore(ground.database),
        maker=maker,
        starter=Active(starter, await maker.load(maker.starter_model(), starter)),
        report=ground.log.write,
    )
    catalog = TaxonomyCatalog(supply)
    ground.stack.push_async_callback(catalog.stop)
    return catalog


def make_offer(inquirer: Inquirer | None) -> Offer:
    """What experiments may choose from."""
    members = () if inquirer is None else inquirer.members
    return Offer(frozenset(member.provider.name for member in members), prompt_versions())


async def make_triage(
    ground: Ground,
    catalog: TaxonomyCatalog,
    inquirer: Inquirer | None,
    offer: Offer,
    assigner: Assigner,
    automation: AutomationParts,
) -> TriageParts:
    settings, guards = ground.settings, ground.guards
    runs = RunStore(ground.database, ground.commits)
    letters = DeadLetterStore(ground.database)
    metrics = TriageMetrics(ground.registry)
    outside, reuse = None, None
    if inquirer is not None:
        reuse = await open_reuse(ground)
        outside = Outside(reuse, metrics.hidden, metrics.look_failed, open_finders(settings))
    providers = () if inquirer is None else inquirer.members

    def recorded(run: Run) -> None:
        metrics.recorded(run)
        automation.counter.count(run)

    pipeline = TriagePipeline(
        catalog=catalog,
        runs=runs,
        policy=automation.policy,
        digest_key=ground.key,
        recorded=recorded,
        outside=outside,
        trials=Trials(assigner, offer, metrics.unserved),
        observe=observer(guards.timings, "step", settings),
    )
    return TriageParts(
        catalog=catalog,
        runs=runs,
        pipeline=pipeline,
        letters=letters,
        metrics=metrics,
        providers=providers,
        reuse=SemanticControl(reuse),
    )


def add_triage(
    server: grpc.aio.Server,
    ground: Ground,
    triage: TriageParts,
    answer_error: AnswerError,
) -> None:
    triage_service_pb2_grpc.add_TriageServiceServicer_to_server(  # type: ignore[no-untyped-call]  # generated
        TriageServicer(
            pipeline=triage.pipeline,
            catalog=triage.catalog,
            runs=triage.runs,
            status_of=answer_error,
            page_key=ground.key,
            batch_slots=ground.settings.batch_slots,
            draining=ground.guards.gate.closed,
        ),
        server,
    )
