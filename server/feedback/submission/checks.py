"""What feedback must be like, beyond what each field's own rules say."""

from collections.abc import Collection
from difflib import get_close_matches

from server.feedback.errors import InvalidFeedback
from server.feedback.submission.feedback import Said
from server.triage.taxonomy import Taxonomy
from server.violation import FieldViolation


def check_said(said: Said, taxonomy: Taxonomy, suggested: Collection[str]) -> None:
    """Raises InvalidFeedback with the path of every field at fault.

    suggested  the articles that the answer named
    """
    faults = []
    if said == Said():
        rule = "must say something: a rating, a correction, an acceptance, a comment, ..."
        faults.append(FieldViolation("feedback", rule))
    category = said.correction.category
    if category is not None and category not in taxonomy.by_name:
        rule = category_rule(category, taxonomy)
        faults.append(FieldViolation("feedback.correction.category", rule))
    faults += [
        FieldViolation(f"feedback.articles[{position}].article", "must be one that was suggested")
        for position, article in enumerate(said.articles)
        if article not in suggested
    ]
    if faults:
        raise InvalidFeedback(faults)


def category_rule(category: str, taxonomy: Taxonomy) -> str:
    """What a category must be, for somebody who named another."""
    near = get_close_matches(category, taxonomy.by_name, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "GetTaxonomy lists them"
    return f"names no category of the taxonomy; {hint}"
