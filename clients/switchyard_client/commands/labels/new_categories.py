"""Categories that a taxonomy lacks and labels name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from switchyard_client.commands.tables import Row, print_table
from switchyard_client.labels import InvalidLabel, LabelColumns, label_of
from switchyard_client.messages.switchyard.triage.v1 import Category, Taxonomy
from switchyard_client.record_files import RecordFile

MOST_CATEGORIES = 200  # that a taxonomy takes
_MOST_EXAMPLES = 5
_MOST_EXAMPLE_CHARACTERS = 2000
_MOST_TITLE_CHARACTERS = 100


@dataclass(slots=True)
class NewCategory:
    """What the files know of a category."""

    title: str
    rows: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        """Count one of its texts; the first few different ones are examples."""
        self.rows += 1
        example = _printable(text)[:_MOST_EXAMPLE_CHARACTERS].strip()
        if len(self.examples) < _MOST_EXAMPLES and example and example not in self.examples:
            self.examples.append(example)


def missing_categories(
    paths: Sequence[str], columns: LabelColumns, taxonomy: Taxonomy
) -> dict[str, NewCategory]:
    """The categories that the taxonomy lacks, by their names. Raises UnreadableInput."""
    known = {category.name for category in taxonomy.categories}
    found: dict[str, NewCategory] = {}
    for path in paths:
        with RecordFile(path, columns) as records:
            for record in records:
                if isinstance(record, str):
                    continue
                try:
                    label = label_of(record, columns)
                except InvalidLabel:  # told when it is imported
                    continue
                if label.category and label.category not in known:
                    called = str(record[columns.among(record)["category"]])
                    one = found.setdefault(label.category, NewCategory(title_of(called)))
                    one.add(label.body)
    return {name: one for name, one in found.items() if one.examples}


def title_of(text: str) -> str:
    """A title for people: "CARD_ARRIVAL" is Card arrival."""
    words = " ".join(_printable(text).replace("_", " ").replace("-", " ").split())
    words = words.lower() if words.isupper() else words
    return (words[:1].upper() + words[1:])[:_MOST_TITLE_CHARACTERS]


def show_categories(found: Mapping[str, NewCategory]) -> None:
    """Print what would be added."""
    rows: list[Row] = [
        {
            "new category": name,
            "title": one.title,
            "labels": one.rows,
            "example": one.examples[0][:60],
        }
        for name, one in found.items()
    ]
    print_table(rows, nothing="no new category")


def added_to(taxonomy: Taxonomy, found: Mapping[str, NewCategory]) -> Taxonomy:
    """What replaces the taxonomy: it and these categories."""
    new = [
        Category(name=name, title=one.title, examples=one.examples) for name, one in found.items()
    ]
    return Taxonomy(etag=taxonomy.etag, categories=[*taxonomy.categories, *new])


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
