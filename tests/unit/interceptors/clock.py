"""A clock that tests set."""


class Clock:
    """Stands still until it is set. Starts at 1,000 seconds."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now_s
