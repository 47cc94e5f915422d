"""A provider over the `openai` package: the reference that the lean way is held against.

What the package sends goes over aiohttp, which costs the processor less than its own way.
To import this module is to import `openai`, which takes most of a second: only where it is wanted.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from pathlib import Path

import aiohttp
import httpx2
import openai
import orjson

from server.engines.llm.classification import classify, classify_told, failure
from server.engines.llm.completion import AddTrace, Completion, Question
from server.engines.llm.connections import BROKEN, IDENTITY, Body, broken, open_session
from server.engines.llm.dialect import Dialect, Gathering, read_completion
from server.engines.llm.errors import ProviderError
from server.engines.llm.sse import CONTENT_TYPE

NO_KEY = "none"  # what is sent where none is wanted: the package insists on one
PATH = "/chat/completions"


class SdkTransport:
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
        self._dialect = Dialect(model, has_strict_schema, has_logprobs)
        self._clock = clock
        self._client = openai.AsyncOpenAI(
            base_url=base_url.rstrip("/"),
            api_key=key or NO_KEY,
            max_retries=0,  # whoever asks decides what is asked again
            timeout=None,  # whoever asks bounds the wait
            http_client=httpx2.AsyncClient(
                transport=_Aiohttp(open_session(most_connections, ca_file, add_trace)),
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
                response = await self._client.post(PATH, cast_to=httpx2.Response, content=body)
            found = orjson.loads(response.content)
        except BROKEN as error:
            raise broken(error) from None
        except (openai.OpenAIError, ValueError) as error:
            raise self._failure(error) from None  # it may hold the key, too
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
                chunks = await create(**body)
            async with chunks:
                content_type = chunks.response.headers.get("content-type", "")
                if not content_type.lower().startswith(CONTENT_TYPE):
                    raise failure("unreadable")
                while True:
                    async with asyncio.timeout_at(deadline_s):
                        chunk = await anext(chunks, None)
                    if chunk is None:
                        break
                    if not isinstance(chunk, openai.BaseModel):  # whatever its type says
                        raise failure("unreadable")
                    if text := gathering.add(chunk.to_dict(warnings=False)):
                        yield text
        except BROKEN as error:
            raise broken(error) from None
        except (openai.OpenAIError, ValueError) as error:
            raise self._failure(error) from None  # it may hold the key, too
        yield gathering.completion()

    async def close(self) -> None:
        """Close the pooled connections."""
        await self._client.close()

    def _failure(self, error: Exception) -> ProviderError:
        if isinstance(error, openai.APIStatusError):
            response = error.response
            return classify(response.status_code, response.headers, response.content, self._clock())
        if isinstance(error, openai.APIConnectionError):
            return broken(error.__cause__)
        if isinstance(error, openai.APIError):  # an event that tells of an error
            return classify_told(error.body)
        return failure("unreadable")


class _Aiohttp(httpx2.AsyncBaseTransport):
    """Sends what the package asks for over an aiohttp session."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._session.request(
            request.method,
            str(request.url),
            headers=request.headers,
            data=request.content,
            allow_redirects=False,
        )
        # The package is to unpack nothing: a small answer could become a large one.
        headers = [one for one in response.raw_headers if one[0].lower() != b"content-encoding"]
        return httpx2.Response(response.status, headers=headers, stream=_Answer(response))

    async def aclose(self) -> None:
        await self._session.close()


class _Answer(httpx2.AsyncByteStream):
    """An answer's bytes as they come in."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        body = Body(self._response)
        while portion := await body.portion():
            yield portion

    async def aclose(self) -> None:
        self._response.release()
