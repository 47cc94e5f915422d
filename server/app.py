"""Builds the server of its parts, serves, and takes everything down again."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import grpc
from google.rpc import error_details_pb2
from grpc_channelz.v1 import _async as channelz
from grpc_channelz.v1 import channelz_pb2_grpc
from grpc_reflection.v1alpha import reflection
from prometheus_client import CollectorRegistry, start_http_server

from interceptors.cache.tags import tag_of
from interceptors.drain import DrainGate
from interceptors.limits.limiter import Limiter
from server.access.entrance import Issuer, open_entrance
from server.access.guesses import Guesses
from server.access.outside_issuer import Terms
from server.access.tenant_store import ACCESS_CHANNEL
from server.admin.cache import control as cache_control
from server.admin.limits.inheritance import delete_limits, inherit_limits
from server.admin.store import ORDERS_CHANNEL
from server.composition.administration import add_administration, start_administration
from server.composition.automation import make_automation
from server.composition.experiments import add_experiments, make_experiments
from server.composition.faults import error_answerer
from server.composition.feedback import BELONGINGS, add_feedback, make_feedback
from server.composition.generations import Generations
from server.composition.ground import SERVICES, lay_ground
from server.composition.guards import (
    CHANNELZ_SERVICE,
    CONNECTION_IDLE_S,
    MOST_REQUEST_BYTES,
    Guards,
    make_chain,
)
from server.composition.models import open_inquirer
from server.composition.triage import add_triage, make_catalog, make_offer, make_triage
from server.engines.embedded.process import EngineProcess
from server.experiments.store import EXPERIMENT_CHANNEL
from server.feedback.review.store import REVIEW_CHANNEL
from server.health import SERVICE as HEALTH_SERVICE
from server.health import Health, described_pool
from server.lifecycle import PortTaken, Unwinding, bind, most_connections
from server.logs import JsonLog
from server.parts import Part, Parts
from server.sentence_model import SentenceModel
from server.settings import OFF, Address, Settings
from server.storage.database import Database
from server.storage.notifications import Notifications
from server.tls import TlsFiles, tls_credentials
from server.triage.answer_store import ANSWER_CHANNEL
from server.triage.automation.gate_store import AUTOMATION_CHANNEL
from server.triage.examples.label_store import LABEL_CHANNEL
from server.triage.parameters import parameter_faults
from server.triage.taxonomy_store import TAXONOMY_CHANNEL

# gRPC ends a whole stream, without a status of ours, for one message beyond its limit: the codec
# refuses much smaller ones by themselves.
MOST_MESSAGE_BYTES = 4 * MOST_REQUEST_BYTES
MOST_METADATA_BYTES = 16 * 1024
HANDSHAKE_S = 5.0
ERROR_DETAILS = error_details_pb2.ErrorInfo.DESCRIPTOR.full_name  # no service's file imports it

SERVER_OPTIONS = (
    ("grpc.so_reuseport", 0),  # a second server on the port must fail, not share it
    ("grpc.max_receive_message_length", MOST_MESSAGE_BYTES),
    # A compressed message may hold a thousand times its size: gRPC would unpack it all first.
    ("grpc.compression_enabled_algorithms_bitset", 1),  # none but "identity"
    ("grpc.max_metadata_size", MOST_METADATA_BYTES),
    ("grpc.absolute_max_metadata_size", MOST_METADATA_BYTES),
    ("grpc.max_concurrent_streams", 1000),
    # Of connections that never call nobody tells whose they are: they must end by themselves.
    ("grpc.max_connection_idle_ms", int(CONNECTION_IDLE_S * 1000)),
    ("grpc.server_handshake_timeout_ms", int(HANDSHAKE_S * 1000)),
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
    unwinding: Unwinding


@asynccontextmanager
async def application(settings: Settings, log: JsonLog) -> AsyncIterator[Application]:
    """Build everything, serve, and take everything down again in reverse order."""
    async with Unwinding() as stack:
        registry = CollectorRegistry()
        metrics_address = _serve_metrics(settings.metrics_listen, registry, stack)
        if settings.embedding_model is not None:  # else the engine's process would die of it
            await asyncio.to_thread(SentenceModel, settings.embedding_model)
        engines = EngineProcess(embedding_model=settings.embedding_model)
        engine_start = asyncio.create_task(engines.start())  # takes as long as the database does
        stack.push_async_callback(_stop_engines, engines, engine_start)
        ground = await lay_ground(settings, log, registry, stack)
        guards, database = ground.guards, ground.database
        await engine_start
        entrance = await open_entrance(
            database,
            settings.token_key_file or settings.folder / "token.keys",
            _issuer(settings),
            inherit_limits,
            guards.limiter.charge_anonymous,
            Guesses(Limiter(guards.limiter.book, is_shadow=settings.rate_limit_shadow)),
            log.write,
            stack,
            (*BELONGINGS, delete_limits, cache_control.erase_answers),
        )
        inquirer = open_inquirer(settings, database, guards.breakers, registry, log, stack)
        offer = make_offer(inquirer)
        experiments = make_experiments(ground, partial(parameter_faults, offer=offer))
        catalog = await make_catalog(ground, engines, inquirer)
        automation = make_automation(ground)
        triage = await make_triage(
            ground, catalog, inquirer, offer, experiments.assigner, automation
        )
        feedback = make_feedback(ground, triage, automation, experiments)
        answer_error = error_answerer(log)
        generations = Generations(catalog, experiments.catalog, automation.catalog)
        chain = make_chain(
            settings,
            guards,
            entrance,
            generations.of,
            generations.find,
            ground.key,
            answer_error,
            registry,
        )
        # After the chain: what operators have set must find the methods that it is set for.
        orders, figures = await start_administration(ground, triage)

        def taxonomy_changed(tenant: str | None) -> None:
            catalog.forget(tenant)
            if tenant is not None:  # else the cache drops everything, as `orders` missed orders
                orders.soon(cache_control.CLEAR, tag_of(tenant=tenant))

        def answers_overturned(tag: str | None) -> None:
            if tag is not None:  # else the cache drops everything, as above
                guards.cache.forget(tag)
                orders.soon(cache_control.CLEAR, tag)  # in Redis, too

        notifications = Notifications(
            database.url,
            {
                TAXONOMY_CHANNEL: taxonomy_changed,
                LABEL_CHANNEL: catalog.learn,
                ANSWER_CHANNEL: answers_overturned,
                EXPERIMENT_CHANNEL: experiments.catalog.forget,
                AUTOMATION_CHANNEL: automation.catalog.forget,
                REVIEW_CHANNEL: feedback.streams.heard,
                ACCESS_CHANNEL: entrance.authenticator.forget,
                ORDERS_CHANNEL: orders.heard,
            },
            when_lost=[entrance.authenticator.lose, automation.catalog.lose],
        )
        notifications.start()
        stack.push_async_callback(notifications.stop)

        server = grpc.aio.server(interceptors=(chain,), options=_options(settings))
        add_triage(server, ground, triage, answer_error)
        add_feedback(server, ground, feedback)
        add_experiments(server, ground, experiments, answer_error)
        add_administration(server, ground, triage, entrance, orders, figures)
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
            unwinding=stack,
        )


async def _stop_engines(engines: EngineProcess, start: asyncio.Task[None]) -> None:
    start.cancel()
    await asyncio.gather(start, return_exceptions=True)
    await engines.stop()


def _add_diagnostics(server: grpc.aio.Server, settings: Settings) -> None:
    """Reflection always, channelz where it is asked for."""
    names = [*SERVICES, HEALTH_SERVICE, reflection.SERVICE_NAME]
    if settings.channelz:
        channelz_pb2_grpc.add_ChannelzServicer_to_server(channelz.ChannelzServicer(), server)
        names.append(CHANNELZ_SERVICE)
    reflection.enable_server_reflection(names, server, described_pool([*names, ERROR_DETAILS]))


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


def _ignore(_value: object) -> None:
    """Nobody asked how much it was."""


def _credentials(settings: Settings, log: JsonLog) -> grpc.ServerCredentials | None:
    """What to listen with; None: in plain text."""
    if settings.tls_cert_file is None or settings.tls_key_file is None:
        return None
    files = TlsFiles(settings.tls_cert_file, settings.tls_key_file, settings.tls_client_ca_file)
    loop = asyncio.get_running_loop()
    return tls_credentials(
        files, lambda line: _ignore(loop.call_soon_threadsafe(log.write, dict(line)))
    )


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
