"""The command line: `switchyard`, or `python -m switchyard_client`."""

import os
import sys

import click

from switchyard_client.commands.failures import Exit
from switchyard_client.commands.options import server_option
from switchyard_client.commands.runs import runs
from switchyard_client.commands.taxonomy import taxonomy
from switchyard_client.commands.triage import triage
from switchyard_client.version import __version__


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="switchyard")
@server_option
def cli(address: str) -> None:
    """Triage of customer-support tickets.

    \b
      switchyard-server serve                               start a server on this machine
      switchyard triage --text "I was charged twice"        triage one text, and watch it happen
      switchyard triage tickets.csv                         triage a file, show a table
      switchyard triage tickets.csv --out answers.jsonl     triage a file, keep the answers
      switchyard runs list --decision escalate              what needs a person
      switchyard runs show triageRuns/...                   why it was decided so
      switchyard taxonomy show                              the categories

    Every command has its own --help. NO_COLOR switches colours off.
    """


cli.add_command(triage)
cli.add_command(runs)
cli.add_command(taxonomy)


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
