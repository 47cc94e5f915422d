"""What can go wrong on demand."""

from collections.abc import Mapping
from dataclasses import dataclass

# Every fault, and what a caller sees of it.
FAULTS: Mapping[str, str] = {
    "http_429": "too many requests, with Retry-After",
    "http_429_silent": "too many requests, without Retry-After",
    "http_429_quota": "too many requests, because the quota is spent",
    "http_500": "an internal error",
    "http_503": "overloaded",
    "http_400": "a bad request",
    "http_401": "a wrong key",
    "http_402": "payment required",
    "http_404": "no such model",
    "context_too_long": "400: more tokens than the model reads",
    "content_refused": "400: a content filter refuses the question",
    "declined": "an answer in which the model declines",
    "filtered": "an answer that a content filter stopped",
    "reset": "the connection is reset before an answer",
    "reset_mid_body": "the connection is reset in the middle of the answer",
    "half_stream": "a stream that stops in the middle, without [DONE]",
    "unreadable": "a page of HTML where JSON should be",
    "not_json": "the model answers in prose",
    "wrong_schema": "the model's JSON does not keep the schema",
    "empty": "the model answers nothing",
    "cut_off": "half an answer: finish_reason length",
    "unknown_category": "a value that is not among those of the schema",
    "intent_without_action": "strings promise what nobody does",
    "slow_drip": "the answer comes in drops, for two seconds",
    "never_answers": "the connection stays open and silent",
}


@dataclass(frozen=True, slots=True)
class HttpFault:
    """An error status, with the body of OpenAI's errors."""

    status: int
    kind: str
    code: str | None
    message: str
    says_when: bool = False  # by Retry-After


HTTP_FAULTS: Mapping[str, HttpFault] = {
    "http_429": HttpFault(
        429, "requests", "rate_limit_exceeded", "Rate limit reached for requests", says_when=True
    ),
    "http_429_silent": HttpFault(
        429, "tokens", "rate_limit_exceeded", "Rate limit reached for tokens"
    ),
    "http_429_quota": HttpFault(
        429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota"
    ),
    "http_500": HttpFault(500, "server_error", None, "The server had an error"),
    "http_503": HttpFault(503, "service_unavailable", None, "The engine is overloaded"),
    "http_400": HttpFault(400, "invalid_request_error", None, "Invalid value for temperature"),
    "http_401": HttpFault(401, "invalid_request_error", "invalid_api_key", "Incorrect API key"),
    "http_402": HttpFault(402, "billing_error", "payment_required", "Payment required"),
    "http_404": HttpFault(
        404, "invalid_request_error", "model_not_found", "The model does not exist"
    ),
    "context_too_long": HttpFault(
        400,
        "invalid_request_error",
        "context_length_exceeded",
        "This model's maximum context length is 8192 tokens",
    ),
    "content_refused": HttpFault(
        400, "invalid_request_error", "content_filter", "The prompt was filtered"
    ),
}
