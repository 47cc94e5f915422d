"""The command line: `switchyard`, or `python -m switchyard_client`."""

import os
import sys

import click

from switchyard_client.commands.admin import admin
from switchyard_client.commands.budget import budget
from switchyard_client.commands.connection_options import connection_options
from switchyard_client.commands.experiment import experiment
from switchyard_client.commands.failures import Exit
from switchyard_client.commands.feedback import feedback
from switchyard_client.commands.labels import labels
from switchyard_client.commands.models import models
from switchyard_client.commands.report import report
from switchyard_client.commands.review import review
from switchyard_client.commands.runs import runs
from switchyard_client.commands.taxonomy import taxonomy
from switchyard_client.commands.training import train
from switchyard_client.commands.triage import triage
from switchyard_client.version import __version__


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="switchyard")
@connection_options
def cli() -> None:
    """Triage of customer-support tickets.

    \b
      switchyard-server serve                               start a server on this machine
      switchyard triage --text "I was charged twice"        triage one text, and watch it happen
      switchyard triage tickets.csv                         triage a file, show a table
      switchyard triage tickets.csv --out answers.jsonl     triage a file, keep the answers
      switchyard runs list --decision escalate              what needs a person
      switchyard runs show triageRuns/...                   why it was decided so
      switchyard taxonomy show                              the categories
      switchyard review                                     say what is right; it teaches
      switchyard labels import history.csv --dry-run        a history of answered tickets
      switchyard train                                      learn from all of that
      switchyard budget set category --max-error 2%         automation as far as it is earned
      switchyard experiment watch lower-threshold           which way is better; see its --help
      switchyard admin keys create --role agent             a key for a service; see admin --help

    \b
    A server elsewhere, its authority and the key to call with:
      export SWITCHYARD_SERVER=triage.example.com:443 SWITCHYARD_TLS=1
      export SWITCHYARD_API_KEY_FILE=~/.switchyard.key

    Every command has its own --help, and takes the options below too. NO_COLOR switches colours
    off.
    """


for command in (
    *(triage, runs, taxonomy),
    *(review, feedback, labels, train, models, budget, report),
    *(experiment, admin),
):
    cli.add_command(command)


def main() -> None:
    """Run the command line and exit."""
    try:
        sys.exit(cli(prog_name="switchyard", standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(Exit.INTERRUPTED)
    except BrokenPipeError:
        # The reader has gone, as `head` does; the interpreter must not flush into it either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(Exit.PARTIAL)


if __name__ == "__main__":
    main()
