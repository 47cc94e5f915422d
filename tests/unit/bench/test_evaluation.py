"""Which public texts are learned, and which are asked about."""

from collections import Counter
from pathlib import Path

import orjson
import pytest

from bench.evaluation.cases import Ground
from bench.evaluation.sets import OUTSIDE

NAME = "tickets.jsonl"


@pytest.fixture
def ground_path(tmp_path: Path) -> Path:
    """A folder with 20 texts of each of two categories, and 30 that fit none."""
    sizes = {"billing": 20, "shipping": 20, OUTSIDE: 30}
    rows = [
        {"text": f"{label} {i}", "label": label} for label, n in sizes.items() for i in range(n)
    ]
    (tmp_path / NAME).write_bytes(b"\n".join(map(orjson.dumps, rows)))
    return tmp_path


@pytest.mark.parametrize("folds", [1, 2, 10])
def test_few_folds_ask_about_every_text_outside_all_the_same(ground_path: Path, folds: int) -> None:
    asked: Counter[str] = Counter()
    for _, part in Ground(ground_path, None, None, folds).in_few_folds.splits(NAME):
        asked.update(part.where(part.is_outside).texts)
    assert asked == {f"{OUTSIDE} {i}": 1 for i in range(30)}


def test_texts_outside_are_never_learned(ground_path: Path) -> None:
    for learned, _ in Ground(ground_path, None, None).splits(NAME):
        assert OUTSIDE not in learned.labels
