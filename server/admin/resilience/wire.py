"""Messages of ResilienceService to values, and back."""

import math
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from google.protobuf.message import Message
from switchyard.admin.v1 import resilience_service_pb2 as pb

from interceptors.breaker.breaker import CircuitBreaker
from interceptors.breaker.settings import BreakerSettings, Mode, State
from interceptors.recent_errors import RecentError
from server.admin.resilience.performance import Performance
from server.dead_letters.letter import (
    LETTERS,
    DeadLetter,
    LetterCounts,
    LetterFilter,
    Severity,
)
from server.dead_letters.letter import State as LetterState
from server.dead_letters.replay import Replay
from server.engines.llm.member import Member
from server.triage.wire import read_time
from server.wire_values import enum_number, read_seconds, write_seconds, write_time

STATES: dict[State, Any] = {
    State.CLOSED: pb.CIRCUIT_BREAKER_STATE_CLOSED,
    State.OPEN: pb.CIRCUIT_BREAKER_STATE_OPEN,
    State.HALF_OPEN: pb.CIRCUIT_BREAKER_STATE_HALF_OPEN,
}
MODES: dict[Mode, Any] = {
    Mode.AUTOMATIC: pb.CIRCUIT_BREAKER_MODE_AUTOMATIC,
    Mode.FORCED_OPEN: pb.CIRCUIT_BREAKER_MODE_FORCED_OPEN,
    Mode.DISABLED: pb.CIRCUIT_BREAKER_MODE_DISABLED,
    Mode.METRICS_ONLY: pb.CIRCUIT_BREAKER_MODE_METRICS_ONLY,
}
MODES_BY_NUMBER = {number: mode for mode, number in MODES.items()}

# Field of the message -> field of the settings; durations are read and written as seconds.
NUMBERS = {
    "consecutive_failures": "consecutive_failures",
    "failure_rate": "failure_rate",
    "slow_call_rate": "slow_call_rate",
    "window_calls": "window_calls",
    "minimum_calls": "minimum_calls",
    "half_open_calls": "half_open_calls",
    "successes_to_close": "successes_to_close",
}
DURATIONS = {"slow_call": "slow_call_s", "window": "window_s", "open": "open_s"}


def write_breaker(
    breaker: CircuitBreaker, since_1970: Callable[[float], float]
) -> pb.CircuitBreaker:
    """A breaker. `since_1970` turns its time into Unix time."""
    rates = breaker.rates()
    message = pb.CircuitBreaker(
        breaker=breaker.name,
        state=STATES[breaker.state],
        mode=MODES[breaker.mode],
        settings=_write_settings(breaker.settings),
        calls=rates.calls,
        failure_rate=rates.failure_rate,
        slow_call_rate=rates.slow_call_rate,
        refused=breaker.tally.not_permitted,
    )
    if breaker.changed_s is not None:
        message.change_time.CopyFrom(write_time(since_1970(breaker.changed_s)))
    return message


def read_changes(message: pb.CircuitBreakerSettings) -> dict[str, Any]:
    """What a message asks to change: a number that is 0 and a duration that is absent stay."""
    changes = {ours: getattr(message, theirs) for theirs, ours in NUMBERS.items()}
    changes = {name: value for name, value in changes.items() if value}
    for theirs, ours in DURATIONS.items():
        if message.HasField(theirs):
            changes[ours] = read_seconds(getattr(message, theirs))
    return changes


def _write_settings(settings: BreakerSettings) -> pb.CircuitBreakerSettings:
    message = pb.CircuitBreakerSettings()
    for theirs, ours in NUMBERS.items():
        setattr(message, theirs, getattr(settings, ours))
    for theirs, ours in DURATIONS.items():
        seconds = getattr(settings, ours)
        if seconds != math.inf:
            getattr(message, theirs).CopyFrom(write_seconds(seconds))
    return message


def write_performance(found: Performance) -> pb.Performance:
    """How one kind of work performs."""
    timing = found.timing
    return pb.Performance(
        kind=found.kind,
        subject=found.subject,
        calls=timing.count,
        errors=found.errors,
        total=write_seconds(timing.total_s),
        minimum=write_seconds(timing.minimum_s),
        maximum=write_seconds(timing.maximum_s),
        p50=write_seconds(timing.percentile_s(50)),
        p95=write_seconds(timing.percentile_s(95)),
        p99=write_seconds(timing.percentile_s(99)),
    )


def write_error(error: RecentError) -> pb.RecentError:
    """A call that failed."""
    return pb.RecentError(
        time=write_time(error.time_s),
        method=error.method,
        code=error.code,
        reason=error.reason,
        tenant=error.tenant,
        call_id=error.call_id,
        duration=write_seconds(error.duration_s),
    )


def write_provider(member: Member) -> pb.Provider:
    """A provider, and how it does."""
    provider = member.provider
    message = pb.Provider(
        provider=provider.name,
        model=provider.model,
        breaker=member.breaker.name,
        state=STATES[member.breaker.state],
        success_share=member.success_share,
        input_micro_usd_per_million_tokens=_micro(provider.input_usd_per_million),
        output_micro_usd_per_million_tokens=_micro(provider.output_usd_per_million),
        drilled=member.is_drilled,
    )
    if member.p95_s:
        message.p95.CopyFrom(write_seconds(member.p95_s))
    return message


def read_letter_filter(request: Any) -> LetterFilter:
    """Which letters a request names. Raises InvalidFieldValue."""
    message: pb.DeadLetterFilter = request.filter
    return LetterFilter(
        letter_ids=[name.removeprefix(LETTERS) for name in message.names],
        function=message.function,
        severity=Severity(message.severity) if message.severity else None,
        state=LetterState(message.state) if message.state else None,
        start_time=_read_filter_time(message, "start_time"),
        end_time=_read_filter_time(message, "end_time"),
    )


def write_letter(letter: DeadLetter) -> pb.DeadLetter:
    """A letter with what was asked."""
    return pb.DeadLetter(
        name=letter.name,
        create_time=letter.create_time,
        function=letter.function,
        severity=enum_number(letter.severity),
        reason=letter.reason,
        attempts=[
            pb.FailedAttempt(
                provider=attempt.provider,
                model=attempt.model,
                reason=attempt.reason,
                http_status=attempt.status or 0,
                duration=write_seconds(attempt.duration_s),
            )
            for attempt in letter.attempts
        ],
        request=(letter.request or b"").decode(),
        state=enum_number(letter.state),
        replay_run=letter.replay_run,
    )


def write_counts(counts: LetterCounts) -> pb.GetDeadLetterStatsResponse:
    """How many letters there are."""
    return pb.GetDeadLetterStatsResponse(
        total=sum(counts.by_function.values()),
        by_function=[
            pb.FunctionCount(function=function, letters=letters)
            for function, letters in sorted(counts.by_function.items())
        ],
        by_severity=[
            pb.SeverityCount(severity=enum_number(severity), letters=letters)
            for severity, letters in sorted(counts.by_severity.items(), reverse=True)
        ],
    )


def write_replay(found: Replay) -> pb.ReplayDeadLettersResponse:
    """What came of a letter."""
    return pb.ReplayDeadLettersResponse(
        name=f"{LETTERS}{found.letter_id}", run=found.run, failure=found.failure
    )


def _read_filter_time(message: Message, field: str) -> datetime | None:
    return read_time(message, field, "filter")


def _micro(usd: Decimal) -> int:
    return int((usd * 1_000_000).to_integral_value())
