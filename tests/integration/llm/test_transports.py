"""Both ways to a provider keep one contract, against a model of its own process."""

import asyncio
import gzip
import json
import logging
import math
import socket
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, MutableMapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from server.engines.llm.completion import Completion, Finish, Transport
from server.engines.llm.lean_transport import END_S
from tests.integration.access.certificates import Authority
from tests.integration.callers import until
from tests.integration.llm.ways import (
    KEY,
    LONG_S,
    QUESTION,
    WAYS,
    failure_of,
    open_transport,
    streamed,
)
from tools.fake_llm_process import FakeLlm

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

# What each fault is to a caller, however it asked.
REASONS = {
    "http_429": "rate_limited",
    "http_429_silent": "rate_limited",
    "http_429_quota": "unpaid",
    "http_500": "server_error",
    "http_503": "overloaded",
    "http_400": "bad_request",
    "http_401": "unauthorized",
    "http_402": "unpaid",
    "http_404": "not_found",
    "context_too_long": "context_too_long",
    "content_refused": "content_refused",
    "reset": "network",
    "reset_mid_body": "network",
    "half_stream": "network",
    "unreadable": "unreadable",
}
# What a caller is to find out from the answer itself.
ANSWERED = {
    "not_json": Finish.STOP,
    "wrong_schema": Finish.STOP,
    "empty": Finish.STOP,
    "unknown_category": Finish.STOP,
    "intent_without_action": Finish.STOP,
    "cut_off": Finish.LENGTH,
    "declined": Finish.REFUSED,
    "filtered": Finish.REFUSED,
}
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
MANNERS = ["whole", "streamed"]

every_manner = pytest.mark.parametrize("manner", MANNERS)


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    """One of the ways to a provider."""
    return str(request.param)


@pytest_asyncio.fixture(scope="module")
async def open_transports(shared_fake: FakeLlm) -> AsyncIterator[Mapping[str, Transport]]:
    """A transport to the rehearsal endpoint, each way. No fault may spoil it for the next test."""
    async with AsyncExitStack() as stack:
        yield {
            way: await stack.enter_async_context(open_transport(way, shared_fake.url))
            for way in WAYS
        }


@pytest.fixture
def transport(
    way: str,
    fake: FakeLlm,  # noqa: ARG001  # which makes the endpoint behave well
    open_transports: Mapping[str, Transport],
) -> Transport:
    """A transport to the rehearsal endpoint."""
    return open_transports[way]


@pytest.fixture(scope="module")
def certificates(session_folder: Path) -> Path:
    """A folder with ca.pem, and with cert.pem and key.pem that it has signed."""
    folder = session_folder / "llm-certificates"
    folder.mkdir()
    authority = Authority("llm")
    (folder / "ca.pem").write_bytes(authority.certificate)
    authority.write(folder, "127.0.0.1")
    return folder


@pytest.fixture(scope="module")
def tls_fake(certificates: Path) -> Iterator[FakeLlm]:
    """A rehearsal endpoint with TLS."""
    files = (
        "--tls-cert",
        str(certificates / "cert.pem"),
        "--tls-key",
        str(certificates / "key.pem"),
    )
    process = FakeLlm(*files).start()
    yield process
    process.stop()


@pytest.fixture
def mute() -> Iterator[socket.socket]:
    """A listening socket whose connections never hear anything."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


async def ask(transport: Transport, manner: str) -> Completion:
    if manner == "whole":
        return await transport.complete(QUESTION, LONG_S)
    return (await streamed(transport))[1]


@every_manner
async def test_an_answer_keeps_the_schema(transport: Transport, manner: str) -> None:
    answer = json.loads((await ask(transport, manner)).text)
    assert answer["category"] == "billing_refund"
    assert answer.keys() == {"category", "summary"}


@every_manner
async def test_an_answer_says_what_it_cost(
    transport: Transport, manner: str, fake: FakeLlm
) -> None:
    answer = await ask(transport, manner)
    stats = fake.stats()
    assert (answer.input_tokens, answer.output_tokens) == (
        stats["input_tokens"],
        stats["output_tokens"],
    )
    assert (answer.model, answer.finish) == ("m1", Finish.STOP)


@every_manner
async def test_tokens_put_together_are_the_answer(transport: Transport, manner: str) -> None:
    answer = await ask(transport, manner)
    assert "".join(token.text for token in answer.tokens) == answer.text


async def test_a_token_tells_what_else_was_likely(transport: Transport) -> None:
    answer = await transport.complete(QUESTION, LONG_S)
    (token,) = [token for token in answer.tokens if token.text == "_refund"]
    assert {text for text, _ in token.alternatives} == {"_refund", "_invoice"}
    assert math.fsum(math.exp(logprob) for _, logprob in token.alternatives) == pytest.approx(1)


async def test_no_logprobs_are_asked_of_a_provider_without_them(way: str, fake: FakeLlm) -> None:
    async with open_transport(way, fake.url, has_logprobs=False) as transport:
        assert not [*(await transport.complete(QUESTION, LONG_S)).tokens]


async def test_logprobs_are_left_out_where_nobody_wants_them(transport: Transport) -> None:
    answer = await transport.complete(replace(QUESTION, wants_logprobs=False), LONG_S)
    assert not [*answer.tokens]


@every_manner
async def test_a_provider_without_strict_schemas_is_told_the_schema(
    way: str, fake: FakeLlm, manner: str
) -> None:
    async with open_transport(way, fake.url, has_strict_schema=False) as transport:
        answer = await ask(transport, manner)
    assert json.loads(answer.text)["category"] == "billing_refund"


async def test_a_streams_pieces_are_its_last_answer(transport: Transport) -> None:
    pieces, last = await streamed(transport)
    assert pieces == last.text


async def test_a_streams_first_piece_comes_before_the_answer_ends(
    transport: Transport, fake: FakeLlm
) -> None:
    fake.control(next=["slow_drip"])
    async with aclosing(transport.stream(QUESTION, LONG_S)) as pieces:
        await anext(pieces)
        assert fake.stats()["answered"] == 0


@every_manner
@pytest.mark.parametrize(
    ("fault", "has_begun"), [("reset_mid_body", True), ("half_stream", True), ("reset", False)]
)
async def test_an_answer_that_breaks_off_is_told_from_one_that_never_began(
    transport: Transport, manner: str, fake: FakeLlm, fault: str, has_begun: bool
) -> None:
    fake.control(next=[fault])
    error = await failure_of(transport, manner)
    assert (error.reason, error.has_begun) == ("network", has_begun)


@every_manner
@pytest.mark.parametrize(("fault", "reason"), REASONS.items())
async def test_a_fault_has_its_reason(
    transport: Transport, fake: FakeLlm, manner: str, fault: str, reason: str
) -> None:
    fake.control(next=[fault])
    assert (await failure_of(transport, manner)).reason == reason


@every_manner
@pytest.mark.parametrize(("fault", "finish"), ANSWERED.items())
async def test_a_flawed_answer_is_an_answer(
    transport: Transport, fake: FakeLlm, manner: str, fault: str, finish: Finish
) -> None:
    fake.control(next=[fault])
    assert (await ask(transport, manner)).finish == finish


@every_manner
async def test_a_refused_call_hears_when_to_come_back(
    transport: Transport, fake: FakeLlm, manner: str
) -> None:
    fake.control(next=["http_429"], retry_after_s=0.25)
    assert (await failure_of(transport, manner)).retry_after_s == 0.25


@every_manner
async def test_a_call_after_a_fault_is_answered(
    transport: Transport, fake: FakeLlm, manner: str
) -> None:
    for fault in REASONS:
        fake.control(next=[fault])
        await failure_of(transport, manner)
        assert (await ask(transport, manner)).text


@every_manner
@pytest.mark.parametrize("fault", ["never_answers", "slow_drip"])
async def test_an_answer_that_takes_too_long_is_a_timeout(
    transport: Transport, fake: FakeLlm, manner: str, fault: str
) -> None:
    fake.control(next=[fault])
    assert (await failure_of(transport, manner, timeout_s=0.2)).reason == "timeout"


async def test_an_answer_is_not_held_back_beyond_its_time_by_a_stream_that_does_not_end() -> None:
    whole = b'data: {"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]}\n\n'
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9999\r\n\r\n"

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + whole + b"data: [DONE]\n\n")
        await reader.read()

    async with serving(hold) as url, open_transport("lean", url) as transport:
        begin_s = time.monotonic()
        pieces = [piece async for piece in transport.stream(QUESTION, END_S / 4)]
        assert isinstance(pieces[-1], Completion)
        assert time.monotonic() - begin_s < END_S


@every_manner
async def test_connecting_counts_towards_the_timeout(
    way: str, manner: str, mute: socket.socket
) -> None:
    async with open_transport(way, f"https://127.0.0.1:{mute.getsockname()[1]}/v1") as transport:
        assert (await failure_of(transport, manner, timeout_s=0.2)).reason == "timeout"


async def test_waiting_for_a_connection_counts_towards_the_timeout(way: str, fake: FakeLlm) -> None:
    fake.control(next=["never_answers"])
    async with open_transport(way, fake.url, most_connections=1) as transport:
        holder = asyncio.create_task(transport.complete(QUESTION, LONG_S))
        await in_flight(fake, 1)
        assert (await failure_of(transport, "whole", timeout_s=0.2)).reason == "timeout"
        holder.cancel()
        await asyncio.gather(holder, return_exceptions=True)


async def test_what_nobody_read_of_an_answer_is_no_part_of_the_next(
    transport: Transport, fake: FakeLlm
) -> None:
    fake.control(next=["unreadable"])
    await failure_of(transport, "streamed")
    assert (await transport.complete(QUESTION, LONG_S)).text


async def test_a_cancelled_call_leaves_nothing_behind(transport: Transport, fake: FakeLlm) -> None:
    fake.control(next=["never_answers"])
    call = asyncio.create_task(transport.complete(QUESTION, LONG_S))
    await in_flight(fake, 1)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    await in_flight(fake, 0)


async def test_a_stream_that_nobody_reads_on_leaves_nothing_behind(
    transport: Transport, fake: FakeLlm
) -> None:
    fake.control(next=["slow_drip"])
    async with aclosing(transport.stream(QUESTION, LONG_S)) as pieces:
        await anext(pieces)
    await in_flight(fake, 0)


@every_manner
async def test_a_request_carries_the_trace_it_belongs_to(
    way: str, fake: FakeLlm, manner: str
) -> None:
    heads: list[bytes] = []

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        onwards = await asyncio.open_connection(*address_of(fake.url))
        onwards[1].write(heads[-1])
        await asyncio.gather(carry(reader, onwards[1]), carry(onwards[0], writer))

    def add_trace(headers: MutableMapping[str, str]) -> None:
        headers["traceparent"] = TRACEPARENT

    async with (
        serving(relay) as url,
        open_transport(way, url, add_trace=add_trace) as traced,
        open_transport(way, url) as untraced,
    ):
        await ask(traced, manner)
        await ask(untraced, manner)
    wanted = f"traceparent: {TRACEPARENT}\r\n".encode()
    assert [wanted in head.lower() for head in heads] == [True, False]


@every_manner
async def test_calls_share_a_connection(way: str, fake: FakeLlm, manner: str) -> None:
    connections = 0

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        onwards = await asyncio.open_connection(*address_of(fake.url))
        await asyncio.gather(carry(reader, onwards[1]), carry(onwards[0], writer))

    async with serving(relay) as url, open_transport(way, url) as transport:
        for _ in range(5):
            await ask(transport, manner)
    assert connections == 1


@every_manner
async def test_a_refused_connection_is_a_fault_of_the_network(way: str, manner: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    async with open_transport(way, f"http://127.0.0.1:{port}/v1") as transport:
        assert (await failure_of(transport, manner)).reason == "network"


@every_manner
async def test_a_provider_that_is_down_is_a_fault_of_the_network(
    transport: Transport, fake: FakeLlm, manner: str
) -> None:
    fake.control(down=True)
    assert (await failure_of(transport, manner)).reason == "network"


@every_manner
async def test_a_certificate_of_a_stranger_is_untrusted(
    way: str, manner: str, tls_fake: FakeLlm
) -> None:
    async with open_transport(way, tls_fake.url) as transport:
        assert (await failure_of(transport, manner)).reason == "untrusted"


@every_manner
async def test_a_certificate_of_a_known_authority_is_trusted(
    way: str, manner: str, tls_fake: FakeLlm, certificates: Path
) -> None:
    async with open_transport(way, tls_fake.url, ca_file=certificates / "ca.pem") as transport:
        assert (await ask(transport, manner)).text


async def test_a_provider_without_keys_needs_none(
    way: str, tls_fake: FakeLlm, certificates: Path
) -> None:
    async with open_transport(way, tls_fake.url, key="", ca_file=certificates / "ca.pem") as open_:
        assert (await ask(open_, "whole")).text


def answering(status: str, body: bytes, *headers: str) -> Talk:
    """Answers every call with this."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
        writer.write("\r\n".join(lines).encode() + body)
        await writer.drain()

    return answer


PACKED = gzip.compress(b" " * 10_000_000)
GZIP, JSON = "Content-Encoding: gzip", "Content-Type: application/json"


@every_manner
@pytest.mark.parametrize("more", [[], ["Content-Encoding: identity"]])
async def test_a_compressed_answer_is_unreadable(way: str, manner: str, more: list[str]) -> None:
    squeezed = answering("200 OK", PACKED, JSON, *more, GZIP)
    async with serving(squeezed) as url, open_transport(way, url) as transport:
        assert (await failure_of(transport, manner)).reason == "unreadable"


@every_manner
async def test_a_compressed_refusal_is_a_refusal(way: str, manner: str) -> None:
    refusal = answering("401 Unauthorized", PACKED, JSON, GZIP)
    async with serving(refusal) as url, open_transport(way, url) as transport:
        assert (await failure_of(transport, manner)).reason == "unauthorized"


@pytest.mark.parametrize("data", ["[1]", '"x"', "1"])
async def test_an_event_that_is_no_object_is_unreadable(way: str, data: str) -> None:
    stream = f"data: {data}\n\ndata: [DONE]\n\n".encode()
    events = answering("200 OK", stream, "Content-Type: Text/Event-Stream")
    async with serving(events) as url, open_transport(way, url) as transport:
        assert (await failure_of(transport, "streamed")).reason == "unreadable"


async def test_an_answer_may_say_that_it_is_as_it_was_asked_for(way: str) -> None:
    body = b'{"choices": [{"message": {"content": "hello"}, "finish_reason": "stop"}]}'
    plain = answering("201 Created", body, JSON, "Content-Encoding: Identity")
    async with serving(plain) as url, open_transport(way, url) as transport:
        assert (await transport.complete(QUESTION, LONG_S)).text == "hello"


@every_manner
@pytest.mark.parametrize("fault", ["http_401", "http_500", "reset", "unreadable", "half_stream"])
async def test_neither_an_error_nor_the_log_holds_the_key(
    transport: Transport,
    fake: FakeLlm,
    manner: str,
    fault: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fake.control(next=[fault])
    with caplog.at_level(logging.DEBUG):
        error = await failure_of(transport, manner)
    shown = [*traceback.format_exception(error), repr(error), repr(vars(error)), repr(transport)]
    assert KEY not in "".join(shown) + caplog.text


@every_manner
async def test_an_error_holds_no_words_of_the_answer(
    transport: Transport, fake: FakeLlm, manner: str
) -> None:
    fake.control(next=["content_refused"])
    error = await failure_of(transport, manner)
    assert "prompt was filtered" not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("shape", ["chunked", "sized"])
async def test_an_answer_beyond_a_mebibyte_is_given_up(way: str, shape: str) -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        length = "Transfer-Encoding: chunked" if shape == "chunked" else "Content-Length: 99999999"
        writer.write(
            f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{length}\r\n\r\n".encode()
        )
        portion = b" " * 65_536
        while not writer.is_closing():
            writer.write(b"10000\r\n%b\r\n" % portion if shape == "chunked" else portion)
            await writer.drain()

    async with serving(flood) as url, open_transport(way, url) as transport:
        assert (await failure_of(transport, "whole")).reason == "unreadable"


@asynccontextmanager
async def serving(
    talk: Talk,
) -> AsyncIterator[str]:
    """The base URL of a server that talks to every connection like this."""

    async def until_gone(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await talk(reader, writer)
        writer.close()

    async with await asyncio.start_server(until_gone, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hand on what comes, until it ends."""
    while portion := await reader.read(65_536):
        writer.write(portion)
        await writer.drain()
    writer.close()


def address_of(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return str(parts.hostname), int(parts.port or 0)


async def in_flight(fake: FakeLlm, count: int) -> None:
    """Wait until the endpoint works on so many requests."""

    async def are_in_flight() -> bool:
        return bool(fake.stats()["in_flight"] == count)

    await until(are_in_flight)
