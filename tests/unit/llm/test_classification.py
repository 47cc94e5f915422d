"""What providers answer when they refuse, and what is made of it."""

from email.utils import formatdate
from typing import Any

import orjson
import pytest

from server.engines.llm.classification import classify, classify_told
from server.engines.llm.errors import REASONS

NOW_S = 1_750_000_000.0


def told(message: str = "", code: object = None, kind: str = "", **more: object) -> dict[str, Any]:
    """An error as OpenAI tells it."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code} | more}


def reason_of(status: int, body: object) -> str:
    return classify(status, {}, orjson.dumps(body), NOW_S).reason


def wait_s(headers: dict[str, str], body: object = None) -> float | None:
    return classify(429, headers, orjson.dumps(body), NOW_S).retry_after_s


CONTEXT_OPENAI = told(
    "This model's maximum context length is 128000 tokens. Please reduce the length.",
    "context_length_exceeded",
    "invalid_request_error",
)
CONTEXT_VLLM = {
    "object": "error",
    "message": "This model's maximum context length is 2048 tokens. However, you requested 4096",
    "type": "BadRequestError",
    "param": None,
    "code": 400,
}
CONTEXT_GEMINI = [
    {
        "error": {
            "code": 400,
            "message": "The input token count (1200000) exceeds the maximum number of tokens",
            "status": "INVALID_ARGUMENT",
        }
    }
]
CONTEXT_LLAMA = {
    "error": {
        "code": 400,
        "message": "the request exceeds the available context size",
        "type": "exceed_context_size_error",
    }
}
SPENT_OPENAI = told("You exceeded your current quota", "insufficient_quota", "insufficient_quota")
RATE_GEMINI = [
    {
        "error": {
            "code": 429,
            "message": "You exceeded your current quota, please check your billing details",
            "status": "RESOURCE_EXHAUSTED",
            "details": [
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.07s"}
            ],
        }
    }
]
KEY_GEMINI = [
    {
        "error": {
            "code": 400,
            "message": "API key not valid. Please pass a valid API key.",
            "status": "INVALID_ARGUMENT",
            "details": [{"reason": "API_KEY_INVALID", "domain": "googleapis.com"}],
        }
    }
]
FILTER_AZURE = told(
    "The response was filtered due to the prompt triggering Azure OpenAI's policy",
    "content_filter",
    innererror={"code": "ResponsibleAIPolicyViolation"},
)
TOO_LARGE_GROQ = told("Request too large for model", "rate_limit_exceeded", "tokens")


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, CONTEXT_OPENAI, "context_too_long"),
        (400, CONTEXT_VLLM, "context_too_long"),
        (400, CONTEXT_GEMINI, "context_too_long"),
        (400, CONTEXT_LLAMA, "context_too_long"),
        (413, TOO_LARGE_GROQ, "context_too_long"),
        (500, told("prompt is too long for the context window"), "context_too_long"),
        (400, FILTER_AZURE, "content_refused"),
        (400, told("Rejected", "content_policy_violation"), "content_refused"),
        (429, SPENT_OPENAI, "unpaid"),
        (402, told("Insufficient Balance", "invalid_request_error"), "unpaid"),
        (400, told("Billing hard limit", "billing_hard_limit_reached"), "unpaid"),
        (429, RATE_GEMINI, "rate_limited"),
        (429, told("Rate limit reached", "rate_limit_exceeded", "tokens"), "rate_limited"),
        (429, told("Limit 6000 tokens, please reduce the length"), "rate_limited"),
        (400, KEY_GEMINI, "unauthorized"),
        (401, told("Incorrect API key", "invalid_api_key"), "unauthorized"),
        (403, told("Country not supported"), "unauthorized"),
        (404, told("The model `x` does not exist", "model_not_found"), "not_found"),
        (404, {"error": "model 'llama9' not found"}, "not_found"),
        (400, told("Failed to generate JSON", "json_validate_failed"), "unreadable"),
        (400, told("Invalid value", kind="invalid_request_error"), "bad_request"),
        (422, {"detail": [{"msg": "field required", "type": "missing"}]}, "bad_request"),
        (418, None, "bad_request"),
        (408, None, "server_error"),
        (409, None, "server_error"),
        (500, None, "server_error"),
        (524, None, "server_error"),
        (503, told("The engine is overloaded"), "overloaded"),
        (529, {"type": "error", "error": {"type": "overloaded_error"}}, "overloaded"),
        (302, None, "not_found"),
    ],
)
def test_a_refusal_has_its_reason(status: int, body: object, reason: str) -> None:
    assert reason_of(status, body) == reason


@pytest.mark.parametrize("body", [b"", b"<html>502</html>", b"[[[[[[[[]]]]]]]]", b'"text"', b"7"])
def test_a_body_that_says_nothing_leaves_the_status(body: bytes) -> None:
    error = classify(502, {}, body, NOW_S)
    assert (error.reason, error.status) == ("server_error", 502)


def test_the_fault_is_that_of_the_reason() -> None:
    error = classify(429, {}, orjson.dumps(SPENT_OPENAI), NOW_S)
    assert error.fault == REASONS["unpaid"]


def test_no_word_of_the_body_is_in_the_error() -> None:
    error = classify(400, {}, orjson.dumps(told("the ticket said: my card is 4111")), NOW_S)
    assert "card" not in f"{error!r} {error} {vars(error)}"


@pytest.mark.parametrize(
    ("headers", "expected_s"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "3", "retry-after-ms": "2750"}, 2.75),
        ({"retry-after": formatdate(NOW_S + 90, usegmt=True)}, 90.0),
        ({"retry-after": formatdate(NOW_S - 90, usegmt=True)}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after-ms": "", "retry-after": "4"}, 4.0),
        ({}, None),
    ],
)
def test_the_wait_is_what_the_provider_asks_for(
    headers: dict[str, str], expected_s: float | None
) -> None:
    assert wait_s(headers) == expected_s


def test_the_wait_may_stand_in_the_body() -> None:
    assert wait_s({}, RATE_GEMINI) == 34.07


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (told("Provider returned an error", 502), "server_error"),
        (told("Slow down", 429), "rate_limited"),
        (told("Overloaded", "503"), "overloaded"),
        (told("Filtered", "content_filter"), "content_refused"),
        (told("Something"), "server_error"),
        ("text", "server_error"),
        (None, "server_error"),
    ],
)
def test_an_error_in_the_middle_of_an_answer_has_its_reason(body: object, reason: str) -> None:
    assert classify_told(body).reason == reason
