"""A pipeline whose tickets go out to models at a rehearsal endpoint, on a real database."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from prometheus_client import CollectorRegistry

from interceptors.breaker.registry import BreakerRegistry
from interceptors.breaker.settings import BreakerSettings
from server.dead_letters.letter import DeadLetter, LetterFilter
from server.dead_letters.store import DeadLetterStore
from server.engines.embedded.process import EngineProcess
from server.engines.embedded.remote import RemoteEngineMaker
from server.engines.llm.alarm import Alarm
from server.engines.llm.engine import LlmEngineMaker
from server.engines.llm.inquiry import Inquirer
from server.engines.llm.lean_transport import LeanTransport
from server.engines.llm.member import Member, make_member
from server.engines.llm.metrics import LlmMetrics
from server.engines.llm.prompt import prompt_versions
from server.engines.llm.provider import Provider, Providers
from server.engines.llm.retry_budget import RetryBudget
from server.storage.database import Database
from server.storage.group_commit import GroupCommit
from server.storage.migrate import migrate, read_migrations
from server.triage.catalog import TaxonomyCatalog
from server.triage.decision import DecisionPolicy
from server.triage.metrics import TriageMetrics
from server.triage.outside import Outside
from server.triage.parameters import Offer
from server.triage.pipeline import Event, Order, Recorded, TriagePipeline
from server.triage.reuse.cache import SemanticCache
from server.triage.reuse.gate import GateSettings
from server.triage.reuse.store import ReuseStore, Vector
from server.triage.run import Run
from server.triage.store import RunStore
from server.triage.trial import Trials
from tests.integration.triage.laboratory import Laboratory
from tests.integration.triage.supplies import make_supply

LONG_S = 20.0
NAMES = ("one", "two")  # of the providers, in their order
OFFER = Offer(frozenset(NAMES), prompt_versions())


@dataclass
class SameEmbedder:
    """Finds all texts alike, so that facts alone keep them apart."""

    name: str = "same"
    is_broken: bool = False
    is_silent: bool = False

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """The same direction for each."""
        if self.is_broken:
            raise RuntimeError("out of order")
        if self.is_silent:
            await asyncio.Event().wait()
        return [np.array([1.0, 0.0], np.float32) for _ in texts]


@dataclass
class Abroad:
    """The pipeline, and what it leaves behind."""

    pipeline: TriagePipeline
    make_pipeline: Callable[[Laboratory], TriagePipeline]  # as another process has it
    runs: RunStore
    letters: DeadLetterStore
    members: Sequence[Member]
    laboratory: Laboratory
    registry: CollectorRegistry
    alerts: list[tuple[str, str]] = field(default_factory=list)

    def order(self, tenant: str, ticket: Any, **fields: Any) -> Order:
        """An order with time enough."""
        return Order(tenant, ticket, **{"deadline_s": time.monotonic() + LONG_S} | fields)

    async def events(self, tenant: str, ticket: Any, **fields: Any) -> list[Event]:
        """All that happens to a ticket."""
        async with aclosing(self.pipeline.run(self.order(tenant, ticket, **fields))) as events:
            return [event async for event in events]

    async def triage(
        self, tenant: str, ticket: Any, *, is_watched: bool = False, **fields: Any
    ) -> Run:
        """The run of a ticket."""
        if not is_watched:
            return (await self.pipeline.triage(self.order(tenant, ticket, **fields))).run
        recorded = (await self.events(tenant, ticket, **fields))[-1]
        assert isinstance(recorded, Recorded)
        return recorded.run

    async def letters_of(self, tenant: str) -> list[DeadLetter]:
        """The dead letters of a tenant."""
        return await self.letters.page(tenant, LetterFilter(), "", 10)


@asynccontextmanager
async def abroad(database: Database, url: str, embedder: SameEmbedder) -> AsyncIterator[Abroad]:
    """A pipeline with two providers at one URL. Pauses before further calls pass at once."""
    async with AsyncExitStack() as stack:
        await migrate(database, read_migrations())
        commits = GroupCommit(database)
        commits.start()
        stack.push_async_callback(commits.stop)
        process = EngineProcess()
        await process.start()
        stack.push_async_callback(process.stop)
        breakers = BreakerRegistry(BreakerSettings(), time.monotonic)
        members = [make_member(*_line(name, url, stack), breakers) for name in NAMES]
        registry, alerts = CollectorRegistry(), list[tuple[str, str]]()
        metrics = LlmMetrics(registry)
        inquirer = Inquirer(
            members,
            Providers(tuple(member.provider for member in members)),
            RetryBudget(share=1.0, most=1000.0),
            metrics,
            alarm=Alarm(metrics, time.monotonic, lambda *alert: alerts.append(alert)),
            sleep=_pass_at_once,
        )
        letters, runs = DeadLetterStore(database), RunStore(database, commits)
        reuse = SemanticCache(ReuseStore(database, commits), embedder, GateSettings(), lambda: 0.99)
        reuse.configure(GateSettings(fixed_similarity=0.9))
        counts, laboratory = TriageMetrics(registry), _laboratory(database, stack)
        catalog = await _catalog(database, process, inquirer)

        def make_pipeline(laboratory: Laboratory) -> TriagePipeline:
            return TriagePipeline(
                catalog=catalog,
                runs=runs,
                policy=DecisionPolicy(0.85),
                digest_key=b"k" * 32,
                recorded=counts.recorded,
                outside=Outside(reuse, counts.hidden, counts.look_failed),
                trials=Trials(laboratory.assigner(), OFFER, counts.unserved),
            )

        yield Abroad(
            pipeline=make_pipeline(laboratory),
            make_pipeline=make_pipeline,
            runs=runs,
            letters=letters,
            members=members,
            laboratory=laboratory,
            registry=registry,
            alerts=alerts,
        )


def _laboratory(database: Database, stack: AsyncExitStack) -> Laboratory:
    commits = GroupCommit(database)
    commits.start()
    stack.push_async_callback(commits.stop)
    return Laboratory(database, commits)


def _line(name: str, url: str, stack: AsyncExitStack) -> tuple[Provider, LeanTransport]:
    provider = Provider(name, url, f"model-{name}")
    transport = LeanTransport(
        url, "", provider.model, has_strict_schema=True, has_logprobs=True, most_connections=8
    )
    stack.push_async_callback(transport.close)
    return provider, transport


async def _catalog(
    database: Database, process: EngineProcess, inquirer: Inquirer
) -> TaxonomyCatalog:
    maker = LlmEngineMaker(RemoteEngineMaker(process), inquirer)
    return TaxonomyCatalog(await make_supply(database, maker))


async def _pass_at_once(_seconds: float) -> None:
    """No pause."""
