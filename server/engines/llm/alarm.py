"""Tells a person of providers that stay broken until somebody acts: a wrong key, an unpaid bill."""

from collections.abc import Callable

from server.engines.llm.metrics import LlmMetrics

QUIET_S = 60.0  # between two alerts of the same provider and reason


def _alerts_nobody(_provider: str, _reason: str) -> None:
    """Where nobody is to be told."""


class Alarm:
    """Alerts once a minute for each provider and reason; a metric shows what is broken now."""

    def __init__(
        self,
        metrics: LlmMetrics,
        clock: Callable[[], float],
        alert: Callable[[str, str], None] = _alerts_nobody,
    ) -> None:
        self._metrics = metrics
        self._clock = clock
        self._alert = alert
        # When it was last told, by provider and reason: as many as there are of both.
        self._told_s: dict[str, dict[str, float]] = {}

    def failed(self, provider: str, reason: str) -> None:
        """A call failed as all will, until somebody acts."""
        told_s = self._told_s.setdefault(provider, {})
        self._metrics.critical(provider, reason, is_critical=True)
        now_s = self._clock()
        if reason not in told_s or now_s - told_s[reason] >= QUIET_S:
            told_s[reason] = now_s
            self._alert(provider, reason)

    def succeeded(self, provider: str) -> None:
        """A call was answered: whatever was broken is mended."""
        if provider in self._told_s:
            for reason in self._told_s[provider]:
                self._metrics.critical(provider, reason, is_critical=False)
