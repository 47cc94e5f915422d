"""What a training learns from, and what it is kept from."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from server.feedback.training.material import KEPT_BACK, MOST_HELD_OUT, Material, gather
from server.triage.examples.label import Label, digest_of, is_held_back
from server.triage.examples.label_store import StoredLabel
from server.triage.taxonomy import Category

NOW = datetime(2026, 1, 2, tzinfo=UTC)
PAGE = 500


async def pages(labels: Sequence[Label]) -> AsyncIterator[list[StoredLabel]]:
    """The labels as they come from the database."""
    stored = [
        StoredLabel(f"{number:032x}", number, NOW, NOW, label)
        for number, label in enumerate(labels, 1)
    ]
    for start in range(0, len(stored), PAGE):
        yield stored[start : start + PAGE]


async def gathered(labels: Sequence[Label], *examples: str) -> Material:
    """What a training would learn from them, with one category in the taxonomy."""
    return await gather(pages(labels), [Category("billing", "Billing", "", examples)])


def tickets(count: int, category: str = "billing") -> list[Label]:
    """So many labels, a fifth of them kept back."""
    return [Label("", f"ticket {number}", category) for number in range(count)]


def kept_back(labels: Sequence[Label]) -> list[str]:
    """Texts that no training may learn from."""
    return [label.body for label in labels if is_held_back(digest_of(label.body))]


async def test_texts_that_are_kept_back_are_asked_and_not_learned() -> None:
    labels = tickets(100)
    found = await gathered(labels)
    assert [label.text for label in found.held_out] == kept_back(labels)
    assert len(found.labels) + len(found.held_out) == found.number == 100


async def test_of_too_many_that_are_kept_back_the_older_are_left_out() -> None:
    labels = tickets(6000)
    found, back = await gathered(labels), kept_back(labels)
    assert [label.text for label in found.held_out] == back[-MOST_HELD_OUT:]
    assert {label.text for label in found.labels}.isdisjoint(back)
    assert found.left_out == {KEPT_BACK: len(back) - MOST_HELD_OUT}


async def test_what_is_kept_back_and_names_no_category_is_left_out() -> None:
    labels = tickets(100, "another")
    found = await gathered(labels)
    assert found.held_out == type(found.held_out)()
    assert found.left_out == {KEPT_BACK: len(kept_back(labels))}


async def test_a_text_that_teaches_as_an_example_is_not_asked_too() -> None:
    labels = tickets(100)
    taught, *others = kept_back(labels)
    found = await gathered(labels, taught.upper())
    assert [label.text for label in found.held_out] == others
    assert taught in {label.text for label in found.labels}
