"""Why a provider refused, read from its answer: OpenAI's way of telling it, and its relatives'.

    OpenAI, Groq, Ollama  {"error": {"message", "type", "param", "code"}}
    Azure                 {"error": {"message", "code", "innererror": {"code"}}}
    Gemini                [{"error": {"code": 400, "message", "status", "details": [...]}}]
    vLLM                  {"object": "error", "message", "type", "code": 400}, or as OpenAI
    llama.cpp, LiteLLM    {"error": {"code": 400, "message", "type"}}, the code perhaps as text
    Ollama's own          {"error": "model 'x' not found"}

Messages are looked through for what codes do not say, and left behind: they may quote a ticket.
"""

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from server.engines.llm.errors import REASONS, ProviderError

DEEPEST = 4  # levels at which codes stand


@dataclass(frozen=True, slots=True)
class Mark:
    """What gives a reason away: one of the codes, or a part of the message."""

    reason: str
    codes: frozenset[str]
    phrases: tuple[str, ...] = ()
    statuses: frozenset[int] = frozenset()  # with which phrases count; codes always do


REFUSED = frozenset({400, 413, 422, 500})  # a runner that cannot take a question may say 500

# The first that fits is the reason.
MARKS = (
    Mark(
        "unpaid",
        frozenset(
            {
                "insufficient_quota",
                "insufficient_credits",
                "billing_hard_limit_reached",
                "billing_not_active",
                "payment_required",
                "failed_precondition",  # Gemini's, where only paying callers are served
            }
        ),
    ),
    Mark(
        "context_too_long",
        frozenset(
            {"context_length_exceeded", "string_above_max_length", "exceed_context_size_error"}
        ),
        (
            "context length",
            "context window",
            "context size",
            "maximum number of tokens",
            "prompt is too long",
            "reduce the length",
        ),
        REFUSED,
    ),
    Mark(
        "content_refused",
        frozenset(
            {
                "content_filter",
                "content_policy_violation",
                "responsibleaipolicyviolation",
                "prohibited_content",
            }
        ),
        ("content management policy", "flagged by our safety", "content policy"),
        REFUSED,
    ),
    Mark(
        "unauthorized",
        frozenset({"invalid_api_key", "api_key_invalid"}),
        ("api key not valid",),
        REFUSED,
    ),
    # The model wrote what its own provider could not read; asked again, it may do better.
    Mark("unreadable", frozenset({"json_validate_failed"})),
    Mark("not_found", frozenset({"model_not_found", "deploymentnotfound"})),
)

STATUSES = {
    400: "bad_request",
    401: "unauthorized",
    402: "unpaid",
    403: "unauthorized",
    404: "not_found",
    408: "server_error",
    409: "server_error",
    413: "context_too_long",
    422: "bad_request",
    429: "rate_limited",
    498: "overloaded",
    503: "overloaded",
    529: "overloaded",
}


def failure(
    reason: str,
    status: int | None = None,
    retry_after_s: float | None = None,
    *,
    has_begun: bool = False,
) -> ProviderError:
    """The error for one of REASONS."""
    return ProviderError(
        REASONS[reason], reason, status=status, retry_after_s=retry_after_s, has_begun=has_begun
    )


def classify(status: int, headers: Mapping[str, str], body: bytes, now_s: float) -> ProviderError:
    """The error that an answer with an error status stands for. `now_s` in seconds since 1970."""
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:  # the page of a proxy
        told = None
    return failure(_reason(status, told), status, _retry_after_s(headers, told, now_s))


def classify_told(body: object) -> ProviderError:
    """The error in the body of an answer that began well."""
    told = [code for code in _codes(body) if code.isdecimal() and 400 <= int(code) < 600]
    status = int(told[0]) if told else 500
    return failure(_reason(status, body), status, _told_retry_after_s(body))


def _reason(status: int, body: object) -> str:
    codes = set(_codes(body))
    message = " ".join(_values(body, ("message", "error"))).lower()
    for mark in MARKS:
        is_said = status in mark.statuses and any(phrase in message for phrase in mark.phrases)
        if is_said or not codes.isdisjoint(mark.codes):
            return mark.reason
    return STATUSES.get(status) or _reason_of_class(status)


def _reason_of_class(status: int) -> str:
    if status >= 500:
        return "server_error"
    return "bad_request" if status >= 400 else "not_found"  # a redirect: the URL is not the API's


def _retry_after_s(headers: Mapping[str, str], body: object, now_s: float) -> float | None:
    """How long the provider asks to wait; the most exact of what it says."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    stated = headers.get("retry-after")
    if stated is None:
        return _told_retry_after_s(body)
    seconds = _number(stated)
    return _seconds_until(stated, now_s) if seconds is None else seconds


def _told_retry_after_s(body: object) -> float | None:
    """Gemini's google.rpc.RetryInfo, such as "34.07s"."""
    delays = [_number(delay.removesuffix("s")) for delay in _values(body, ("retryDelay",))]
    return next(iter(delays), None)


def _seconds_until(date: str, now_s: float) -> float | None:
    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - now_s)
    except (ValueError, OverflowError):
        return None


def _number(text: str | None) -> float | None:
    """A number of 0 or more; None: the text is none."""
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if number >= 0 and math.isfinite(number) else None


def _codes(body: object) -> Iterator[str]:
    return (value.lower() for value in _values(body, ("code", "type", "status", "reason")))


def _values(body: object, names: Collection[str], depth: int = 0) -> Iterator[str]:
    """The texts and numbers under these names, the outermost first."""
    members: list[Any] = []
    if isinstance(body, Mapping):
        members = [*body.values()]
        found = (body.get(name) for name in names)
        yield from (str(value) for value in found if isinstance(value, str | int))
    elif isinstance(body, list):
        members = body
    if depth < DEEPEST:
        for member in members:
            yield from _values(member, names, depth + 1)
