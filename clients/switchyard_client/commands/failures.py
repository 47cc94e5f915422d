"""What commands say when something goes wrong, and how they end."""

from enum import IntEnum

import click

from switchyard_client.commands.console import duration, plain, stderr
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.errors import (
    DeadlineExceeded,
    InvalidRequest,
    LimitReached,
    NotAuthenticated,
    NotPermitted,
    NotSupported,
    ServerFault,
    SwitchyardError,
    Unavailable,
    Unreachable,
    UnsendableRequest,
)


class Exit(IntEnum):
    """Exit statuses of every command."""

    DONE = 0
    PARTIAL = 1  # some failed, or the server refused
    USAGE = 2  # the command or its input is wrong
    FAILED = 3  # the server is not there, or could not answer
    INTERRUPTED = 130


class CommandFailed(click.ClickException):
    """Ends a command with a message on standard error and an exit status."""

    def __init__(self, message: str, status: Exit) -> None:
        super().__init__(message)
        self.exit_code = status  # type: ignore[misc]  # click reads it from the instance

    def show(self, file: object = None) -> None:  # noqa: ARG002  # click's signature
        """Print the message."""
        stderr().print(plain(f"switchyard: {self.message}"))


def call_failed(error: SwitchyardError, endpoint: Endpoint, way_on: str = "") -> CommandFailed:
    """What a failed call ends a command with; `way_on` is what to do where the server is gone."""
    hint = f"; {way_on}" if way_on and isinstance(error, Unavailable) else ""
    return CommandFailed(f"{explain(error, endpoint)}{hint}", _status(error))


def explain(error: SwitchyardError, endpoint: Endpoint) -> str:
    """What happened and what to do, for people."""
    if isinstance(error, Unreachable):
        return _why_unreachable(error.message, endpoint.address)
    if error.field_violations:
        fields = [
            f"{violation.field}: {violation.description}" for violation in error.field_violations
        ]
        between = "\n  " if len(fields) > 1 else " "
        is_unsent = isinstance(error, UnsendableRequest)
        lead = "nothing was sent:" if is_unsent else "the server refused the request:"
        return between.join([lead, *fields])
    message = (error.message or error.code.name).removesuffix(".")
    reason = f" ({error.reason})" if error.reason else ""
    advice = _advice(error, endpoint)
    return f"{message}{reason}{f'; {advice}' if advice else ''}"


# What gRPC's transport says of a connection that TLS prevents.
_HANDSHAKES = {
    "WRONG_VERSION_NUMBER": "does not speak TLS; leave --tls out",
    "CERTIFICATE_VERIFY_FAILED": "has a certificate of an authority that is not trusted; "
    "give that authority's certificate with --tls-ca FILE",
    "Hostname Verification": "has a certificate that is made out to another name",
    "security handshaker": "was not called: the files of --tls-ca, --tls-cert and --tls-key "
    "are damaged, or do not belong together",
    "Socket closed": "hung up; it may want TLS (--tls, --tls-ca FILE) or a certificate of yours "
    "(--tls-cert FILE --tls-key FILE)",
}

# What it says of a connection that had worked; of one that had not, it begins with other words.
_BREAKS = ("Socket closed", "recvmsg", "sendmsg", "Connection reset", "Broken pipe", "GOAWAY")


def _why_unreachable(message: str, address: str) -> str:
    if message.startswith(_BREAKS):
        return f"the server at {address} went away before it had answered"
    for sign, problem in _HANDSHAKES.items():
        if sign in message:
            return f"the server at {address} {problem}"
    return f"no server at {address}; start one with `switchyard-server serve`"


_ADVICE: dict[type[SwitchyardError], str] = {
    NotPermitted: "an administrator makes keys with other roles: `switchyard admin keys create`",
    DeadlineExceeded: "the server at {address} did not answer in time",
    NotSupported: "is {address} a Switchyard server of this version?",
    ServerFault: "the server's log says more",
    LimitReached: "try again later",
    Unavailable: "try again later",
}

FEEDBACK_OF_ANOTHER = "FEEDBACK_OF_ANOTHER"  # the reason of a refusal that no other role mends


def _advice(error: SwitchyardError, endpoint: Endpoint) -> str:
    if error.retry_after_s:
        return f"wait {duration(error.retry_after_s)}"
    if isinstance(error, NotAuthenticated):
        return _key_advice(endpoint)
    if error.reason == FEEDBACK_OF_ANOTHER:
        return ""
    return _ADVICE.get(type(error), "").format(address=endpoint.address)


def _key_advice(endpoint: Endpoint) -> str:
    if endpoint.api_key:
        return "the key is mistyped, expired or revoked; an administrator can make another one"
    return "give an API key in SWITCHYARD_API_KEY or with --key-file FILE"


def _status(error: SwitchyardError) -> Exit:
    if isinstance(error, InvalidRequest):
        return Exit.USAGE
    lost = (Unavailable, DeadlineExceeded, ServerFault, LimitReached, NotSupported)
    return Exit.FAILED if isinstance(error, lost) else Exit.PARTIAL
