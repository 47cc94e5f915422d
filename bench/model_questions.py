"""What a language model is asked of the tickets of measurements, as the lean transport asks it."""

from collections.abc import Iterator

import orjson

from bench.tickets import countable_tickets, numbered_requests
from server.engines.llm.completion import Question
from server.engines.llm.dialect import Dialect
from server.engines.llm.form import Form
from server.engines.llm.prompt import make_prompt, messages_for
from server.triage.engine import Parts
from server.triage.starter import starter_taxonomy

MODEL = "rehearsal-large"


def chat_requests(number: str, body_bytes: int) -> Iterator[bytes]:
    """Bodies of requests to a model's endpoint, no two alike."""
    taxonomy = starter_taxonomy()
    prompt = make_prompt(taxonomy.categories)
    form = Form(tuple(taxonomy.by_name), Parts())
    dialect = Dialect(MODEL, has_strict_schema=True, has_logprobs=True)
    questions = [
        Question(messages_for(prompt, ticket), "triage", form.schema, most_tokens=800)
        for ticket in json_tickets(number, body_bytes)
    ]
    return numbered_requests([orjson.dumps(dialect.body(each)) for each in questions], number)


def ticket_requests(number: str, body_bytes: int) -> Iterator[bytes]:
    """Tickets as JSON, no two alike."""
    tickets = json_tickets(number, body_bytes)
    return numbered_requests([orjson.dumps(ticket) for ticket in tickets], number)


def json_tickets(number: str, body_bytes: int) -> list[dict[str, str]]:
    """The tickets of a measurement."""
    return [
        {"id": ticket.id, "body": ticket.body, "channel": "email"}
        for ticket in countable_tickets(body_bytes, number)
    ]
