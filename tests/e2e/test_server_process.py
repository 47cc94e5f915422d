"""A real server process: started, asked, killed, drained."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from switchyard.triage.v1 import ticket_pb2, triage_service_pb2, triage_service_pb2_grpc
from switchyard_client.call_endings import CallEnding

from tools.redis_process import RedisProcess
from tools.server_process import ServerProcess

SEEN_BEFORE_THE_KILL = 1500
ON_A_FULL_DISK = """
import asyncio, errno, sys
from pathlib import Path
from server import serve
from server.settings import Settings

def application(*_):
    raise OSError(errno.ENOSPC, "No space left on device")

serve.application = application
sys.exit(asyncio.run(serve.serve_until_stopped(Settings(data_folder=Path(sys.argv[1])))))
"""


def stub(channel: grpc.aio.Channel | grpc.Channel) -> Any:
    """A stub of TriageService."""
    return triage_service_pb2_grpc.TriageServiceStub(channel)  # type: ignore[no-untyped-call]  # generated


async def items() -> AsyncIterator[triage_service_pb2.BatchTriageRequest]:
    """A batch without an end: nothing comes too late for it."""
    for i in count():
        ticket = ticket_pb2.Ticket(id=f"item-{i}", body=f"Where is my order {i}?")
        yield triage_service_pb2.BatchTriageRequest(index=i, ticket=ticket)


def command_line(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "server", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def own_server(folder: Path) -> Iterator[ServerProcess]:
    """A server of the test's own, which may be killed."""
    server = ServerProcess(folder / "data").start()
    yield server
    server.stop()


async def test_kill_in_mid_batch_loses_no_run_that_was_answered(own_server: ServerProcess) -> None:
    server = own_server
    seen: set[str] = set()
    async with grpc.aio.insecure_channel(server.address) as channel:
        call = stub(channel).BatchTriage(items())
        ending = CallEnding(call)
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await read_and_kill(call, seen, server)
        error = await ending.behind(raised.value)
    assert error.code() == grpc.StatusCode.UNAVAILABLE
    assert len(seen) >= SEEN_BEFORE_THE_KILL

    server.start()
    async with grpc.aio.insecure_channel(server.address) as channel:
        recorded = {run.name async for run in all_runs(stub(channel))}
    assert server.stop() == 0
    assert seen <= recorded


async def read_and_kill(call: Any, seen: set[str], server: ServerProcess) -> None:
    async for answer in call:
        seen.add(answer.result.run)
        if len(seen) == SEEN_BEFORE_THE_KILL:
            server.kill()


async def all_runs(triage: Any) -> AsyncIterator[Any]:
    token = ""
    while True:
        request = triage_service_pb2.ListTriageRunsRequest(page_size=1000, page_token=token)
        page = await triage.ListTriageRuns(request)
        for run in page.runs:
            yield run
        token = page.next_page_token
        if not token:
            return


async def test_a_drain_says_not_serving_and_answers_what_it_has_read(
    own_server: ServerProcess,
) -> None:
    server = own_server

    async def slow_items() -> AsyncIterator[triage_service_pb2.BatchTriageRequest]:
        async for item in items():
            yield item
            await asyncio.sleep(0.002)

    async with grpc.aio.insecure_channel(server.address) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        watch = health.Watch(health_pb2.HealthCheckRequest())
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
        batch = stub(channel).BatchTriage(slow_items())
        ending = CallEnding(batch)
        answers = aiter(batch)
        answered = [await anext(answers) for _ in range(20)]
        server.terminate()
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert await watch.read() == grpc.aio.EOF
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            answered += [answer async for answer in answers]
        error = await ending.behind(raised.value)
    assert error.code() == grpc.StatusCode.UNAVAILABLE
    assert "stopping" in (error.details() or "")
    assert all(answer.result.run for answer in answered)
    assert server.wait() == 0


def test_a_second_server_on_the_port_says_so(server: ServerProcess, folder: Path) -> None:
    options = ["--listen", server.address, "--metrics-listen", "off", "--data", str(folder)]
    done = command_line("serve", *options)
    assert done.returncode == 1
    assert f"cannot listen on {server.address}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_disk_that_is_full_at_the_start_is_told_with_the_folder(folder: Path) -> None:
    command = [sys.executable, "-c", ON_A_FULL_DISK, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr == f"switchyard-server: a disk is full; make room for {folder}\n"


def test_a_second_server_on_the_data_folder_says_so(server: ServerProcess) -> None:
    options = ["--listen", "127.0.0.1:0", "--metrics-listen", "off", "--data", str(server.data)]
    done = command_line("serve", *options)
    assert done.returncode == 1
    assert f"process {server.pid}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_data_folder_that_postgresql_cannot_take_is_named(folder: Path) -> None:
    for command in ("serve", "doctor"):
        done = command_line(
            command, "--metrics-listen", "off", "--data", str(folder / "with space")
        )
        assert done.returncode == 1
        assert "spaces, commas or quotes" in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


def test_a_data_folder_that_cannot_be_made_is_named_with_what_to_do() -> None:
    for command in ("serve", "doctor"):
        done = command_line(command, "--metrics-listen", "off", "--data", "/proc/none")
        assert done.returncode == 1
        assert "/proc" in (said := done.stdout + done.stderr)
        assert "--data" in said
        assert "Errno" not in said


def test_a_relative_data_folder_works(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with ServerProcess(Path("data")) as server:
        assert server.stop() == 0
    assert (folder / "data" / "postgres" / "PG_VERSION").exists()


def test_the_doctor_finds_a_running_server_well(server: ServerProcess) -> None:
    options = ["--listen", server.address, "--metrics-listen", "off", "--data", str(server.data)]
    done = command_line("doctor", *options)
    assert done.returncode == 0, done.stdout
    assert "schema up to date" in done.stdout
    assert "healthy gRPC server" in done.stdout


def test_the_doctor_names_what_is_wrong(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "digest.key").write_bytes(b"short")
    monkeypatch.setenv("SWITCHYARD_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    done = command_line("doctor", "--data", str(folder), "--listen", "127.0.0.1:0")
    assert done.returncode == 1
    assert "check SWITCHYARD_DATABASE_URL" in done.stdout
    assert "holds 5 bytes" in done.stdout


def test_the_doctor_says_how_redis_does_without_its_password(
    folder: Path, own_redis: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = []
    command = ("doctor", "--data", str(folder / "data"), "--listen", "127.0.0.1:0")
    for url in (own_redis.url, "redis://:hunter2@127.0.0.1:1/0"):
        monkeypatch.setenv("SWITCHYARD_REDIS_URL", url)
        done = command_line(*command, "--metrics-listen", "off")
        assert done.returncode == 0  # the server would serve without it
        said.append(done.stdout)
    assert "ok     redis        answers" in said[0]
    assert "note   redis        Redis cannot be reached." in said[1]
    assert "hunter2" not in said[1]


def test_a_wrong_setting_is_named_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SWITCHYARD_GRACE_S", "soon")
    done = command_line("serve")
    assert done.returncode == 2
    assert "SWITCHYARD_GRACE_S" in done.stderr


def test_the_server_answers_for_its_health(server: ServerProcess) -> None:
    assert command_line("health", "--listen", server.address).returncode == 0
    assert command_line("health", "--listen", "127.0.0.1:1").returncode == 1


def test_every_command_explains_itself() -> None:
    for command in ([], ["serve"], ["doctor"], ["health"], ["settings"]):
        done = command_line(*command, "--help")
        assert done.returncode == 0
        assert len(done.stdout) > 100
    assert command_line("--version").stdout.startswith("switchyard-server, version")
    assert "SWITCHYARD_LISTEN" in command_line("settings").stdout


def test_the_log_has_a_line_a_call_and_no_text(own_server: ServerProcess) -> None:
    server = own_server
    with grpc.insecure_channel(server.address) as channel:
        triage = stub(channel)
        ticket = ticket_pb2.Ticket(id="1", body="my secret is hunter2", subject="hunter2")
        triage.Triage(triage_service_pb2.TriageRequest(ticket=ticket), timeout=60)
    server.stop()
    log = server.log_path.read_text()
    assert '"method":"switchyard.triage.v1.TriageService/Triage"' in log
    assert "hunter2" not in log


def test_a_log_that_takes_nothing_changes_neither_answers_nor_the_end(folder: Path) -> None:
    (folder / "data.log").symlink_to("/dev/full")
    with ServerProcess(folder / "data") as server:
        with grpc.insecure_channel(server.address) as channel:
            assert stub(channel).GetTaxonomy(triage_service_pb2.GetTaxonomyRequest(), timeout=60)
        assert server.stop() == 0
