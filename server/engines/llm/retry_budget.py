"""A budget for calls beyond the first: what fails is not asked so often that it fails the more."""

EXTRA_SHARE = 0.2  # of a call, that each first call pays in
MOST_SAVED = 10.0  # calls


class RetryBudget:
    """A bucket of tokens: first calls pay a share in, every further call takes one out.

    So all further calls together stay below `share` of the first ones, but for `most` saved ones.
    """

    def __init__(self, share: float = EXTRA_SHARE, most: float = MOST_SAVED) -> None:
        self._share = share
        self._most = most
        self.tokens = most

    def first(self) -> None:
        """A first call is made."""
        self.tokens = min(self._most, self.tokens + self._share)

    def take(self) -> bool:
        """Whether a further call may be made; it is then paid for."""
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True
