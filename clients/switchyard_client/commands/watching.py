"""What happens to one ticket, as it happens: a line for what is over, and below it what goes on."""

from typing import Self

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner

from switchyard_client.answers import label
from switchyard_client.commands.console import dollars, duration, plain
from switchyard_client.messages.switchyard.triage.v1 import (
    Attempt,
    Step,
    StepReport,
    StreamTriageResponse,
)

GOOD = "ok"  # the outcome of a call of a language model that was answered well
_REFRESH_PER_S = 12.5


class Watch:
    """Shows the events of a stream; a context manager. What goes on is shown on terminals alone."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._spinner = Spinner("dots", "asking")
        self._live = Live(
            self._spinner, console=console, transient=True, refresh_per_second=_REFRESH_PER_S
        )
        self._written = ""  # of the reply, by the model that is being asked

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, event: StreamTriageResponse) -> None:
        """Show an event; the result is not this watch's to show."""
        if event.step_started is not None:
            self._go_on(f"{_name(event.step_started.step)} ...")
        if event.step_finished is not None:
            self._console.print(plain(describe_step(event.step_finished), "dim"))
        if event.attempt is not None:
            show_attempt(self._console, event.attempt)
            self._written = ""  # the next model writes another reply
        if event.reply_text is not None:
            self._written += event.reply_text
            self._go_on(self._written)

    def _go_on(self, text: str) -> None:
        self._spinner.update(text=plain(text, "dim"))
        self._live.refresh()


def describe_step(step: StepReport) -> str:
    """Name, duration and finding of a step, in columns."""
    seconds = step.duration.total_seconds() if step.duration else 0.0
    return _line(_name(step.step), seconds, step.finding)


def show_attempt(console: Console, attempt: Attempt) -> None:
    """Print a call of a language model: who, why, how it ended, and what it used."""
    seconds = attempt.duration.total_seconds() if attempt.duration else 0.0
    finding = f"{attempt.provider}/{attempt.model}, {attempt.cause}: {attempt.outcome}"
    if attempt.input_tokens or attempt.output_tokens:
        finding += f", {attempt.input_tokens:,} + {attempt.output_tokens:,} tokens"
    if attempt.cost_micro_usd:
        finding += f", {dollars(attempt.cost_micro_usd)}"
    style = "dim" if attempt.outcome == GOOD else "yellow"
    console.print(plain(_line("attempt", seconds, finding), style))


def _name(step: Step) -> str:
    return label(step).replace("_", " ")


def _line(name: str, seconds: float, finding: str) -> str:
    return f"{name:<16}{duration(seconds):>9}   {finding}"
