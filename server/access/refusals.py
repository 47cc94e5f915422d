"""Why a caller was not identified: the reason for programs, and what to do for people.

None of them tells more of a credential than its bearer has proven to know.
"""

from dataclasses import dataclass

from interceptors.errors import Unauthenticated


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reason, and what to do about it."""

    reason: str
    message: str

    def error(self) -> Unauthenticated:
        """What to raise; a new one each time, for it takes a traceback along."""
        return Unauthenticated(self.reason, self.message)


MISSING = Refusal(
    "MISSING_CREDENTIALS",
    "Send an API key or a token as metadata `authorization: Bearer ...`. Administrators make keys "
    "with CreateApiKey, or with `switchyard-server keys create` beside the server.",
)
INVALID = Refusal(
    "INVALID_CREDENTIALS",
    "The key or token is not one that this server accepts. Check that it is complete and was made "
    "for this server.",
)
NOT_YET_VALID = Refusal(
    "INVALID_CREDENTIALS",
    "The token is not valid yet. Check the clock of the machine that issued it.",
)
NO_TENANT = Refusal(
    "INVALID_CREDENTIALS",
    "The token names no tenant of this server. Its issuer states the tenant in a claim.",
)
EXPIRED = Refusal(
    "CREDENTIALS_EXPIRED",
    "The key or token has expired. Make a new key with CreateApiKey, or a new token with "
    "IssueToken.",
)
REVOKED = Refusal(
    "CREDENTIALS_REVOKED",
    "The key, or the key that the token was issued for, was revoked. Ask an administrator for a "
    "new one.",
)
SUSPENDED = Refusal(
    "TENANT_SUSPENDED",
    "The tenant is suspended: its calls are refused until the operator resumes it.",
)
