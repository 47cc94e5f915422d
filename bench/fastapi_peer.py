"""Triage as it is usually written: FastAPI, slowapi, Prometheus, and the `openai` package.

    python -m bench.fastapi_peer http://127.0.0.1:8001/v1      prints its address, then serves

It asks the model with the same prompt for the same answer, in the way of the package that costs
least, and does no more: no database stands behind it, nothing personal is hidden, there are no
log-probabilities, and an answer is held against its schema alone.
"""

import logging
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Any

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from openai import AsyncOpenAI
from prometheus_client import Counter, Histogram
from pydantic import BaseModel, ConfigDict, Field, create_model
from slowapi import Limiter

from bench.model_questions import MODEL
from server.engines.llm.form import PRIORITIES, SENTIMENTS
from server.engines.llm.prompt import make_prompt, messages_for
from server.triage.starter import starter_taxonomy

KEY = "Bearer key-of-the-measurement"
LIMITS = "1000000/second;100000000/minute;1000000000/hour;10000000000/day"  # never reached

CALLS = Counter("calls", "Calls.", ["path", "status"])
SECONDS = Histogram("seconds", "Time of calls.", ["path"])


class Ticket(BaseModel):
    """A ticket as callers send it."""

    id: str = Field(min_length=1, max_length=128)
    subject: str = Field("", max_length=1000)
    body: str = Field(min_length=1, max_length=65536)
    channel: str = "email"


def application(model_url: str) -> FastAPI:
    """The service, asking the model at `model_url`."""
    app, client = FastAPI(), AsyncOpenAI(base_url=model_url, api_key="none")
    limiter = app.state.limiter = Limiter(key_func=_caller)
    log = logging.getLogger("uvicorn.error")
    taxonomy = starter_taxonomy()
    prompt, answer = make_prompt(taxonomy.categories), _answer_model(tuple(taxonomy.by_name))
    schema = {"name": "triage", "schema": answer.model_json_schema(), "strict": True}
    response_format: Any = {"type": "json_schema", "json_schema": schema}

    @app.middleware("http")
    async def observe(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        start = time.perf_counter()
        response = await call_next(request)
        taken = time.perf_counter() - start
        CALLS.labels(request.url.path, response.status_code).inc()
        SECONDS.labels(request.url.path).observe(taken)
        log.info("call path=%s status=%s s=%.4f", request.url.path, response.status_code, taken)
        return response

    @app.post("/triage", response_model=answer)
    @limiter.limit(LIMITS)
    async def triage(
        request: Request,  # noqa: ARG001  # slowapi looks for it by its name
        ticket: Ticket,
        _caller: Annotated[str, Depends(_known_caller)],
    ) -> Any:
        outward = ticket.model_dump(exclude={"id"}, exclude_defaults=True)
        messages: Any = [
            {"role": message.role.value, "content": message.text}
            for message in messages_for(prompt, outward)
        ]
        completion = await client.chat.completions.create(
            model=MODEL,
            messages=messages,
            response_format=response_format,
            max_tokens=800,
            temperature=0,
        )
        return answer.model_validate_json(completion.choices[0].message.content or "")

    return app


def _caller(request: Request) -> str:
    return request.headers.get("authorization", "")


def _known_caller(request: Request) -> str:
    caller = _caller(request)
    if caller != KEY:
        raise HTTPException(401, "no such key")
    return caller


def _answer_model(categories: tuple[str, ...]) -> type[BaseModel]:
    """The form of an answer, the same as ours."""
    return create_model(
        "Answer",
        __config__=ConfigDict(extra="forbid"),
        category=(_choice("Category", categories), ...),
        priority=(_choice("Priority", PRIORITIES), ...),
        sentiment=(_choice("Sentiment", SENTIMENTS), ...),
        summary=(str, ...),
        reply=(str, ...),
    )


def _choice(name: str, values: Any) -> Any:
    return StrEnum(name, {value: value for value in values})


@contextmanager
def fastapi_server(model_url: str) -> Iterator[tuple[str, int]]:
    """The URL and process id of the service, with one worker."""
    command = [sys.executable, "-m", "bench.fastapi_peer", model_url]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("ready on ").strip()
        assert url, "the FastAPI application did not start"
        yield url, process.pid
    finally:
        process.terminate()
        process.communicate()


def main() -> None:
    """Serve on a free port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(f"ready on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    sys.stdout = sys.stderr  # uvicorn's access log would fill a pipe that nobody reads
    config = uvicorn.Config(application(sys.argv[1]), log_level="info")
    uvicorn.Server(config).run([listener])


if __name__ == "__main__":
    main()
