"""The server over HTTP: OpenAI's paths, and `/control`."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from hmac import compare_digest

import orjson
from aiohttp import web

from server.fake_llm import wire
from server.fake_llm.answer import Author, UnusableRequest, read_chat
from server.fake_llm.behaviour import Behaviour, UnusableOrder
from server.fake_llm.counts import Counts
from server.fake_llm.embedding import embed, read_texts
from server.fake_llm.faults import HTTP_FAULTS, HttpFault
from server.fake_llm.schema import UnusableSchema
from server.fake_llm.sending import BROKEN, refusal, reset, send, send_events, whole

HTML = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Endpoint:
    """Answers requests as its behaviour says. An empty key: nobody needs one."""

    def __init__(self, behaviour: Behaviour, key: str) -> None:
        self._behaviour = behaviour
        self._authorization = f"Bearer {key}".encode() if key else b""
        self._author = Author()
        self._counts = Counts()
        self._routes: Mapping[tuple[str, str], Handler] = {
            ("POST", "/v1/chat/completions"): self._chat,
            ("POST", "/v1/embeddings"): self._embed,
            ("GET", "/v1/models"): self._list_models,
        }
        self._orders: Mapping[str, Handler] = {"PUT": self._order, "DELETE": self._restart}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request, or fail it."""
        if request.path == "/control":
            return await self._orders.get(request.method, self._show)(request)
        self._counts.begin()
        try:
            return await self._answer(request)
        except (UnusableRequest, UnusableSchema) as error:
            return refusal(HttpFault(400, "invalid_request_error", None, str(error)))
        finally:
            self._counts.in_flight -= 1

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if self._behaviour.is_down:
            return await reset(request)
        if not self._is_known(request):
            return refusal(HTTP_FAULTS["http_401"])
        route = self._routes.get((request.method, request.path))
        if route is None:
            return refusal(HttpFault(404, "invalid_request_error", None, "No such path"))
        return await route(request)

    def _is_known(self, request: web.BaseRequest) -> bool:
        if not self._authorization:
            return True
        return compare_digest(
            request.headers.get("Authorization", "").encode(), self._authorization
        )

    async def _chat(self, request: web.BaseRequest) -> web.StreamResponse:
        chat = read_chat(await request.read())
        fault = await self._begin()
        failed = await self._fail(request, fault)
        if failed is not None:
            return failed
        answer, number = self._author.write(chat, fault), self._counts.requests
        if chat.is_streamed:
            events = [*wire.chunks(number, chat, answer), wire.DONE]
            response = await send_events(request, events, fault)
        else:
            response = await send(request, wire.completion(number, chat, answer), fault)
        if fault not in BROKEN:
            self._counts.answer(chat.model, chat.input_tokens, len(answer.pieces))
        return response

    async def _embed(self, request: web.BaseRequest) -> web.StreamResponse:
        wanted = read_texts(await request.read())
        fault = await self._begin()
        failed = await self._fail(request, fault)
        if failed is not None:
            return failed
        vectors = [embed(text, wanted.dimensions) for text in wanted.texts]
        body = wire.embeddings(
            wanted.model,
            [
                base64.b64encode(v.tobytes()).decode() if wanted.is_base64 else v.tolist()
                for v in vectors
            ],
            wanted.tokens,
        )
        response = await send(request, body, fault)
        if fault not in BROKEN:
            self._counts.answer(wanted.model, wanted.tokens, 0)
        return response

    async def _list_models(self, _request: web.BaseRequest) -> web.StreamResponse:
        return whole(wire.models())

    async def _begin(self) -> str:
        """Choose what goes wrong, and take the time that an answer takes."""
        fault, latency_s = self._behaviour.next_fault(), self._behaviour.next_latency_s()
        if fault:
            self._counts.fail(fault)
        if latency_s:
            await asyncio.sleep(latency_s)
        return fault

    async def _fail(self, request: web.BaseRequest, fault: str) -> web.StreamResponse | None:
        """The response of a fault that leaves no answer; None: there is an answer."""
        if fault in HTTP_FAULTS:
            return refusal(HTTP_FAULTS[fault], self._behaviour.settings.retry_after_s)
        if fault == "reset":
            return await reset(request)
        if fault == "never_answers":
            await asyncio.Event().wait()  # until the caller hangs up
        if fault == "unreadable":
            return web.Response(body=HTML, content_type="text/html")
        return None

    async def _show(self, _request: web.BaseRequest) -> web.StreamResponse:
        return whole(orjson.dumps({**self._behaviour.as_json(), **asdict(self._counts)}))

    async def _order(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            order = orjson.loads(await request.read())
            self._behaviour.follow(order)
        except (UnusableOrder, orjson.JSONDecodeError) as error:
            return whole(orjson.dumps({"error": str(error)}), 400)
        return await self._show(request)

    async def _restart(self, request: web.BaseRequest) -> web.StreamResponse:
        self._behaviour.restart()
        self._counts = Counts(in_flight=self._counts.in_flight)
        return await self._show(request)
