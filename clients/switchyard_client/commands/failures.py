"""What commands say when something goes wrong, and how they end."""

from enum import IntEnum

import click

from switchyard_client.commands.console import plain, stderr
from switchyard_client.errors import (
    DeadlineExceeded,
    InvalidRequest,
    LimitReached,
    NotSupported,
    ServerFault,
    SwitchyardError,
    Unavailable,
    Unreachable,
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


def call_failed(error: SwitchyardError, address: str) -> CommandFailed:
    """What a failed call ends a command with."""
    return CommandFailed(explain(error, address), _status(error))


def explain(error: SwitchyardError, address: str) -> str:
    """What happened and what to do, for people."""
    if isinstance(error, Unreachable):
        return f"no server at {address}; start one with `switchyard-server serve`"
    if error.field_violations:
        fields = [
            f"{violation.field}: {violation.description}" for violation in error.field_violations
        ]
        return "\n  ".join(["the server refused the request:", *fields])
    message = error.message or error.code.name
    advice = _advice(error, address)
    return (
        f"{message}{f' ({error.reason})' if error.reason else ''}{f'; {advice}' if advice else ''}"
    )


def _advice(error: SwitchyardError, address: str) -> str:
    if error.retry_after_s:
        return f"try again in {error.retry_after_s:.1f} s"
    if isinstance(error, DeadlineExceeded):
        return f"the server at {address} did not answer in time"
    if isinstance(error, NotSupported):
        return f"is {address} a Switchyard server of this version?"
    if isinstance(error, ServerFault):
        return "the server's log says more"
    return "try again later" if isinstance(error, Unavailable | LimitReached) else ""


def _status(error: SwitchyardError) -> Exit:
    if isinstance(error, InvalidRequest):
        return Exit.USAGE
    lost = (Unavailable, DeadlineExceeded, ServerFault, LimitReached, NotSupported)
    return Exit.FAILED if isinstance(error, lost) else Exit.PARTIAL
