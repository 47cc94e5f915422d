"""The composition root: the files that name concrete parts and join them are this and `guards`."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import grpc
from google.rpc.status_pb2 import Status
from grpc_channelz.v1 import _async as channelz
from grpc_channelz.v1 import channelz_pb2_grpc
from grpc_reflection.v1alpha import reflection
from prometheus_client import CollectorRegistry, start_http_server
from switchyard.admin.v1 import (
    access_service_pb2,
    access_service_pb2_grpc,
    budget_service_pb2,
    budget_service_pb2_grpc,
    cache_service_pb2,
    cache_service_pb2_grpc,
    rate_limit_service_pb2,
    rate_limit_service_pb2_grpc,
    resilience_service_pb2,
    resilience_service_pb2_grpc,
)
from switchyard.triage.v1 import triage_service_pb2, triage_service_pb2_grpc

from interceptors.cache.tags import ALL, tag_of
from interceptors.drain import DrainGate
from interceptors.timings import Timings
from server.access.entrance import Entrance, Issuer, open_entrance
from server.access.outside_issuer import Terms
from server.access.servicer import AccessServicer
from server.access.tenant_store import ACCESS_CHANNEL
from server.admin.budget.servicer import BudgetServicer
from server.admin.cache import control as cache_control
from server.admin.cache import semantic
from server.admin.cache.semantic import SemanticControl
from server.admin.cache.servicer import CacheServicer
from server.admin.figures import ProcessFigures
from server.admin.limits import control as limit_control
from server.admin.limits.servicer import RateLimitServicer
from server.admin.orders import Orders
from server.admin.resilience import control as breaker_control
from server.admin.resilience.letters import LetterDesk, triage_again
from server.admin.resilience.performance import read_errors, read_timings
from server.admin.resilience.servicer import ResilienceServicer
from server.admin.store import ORDERS_CHANNEL, FigureStore, OrderStore
from server.audit.store import AuditLog
from server.budget.store import BudgetStore
from server.caller import caller_of
from server.dead_letters.store import DeadLetterStore
from server.engines.embedded.process import EngineProcess
from server.engines.embedded.remote import RemoteEngineMaker
from server.engines.llm.engine import LlmEngineMaker
from server.engines.llm.exact import ExactAnswers
from server.engines.llm.inquiry import Inquirer
from server.engines.llm.member import Member
from server.errors import is_foreseen, status_of
from server.guards import CHANNELZ_SERVICE, CONNECTION_IDLE_S, Guards, make_chain, make_guards
from server.health import SERVICE as HEALTH_SERVICE
from server.health import Health
from server.lifecycle import PortTaken, bind, most_connections
from server.logs import JsonLog
from server.models import open_finders, open_inquirer, open_reuse
from server.parts import Part, Parts
from server.secret_key import load_or_make_key
from server.settings import OFF, Address, Settings
from server.storage.database import Database
from server.storage.embedded import EmbeddedPostgres
from server.storage.group_commit import GroupCommit
from server.storage.migrate import migrate, read_migrations
from server.storage.notifications import Notifications
from server.tls import TlsFiles, tls_credentials
from server.triage.catalog import Active, TaxonomyCatalog
from server.triage.decision import DecisionPolicy
from server.triage.engine import EngineMaker
from server.triage.metrics import TriageMetrics
from server.triage.outside import Outside
from server.triage.pipeline import TriagePipeline
from server.triage.servicer import TriageServicer
from server.triage.starter import starter_taxonomy
from server.triage.store import TAXONOMY_CHANNEL, RunStore, TaxonomyStore

SERVICES = tuple(
    file.DESCRIPTOR.services_by_name[name].full_name
    for file, name in (
        (triage_service_pb2, "TriageService"),
        (access_service_pb2, "AccessService"),
        (cache_service_pb2, "CacheService"),
        (rate_limit_service_pb2, "RateLimitService"),
        (resilience_service_pb2, "ResilienceService"),
        (budget_service_pb2, "BudgetService"),
    )
)
MOST_MESSAGE_BYTES = 4 * 1024 * 1024
MOST_METADATA_BYTES = 16 * 1024

SERVER_OPTIONS = (
    ("grpc.so_reuseport", 0),  # a second server on the port must fail, not share it
    ("grpc.max_receive_message_length", MOST_MESSAGE_BYTES),
    # A compressed message may hold a thousand times its size: gRPC would unpack it all first.
    ("grpc.compression_enabled_algorithms_bitset", 1),  # none but "identity"
    ("grpc.max_metadata_size", MOST_METADATA_BYTES),
    ("grpc.absolute_max_metadata_size", MOST_METADATA_BYTES),
    ("grpc.max_concurrent_streams", 1000),
    ("grpc.max_connection_idle_ms", int(CONNECTION_IDLE_S * 1000)),
    # Clients may ping every ten seconds while a call is silent.
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
)


@dataclass(frozen=True, slots=True)
class Application:
    """A server that is ready."""

    server: grpc.aio.Server
    health: Health
    gate: DrainGate
    address: Address
    metrics_address: Address
    database: str  # "embedded" or "external", for people
    is_open: bool  # whether callers of this machine need no credentials yet


@dataclass(frozen=True, slots=True)
class Ground:
    """What everything stands on."""

    settings: Settings
    log: JsonLog
    registry: CollectorRegistry
    stack: AsyncExitStack
    guards: Guards
    key: bytes  # of digests and page tokens
    database: Database
    commits: GroupCommit


@dataclass(frozen=True, slots=True)
class TriageParts:
    """Triage, and what operators look at and change of it."""

    catalog: TaxonomyCatalog
    runs: RunStore
    pipeline: TriagePipeline
    letters: DeadLetterStore
    providers: Sequence[Member]  # of language models; empty: the embedded engine answers alone
    reuse: SemanticControl


@asynccontextmanager
async def application(settings: Settings, log: JsonLog) -> AsyncIterator[Application]:
    """Build everything, serve, and take everything down again in reverse order."""
    async with AsyncExitStack() as stack:
        registry = CollectorRegistry()
        metrics_address = _serve_metrics(settings.metrics_listen, registry, stack)
        engines = EngineProcess()
        engine_start = asyncio.create_task(engines.start())  # takes as long as the database does
        stack.push_async_callback(_stop_engines, engines, engine_start)
        ground = await _lay_ground(settings, log, registry, stack)
        guards, database = ground.guards, ground.database
        await engine_start
        entrance = await open_entrance(
            database,
            settings.token_key_file or settings.folder / "token.keys",
            _issuer(settings),
            guards.limiter.charge_anonymous,
            log.write,
            stack,
        )
        inquirer = open_inquirer(settings, database, guards.breakers, registry, log, stack)
        catalog = await _make_catalog(ground, engines, inquirer)
        triage = await _make_triage(ground, catalog, inquirer)
        answer_error = _error_answerer(log)
        chain = make_chain(
            settings,
            guards,
            entrance,
            catalog.generation_of,
            ground.key,
            answer_error,
            log,
            registry,
        )
        # After the chain: what operators have set must find the methods that it is set for.
        orders, figures = await _start_administration(ground, triage)

        def taxonomy_changed(tenant: str | None) -> None:
            catalog.forget(tenant)
            if tenant is not None:  # else the cache drops everything, as `orders` missed orders
                orders.soon(cache_control.CLEAR, tag_of(tenant=tenant))

        notifications = Notifications(
            database.url,
            {
                TAXONOMY_CHANNEL: taxonomy_changed,
                ACCESS_CHANNEL: entrance.authenticator.forget,
                ORDERS_CHANNEL: orders.heard,
            },
            when_lost=[entrance.authenticator.lose],
        )
        notifications.start()
        stack.push_async_callback(notifications.stop)

        server = grpc.aio.server(interceptors=(chain,), options=_options(settings))
        _add_triage(server, ground, triage, answer_error)
        _add_administration(server, ground, triage, entrance, orders, figures)
        parts = _parts(database, guards, engines, settings)
        health = Health(SERVICES, tuple(parts))
        health.register(server)
        _add_diagnostics(server, settings)
        address = bind(server, settings.listen, _credentials(settings, log))
        await server.start()
        stack.push_async_callback(server.stop, None)
        health.start_serving()
        await _watch(parts, guards, health, stack)
        yield Application(
            server=server,
            health=health,
            gate=guards.gate,
            address=address,
            metrics_address=metrics_address,
            database="external" if settings.database_url else "embedded",
            is_open=not settings.jwks and not await entrance.keys.any(),
        )


async def _lay_ground(
    settings: Settings, log: JsonLog, registry: CollectorRegistry, stack: AsyncExitStack
) -> Ground:
    key_file = settings.digest_key_file or settings.folder / "digest.key"
    key = await asyncio.to_thread(load_or_make_key, key_file)
    guards = make_guards(settings, SERVICES, registry, stack)
    database = await _open_database(settings, guards.timings, stack)
    commits = GroupCommit(database)
    commits.start()
    stack.push_async_callback(commits.stop)
    return Ground(settings, log, registry, stack, guards, key, database, commits)


async def _stop_engines(engines: EngineProcess, start: asyncio.Task[None]) -> None:
    start.cancel()
    await asyncio.gather(start, return_exceptions=True)
    await engines.stop()


async def _open_database(settings: Settings, timings: Timings, stack: AsyncExitStack) -> Database:
    """The given database or the embedded one, connected and migrated."""
    url = settings.database_url
    if not url:
        embedded = EmbeddedPostgres(settings.folder)
        stack.push_async_callback(embedded.stop)
        url = await embedded.start()
    database = Database(url, observe=_observer(timings, "query", settings))
    await database.open()
    stack.push_async_callback(database.close)
    await migrate(database, read_migrations())
    return database


async def _make_catalog(
    ground: Ground, engines: EngineProcess, inquirer: Inquirer | None
) -> TaxonomyCatalog:
    maker: EngineMaker = RemoteEngineMaker(engines)
    if inquirer is not None:
        maker = LlmEngineMaker(maker, inquirer, ExactAnswers(ground.guards.cache))
    starter = starter_taxonomy()
    starter_engine = await maker.load(maker.starter_model(), starter)
    return TaxonomyCatalog(TaxonomyStore(ground.database), maker, Active(starter, starter_engine))


async def _make_triage(
    ground: Ground, catalog: TaxonomyCatalog, inquirer: Inquirer | None
) -> TriageParts:
    settings, guards = ground.settings, ground.guards
    runs = RunStore(ground.database, ground.commits)
    letters = DeadLetterStore(ground.database, ground.commits)
    metrics = TriageMetrics(ground.registry)
    outside, reuse = None, None
    if inquirer is not None:
        reuse = await open_reuse(
            settings, ground.database, ground.commits, guards.cache, ground.stack
        )
        outside = Outside(letters, reuse, metrics.hidden, open_finders(settings))
    pipeline = TriagePipeline(
        catalog=catalog,
        runs=runs,
        policy=DecisionPolicy(settings.automatic_min_confidence),
        digest_key=ground.key,
        recorded=metrics.recorded,
        outside=outside,
        observe=_observer(guards.timings, "step", settings),
    )
    providers = () if inquirer is None else inquirer.members
    return TriageParts(catalog, runs, pipeline, letters, providers, SemanticControl(reuse))


def _add_triage(
    server: grpc.aio.Server,
    ground: Ground,
    triage: TriageParts,
    answer_error: Callable[[str, Exception], Status],
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


async def _start_administration(
    ground: Ground, triage: TriageParts
) -> tuple[Orders, ProcessFigures]:
    """What operators have set, in force; and the figures of this process, for all to see."""
    database, guards, stack = ground.database, ground.guards, ground.stack
    cache, limiter, breakers = guards.cache, guards.limiter, guards.breakers
    orders = Orders(
        OrderStore(database),
        settings={
            cache_control.SETTING: partial(cache_control.apply_terms, cache),
            limit_control.SETTING: partial(limit_control.apply_limits, limiter.book),
            breaker_control.SETTING: partial(breaker_control.apply_settings, breakers),
            breaker_control.MODE: partial(breaker_control.apply_mode, breakers),
            breaker_control.DRILL: partial(breaker_control.apply_drill, triage.providers),
            semantic.SETTING: triage.reuse.apply,
        },
        orders={
            # Every process tells Redis too: who gave the order may not have reached it.
            cache_control.CLEAR: cache.invalidate,
            limit_control.RESET: limiter.reset,
            breaker_control.RESET: partial(breaker_control.reset, breakers),
        },
        missed=partial(cache.forget, ALL),
    )

    def read_figures() -> Mapping[str, object]:
        return {
            "cache": cache_control.read_figures(cache),
            "limits": limit_control.read_figures(limiter),
            "timings": read_timings(guards.timings),
            "errors": read_errors(guards.errors),
        }

    figures = ProcessFigures(FigureStore(database), uuid.uuid4().hex, read_figures)
    await orders.start()
    stack.push_async_callback(orders.stop)
    figures.start()
    stack.push_async_callback(figures.stop)
    return orders, figures


def _ignore(_value: object) -> None:
    """Nobody asked how much it was."""


def _add_administration(
    server: grpc.aio.Server,
    ground: Ground,
    triage: TriageParts,
    entrance: Entrance,
    orders: Orders,
    figures: ProcessFigures,
) -> None:
    guards = ground.guards
    access_service_pb2_grpc.add_AccessServiceServicer_to_server(  # type: ignore[no-untyped-call]  # generated
        AccessServicer(
            entrance.keys,
            entrance.tenants,
            AuditLog(ground.database),
            entrance.tokens,
            entrance.directory.live_key,
            entrance.authenticator.forget,
            caller_of,
            ground.key,
        ),
        server,
    )
    cache_service_pb2_grpc.add_CacheServiceServicer_to_server(  # type: ignore[no-untyped-call]  # generated
        CacheServicer(guards.cache, orders, figures, triage.reuse), server
    )
    rate_limit_service_pb2_grpc.add_RateLimitServiceServicer_to_server(  # type: ignore[no-untyped-call]  # generated
        RateLimitServicer(
            guards.limiter,
            orders,
            figures,
            set_tier=entrance.keys.set_tier,
            tier_of=entrance.directory.tier_of,
            methods=guards.policies,
        ),
        server,
    )
    resilience_service_pb2_grpc.add_ResilienceServiceServicer_to_server(  # type: ignore[no-untyped-call]  # generated
        ResilienceServicer(
            guards.breakers,
            orders,
            figures,
            triage.providers,
            LetterDesk(
                triage.letters,
                partial(triage_again, triage.pipeline, triage.runs),
                ground.key,
                guards.gate.closed,
            ),
            since_1970=lambda seconds: time.time() - time.monotonic() + seconds,
            is_measuring=ground.settings.measure,
        ),
        server,
    )
    budget_service_pb2_grpc.add_BudgetServiceServicer_to_server(  # type: ignore[no-untyped-call]  # generated
        BudgetServicer(BudgetStore(ground.database), entrance.tenants.find, time.time), server
    )


def _add_diagnostics(server: grpc.aio.Server, settings: Settings) -> None:
    """Reflection always, channelz where it is asked for."""
    names = [*SERVICES, HEALTH_SERVICE, reflection.SERVICE_NAME]
    if settings.channelz:
        channelz_pb2_grpc.add_ChannelzServicer_to_server(channelz.ChannelzServicer(), server)
        names.append(CHANNELZ_SERVICE)
    reflection.enable_server_reflection(names, server)


def _parts(
    database: Database, guards: Guards, engines: EngineProcess, settings: Settings
) -> dict[str, Part]:
    """What the server stands on."""
    parts = {
        "database": Part(database.ping, is_needed=True),
        "engine": Part(engines.ping, is_needed=True),
    }
    shared = guards.cache.shared
    if settings.redis_url and shared is not None:
        parts["redis"] = Part(shared.probe, is_needed=False)
    return parts


async def _watch(
    parts: Mapping[str, Part], guards: Guards, health: Health, stack: AsyncExitStack
) -> None:
    watch = Parts(
        parts,
        guards.timings,
        lambda healthy: health.tell(healthy, is_ready=watch.is_ready(healthy)),
    )
    await watch.start()
    stack.push_async_callback(watch.stop)


def _observer(timings: Timings, kind: str, settings: Settings) -> Callable[[str, float], None]:
    """Takes in the times of one kind of work; of nothing where nothing is measured."""
    if not settings.measure:
        return lambda _subject, _seconds: None
    return lambda subject, seconds: timings.of(kind, subject).add(seconds)


def _options(settings: Settings) -> tuple[tuple[str, int], ...]:
    return (
        *SERVER_OPTIONS,
        ("grpc.max_allowed_incoming_connections", most_connections()),
        ("grpc.enable_channelz", int(settings.channelz)),
    )


def _issuer(settings: Settings) -> Issuer | None:
    if not settings.jwks:
        return None
    terms = Terms(
        settings.jwt_issuer,
        settings.jwt_audience,
        settings.jwt_tenant_claim,
        settings.jwt_roles_claim,
    )
    return Issuer(settings.jwks, terms)


def _credentials(settings: Settings, log: JsonLog) -> grpc.ServerCredentials | None:
    """What to listen with; None: in plain text."""
    if settings.tls_cert_file is None or settings.tls_key_file is None:
        return None
    files = TlsFiles(settings.tls_cert_file, settings.tls_key_file, settings.tls_client_ca_file)
    loop = asyncio.get_running_loop()
    return tls_credentials(
        files, lambda line: _ignore(loop.call_soon_threadsafe(log.write, dict(line)))
    )


def _error_answerer(log: JsonLog) -> Callable[[str, Exception], Status]:
    """Gives an exception its status, and the log what nobody foresaw."""

    def answer(method: str, error: Exception) -> Status:
        if not is_foreseen(error):
            log.unforeseen(method, error)
        return status_of(error)

    return answer


def _serve_metrics(address: Address, registry: CollectorRegistry, stack: AsyncExitStack) -> Address:
    """Serve the metrics over HTTP; the address with the port that was really bound."""
    if address == OFF:
        return OFF
    try:
        http, thread = start_http_server(address.port, address.host, registry)
    except OSError as error:
        raise PortTaken("metrics", address, "--metrics-listen") from error
    stack.callback(thread.join)
    stack.callback(http.server_close)
    stack.callback(http.shutdown)
    return Address(address.host, http.server_port)
