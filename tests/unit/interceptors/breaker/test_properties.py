"""What holds for a breaker after every order of calls, ends and waits."""

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from interceptors.breaker.breaker import CircuitBreaker, Permit
from interceptors.breaker.settings import BreakerSettings, State
from interceptors.errors import CircuitOpen
from tests.unit.interceptors.clock import Clock

PROBES = 2
LEASE_S = 7.0
SETTINGS = BreakerSettings(
    consecutive_failures=3,
    failure_rate=0.5,
    window_calls=6,
    window_s=20.0,
    minimum_calls=4,
    open_s=10.0,
    half_open_calls=PROBES,
    successes_to_close=2,
    probe_lease_s=LEASE_S,
)


class Calls(RuleBasedStateMachine):
    """Calls that begin and end in any order, while the clock moves."""

    permits: Bundle[tuple[Permit, int]] = Bundle("permits")

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.changes = 0
        self.probes: dict[Permit, float] = {}  # that run -> when they began
        self.breaker = CircuitBreaker("b", SETTINGS, lambda _error: True, self.clock, [self])

    def state_changed(self, breaker: str, before: State, after: State) -> None:
        """Every change follows an arrow of the drawing."""
        del breaker
        assert (before, after) in {
            (State.CLOSED, State.OPEN),
            (State.OPEN, State.HALF_OPEN),
            (State.HALF_OPEN, State.CLOSED),
            (State.HALF_OPEN, State.OPEN),
        }
        self.changes += 1
        self.probes.clear()

    def refused(self, breaker: str) -> None:
        """Seen where it is raised."""

    def succeeded(self, breaker: str, duration_s: float) -> None:
        """Seen where it is reported."""

    def failed(self, breaker: str, duration_s: float, error: Exception) -> None:
        """Seen where it is reported."""

    @rule(target=permits)
    def begin(self) -> tuple[Permit, int]:
        """A call that is refused is admitted when it comes back after the wait it was told."""
        try:
            permit = self.breaker.admit()
        except CircuitOpen as refusal:
            self.clock.now_s += refusal.retry_after_s
            permit = self.breaker.admit()
        if self.breaker.state is State.HALF_OPEN:
            self.probes[permit] = self.clock.now_s
        return permit, self.changes

    @rule(begun=consumes(permits), ending=st.sampled_from(["well", "badly", "cancelled"]))
    def end(self, begun: tuple[Permit, int], ending: str) -> None:
        """A call that began before the last change changes nothing."""
        permit, changes_before = begun
        state, changes = self.breaker.state, self.changes
        self.probes.pop(permit, None)
        if ending == "well":
            self.breaker.succeeded(permit)
        else:
            error = ValueError() if ending == "badly" else GeneratorExit()
            self.breaker.failed(permit, error)
        if changes_before != changes:
            assert (self.breaker.state, self.changes) == (state, changes)

    @rule(seconds=st.integers(min_value=1, max_value=8))
    def wait(self, seconds: int) -> None:
        """Whole seconds, so that sums are exact."""
        self.clock.now_s += seconds

    @invariant()
    def no_more_probes_run_than_are_permitted(self) -> None:
        """Those whose lease is over do not run any more, as far as the breaker knows."""
        running = [began for began in self.probes.values() if began + LEASE_S > self.clock.now_s]
        assert len(running) <= PROBES

    @invariant()
    def the_window_is_bounded_and_its_rates_are_shares(self) -> None:
        """Whatever came."""
        rates = self.breaker.rates()
        assert rates.calls <= SETTINGS.window_calls
        assert 0 <= rates.failure_rate <= 1
        assert rates.slow_call_rate == 0

    @invariant()
    def one_that_is_closed_has_not_seen_enough_to_open(self) -> None:
        """As of the last call; time alone opens nothing."""
        rates = self.breaker.rates()
        if self.breaker.state is State.CLOSED and rates.calls == SETTINGS.window_calls:
            assert rates.failure_rate < SETTINGS.failure_rate


Calls.TestCase.settings = hypothesis_settings(max_examples=80, stateful_step_count=40)
TestCalls = Calls.TestCase
