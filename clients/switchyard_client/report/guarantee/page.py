"""The report of a guarantee as a page."""

from collections.abc import Mapping
from datetime import datetime

from switchyard_client.answers import label
from switchyard_client.messages.switchyard.feedback.v1 import ErrorBudget
from switchyard_client.report import html
from switchyard_client.report.guarantee.reading import (
    curve_rows,
    gate_rows,
    promise,
    sentences,
    told_history,
)

_NOTES = (
    "The gate opens on evidence that holds at every look; the bound is one for the moment. Both "
    "rest on answers whose truth a person stated, each weighted by how likely it was to be looked "
    "at.",
    "A gate belongs to one engine and model. It closes by itself when answers become worse, and "
    "then its evidence begins anew.",
)


def page(budget: ErrorBudget, now: datetime, pictures: Mapping[str, bytes]) -> str:
    """The page; `pictures` are SVG, by what they show."""
    curves = budget.gates[:1]
    return html.document(
        f"Guarantee: {label(budget.field)}",
        (
            html.paragraph(f"as of {now:%Y-%m-%d %H:%M} UTC", "pale"),
            html.paragraph(_sentence(promise(budget.terms))),
            *(html.paragraph(sentence) for sentence in sentences(budget)),
            html.table("Gates", gate_rows(budget), ("answers by",)),
            *(html.picture(name, svg) for name, svg in pictures.items()),
            *(html.table(f"Other budgets: {one.answerer}", curve_rows(one), ()) for one in curves),
            *(f"<h2>History</h2>{_lines(told_history(one))}" for one in curves if one.history),
            html.footer(_NOTES),
        ),
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _lines(texts: list[str]) -> str:
    return "".join(html.paragraph(text) for text in texts)
