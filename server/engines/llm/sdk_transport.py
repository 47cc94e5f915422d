"""A provider over the `openai` package: the reference that the lean way is held against.

To import this module is to import `openai`, which takes most of a second: only where it is wanted.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from pathlib import Path
from typing import cast

import httpx2
import openai
import orjson

from server.engines.llm.classification import classify, classify_told, failure
from server.engines.llm.completion import Completion, Question
from server.engines.llm.dialect import MOST_ANSWER_BYTES, Dialect, Gathering, read_completion
from server.engines.llm.errors import ProviderError
from server.engines.llm.sse import CONTENT_TYPE

NO_KEY = "none"  # what is sent where none is wanted: the package insists on one
PATH = "/chat/completions"
IDENTITY = "identity"  # not compressed: a small answer could become a large one


class SdkTransport:
    """One model of one provider."""

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
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._dialect = Dialect(model, has_strict_schema, has_logprobs)
        self._clock = clock
        self._client = openai.AsyncOpenAI(
            base_url=base_url,
            api_key=key or NO_KEY,
            max_retries=0,  # whoever asks decides what is asked again
            http_client=httpx2.AsyncClient(
                transport=_BoundedTransport(
                    verify=ssl.create_default_context(cafile=ca_file),
                    limits=httpx2.Limits(max_connections=most_connections),
                ),
                headers={"Accept-Encoding": IDENTITY},
                trust_env=False,
            ),
        )

    async def complete(self, question: Question, timeout_s: float) -> Completion:
        """The whole answer, within `timeout_s` seconds. Raises ProviderError."""
        # Bytes both ways: to check a question's types, and to make a model object for each of
        # hundreds of log-probabilities, costs more than the call.
        body = orjson.dumps(self._dialect.body(question))
        try:
            async with asyncio.timeout(timeout_s):
                response = await self._client.post(
                    PATH,
                    cast_to=httpx2.Response,
                    content=body,
                    options={"timeout": _connecting(timeout_s)},
                )
            found = orjson.loads(response.content)
        except (openai.OpenAIError, TimeoutError, ValueError) as error:
            raise self._failure(error) from None  # the error holds the key
        if not isinstance(found, dict):
            raise failure("unreadable")
        return read_completion(found)

    async def stream(
        self, question: Question, timeout_s: float
    ) -> AsyncGenerator[str | Completion, None]:
        """The answer's text piece by piece as it is written, and the whole answer last."""
        # Each wait has the timeout for itself: one around a `yield` would end its caller's waits.
        deadline_s = asyncio.get_running_loop().time() + timeout_s
        create, gathering = self._client.chat.completions.create, Gathering()
        try:
            async with asyncio.timeout_at(deadline_s):
                body = self._dialect.streamed_body(question)
                chunks = await create(**body, timeout=_connecting(timeout_s))
            async with chunks:
                if not chunks.response.headers.get("content-type", "").startswith(CONTENT_TYPE):
                    raise failure("unreadable")
                while True:
                    async with asyncio.timeout_at(deadline_s):
                        chunk = await anext(chunks, None)
                    if chunk is None:
                        break
                    if text := gathering.add(chunk.to_dict(warnings=False)):
                        yield text
        except (openai.OpenAIError, TimeoutError, ValueError) as error:
            raise self._failure(error) from None  # the error holds the key
        yield gathering.completion()

    async def close(self) -> None:
        """Close the pooled connections."""
        await self._client.close()

    def _failure(self, error: Exception) -> ProviderError:
        if isinstance(error, openai.APIStatusError):
            response = error.response
            return classify(response.status_code, response.headers, response.content, self._clock())
        if isinstance(error, TimeoutError | openai.APITimeoutError):
            return failure("timeout")
        if isinstance(error, openai.APIConnectionError):
            return failure("untrusted" if _is_of_certificate(error) else "network")
        if isinstance(error, openai.APIError):  # an event that tells of an error
            return classify_told(error.body)
        return failure("unreadable")


class _BoundedTransport(httpx2.AsyncHTTPTransport):
    """Gives up on answers that are longer than an answer may be."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        response.stream = _BoundedStream(cast(httpx2.AsyncByteStream, response.stream))
        if response.headers.get("content-encoding", IDENTITY) != IDENTITY:
            await response.aclose()
            raise failure("unreadable")
        return response


class _BoundedStream(httpx2.AsyncByteStream):
    """The bytes of an answer, up to as many as an answer may have."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        bytes_left = MOST_ANSWER_BYTES
        async for portion in self._stream:
            bytes_left -= len(portion)
            if bytes_left < 0:
                raise failure("unreadable")
            yield portion

    async def aclose(self) -> None:
        await self._stream.aclose()


def _connecting(timeout_s: float) -> httpx2.Timeout:
    """Half of the time to connect in; all else is bounded by whoever waits. The package leaves a
    connection open that is cancelled in its handshake, and closes one that gives up by itself.
    """
    return httpx2.Timeout(None, connect=timeout_s / 2)


def _is_of_certificate(error: BaseException | None) -> bool:
    """Whether an error comes from a certificate that does not hold."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
