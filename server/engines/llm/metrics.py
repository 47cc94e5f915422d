"""Prometheus metrics of calls to language models."""

from collections.abc import Iterable
from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from server.engines.llm.flaws import Flaw
from server.engines.llm.intent import Claim, confidence_bucket
from server.triage.engine import Attempt

LATENCIES_S = (0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32)
MOST_KEPT = 1024  # series of one metric that are at hand: to find one by its labels takes long
BACKOFFS_S = (0.1, 0.25, 0.5, 1, 2, 4, 8, 16)


class LlmMetrics:
    """Counts what is asked, what is answered, what was wrong with it and what it cost."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._attempts = Counter(
            "llm_attempts",
            "Calls of providers, and those that were not begun, by how they ended.",
            ["provider", "model", "cause", "outcome"],
            registry=registry,
        )
        self._seconds = Histogram(
            "llm_attempt_duration_seconds",
            "Time of answered and failed calls, in seconds.",
            ["provider", "model"],
            buckets=LATENCIES_S,
            registry=registry,
        )
        self._tokens = Counter(
            "llm_tokens", "Tokens.", ["provider", "model", "direction"], registry=registry
        )
        self._dollars = Counter(
            "llm_cost_usd",
            "Dollars, by the stated prices.",
            ["provider", "model"],
            registry=registry,
        )
        self._degraded = Counter(
            "llm_degraded_answers",
            "Tickets that the embedded engine answered in the place of a model.",
            ["reason"],
            registry=registry,
        )
        self._critical = Gauge(
            "llm_provider_critical",
            "1: the provider fails in a way that lasts until somebody acts.",
            ["provider", "reason"],
            registry=registry,
        )
        self._corrections = Counter(
            "retry_attempts",
            "Flawed answers that were asked for again.",
            ["reason"],
            registry=registry,
        )
        self._injected = Counter(
            "retry_prompt_injected",
            "Prompts that told a model what was wrong with its answer.",
            ["reason"],
            registry=registry,
        )
        self._given_up = Counter(
            "retry_max_attempts_reached",
            "Flawed answers that were not asked for again.",
            ["reason"],
            registry=registry,
        )
        self._backoff = Histogram(
            "retry_backoff_seconds",
            "Time before a flawed answer was asked for again, in seconds.",
            ["attempt"],
            buckets=BACKOFFS_S,
            registry=registry,
        )
        self._claims = Counter(
            "intent_detection_hits",
            "Replies that claim an action nobody takes.",
            ["intent_type", "confidence_bucket"],
            registry=registry,
        )
        keep = lru_cache(MOST_KEPT)
        self._attempts_of = keep(self._attempts.labels)
        self._seconds_of = keep(self._seconds.labels)
        self._tokens_of = keep(self._tokens.labels)
        self._dollars_of = keep(self._dollars.labels)

    def attempted(self, attempt: Attempt) -> None:
        """Count one call."""
        names = (attempt.provider, attempt.model)
        self._attempts_of(*names, attempt.cause, attempt.outcome).inc()
        if attempt.duration_s:
            self._seconds_of(*names).observe(attempt.duration_s)
        if attempt.input_tokens or attempt.output_tokens:
            self._tokens_of(*names, "input").inc(attempt.input_tokens)
            self._tokens_of(*names, "output").inc(attempt.output_tokens)
        if attempt.cost_micro_usd:
            self._dollars_of(*names).inc(attempt.cost_micro_usd / 1e6)

    def critical(self, provider: str, reason: str, *, is_critical: bool) -> None:
        """A provider needs somebody to act, or does so no longer."""
        self._critical.labels(provider, reason).set(is_critical)

    def corrected(self, flaw: Flaw, attempt: int, backoff_s: float) -> None:
        """A flawed answer is asked for again."""
        self._corrections.labels(flaw.value).inc()
        self._injected.labels(flaw.value).inc()
        self._backoff.labels(str(attempt)).observe(backoff_s)

    def corrections_ended(self, flaw: Flaw) -> None:
        """A flawed answer is not asked for again."""
        self._given_up.labels(flaw.value).inc()

    def claimed(self, claims: Iterable[Claim]) -> None:
        """A reply claims actions."""
        for claim in claims:
            self._claims.labels(claim.intent.value, confidence_bucket(claim.confidence)).inc()

    def degraded(self, reason: str) -> None:
        """The embedded engine answers in the place of a model."""
        self._degraded.labels(reason).inc()
