"""How calls to a language model fail, told by what may be done about it."""

from enum import StrEnum


class Fault(StrEnum):
    """What to do about a failure."""

    TRANSIENT = "transient"  # the network: try again at once
    RECOVERABLE = "recoverable"  # too many calls, or the provider is ill: wait, then try again
    PERMANENT = "permanent"  # the same question fails again
    CRITICAL = "critical"  # every question fails until somebody acts


class ProviderError(Exception):
    """A call failed. Its text holds neither keys nor what was asked or answered."""

    def __init__(
        self,
        fault: Fault,
        reason: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        has_begun: bool = False,
    ) -> None:
        super().__init__(
            f"{reason} ({fault})" if status is None else f"{reason} ({fault}, {status})"
        )
        self.fault = fault
        self.reason = reason  # snake_case, such as "rate_limited"; one of REASONS
        self.status = status  # of HTTP; None: there was no answer
        self.retry_after_s = retry_after_s  # as the provider asks; None: it does not
        self.has_begun = has_begun  # to answer: what breaks off is paid for


# Why calls fail, and what may be done.
REASONS = {
    "network": Fault.TRANSIENT,  # refused, reset, or cut off in the middle
    "timeout": Fault.TRANSIENT,  # no answer in the time that the attempt had
    "rate_limited": Fault.RECOVERABLE,  # 429
    "overloaded": Fault.RECOVERABLE,  # 503, 529
    "server_error": Fault.RECOVERABLE,  # any other 5xx, 408, 409
    "unreadable": Fault.RECOVERABLE,  # an answer that is not the protocol's JSON
    "bad_request": Fault.PERMANENT,  # 400, 422
    "context_too_long": Fault.PERMANENT,  # 400 or 413 that says so
    "content_refused": Fault.PERMANENT,  # a content filter's 400
    "not_found": Fault.PERMANENT,  # 404: no such model or path
    "defect": Fault.PERMANENT,  # an answer that nobody foresaw
    "unauthorized": Fault.CRITICAL,  # 401, 403
    "unpaid": Fault.CRITICAL,  # 402, or 429 that says the quota is spent
    "untrusted": Fault.CRITICAL,  # its certificate does not hold
}
