"""An issuer's keys are read when they are needed, not more often, and outlive its absence."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from interceptors.errors import Unauthenticated
from server.access.errors import IssuerUnavailable
from server.access.key_set import REFRESH_S, RETRY_S, KeySet, read_key_set
from server.access.key_set_source import MOST_BYTES, key_set_source
from tests.unit.access.clock import Clock

SHORT_S = 0.2
PATIENCE_S = 60.0


def public_key(key_id: str, **changes: Any) -> dict[str, Any]:
    """An entry of a key set."""
    key = Ed25519PrivateKey.generate().public_key()
    return jwt.algorithms.OKPAlgorithm.to_jwk(key, as_dict=True) | {"kid": key_id} | changes


def key_set(*keys: Mapping[str, Any]) -> bytes:
    return json.dumps({"keys": keys}).encode()


class Source:
    """A key set that a test may change or take away."""

    def __init__(self, *key_ids: str) -> None:
        self.clock = Clock()
        self.reads = 0
        self.reports: list[Mapping[str, object]] = []
        self.content: bytes | None = key_set(*map(public_key, key_ids))
        self.keys = KeySet(self._read, self.reports.append, self.clock)

    async def has(self, key_id: str) -> bool:
        try:
            await self.keys.find(key_id)
        except Unauthenticated:
            return False
        return True

    async def _read(self) -> bytes:
        self.reads += 1
        if self.content is None:
            raise ConnectionRefusedError
        return self.content


async def test_the_keys_are_read_once_for_all_who_ask_at_once() -> None:
    source = Source("a")
    assert all(await asyncio.gather(*[source.has("a") for _ in range(20)]))
    assert source.reads == 1


async def test_an_unknown_key_is_looked_for_again_but_not_at_every_call() -> None:
    source = Source("a")
    assert not await source.has("b")
    source.content = key_set(public_key("a"), public_key("b"))
    for _ in range(100):
        assert not await source.has("b")
    source.clock.go(RETRY_S)
    assert await source.has("b")
    assert source.reads == 2


async def test_a_withdrawn_key_is_gone_after_a_while() -> None:
    source = Source("a", "b")
    assert await source.has("a")
    source.content = key_set(public_key("b"))
    source.clock.go(REFRESH_S)
    assert not await source.has("a")


@pytest.mark.parametrize("content", [None, b"", b"[]", b'{"keys": []}', b"<html>"])
async def test_the_old_keys_stay_while_the_source_is_away(content: bytes | None) -> None:
    source = Source("a")
    assert await source.has("a")
    source.content = content
    source.clock.go(REFRESH_S)
    assert await source.has("a")
    assert [report["event"] for report in source.reports] == ["jwks_unreadable"]


async def test_an_unknown_key_is_not_called_wrong_while_the_source_is_away() -> None:
    source = Source("a")
    source.content = None
    with pytest.raises(IssuerUnavailable):
        await source.has("a")


def test_keys_that_verify_no_signature_of_a_private_key_are_left_out() -> None:
    curve = jwt.algorithms.ECAlgorithm.to_jwk(
        generate_private_key(SECP256R1()).public_key(), as_dict=True
    )
    keys = read_key_set(
        key_set(
            public_key("good", use="sig"),
            {**curve, "kid": "curve"},
            public_key("encrypts", use="enc"),
            public_key("", use="sig"),
            public_key("private", d="AAAA"),
            public_key("mixed", alg="HS256"),
            {"kty": "oct", "kid": "secret", "k": "c2VjcmV0"},
            {"kty": "new", "kid": "unknown"},
            {"kty": "RSA", "kid": "broken", "n": "!", "e": "!"},
        )
    )
    assert {key_id: key.algorithm_name for key_id, key in keys.items()} == {
        "good": "EdDSA",
        "curve": "ES256",
    }


async def test_a_file_is_read_anew_each_time(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    read = key_set_source(str(path))
    for content in (b"one", b"two"):
        path.write_bytes(content)
        assert await read() == content


async def test_a_url_is_read_over_http() -> None:
    with http_server(b"keys") as url:
        assert await key_set_source(url)() == b"keys"


async def test_a_redirection_is_not_followed() -> None:
    with (
        http_server(b"keys") as elsewhere,
        http_server(b"", location=elsewhere) as url,
        pytest.raises(OSError, match="302"),
    ):
        await key_set_source(url)()


async def test_an_endless_answer_is_refused() -> None:
    with http_server(b"x" * (MOST_BYTES + 1)) as url, pytest.raises(ValueError, match="too long"):
        await key_set_source(url)()


async def test_an_endless_file_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        await key_set_source("/dev/zero")()


async def test_a_source_that_drips_is_given_up_for_good() -> None:
    let_go = asyncio.Event()

    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        with suppress(ConnectionError):
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(SHORT_S / 10)  # often enough for every time-out between bytes
        let_go.set()

    async with await asyncio.start_server(drip, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        source = key_set_source(f"http://127.0.0.1:{port}/jwks.json")
        with pytest.raises(IssuerUnavailable):
            await KeySet(source, lambda _report: None, fetch_s=SHORT_S).find("a")
        await asyncio.wait_for(let_go.wait(), PATIENCE_S)


@contextmanager
def http_server(body: bytes, location: str = "") -> Iterator[str]:
    """The URL of a server that always gives this answer."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302 if location else 200)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Nothing: the test sees the answer."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/jwks.json"
        finally:
            server.shutdown()
            thread.join(PATIENCE_S)
