"""Examines an installation: what is wrong, and what to do about it."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import click
import grpc
import psycopg
from grpc_health.v1 import health_pb2, health_pb2_grpc

from server.engines.embedded.engine import EmbeddedEngineMaker
from server.secret_key import KEY_BYTES
from server.settings import OFF, Address, Settings
from server.storage.embedded import folder_fault, running_url
from server.storage.migrate import read_migrations
from server.triage.errors import ModelUnreadable
from server.triage.starter import starter_taxonomy

ANSWER_S = 3.0
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # to call, not to listen on


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


async def examine(settings: Settings) -> int:
    """Print a line a finding; the exit status: 1 when there is a fault."""
    faults = 0
    async for finding in _findings(settings):
        faults += finding.verdict is Verdict.FAULT
        click.echo(f"{finding.verdict.value:6} {finding.part:12} {finding.text}")
    click.echo("All is well." if not faults else f"{faults} fault(s): the server cannot serve so.")
    return 1 if faults else 0


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    yield _data_folder(settings.folder)
    yield _digest_key(settings.digest_key_file or settings.folder / "digest.key")
    yield await _database(settings)
    yield _model()
    yield await _port("grpc port", settings.listen, "--listen")
    if settings.metrics_listen != OFF:
        yield await _port("metrics port", settings.metrics_listen, "--metrics-listen")


def _data_folder(folder: Path) -> Finding:
    existing = folder
    while not existing.exists():
        existing = existing.parent
    if not os.access(existing, os.W_OK | os.X_OK):
        text = f"{existing} may not be written; change its owner or choose another with --data"
        return Finding("data folder", Verdict.FAULT, text)
    fault = folder_fault(folder)
    if fault:
        return Finding("data folder", Verdict.FAULT, fault)
    made = "" if existing == folder else " (made at the first start)"
    return Finding("data folder", Verdict.OK, f"{folder}{made}")


def _digest_key(path: Path) -> Finding:
    if not path.exists():
        return Finding("digest key", Verdict.OK, f"{path} (made at the first start)")
    try:
        size, mode = len(path.read_bytes()), path.stat().st_mode & 0o777
    except OSError as error:
        return Finding("digest key", Verdict.FAULT, f"{path}: {error.strerror}")
    if size < KEY_BYTES:
        text = f"{path} holds {size} bytes, a key has {KEY_BYTES}; restore it or delete it"
        return Finding("digest key", Verdict.FAULT, text)
    if mode & 0o077:
        return Finding("digest key", Verdict.NOTE, f"others may read {path}; chmod 600 it")
    return Finding("digest key", Verdict.OK, str(path))


async def _database(settings: Settings) -> Finding:
    running = await asyncio.to_thread(running_url, settings.folder)
    url = settings.database_url or running
    if not url:
        return Finding("database", Verdict.OK, "embedded, not running; it starts with the server")
    kind = "external" if settings.database_url else "embedded"
    try:
        async with await psycopg.AsyncConnection.connect(
            url, connect_timeout=int(ANSWER_S)
        ) as connection:
            version = connection.info.server_version // 10_000
            pending = await _pending_migrations(connection)
    except psycopg.Error as error:
        text = f"{kind}, does not answer ({type(error).__name__})"
        remedy = "check SWITCHYARD_DATABASE_URL" if settings.database_url else "start the server"
        return Finding("database", Verdict.FAULT, f"{text}; {remedy}")
    return Finding("database", Verdict.OK, f"{kind}, PostgreSQL {version}, {pending}")


async def _pending_migrations(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> str:
    cursor = await connection.execute("SELECT to_regclass('schema_migrations') IS NOT NULL")
    row = await cursor.fetchone()
    done = 0
    if row and row[0]:
        counted = await (
            await connection.execute("SELECT count(*) FROM schema_migrations")
        ).fetchone()
        done = int(str(counted[0])) if counted else 0
    pending = len(read_migrations()) - done
    return "schema up to date" if pending == 0 else f"{pending} migration(s) run at the next start"


def _model() -> Finding:
    maker = EmbeddedEngineMaker()
    try:
        engine = maker.load(maker.starter_model(), starter_taxonomy())
    except (ModelUnreadable, OSError) as error:
        text = f"the starter model cannot be read ({type(error).__name__}); install again"
        return Finding("model", Verdict.FAULT, text)
    return Finding("model", Verdict.OK, f"{engine.version.model} {engine.version.version}")


async def _port(part: str, address: Address, option: str) -> Finding:
    if address.port == 0:
        return Finding(part, Verdict.OK, f"any free port of {address.host}")
    try:
        with socket.create_server((address.host, address.port)):
            return Finding(part, Verdict.OK, f"{address} is free")
    except OSError as error:
        if part == "grpc port" and await is_serving(address):
            return Finding(part, Verdict.NOTE, f"a healthy gRPC server answers on {address}")
        reason = error.strerror or "unknown"
        text = f"cannot listen on {address} ({reason}); choose another with {option}"
        return Finding(part, Verdict.FAULT, text)


async def is_serving(address: Address) -> bool:
    """Whether a healthy gRPC server answers there; one that listens everywhere, also here."""
    host = ANYWHERE.get(address.host, address.host)
    async with grpc.aio.insecure_channel(str(Address(host, address.port))) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        try:
            answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=ANSWER_S)
        except grpc.aio.AioRpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
