"""Server processes: who reaches them, over what, and how their own machine asks for them."""

import asyncio
import os
import re
import resource
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import click
import grpc
import pytest
import pytest_asyncio
from switchyard_client.__main__ import cli as client

from server.access.key import key_id_in
from server.settings import read_settings
from tests.conftest import make_database
from tests.integration.access.certificates import Authority
from tests.integration.access.refusals import refusal
from tests.integration.callers import ACCESS, PATIENCE_S, TRIAGE, Caller, make_caller, until
from tools.server_process import ServerProcess

ROOT = Path(__file__).parents[2]
LIST_KEYS, REVOKE = f"{ACCESS}/ListApiKeys", f"{ACCESS}/RevokeApiKey"
MOST_FILES = 400
HALF_OF_THEM = MOST_FILES // 2


async def command_line(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "server", *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@dataclass(frozen=True)
class Pair:
    """Two server processes on one database, and whoever sits at their machine."""

    environment: Mapping[str, str]
    one: Caller
    other: Caller


@pytest_asyncio.fixture
async def pair(folder: Path, postgres_url: str) -> AsyncIterator[Pair]:
    """Two processes that share a data folder."""
    environment = {"SWITCHYARD_DATABASE_URL": await make_database(postgres_url)}
    async with AsyncExitStack() as stack:
        callers = []
        for _ in range(2):
            process = ServerProcess(folder / "data", **environment)
            await asyncio.to_thread(process.start)
            stack.push_async_callback(asyncio.to_thread, process.stop)
            channel = grpc.aio.insecure_channel(process.address)
            callers.append(Caller(await stack.enter_async_context(channel)))
        yield Pair(environment, *callers)


async def until_refused(caller: Caller) -> str:
    """The reason of the first refusal."""

    async def is_refused() -> bool:
        try:
            await caller.call(LIST_KEYS)
        except grpc.aio.AioRpcError:
            return True
        return False

    await until(is_refused)
    return (await refusal(caller.call(LIST_KEYS))).reason


async def test_what_one_process_changes_holds_in_the_other(pair: Pair) -> None:
    await pair.other.call(LIST_KEYS)
    made = await command_line("keys", "create", **pair.environment)
    assert await until_refused(pair.one) == "MISSING_CREDENTIALS"
    assert await until_refused(pair.other) == "MISSING_CREDENTIALS"
    operator = replace(pair.one, secret=made.stdout.strip())
    doomed = await make_caller(operator, "ROLE_ADMIN")
    token = (await doomed.call(f"{ACCESS}/IssueToken")).token
    elsewhere = [replace(pair.other, secret=secret) for secret in (doomed.secret, token)]
    for caller in elsewhere:
        await caller.call(LIST_KEYS)
    await operator.call(REVOKE, name=f"apiKeys/{key_id_in(doomed.secret)}")
    assert {await until_refused(caller) for caller in elsewhere} == {"CREDENTIALS_REVOKED"}


@contextmanager
def certified(folder: Path, *, clients_need_certificates: bool) -> Iterator[dict[str, str]]:
    """The environment of a server over TLS, and of whoever asks for it."""
    ours, clients = Authority("ours"), Authority("clients")
    ours.write(folder, "server")
    environment = {
        "SWITCHYARD_TLS_CERT_FILE": str(folder / "cert.pem"),
        "SWITCHYARD_TLS_KEY_FILE": str(folder / "key.pem"),
    }
    if clients_need_certificates:
        certificate, key = clients.issue("probe")
        for name, content in (
            ("clients.pem", clients.certificate),
            ("probe.pem", certificate),
            ("probe.key", key),
        ):
            (folder / name).write_bytes(content)
        environment |= {
            "SWITCHYARD_TLS_CLIENT_CA_FILE": str(folder / "clients.pem"),
            "SWITCHYARD_TLS_CERT": str(folder / "probe.pem"),
            "SWITCHYARD_TLS_KEY": str(folder / "probe.key"),
        }
    yield environment


@pytest.mark.parametrize("clients_need_certificates", [False, True], ids=["tls", "mutual tls"])
async def test_a_server_over_tls_that_has_keys_answers_health_and_doctor(
    folder: Path, database_url: str, clients_need_certificates: bool
) -> None:
    with ExitStack() as stack:
        environment = stack.enter_context(
            certified(folder, clients_need_certificates=clients_need_certificates)
        )
        environment |= {"SWITCHYARD_DATABASE_URL": database_url}
        data = str(folder / "data")
        process = ServerProcess(folder / "data", **environment)
        await asyncio.to_thread(process.start)
        stack.callback(process.stop)
        made = await command_line("keys", "create", "--data", data, **environment)
        assert made.stdout.startswith("sy_")
        here = ["--listen", process.address]
        health = await command_line("health", *here, **environment)
        assert (health.returncode, health.stdout.strip()) == (0, "SERVING"), health.stderr
        doctor = await command_line(
            "doctor", *here, "--metrics-listen", "off", "--data", data, **environment
        )
        assert doctor.returncode == 0, doctor.stdout
        assert "healthy gRPC server" in doctor.stdout
        assert "valid until" in doctor.stdout


async def test_the_doctor_names_certificates_and_keys_that_cannot_serve(folder: Path) -> None:
    with certified(folder, clients_need_certificates=False) as environment:
        (folder / "key.pem").write_bytes(Authority("others").issue("server")[1])
        (folder / "token.keys").write_text("nonsense")
        arguments = ("--listen", "127.0.0.1:0", "--metrics-listen", "off", "--data", str(folder))
        done = await command_line("doctor", *arguments, **environment)
    assert done.returncode == 1
    assert "is not the key of" in done.stdout
    assert "token.keys holds no signing keys" in done.stdout
    assert "2 fault(s)" in done.stdout


async def test_a_server_that_could_sign_no_token_does_not_start(
    folder: Path, database_url: str
) -> None:
    (folder / "token.keys").write_text("nonsense")
    arguments = ("--listen", "127.0.0.1:0", "--metrics-listen", "off", "--data", str(folder))
    done = await command_line("serve", *arguments, SWITCHYARD_DATABASE_URL=database_url)
    assert (done.returncode, done.stdout) == (1, "")
    assert "token.keys holds no signing keys" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "127.example.com"])  # noqa: S104  # refused
async def test_beyond_this_machine_plain_text_is_refused_by_name(host: str) -> None:
    done = await command_line("serve", "--listen", f"{host}:0")
    assert (done.returncode, done.stdout) == (2, "")
    assert "SWITCHYARD_TLS_CERT_FILE" in done.stderr
    assert "SWITCHYARD_ALLOW_PLAINTEXT=true" in done.stderr


def test_the_image_starts_and_asks_for_its_health_with_the_settings_that_it_brings() -> None:
    brought = dict(re.findall(r"(SWITCHYARD_\w+)=([^\s\\]+)", image("ENV")))
    settings = read_settings(brought)
    assert (settings.listen.host, settings.folder) == ("0.0.0.0", Path("/data"))  # noqa: S104  # a container's
    assert '["switchyard-server", "health"]' in image("HEALTHCHECK")


def image(instruction: str) -> str:
    """The last instruction of the image of this kind, with its further lines."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line.startswith(f"{instruction} ")][-1]


def test_a_server_starts_in_the_shell_of_a_client() -> None:
    variables = {
        option.envvar: "1"
        for option in client.params
        if isinstance(option, click.Option) and isinstance(option.envvar, str)
    }
    assert "SWITCHYARD_API_KEY" in variables
    read_settings(variables)


async def test_a_secret_in_place_of_a_name_is_not_repeated() -> None:
    secret = "sy_" + "0" * 16 + "_" + "0" * 64
    done = await command_line("keys", "revoke", secret)
    assert done.returncode == 2
    assert "keys list" in done.stderr
    assert secret not in done.stdout + done.stderr


async def test_no_password_of_a_setting_is_shown() -> None:
    done = await command_line(
        "settings",
        SWITCHYARD_DATABASE_URL="postgresql://me:hunter2@db/triage",
        SWITCHYARD_REDIS_URL="redis://:hunter2@cache/0",
    )
    assert done.returncode == 0
    assert done.stdout.count("now (set)") == 2
    assert "hunter2" not in done.stdout + done.stderr


async def test_connections_that_never_call_leave_files_for_those_who_do(
    folder: Path, database_url: str
) -> None:
    process = ServerProcess(folder / "data", SWITCHYARD_DATABASE_URL=database_url)
    with few_files():
        await asyncio.to_thread(process.start)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(asyncio.to_thread, process.stop)
        caller = Caller(await stack.enter_async_context(grpc.aio.insecure_channel(process.address)))
        await caller.call(LIST_KEYS)
        with ExitStack() as idle:
            held = [idle.enter_context(connection(process.address)) for _ in range(MOST_FILES)]
            await until_open(held, HALF_OF_THEM)
            ticket = {"id": "1", "body": "Where is my parcel?"}
            assert (await caller.call(f"{TRIAGE}/Triage", ticket=ticket)).result.run
        await until_answered(process.address)


@contextmanager
def few_files() -> Iterator[None]:
    """A process that is started in the block may have few files open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (MOST_FILES, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def connection(address: str) -> socket.socket:
    """A connection that never says a word."""
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE_S)


async def until_open(connections: list[socket.socket], most: int) -> None:
    """Return when the server has closed all but so many of the connections."""
    for each in connections:
        each.setblocking(False)

    async def are_closed() -> bool:
        return sum(map(is_open, connections)) <= most

    await until(are_closed)


def is_open(connection: socket.socket) -> bool:
    """Whether the server still holds the connection."""
    try:
        while connection.recv(4096):
            pass
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


async def until_answered(address: str) -> None:
    """Return when a new connection is answered."""

    async def is_answered() -> bool:
        own = (("grpc.use_local_subchannel_pool", 1),)
        async with grpc.aio.insecure_channel(address, options=own) as channel:
            try:
                await Caller(channel, deadline_s=10.0).call(LIST_KEYS)
            except grpc.aio.AioRpcError:
                return False
        return True

    await until(is_answered)
