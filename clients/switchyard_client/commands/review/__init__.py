"""`switchyard review`: a terminal for reviewers."""

from typing import Any

import click

from switchyard_client.client import TriageClient
from switchyard_client.commands.asking import ask_client
from switchyard_client.commands.connection_options import takes_endpoint
from switchyard_client.commands.console import stdout
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.review.session import Session, Wanted
from switchyard_client.commands.review.typed import Typed, typed_lines
from switchyard_client.commands.rows import piped_rows
from switchyard_client.feedback import FeedbackClient
from switchyard_client.messages.switchyard.feedback.v1 import ReviewReason

_REASONS = {str(reason.name).lower().replace("_", "-"): reason for reason in ReviewReason if reason}


@click.command()
@click.option("--reason", type=click.Choice(list(_REASONS)), help="Only what waits because of it.")
@click.option("--category", default="", help="Only what was given this category.")
@click.option("--reviewer", default="", help="Who reviews.  [default: the caller]")
@takes_endpoint
def review(endpoint: Endpoint, **options: Any) -> None:
    """Go through what a person should look at, the most worthwhile first.

    Nobody else gets the ticket that you have before you; who leaves hands it back. Each line is a
    key and Enter, and what belongs to the key may stand behind it:

    \b
      Enter, a    accept the rest of the answer, and send
      c           another category: c 3, c refund, or c alone for the list
      p, s        another priority, sentiment: p high, s neg
      e           it had to go to a person, or had not
      1 to 5      a rating
      k           a comment: k is about the old tariff
      n           skip it: it is handed back
      q           quit; Ctrl-C, too

    Each ticket is judged anew: to accept it takes back what you had corrected of it before, unless
    you correct it again.

    \b
      switchyard review
      switchyard review --reason audit --reviewer anna
      printf 'c refund\\na\\nq\\n' | switchyard review
    """
    reason = _REASONS.get(options["reason"], ReviewReason.UNSPECIFIED)
    wanted = Wanted(options["reviewer"], reason, options["category"])
    taxonomy = ask_client(endpoint, TriageClient, lambda client: client.get_taxonomy())
    names = [category.name for category in taxonomy.categories]

    async def go_through(client: FeedbackClient) -> None:
        typed = Typed(piped_rows(typed_lines()))
        session = Session(client, stdout(), typed, names, wanted)
        try:
            await session.run()
        finally:
            typed.close()
            stdout().print(f"{session.submitted:,} reviewed")

    ask_client(endpoint, FeedbackClient, go_through)
