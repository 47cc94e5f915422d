"""The composition root: the only file that names concrete parts and joins them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import grpc
from google.protobuf import descriptor_pool
from google.rpc.status_pb2 import Status
from grpc_reflection.v1alpha import reflection
from prometheus_client import CollectorRegistry, start_http_server
from switchyard.triage.v1 import triage_service_pb2, triage_service_pb2_grpc

from interceptors.access_log import AccessLog
from interceptors.chain import Chain
from interceptors.codec import Codec
from interceptors.drain import DrainGate
from interceptors.error_status import ErrorStatus
from interceptors.metrics import CallCollector, CallTimings
from interceptors.policy import read_policies
from interceptors.recent_errors import RecentErrors
from interceptors.telemetry import Telemetry
from interceptors.timings import Timings
from interceptors.validation import Validation
from server import __version__
from server.caller import caller_of
from server.engines.embedded.process import EngineProcess
from server.engines.embedded.remote import RemoteEngineMaker
from server.errors import is_foreseen, status_of
from server.health import SERVICE as HEALTH_SERVICE
from server.health import Health
from server.lifecycle import PortTaken, bind
from server.logs import JsonLog
from server.secret_key import load_or_make_key
from server.settings import OFF, Address, Settings
from server.storage.database import Database
from server.storage.embedded import EmbeddedPostgres
from server.storage.group_commit import GroupCommit
from server.storage.migrate import migrate, read_migrations
from server.storage.notifications import Notifications
from server.triage.catalog import Active, TaxonomyCatalog
from server.triage.decision import DecisionPolicy
from server.triage.errors import ServerDraining
from server.triage.metrics import TriageMetrics
from server.triage.pipeline import TriagePipeline
from server.triage.servicer import TriageServicer
from server.triage.starter import starter_taxonomy
from server.triage.store import TAXONOMY_CHANNEL, RunStore, TaxonomyStore

TRIAGE_SERVICE = triage_service_pb2.DESCRIPTOR.services_by_name["TriageService"].full_name
SERVICES = (TRIAGE_SERVICE,)
MOST_MESSAGE_BYTES = 4 * 1024 * 1024

SERVER_OPTIONS = (
    ("grpc.so_reuseport", 0),  # a second server on the port must fail, not share it
    ("grpc.max_receive_message_length", MOST_MESSAGE_BYTES),
    ("grpc.max_concurrent_streams", 1000),
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


@asynccontextmanager
async def application(settings: Settings, log: JsonLog) -> AsyncIterator[Application]:
    """Build everything, serve, and take everything down again in reverse order."""
    async with AsyncExitStack() as stack:
        registry = CollectorRegistry()
        metrics_address = _serve_metrics(settings.metrics_listen, registry, stack)
        key_file = settings.digest_key_file or settings.folder / "digest.key"
        key = await asyncio.to_thread(load_or_make_key, key_file)
        engines = EngineProcess()
        stack.push_async_callback(engines.stop)
        database, _ = await asyncio.gather(_open_database(settings, stack), engines.start())

        commits = GroupCommit(database)
        commits.start()
        stack.push_async_callback(commits.stop)
        runs = RunStore(database, commits)
        maker, starter = RemoteEngineMaker(engines), starter_taxonomy()
        starter_engine = await maker.load(maker.starter_model(), starter)
        catalog = TaxonomyCatalog(TaxonomyStore(database), maker, Active(starter, starter_engine))
        notifications = Notifications(database.url, {TAXONOMY_CHANNEL: catalog.forget})
        notifications.start()
        stack.push_async_callback(notifications.stop)

        pipeline = TriagePipeline(
            catalog=catalog,
            runs=runs,
            policy=DecisionPolicy(settings.automatic_min_confidence),
            digest_key=key,
            server_version=__version__,
            recorded=TriageMetrics(registry),
        )
        gate = DrainGate(ServerDraining, _is_health)
        answer_error = _error_answerer(log)
        server = grpc.aio.server(
            interceptors=(_chain(registry, log, answer_error, gate),), options=SERVER_OPTIONS
        )
        triage_service_pb2_grpc.add_TriageServiceServicer_to_server(  # type: ignore[no-untyped-call]  # generated
            TriageServicer(
                pipeline=pipeline,
                catalog=catalog,
                runs=runs,
                caller_of=caller_of,
                status_of=answer_error,
                page_key=key,
                batch_slots=settings.batch_slots,
                draining=gate.closed,
            ),
            server,
        )
        health = Health(SERVICES)
        health.register(server)
        reflection.enable_server_reflection(
            (*SERVICES, HEALTH_SERVICE, reflection.SERVICE_NAME), server
        )
        address = bind(server, settings.listen)
        await server.start()
        stack.push_async_callback(server.stop, None)
        health.start_serving()
        yield Application(
            server=server,
            health=health,
            gate=gate,
            address=address,
            metrics_address=metrics_address,
            database="external" if settings.database_url else "embedded",
        )


async def _open_database(settings: Settings, stack: AsyncExitStack) -> Database:
    """The given database or the embedded one, connected and migrated."""
    url = settings.database_url
    if not url:
        embedded = EmbeddedPostgres(settings.folder)
        stack.push_async_callback(embedded.stop)
        url = await embedded.start()
    database = Database(url)
    await database.open()
    stack.push_async_callback(database.close)
    await migrate(database, read_migrations())
    return database


def _chain(
    registry: CollectorRegistry,
    log: JsonLog,
    answer_error: Callable[[str, Exception], Status],
    gate: DrainGate,
) -> Chain:
    """The interceptors, outermost first."""
    policies = read_policies(descriptor_pool.Default(), SERVICES)
    timings = Timings()
    calls = CallTimings(timings)
    registry.register(CallCollector(calls, timings, {"step": "switchyard_step_duration_seconds"}))
    return Chain(
        [
            Telemetry([calls, AccessLog(log.write), RecentErrors()]),
            ErrorStatus(answer_error),
            gate,
            Codec(items_stand_alone=policies.__contains__),
            Validation(),
        ]
    )


def _is_health(method: str) -> bool:
    return method.startswith(f"{HEALTH_SERVICE}/")


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
