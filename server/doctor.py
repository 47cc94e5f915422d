"""Examines an installation: what is wrong, and what to do about it."""

import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from urllib.parse import urldefrag

import click
import psycopg

from interceptors.cache.answer_cache import AnswerCache
from interceptors.cache.memory import Memory
from interceptors.cache.probe import probe as probe_cache
from interceptors.cache.shared import SharedCache
from server.access.signing_keys import read_signing_keys
from server.composition.models import KEY_VARIABLE, read_terms
from server.engines.embedded.engine import EmbeddedEngineMaker
from server.engines.llm.provider import Provider
from server.engines.llm.providers_file import InvalidProviders
from server.model_probe import endpoint_fault
from server.probe import Identity, is_serving
from server.secret_key import UnusableKey, read_key
from server.sentence_model import ModelFolderUnusable
from server.settings import OFF, Address, Settings
from server.storage.database import Connection
from server.storage.embedded import folder_fault, running_url
from server.storage.errors import MigrationFailed
from server.storage.migrate import lacking_right, pending_migrations, read_migrations
from server.storage.refusals import refusal_cause
from server.tls import TlsFiles, check_tls_files
from server.triage.errors import ModelUnreadable
from server.triage.starter import starter_taxonomy

ANSWER_S = 3.0
LEAST_FREE_MB = 64  # on the disk of the data folder; a new database takes about 50


class Verdict(Enum):
    """How one part is."""

    OK = "ok"
    NOTE = "note"  # worth knowing, no fault
    FAULT = "FAULT"  # keeps the server from serving


@dataclass(frozen=True, slots=True)
class Finding:
    """One part, how it is, and what to do."""

    part: str
    verdict: Verdict
    text: str


async def examine(settings: Settings, identity: Identity | None = None) -> int:
    """Print a line a finding; the exit status: 1 when there is a fault.

    `identity` is shown to a running server that wants certificates of its clients.
    """
    faults = 0
    async for finding in _findings(settings, identity):
        faults += finding.verdict is Verdict.FAULT
        click.echo(f"{finding.verdict.value:6} {finding.part:12} {finding.text}")
    click.echo("All is well." if not faults else f"{faults} fault(s): the server cannot serve so.")
    return 1 if faults else 0


async def _findings(settings: Settings, identity: Identity | None) -> AsyncIterator[Finding]:
    yield _data_folder(settings.folder, is_for_database=not settings.database_url)
    yield _key_file(
        "digest key", settings.digest_key_file or settings.folder / "digest.key", read_key
    )
    token_keys = settings.token_key_file or settings.folder / "token.keys"
    yield _key_file("token keys", token_keys, read_signing_keys)
    yield _tls(settings)
    yield await _database(settings)
    yield await _redis(settings)
    yield _model()
    for finding in await _providers(settings):
        yield finding
    yield await _embeddings(settings)
    grpc_port = await _grpc_port(settings, identity)
    yield grpc_port
    if settings.metrics_listen != OFF:
        serves = grpc_port.verdict is Verdict.NOTE  # a server answers there
        yield _metrics_port(settings.metrics_listen, server_answers=serves)


def _data_folder(folder: Path, *, is_for_database: bool) -> Finding:
    existing = folder
    while not existing.exists():
        existing = existing.parent
    try:
        Path(tempfile.mkdtemp(dir=existing)).rmdir()  # an administrator seems to have every right
    except OSError:
        text = f"{existing} may not be written; change its owner or choose another with --data"
        return Finding("data folder", Verdict.FAULT, text)
    fault = folder_fault(folder)
    if fault:
        return Finding("data folder", Verdict.FAULT, fault)
    free_mb = shutil.disk_usage(existing).free // 2**20
    if is_for_database and free_mb < LEAST_FREE_MB:
        text = f"the disk of {existing} has {free_mb} MB left; make room there"
        return Finding("data folder", Verdict.FAULT, text)
    made = "" if existing == folder else " (made at the first start)"
    return Finding("data folder", Verdict.OK, f"{folder}{made}")


def _key_file(part: str, path: Path, read: Callable[[Path], object]) -> Finding:
    try:
        if not path.exists():
            return Finding(part, Verdict.OK, f"{path} (made at the first start)")
        read(path)
    except (OSError, UnusableKey) as error:
        return Finding(part, Verdict.FAULT, _said(error))
    if path.stat().st_mode & 0o077:
        return Finding(part, Verdict.NOTE, f"others may read {path}; chmod 600 it")
    return Finding(part, Verdict.OK, str(path))


def _tls(settings: Settings) -> Finding:
    certificates, private_key = settings.tls_cert_file, settings.tls_key_file
    if certificates is None or private_key is None:
        return Finding("tls", Verdict.OK, f"none: {settings.listen} is served in plain text")
    try:
        ends = check_tls_files(TlsFiles(certificates, private_key, settings.tls_client_ca_file))
    except (OSError, UnusableKey) as error:
        return Finding("tls", Verdict.FAULT, _said(error))
    if ends <= datetime.now(UTC):
        text = f"{certificates} has expired; renew it, a running server takes the new one"
        return Finding("tls", Verdict.FAULT, text)
    return Finding("tls", Verdict.OK, f"{certificates}, valid until {ends:%Y-%m-%d %H:%M} UTC")


async def _database(settings: Settings) -> Finding:
    try:
        running = await asyncio.to_thread(running_url, settings.folder)
    except OSError as error:
        return Finding("database", Verdict.FAULT, f"{_said(error)}; run as the server's user")
    url = settings.database_url or running
    if not url:
        return Finding("database", Verdict.OK, "embedded, not running; it starts with the server")
    kind = "external" if settings.database_url else "embedded"
    try:
        async with await psycopg.AsyncConnection.connect(
            url, connect_timeout=int(ANSWER_S)
        ) as connection:
            what = f"{kind}, PostgreSQL {connection.info.server_version // 10_000}"
            return await _schema(connection, what)
    except psycopg.Error as error:
        text = f"{kind}, no connection: {refusal_cause(error)}"
        remedy = "check SWITCHYARD_DATABASE_URL" if settings.database_url else "start the server"
        return Finding("database", Verdict.FAULT, f"{text}; {remedy}")


async def _redis(settings: Settings) -> Finding:
    if not settings.redis_url:
        return Finding("redis", Verdict.OK, "none: limits and cached answers are of each process")
    cache = AnswerCache(Memory(), SharedCache(settings.redis_url, timeout_s=ANSWER_S))
    _, found = await probe_cache(cache)
    await cache.close()
    if found.problem:
        text = f"{found.problem} The server serves without it; check SWITCHYARD_REDIS_URL"
        return Finding("redis", Verdict.NOTE, text)
    return Finding("redis", Verdict.OK, "answers")


async def _schema(connection: Connection, what: str) -> Finding:
    """Whether the schema is ours, or may be made so at the next start."""
    try:
        pending = await pending_migrations(connection, read_migrations())
        lacking = await lacking_right(connection) if pending else ""
    except MigrationFailed as error:
        return Finding("database", Verdict.FAULT, f"{what}; {error}")
    except psycopg.Error as error:
        text = f"{what}; its schema cannot be examined ({type(error).__name__})"
        return Finding("database", Verdict.FAULT, text)
    if lacking:
        return Finding("database", Verdict.FAULT, f"{what}; {lacking}")
    state = f"{len(pending)} migration(s) run at the next start" if pending else "schema up to date"
    return Finding("database", Verdict.OK, f"{what}, {state}")


def _model() -> Finding:
    maker = EmbeddedEngineMaker()
    try:
        engine = maker.load(maker.starter_model(), starter_taxonomy())
    except (ModelUnreadable, OSError) as error:
        text = f"the starter model cannot be read ({type(error).__name__}); install again"
        return Finding("model", Verdict.FAULT, text)
    return Finding("model", Verdict.OK, f"{engine.version.model} {engine.version.version}")


async def _providers(settings: Settings) -> Sequence[Finding]:
    try:
        terms = read_terms(settings)
    except InvalidProviders as error:
        return [Finding("providers", Verdict.FAULT, fault) for fault in error.faults]
    if not terms.providers:
        return [Finding("providers", Verdict.OK, "none: the embedded engine answers alone")]
    answers = await asyncio.gather(*map(_provider, terms.providers))
    return [*answers, *map(_without_price, _unpriced(terms.providers))]


async def _provider(provider: Provider) -> Finding:
    fault = await endpoint_fault(provider.base_url, provider.key, provider.ca_file)
    return _endpoint("providers", provider.name, fault)


def _unpriced(providers: Sequence[Provider]) -> Sequence[Provider]:
    return [p for p in providers if not (p.input_usd_per_million or p.output_usd_per_million)]


def _without_price(provider: Provider) -> Finding:
    text = (
        f"{provider.name} has no price: what it costs, budgets do not see; where it costs"
        " something, give input_usd_per_million and output_usd_per_million in the file of"
        " SWITCHYARD_LLM_PROVIDERS"
    )
    return Finding("prices", Verdict.NOTE, text)


async def _embeddings(settings: Settings) -> Finding:
    if settings.embedding_url:
        url, _ = urldefrag(settings.embedding_url)
        fault = await endpoint_fault(url.rstrip("/"), os.environ.get(KEY_VARIABLE, ""))
        return _endpoint("embeddings", "the endpoint", fault)
    if settings.embedding_model is None:
        return Finding("embeddings", Verdict.OK, "none: no answer is reused for similar text")
    from server.embedders.onnx import OnnxEmbedder  # noqa: PLC0415  # needs an extra

    try:
        embedder = await asyncio.to_thread(OnnxEmbedder, settings.embedding_model)
    except ModelFolderUnusable as error:
        return Finding("embeddings", Verdict.FAULT, str(error))
    await embedder.close()
    return Finding("embeddings", Verdict.OK, embedder.name)


def _endpoint(part: str, name: str, fault: str) -> Finding:
    """How an endpoint does. Its URL is not told: it could hold a key."""
    if fault:
        return Finding(part, Verdict.NOTE, f"{name} {fault}; the server serves without it")
    return Finding(part, Verdict.OK, f"{name} answers")


async def _grpc_port(settings: Settings, identity: Identity | None) -> Finding:
    finding = _port("grpc port", settings.listen, "--listen")
    if finding.verdict is Verdict.FAULT:
        with suppress(OSError, UnusableKey):  # named before
            if await is_serving(settings, identity):
                text = f"a healthy gRPC server answers on {settings.listen}"
                return Finding("grpc port", Verdict.NOTE, text)
    return finding


def _metrics_port(address: Address, *, server_answers: bool) -> Finding:
    finding = _port("metrics port", address, "--metrics-listen")
    if finding.verdict is Verdict.FAULT and server_answers:
        text = f"{address} is taken, as it should be by the server that answers"
        return Finding("metrics port", Verdict.NOTE, text)
    return finding


def _port(part: str, address: Address, option: str) -> Finding:
    if address.port == 0:
        return Finding(part, Verdict.OK, f"any free port of {address.host}")
    try:
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        with socket.create_server((address.host, address.port), family=family):
            return Finding(part, Verdict.OK, f"{address} is free")
    except OSError as error:
        reason = error.strerror or "unknown"
        text = f"cannot listen on {address} ({reason}); choose another with {option}"
        return Finding(part, Verdict.FAULT, text)


def _said(error: Exception) -> str:
    """What is wrong, in one line."""
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}"
    return str(error)
