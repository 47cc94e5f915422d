"""Servers that ask language models, as their callers see them; the models are a rehearsal's."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import pytest
from switchyard_client import (
    DeadlineExceeded,
    StreamTriageResponse,
    Ticket,
    TriageClient,
    TriageResult,
)

from tests.e2e.test_command_line import TIMEOUT_S, run, start
from tests.integration.callers import until
from tools.fake_llm_process import FakeLlm
from tools.server_process import ServerProcess

Answer = TypeVar("Answer")

KEY = "sk-rehearsal-0c4a7d6e51"
PROVIDERS = """
[[provider]]
name = "one"
base_url = "{url}"
model = "model-one"
key_env = "REHEARSAL_KEY"
input_usd_per_million = 1.0
output_usd_per_million = 2.0

[[provider]]
name = "two"
base_url = "{url}"
model = "model-two"
key_env = "REHEARSAL_KEY"
"""
TEXT = "I was charged twice for order {}. Please refund one of the two payments."


@pytest.fixture(scope="module")
def endpoint() -> Iterator[FakeLlm]:
    """A rehearsal endpoint that wants a key."""
    process = FakeLlm("--key", KEY).start()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def asking(session_folder: Path, endpoint: FakeLlm) -> Iterator[ServerProcess]:
    """A server with two providers there."""
    file = session_folder / "asking.toml"
    file.write_text(PROVIDERS.format(url=endpoint.url))
    environment = {"SWITCHYARD_LLM_PROVIDERS": str(file), "REHEARSAL_KEY": KEY}
    process = ServerProcess(session_folder / "asking", **environment).start()
    yield process
    assert process.stop() == 0


@pytest.fixture
def fake(endpoint: FakeLlm) -> FakeLlm:
    """The endpoint, well-behaved."""
    endpoint.reset()
    return endpoint


@pytest.fixture
def text() -> str:
    """A text that nobody has sent before."""
    return TEXT.format(uuid.uuid4().hex[:8])


async def triaged(server: ServerProcess, text: str, deadline_s: float = 20.0) -> TriageResult:
    """The answer to a text."""
    ticket = Ticket(id="t", body=text)
    async with TriageClient(server.address) as client:
        return await client.triage(ticket, deadline_s=deadline_s)


async def answered_in_time(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """The first answer within the caller's time. A server keeps a quarter of a second of that for
    what comes after models: on a busy machine it takes longer now and then.
    """
    answers: list[Answer] = []

    async def is_answered() -> bool:
        with suppress(DeadlineExceeded):
            answers.append(await ask())
        return bool(answers)

    await until(is_answered)
    return answers[0]


def outcomes(result: TriageResult) -> list[tuple[str, str]]:
    """Who was asked, and how it ended."""
    return [(attempt.provider, attempt.outcome) for attempt in result.attempts]


def test_a_failover_is_watched_and_answered(
    asking: ServerProcess, fake: FakeLlm, text: str
) -> None:
    fake.control(next=["http_400"])
    done = run(asking.address, "triage", "--text", text)
    assert done.returncode == 0, done.stderr
    attempts = [line for line in done.stderr.splitlines() if line.startswith("attempt")]
    assert attempts[0].endswith("one/model-one, first: bad_request")
    assert "two/model-two, failover: ok" in attempts[1]
    assert "engine      llm, model two/model-two" in done.stdout


def test_an_answer_without_any_model_is_marked(
    asking: ServerProcess, fake: FakeLlm, text: str
) -> None:
    fake.control(next=["http_400", "http_400"])
    done = run(asking.address, "triage", "--text", text)
    assert done.returncode == 0, done.stderr
    assert "degraded    no language model gave a good answer" in done.stdout


def test_a_run_shows_tokens_and_cost(asking: ServerProcess, fake: FakeLlm, text: str) -> None:
    done = run(asking.address, "triage", "--text", text, "--json")
    record = json.loads(done.stdout)
    assert record["cost_micro_usd"] > 0
    shown = run(asking.address, "runs", "show", record["run"]).stdout
    (attempt,) = [line for line in shown.splitlines() if line.startswith("attempt")]
    assert attempt.endswith(f"tokens, ${record['cost_micro_usd'] / 1e6:.6f}")
    assert fake.stats()["requests"] == 1


def test_a_batch_says_which_answers_are_degraded(
    asking: ServerProcess, fake: FakeLlm, tmp_path: Path, text: str
) -> None:
    fake.control(next=["http_400", "http_400"])
    file, out = tmp_path / "tickets.jsonl", tmp_path / "answers.csv"
    file.write_text(json.dumps({"body": text}) + "\n")
    done = run(asking.address, "triage", str(file), "--out", str(out))
    assert "1 answered (1 degraded)" in done.stdout
    assert ",true,linear-ngram,0,," in out.read_text()


async def test_a_caller_is_answered_in_time_by_an_endpoint_that_never_is(
    asking: ServerProcess, fake: FakeLlm, text: str
) -> None:
    fake.control(faults={"never_answers": 1.0})
    result = await answered_in_time(lambda: triaged(asking, text, deadline_s=2.0))
    assert result.degraded
    assert outcomes(result)[0] in {
        ("one", "no_time"),
        ("one", "timeout"),
    }  # by what it used to take


async def test_a_watcher_has_the_result_in_time_too(
    asking: ServerProcess, fake: FakeLlm, text: str
) -> None:
    fake.control(faults={"never_answers": 1.0})
    async with TriageClient(asking.address) as client:

        async def watch() -> list[StreamTriageResponse]:
            watched = client.stream_triage(Ticket(id="t", body=text), deadline_s=2.0)
            return [event async for event in watched]

        events = await answered_in_time(watch)
    told = [(e.attempt.provider, e.attempt.outcome) for e in events if e.attempt is not None]
    assert events[-1].result is not None
    assert outcomes(events[-1].result) == told
    assert events[-1].result.degraded


async def test_a_degraded_answer_is_not_kept_and_a_models_is(
    asking: ServerProcess, fake: FakeLlm, text: str
) -> None:
    fake.control(next=["http_400", "http_400"])
    first = await triaged(asking, text)
    second = await triaged(asking, text)
    third = await triaged(asking, text)
    assert (first.degraded, second.degraded) == (True, False)
    assert second.engine is not None
    assert second.engine.model == "one/model-one"
    assert third.run == second.run


async def test_ctrl_c_while_a_reply_is_awaited_leaves_nothing_running(
    asking: ServerProcess, fake: FakeLlm, text: str
) -> None:
    fake.control(next=["never_answers"])

    async def is_asked(count: int) -> bool:
        return bool(fake.stats()["in_flight"] == count)

    with start(asking.address, "triage", "--text", text) as watching:
        await until(lambda: is_asked(1))
        watching.send_signal(signal.SIGINT)
        _, err = await asyncio.to_thread(watching.communicate, timeout=TIMEOUT_S)
    assert watching.returncode == 130
    assert "Traceback" not in err
    await until(lambda: is_asked(0))


async def test_a_wrong_key_is_told_in_the_log_and_stands_nowhere(
    folder: Path, database_url: str, fake: FakeLlm, text: str
) -> None:
    wrong = "sk-wrong-99187"
    server = ServerProcess(
        folder / "data",
        SWITCHYARD_DATABASE_URL=database_url,
        SWITCHYARD_LLM_URL=fake.url,
        SWITCHYARD_LLM_MODEL="model",
        OPENAI_API_KEY=wrong,
    ).start()
    try:
        result = await triaged(server, text)
    finally:
        assert server.stop() == 0
    assert outcomes(result) == [("llm", "unauthorized")]
    log = server.log_path.read_text()
    assert '"event":"provider_alert","provider":"llm","reason":"unauthorized"' in log
    assert wrong not in log
    assert "order" not in log


@pytest.mark.parametrize(
    ("environment", "content", "told"),
    [
        ("SWITCHYARD_LLM_PROVIDERS", "nonsense", "cannot be read"),
        ("SWITCHYARD_LLM_PROVIDERS", "[[provider]]\nname = 'a'", "provider 1: base_url is missing"),
        (
            "SWITCHYARD_LLM_PROVIDERS",
            PROVIDERS.format(url="http://127.0.0.1:1/v1"),
            "the variable REHEARSAL_KEY (key_env) is not set",
        ),
        ("SWITCHYARD_EMBEDDING_MODEL", None, "config.json"),
    ],
)
async def test_a_server_that_cannot_ask_says_why_and_does_not_start(
    folder: Path, database_url: str, environment: str, content: str | None, told: str
) -> None:
    place = folder / "given"
    if content is not None:
        place.write_text(content)
    settings = {environment: str(place), "SWITCHYARD_DATABASE_URL": database_url}
    if content is None:
        settings |= {"SWITCHYARD_LLM_URL": "http://127.0.0.1:1/v1", "SWITCHYARD_LLM_MODEL": "m"}
    command = [sys.executable, "-m", "server", "serve", "--data", str(folder / "data")]
    done = await asyncio.to_thread(
        subprocess.run,
        [*command, "--listen", "127.0.0.1:0", "--metrics-listen", "off"],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("switchyard-server:")]
    assert told in line
    assert "Traceback" not in done.stderr
    assert "ready" not in done.stdout
