"""Time that passes when a test says so."""


class Clock:
    """Seconds since nothing in particular. Sleeping on it takes no time and passes at once."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
