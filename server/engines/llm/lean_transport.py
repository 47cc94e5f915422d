"""A provider over aiohttp, with nothing in between: for where processor time counts."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from server.engines.llm.classification import classify, failure
from server.engines.llm.completion import AddTrace, Completion, Question
from server.engines.llm.connections import (
    BROKEN,
    IDENTITY,
    SUCCESS,
    Body,
    broken,
    open_session,
)
from server.engines.llm.dialect import Dialect, Gathering, read_completion
from server.engines.llm.sse import CONTENT_TYPE, EventReader

END_S = 0.5  # that an answer which is complete may take to end; after that it costs its connection


class LeanTransport:
    """One model of one provider. To be made inside a running event loop."""

    def __init__(
        self,
        base_url: str,  # such as https://api.openai.com/v1
        key: str,  # empty: the provider wants none
        model: str,
        *,
        has_strict_schema: bool,
        has_logprobs: bool,
        most_connections: int,
        ca_file: Path | None = None,  # None: the authorities that this machine trusts
        add_trace: AddTrace | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._url = f"{base_url.rstrip('/')}/chat/completions"
        self._dialect = Dialect(model, has_strict_schema, has_logprobs)
        self._clock = clock
        self._session = open_session(most_connections, ca_file, add_trace)
        self._session.headers.update(_headers(key))

    async def complete(self, question: Question, timeout_s: float) -> Completion:
        """The whole answer, within `timeout_s` seconds. Raises ProviderError."""
        try:
            async with asyncio.timeout(timeout_s):
                response = await self._ask(self._dialect.body(question))
                async with response:
                    body = await Body(response).whole()
        except BROKEN as error:
            raise broken(error) from None
        return read_completion(_json(body))

    async def stream(
        self, question: Question, timeout_s: float
    ) -> AsyncGenerator[str | Completion, None]:
        """The answer's text piece by piece as it is written, and the whole answer last."""
        # Each wait has the timeout for itself: one around a `yield` would end its caller's waits.
        deadline_s = asyncio.get_running_loop().time() + timeout_s
        gathering, reader = Gathering(), EventReader()
        try:
            async with asyncio.timeout_at(deadline_s):
                response = await self._ask(self._dialect.streamed_body(question))
            async with response:
                body = Body(response)
                if response.content_type != CONTENT_TYPE:
                    raise failure("unreadable")
                while not reader.is_done:
                    async with asyncio.timeout_at(deadline_s):
                        portion = await body.portion()
                    if not portion:
                        break
                    for data in reader.feed(portion):
                        if text := gathering.add(_json(data)):
                            yield text
                await _end(body, deadline_s)
        except BROKEN as error:
            raise broken(error) from None
        yield gathering.completion()

    async def close(self) -> None:
        """Close the pooled connections."""
        await self._session.close()

    async def _ask(self, body: Mapping[str, Any]) -> aiohttp.ClientResponse:
        """The response to a request, once its headers are here and say that it is an answer."""
        response = await self._session.post(
            self._url, data=orjson.dumps(body), allow_redirects=False
        )
        if response.status in SUCCESS:
            return response
        async with response:
            told = await Body(response).whole()
        raise classify(response.status, response.headers, told, self._clock())


async def _end(body: Body, deadline_s: float) -> None:
    """Wait for the end of a body that has nothing more to say: its connection can serve another
    call then. `deadline_s` is a time of the event loop's clock.
    """
    latest_s = asyncio.get_running_loop().time() + END_S
    with suppress(TimeoutError):
        async with asyncio.timeout_at(min(latest_s, deadline_s)):
            await body.whole()


def _headers(key: str) -> Mapping[str, str]:
    headers = {"Content-Type": "application/json", "Accept-Encoding": IDENTITY}
    return headers | ({"Authorization": f"Bearer {key}"} if key else {})


def _json(text: bytes) -> dict[str, Any]:
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise failure("unreadable") from None  # the error quotes the answer
    if not isinstance(body, dict):
        raise failure("unreadable")
    return body
