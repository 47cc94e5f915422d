"""Vectors from an OpenAI-compatible endpoint, and how it may fail."""

import asyncio
import socket
import ssl
import traceback
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

import numpy as np
import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from interceptors.breaker.breaker import CircuitBreaker
from interceptors.breaker.settings import BreakerSettings
from interceptors.errors import CircuitOpen
from server.embedders.endpoint import EndpointEmbedder
from server.engines.llm.errors import ProviderError
from server.engines.llm.member import counts_against
from tests.integration.access.certificates import Authority
from tests.integration.embedders.conftest import (
    KEY,
    TOKENS,
    Endpoint,
    Item,
    listening,
    make_embedder,
    usual_items,
)

LONG_S = 60.0


def expected(text: str) -> list[float]:
    length = np.hypot(len(text), 1.0)
    return [float(len(text) / length), float(1 / length)]


async def test_vectors_come_in_the_order_of_the_texts_at_unit_length(
    embedder: EndpointEmbedder,
) -> None:
    texts = ["a", "", "cccc"]
    np.testing.assert_allclose(await embedder.embed(texts), [*map(expected, texts)], atol=1e-6)


async def test_callers_at_once_share_a_request(
    endpoint: Endpoint, embedder: EndpointEmbedder
) -> None:
    await asyncio.gather(*(embedder.embed([text]) for text in ("a", "b", "c")))
    assert endpoint.batches == [["a", "b", "c"]]


async def test_the_key_is_shown(endpoint: Endpoint, embedder: EndpointEmbedder) -> None:
    await embedder.embed(["a"])
    assert endpoint.keys == [f"Bearer {KEY}"]


async def test_a_text_that_is_refused_fails_alone(embedder: EndpointEmbedder) -> None:
    asked = [embedder.embed([text]) for text in ("a", "bad", "cc")]
    first, fault, last = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(fault, ProviderError)
    assert fault.reason == "bad_request"
    ends = np.array([first, last])
    np.testing.assert_allclose(ends, [[expected("a")], [expected("cc")]], atol=1e-6)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, "unauthorized"),
        (404, "not_found"),
        (429, "rate_limited"),
        (500, "server_error"),
        (503, "overloaded"),
    ],
)
async def test_a_refusal_says_what_may_be_done_about_it(
    endpoint: Endpoint, embedder: EndpointEmbedder, status: int, reason: str
) -> None:
    endpoint.fault = lambda _request: web.Response(status=status, headers={"retry-after": "2.5"})
    with pytest.raises(ProviderError) as raised:
        await embedder.embed(["a"])
    error = raised.value
    assert (error.reason, error.status, error.retry_after_s) == (reason, status, 2.5)


async def test_a_refusal_of_all_is_not_tried_text_by_text(
    endpoint: Endpoint, embedder: EndpointEmbedder
) -> None:
    endpoint.fault = lambda _request: web.Response(status=503)
    with pytest.raises(ProviderError):
        await embedder.embed(["a", "b"])
    assert len(endpoint.batches) == 1


def too_few(texts: Sequence[str]) -> list[Item]:
    return usual_items(texts)[1:]


def one_twice(texts: Sequence[str]) -> list[Item]:
    return [usual_items(texts)[0]] * len(texts)


def too_short(texts: Sequence[str]) -> list[Item]:
    return [{"index": n, "embedding": [1.0]} for n in range(len(texts))]


def all_zero(texts: Sequence[str]) -> list[Item]:
    return [{"index": n, "embedding": [0.0, 0.0]} for n in range(len(texts))]


def no_numbers(texts: Sequence[str]) -> list[Item]:
    return [{"index": n, "embedding": ["x", None]} for n in range(len(texts))]


def no_list(texts: Sequence[str]) -> list[Item]:
    return [{"index": n, "embedding": 1} for n in range(len(texts))]


@pytest.mark.parametrize("items", [too_few, one_twice, too_short, all_zero, no_numbers, no_list])
async def test_an_answer_that_is_no_set_of_vectors_is_unreadable(
    endpoint: Endpoint, embedder: EndpointEmbedder, items: object
) -> None:
    endpoint.items = items  # type: ignore[assignment]  # parametrised
    with pytest.raises(ProviderError) as raised:
        await embedder.embed(["a", "b"])
    assert raised.value.reason == "unreadable"


async def test_an_answer_that_is_no_json_is_unreadable(
    endpoint: Endpoint, embedder: EndpointEmbedder
) -> None:
    endpoint.fault = lambda _request: web.Response(text="<html>")
    with pytest.raises(ProviderError) as raised:
        await embedder.embed(["a"])
    assert raised.value.reason == "unreadable"


def cut_the_connection(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def test_a_connection_that_is_cut_is_the_network(
    endpoint: Endpoint, embedder: EndpointEmbedder
) -> None:
    endpoint.fault = cut_the_connection
    with pytest.raises(ProviderError) as raised:
        await embedder.embed(["a"])
    assert raised.value.reason == "network"


async def test_an_endpoint_that_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # connects, and says nothing
        url = "http://{}:{}".format(*silent.getsockname())
        embedder = make_embedder(url, timeout_s=0.05)
        with pytest.raises(ProviderError) as raised:
            await embedder.embed(["a"])
        await embedder.close()
    assert raised.value.reason == "timeout"


async def test_an_endpoint_that_keeps_failing_is_not_asked_for_a_while(
    endpoint: Endpoint, embedder: EndpointEmbedder
) -> None:
    endpoint.fault = lambda _request: web.Response(status=503)
    for _ in range(3):
        with pytest.raises(ProviderError):
            await embedder.embed(["a"])
    with pytest.raises(CircuitOpen):
        await embedder.embed(["a"])
    assert len(endpoint.batches) == 3


@pytest.mark.parametrize(
    ("timeout_s", "callers_s", "failures"), [(0.05, LONG_S, 3), (LONG_S, 0.2, 0)]
)
async def test_a_silent_endpoint_fails_by_its_own_time_and_not_by_its_callers(
    timeout_s: float, callers_s: float, failures: int
) -> None:
    breaker = CircuitBreaker("embeddings", BreakerSettings(), counts_against, monotonic)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = "http://{}:{}".format(*silent.getsockname())
        embedder = make_embedder(url, breaker=breaker, timeout_s=timeout_s)
        for _ in range(3):
            with pytest.raises((TimeoutError, ProviderError)):
                async with asyncio.timeout(callers_s):
                    await embedder.embed(["a"])
        assert breaker.tally.failed == failures
        await embedder.close()


async def test_requests_and_their_tokens_are_counted(endpoint: Endpoint) -> None:
    registry = CollectorRegistry()
    embedder = make_embedder(endpoint.url, registry=registry)
    await embedder.embed(["a"])
    endpoint.fault = lambda _request: web.Response(status=503)
    with pytest.raises(ProviderError):
        await embedder.embed(["b"])
    await embedder.close()
    counted = registry.get_sample_value
    for outcome in ("ok", "overloaded"):
        labels = {"model": "a-model", "outcome": outcome}
        assert counted("embedding_requests_total", labels) == 1
    assert counted("embedding_tokens_total", {"model": "a-model"}) == TOKENS


@pytest.mark.parametrize("usage", [None, [], {}, {"prompt_tokens": "many"}])
async def test_an_endpoint_that_does_not_tell_its_tokens_will_do(
    endpoint: Endpoint, embedder: EndpointEmbedder, usage: object
) -> None:
    told = {"data": usual_items(["a"]), "usage": usage}
    endpoint.fault = lambda _request: web.json_response(told)
    np.testing.assert_allclose(await embedder.embed(["a"]), [expected("a")], atol=1e-6)


async def test_an_endpoint_is_trusted_by_the_authority_that_is_given(folder: Path) -> None:
    authority = Authority("Test")
    authority.write(folder, "127.0.0.1")
    (folder / "ca.pem").write_bytes(authority.certificate)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    async with listening(tls) as endpoint:
        stranger = make_embedder(endpoint.url)
        with pytest.raises(ProviderError) as raised:
            await stranger.embed(["a"])
        friend = make_embedder(endpoint.url, ca_file=folder / "ca.pem")
        await friend.embed(["a"])
        await stranger.close()
        await friend.close()
    assert (raised.value.reason, len(endpoint.batches)) == ("untrusted", 1)


async def test_no_failure_shows_the_key_or_the_text(
    endpoint: Endpoint, embedder: EndpointEmbedder
) -> None:
    endpoint.fault = cut_the_connection
    with pytest.raises(ProviderError) as raised:
        await embedder.embed(["a secret"])
    told = "".join(traceback.format_exception(raised.value)) + repr(raised.value.__context__)
    assert KEY not in told
    assert "a secret" not in told.replace('["a secret"]', "")  # this test's own line


async def test_names_tell_models_endpoints_and_sizes_apart() -> None:
    given = [("http://a/v1", "m", 2), ("http://a/v1", "n", 2), ("http://b/v1", "m", 2)]
    given += [("http://a/v1", "m", 3)]
    embedders = [make_embedder(url, model, size) for url, model, size in given]
    for embedder in embedders:
        await embedder.close()
    assert len({embedder.name for embedder in embedders}) == len(given)
