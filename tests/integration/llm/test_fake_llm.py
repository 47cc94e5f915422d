"""The rehearsal endpoint: what it answers, how it fails, and how it is told to."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest
import pytest_asyncio

from server.fake_llm.faults import FAULTS
from tests.integration.callers import POLL_S
from tests.integration.llm.ways import KEY, SCHEMA
from tools.fake_llm_process import FakeLlm

EVERY_KIND: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "colour": {"enum": ["red", "deep blue", "green"]},
        "level": {"anyOf": [{"const": 1, "description": "calm"}, {"const": 2}]},
        "urgent": {"type": "boolean", "description": "whether a lawyer is named"},
        "note": {"type": ["string", "null"], "minLength": 5, "maxLength": 12},
        "share": {"type": "number", "minimum": 0, "maximum": 1},
        "count": {"type": "integer", "exclusiveMinimum": 3},
        "nothing": {"type": "null"},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}, "minItems": 2, "maxItems": 3},
    },
    "$defs": {"line": {"type": "object", "properties": {"text": {"type": "string"}}}},
}


class Caller:
    """Calls the endpoint as any client of OpenAI's would."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def post(self, path: str, **body: Any) -> tuple[int, Any]:
        """The status and the JSON of the answer."""
        body = {"model": "m1"} | body
        async with self._session.post(f"{self._url}/{path}", json=body) as answer:
            return answer.status, await answer.json()

    async def get(self, path: str) -> Any:
        """The JSON of a page."""
        async with self._session.get(f"{self._url}/{path}") as answer:
            return await answer.json()

    async def say(self, text: str, schema: Mapping[str, Any] | None = None, **more: Any) -> Any:
        """What the model answers a user, as text; with a schema, as a value."""
        body: dict[str, Any] = {"messages": [{"role": "user", "content": text}]}
        if schema is not None:
            named = {"name": "wanted", "schema": schema, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": named}
        _, answer = await self.post("chat/completions", **(body | more))
        said = answer["choices"][0]["message"]["content"]
        return said if schema is None else json.loads(said)

    async def vectors(self, *texts: str, **more: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
        """The embeddings of texts, one a row."""
        _, answer = await self.post("embeddings", input=texts, **more)
        return np.array([each["embedding"] for each in answer["data"]])


@pytest_asyncio.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """A session with the key."""
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as session:
        yield session


@pytest.fixture
def caller(session: aiohttp.ClientSession, fake: FakeLlm) -> Caller:
    """A caller with the key."""
    return Caller(session, fake.url)


async def test_every_kind_of_schema_is_filled(caller: Caller) -> None:
    answer = await caller.say("The deep blue one, says my lawyer", EVERY_KIND)
    assert answer == {
        "colour": "deep blue",
        "level": 1,
        "urgent": True,
        "note": "About: The d",
        "share": 0.5,
        "count": 4,
        "nothing": None,
        "lines": [{"text": "About: The deep blue one, says my lawyer"}] * 2,
    }


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("My parcel has not come", "delivery"),
        ("Give me my money back", "billing_refund"),
        ("I need an invoice", "billing_invoice"),
        ("Hello", "delivery"),  # nothing speaks for any: the first
    ],
)
async def test_the_words_of_a_ticket_choose_its_category(
    caller: Caller, text: str, category: str
) -> None:
    assert (await caller.say(text, SCHEMA))["category"] == category


async def test_instructions_tell_which_words_speak_for_a_category(caller: Caller) -> None:
    schema = {"type": "object", "properties": {"c": {"enum": ["a1", "b2"]}}}
    messages = [
        {"role": "system", "content": "Categories:\n- a1: parcels\n- `b2`: broken screens"},
        {"role": "user", "content": [{"type": "text", "text": "The screen is dark"}]},
    ]
    assert await caller.say("", schema, messages=messages) == {"c": "b2"}


async def test_prose_is_answered_in_prose(caller: Caller) -> None:
    assert await caller.say("Where is it?") == "About: Where is it?"


async def test_the_same_question_has_the_same_answer(caller: Caller) -> None:
    answers = {json.dumps(await caller.say("Refund, please", SCHEMA)) for _ in range(3)}
    assert len(answers) == 1


async def test_a_stream_ends_with_its_usage_and_done(
    session: aiohttp.ClientSession, fake: FakeLlm
) -> None:
    body = {
        "model": "m1",
        "messages": [{"role": "user", "content": "Hello"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    async with session.post(f"{fake.url}/chat/completions", json=body) as answer:
        *events, done, rest = (await answer.text()).split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    assert json.loads(events[-1].removeprefix("data: "))["usage"]["completion_tokens"] > 0


async def test_near_texts_have_near_vectors(caller: Caller) -> None:
    one, near, far = await caller.vectors(
        "my parcel has not arrived", "the parcel has still not arrived", "reset a password"
    )
    assert one @ near > 0.5 > one @ far


async def test_vectors_have_the_dimensions_that_are_asked_for(caller: Caller) -> None:
    vectors = await caller.vectors("one", "", dimensions=64)
    assert vectors.shape == (2, 64)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1])


async def test_models_are_listed(caller: Caller) -> None:
    assert "rehearsal-large" in [model["id"] for model in (await caller.get("models"))["data"]]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"messages": 7},
        {"messages": [{"role": "user"}]},
        {"messages": [], "response_format": {"type": "json_schema"}},
        {
            "messages": [],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"schema": {"type": "object", "properties": {"a": {"$ref": "#"}}}},
            },
        },
    ],
)
async def test_a_request_that_makes_no_sense_is_a_bad_one(
    caller: Caller, body: dict[str, Any]
) -> None:
    status, answer = await caller.post("chat/completions", **body)
    assert (status, answer["error"]["type"]) == (400, "invalid_request_error")


async def test_a_path_that_is_not_there_is_not_found(caller: Caller) -> None:
    assert (await caller.post("completions"))[0] == 404


async def test_a_caller_without_the_key_is_refused(fake: FakeLlm) -> None:
    async with aiohttp.ClientSession() as session:
        status, answer = await Caller(session, fake.url).post("chat/completions", messages=[])
    assert (status, answer["error"]["code"]) == (401, "invalid_api_key")


async def test_faults_that_are_ordered_come_in_that_order(caller: Caller, fake: FakeLlm) -> None:
    fake.control(next=["http_503", "http_404"])
    statuses = [(await caller.post("chat/completions", messages=[]))[0] for _ in range(3)]
    assert statuses == [503, 404, 200]


async def test_faults_have_their_shares_and_repeat_with_the_seed(
    caller: Caller, fake: FakeLlm
) -> None:
    runs = []
    for _ in range(2):
        fake.reset()
        fake.control(faults={"http_500": 0.2, "http_429": 0.1})
        runs.append([(await caller.post("chat/completions", messages=[]))[0] for _ in range(200)])
    assert runs[0] == runs[1]
    assert 20 <= runs[0].count(500) <= 60
    assert 5 <= runs[0].count(429) <= 40


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        ("unknown_category", '{"category":"something_else_entirely","summary":"About: Refund"}'),
        (
            "intent_without_action",
            '{"category":"billing_refund","summary":"I have refunded you, '
            'and I will escalate this to a specialist."}',
        ),
        ("wrong_schema", '{"unexpected":[1,2,3]}'),
        ("not_json", "Certainly! Here is what I make of it: all is well."),
        ("cut_off", '{"category":"billing_refund",'),
        ("empty", ""),
        ("declined", None),
    ],
)
async def test_a_flawed_answer_is_flawed_in_its_way(
    caller: Caller, fake: FakeLlm, fault: str, answer: str | None
) -> None:
    schema = {"type": "json_schema", "json_schema": {"name": "s", "schema": SCHEMA}}
    fake.control(next=[fault])
    assert await caller.say("Refund", response_format=schema) == answer


async def test_embeddings_fail_as_chats_do(caller: Caller, fake: FakeLlm) -> None:
    fake.control(next=["http_503"])
    assert (await caller.post("embeddings", input="a"))[0] == 503


async def test_a_server_that_is_down_comes_back_by_itself(caller: Caller, fake: FakeLlm) -> None:
    fake.control(down_for_s=2.0)
    refused = 0
    while True:
        try:
            status, _ = await caller.post("chat/completions", messages=[])
        except aiohttp.ClientError:
            refused += 1
            await asyncio.sleep(POLL_S)
        else:
            break
    assert (status, refused > 0) == (200, True)


async def test_counts_tell_what_has_been(caller: Caller, fake: FakeLlm) -> None:
    fake.control(next=["http_503"])
    await caller.post("chat/completions", messages=[])
    await caller.say("Hello")
    await caller.vectors("Hello", model="e1")
    stats = fake.stats()
    counts = [stats[name] for name in ("requests", "answered", "in_flight", "peak_in_flight")]
    assert counts == [3, 2, 0, 1]
    assert (stats["by_fault"], stats["by_model"]) == ({"http_503": 1}, {"m1": 1, "e1": 1})


async def test_an_order_stays_until_the_next_one(fake: FakeLlm) -> None:
    fake.control(latency={"median_ms": 5, "sigma": 0.5})
    fake.control(faults={"reset": 0.5})
    stats = fake.stats()
    assert stats["latency"] == {"median_ms": 5, "sigma": 0.5}
    assert stats["faults"] == {"reset": 0.5}


@pytest.mark.parametrize(
    "order",
    [
        {"unknown": 1},
        {"faults": {"no_such_fault": 0.1}},
        {"faults": {"reset": 0.6, "empty": 0.6}},
        {"faults": {"reset": -0.1}},
        {"faults": {"reset": "often"}},
        {"next": ["no_such_fault"]},
        {"next": 3},
        {"latency": {"median": 5}},
        {"latency": {"median_ms": -5}},
        {"latency": 5},
        {"down_for_s": "long"},
        [],
    ],
)
async def test_an_order_that_makes_no_sense_changes_nothing(fake: FakeLlm, order: Any) -> None:
    before = fake.stats()
    async with aiohttp.ClientSession() as session:
        url = f"{fake.url.removesuffix('/v1')}/control"
        async with session.put(url, json=order) as answer:
            assert (answer.status, bool((await answer.json())["error"])) == (400, True)
    assert fake.stats() == before


def test_a_server_that_is_started_again_has_the_same_address() -> None:
    process = FakeLlm("--fault", "http_429=0.25", "--latency-ms", "1").start()
    try:
        url = process.url
        process.kill()
        process.start()
        assert (process.url, process.stats()["faults"]) == (url, {"http_429": 0.25})
    finally:
        process.stop()


def test_every_fault_is_in_the_documentation() -> None:
    documentation = (Path(__file__).parents[3] / "docs" / "fake-llm.md").read_text()
    assert [name for name in FAULTS if f"`{name}`" not in documentation] == []


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "minLength": 10**9},
        {"type": "array", "minItems": 100, "maxItems": 100, "items": {"minLength": 1000}},
    ],
)
async def test_a_schema_that_asks_for_too_long_an_answer_is_refused(
    caller: Caller, schema: Mapping[str, Any]
) -> None:
    assert "minLength asks for more than 10000 characters" in await refused(caller, schema)


async def test_a_schema_that_asks_for_too_many_parts_is_refused(caller: Caller) -> None:
    schema: Mapping[str, Any] = {"type": "null"}
    for _ in range(8):
        schema = {"type": "array", "minItems": 100, "maxItems": 100, "items": schema}
    assert "more than 10000 parts" in await refused(caller, schema)


async def refused(caller: Caller, schema: Mapping[str, Any]) -> str:
    """Why the endpoint does not answer with this schema."""
    wanted = {"type": "json_schema", "json_schema": {"name": "wanted", "schema": schema}}
    messages = [{"role": "user", "content": "hello"}]
    status, told = await caller.post("chat/completions", messages=messages, response_format=wanted)
    assert status == 400
    return str(told["error"]["message"])
