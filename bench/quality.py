"""How right the embedded engine is, how honest about it, and what an answer costs.

    SWITCHYARD_DATA=DIR python -m bench.quality

DIR holds banking77.jsonl.gz and hint3.jsonl: one JSON object a line with "text" and "label", and
in hint3 "domain". Prints a table and writes build/quality.json. Takes two minutes on one core.
"""

import gzip
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import orjson
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from bench.figures import Figure, report
from server.engines.embedded.engine import EmbeddedEngineMaker
from server.engines.embedded.language import FastTextDetector
from server.engines.embedded.model_file import load_model, save_model
from server.engines.embedded.training import train_model
from server.triage.engine import Parts
from server.triage.starter import starter_taxonomy
from server.triage.taxonomy import Category
from server.triage.ticket import Ticket, text_for_engines

_OUTSIDE = 0.3  # of categories that are left out, and then of the tickets that are asked
_SURE = 0.9
_FOLDS = 5
_TICKET = Ticket(
    id="T-1",
    subject="Charged for users we no longer have",
    body=(
        "Hello team,\nwe reduced from 25 to 18 users on 1 October, as your colleague confirmed by "
        "e-mail. The invoice 88213 of 5 October still lists 25 at 14 EUR each. I wrote about it "
        "last week and the answer was that the change would show up on the next bill, which it "
        "did not. Could somebody please look into this? We need a corrected invoice and a credit "
        "note for the difference, so that we can book it properly. I am a bit disappointed with "
        "how long this takes, because our accounting department is waiting and cannot close the "
        "month without it.\nThank you,\nJane"
    ),
    attributes={"plan": "pro"},
)


@dataclass(frozen=True)
class Answers:
    """What a model said to texts that it did not see."""

    confidence: npt.NDArray[np.float64]
    right: npt.NDArray[np.bool_]


Examples = tuple[list[str], npt.NDArray[np.intp]]


def read_examples(path: Path, domain: str = "") -> Examples:
    """Texts and labels of a file, or of one domain of it."""
    content = path.read_bytes()
    lines = (gzip.decompress(content) if path.suffix == ".gz" else content).splitlines()
    rows = [orjson.loads(line) for line in lines]
    kept = [row for row in rows if row.get("domain", "") == domain or not domain]
    labels = np.unique([row["label"] for row in kept], return_inverse=True)[1]
    return [row["text"] for row in kept], labels


def starter_examples() -> Examples:
    """The examples of the starter categories."""
    categories = starter_taxonomy().categories
    sizes = [len(category.examples) for category in categories]
    texts = [example for category in categories for example in category.examples]
    return texts, np.repeat(np.arange(len(sizes)), sizes)


def ask(
    texts: Sequence[str], labels: npt.NDArray[np.intp], asked: Sequence[int], learned: Sequence[int]
) -> Answers:
    """Train on the examples `learned` alone, without titles, and ask for those at `asked`."""
    names = {label: f"c{label}" for label in np.unique(labels[learned])}
    categories = [
        Category(name, "", "", tuple(texts[i] for i in learned if labels[i] == label))
        for label, name in names.items()
    ]
    model = load_model(save_model(train_model(categories)))
    predictions = [model.predict(texts[i]) for i in asked]
    return Answers(
        np.array([prediction.confidence for prediction in predictions]),
        np.array([p.label == f"c{labels[i]}" for p, i in zip(predictions, asked, strict=True)]),
    )


def measure_inside(case: str, examples: Examples, goal: str) -> Iterator[Figure]:
    """Every text belongs to a category."""
    texts, labels = examples
    split = StratifiedKFold(_FOLDS, shuffle=True, random_state=1).split(texts, labels)
    found = [ask(texts, labels, test, train) for train, test in split]
    answers = _joined(found)
    accuracy = float(answers.right.mean())
    yield Figure(case, "accuracy", accuracy, "", goal, f"trained on 4/5 of {len(texts):,} texts")
    yield Figure(case, "calibration error", _calibration_error(answers), "", "", "10 bins")
    yield from _sure_figures(case, answers)


def measure_outside(
    case: str, sets: Sequence[Examples], repeats: int, goal: str
) -> Iterator[Figure]:
    """Three categories in ten are left out of training; three tickets in ten belong to them."""
    found = [
        _ask_outside(texts, labels, np.random.default_rng(seed))
        for texts, labels in sets
        for seed in range(repeats)
    ]
    area = float(np.mean([roc_auc_score(one.right, one.confidence) for one in found]))
    yield Figure(case, "AUROC of right or not", area, "", goal, f"{len(found)} trainings")
    answers = _joined(found)
    yield Figure(case, "calibration error", _calibration_error(answers), "", "", "10 bins")
    yield from _sure_figures(case, answers)


def _ask_outside(
    texts: Sequence[str], labels: npt.NDArray[np.intp], rng: np.random.Generator
) -> Answers:
    categories = int(labels.max()) + 1
    left_out = np.isin(labels, rng.permutation(categories)[: round(_OUTSIDE * categories)])
    inside = rng.permutation(np.flatnonzero(~left_out))
    test, train = inside[: len(inside) // 4], inside[len(inside) // 4 :]
    outside = rng.permutation(np.flatnonzero(left_out))[
        : int(len(test) * _OUTSIDE / (1 - _OUTSIDE))
    ]
    return ask(texts, labels, [*test, *outside], train.tolist())


def _joined(found: Sequence[Answers]) -> Answers:
    return Answers(
        np.concatenate([one.confidence for one in found]),
        np.concatenate([one.right for one in found]),
    )


def _calibration_error(answers: Answers) -> float:
    """Mean distance of confidence and share of right answers, over ten bins of equal width."""
    bins = np.minimum((answers.confidence * 10).astype(int), 9)
    gaps = [
        abs((answers.confidence[bins == b] - answers.right[bins == b]).sum()) for b in range(10)
    ]
    return float(sum(gaps) / len(bins))


def _sure_figures(case: str, answers: Answers) -> Iterator[Figure]:
    sure = answers.confidence >= _SURE
    right = float(answers.right[sure].mean()) if sure.any() else float("nan")
    yield Figure(case, f"accuracy at confidence >= {_SURE}", right, "")
    yield Figure(case, f"answers at confidence >= {_SURE}", float(sure.mean()), "")


def measure_time() -> Iterator[Figure]:
    """CPU time of each part for one ticket, in microseconds."""
    maker, taxonomy, language = EmbeddedEngineMaker(), starter_taxonomy(), FastTextDetector()
    stored = maker.starter_model()
    engine, model = maker.load(stored, taxonomy), load_model(stored)
    text, parts = text_for_engines(_TICKET), Parts()
    case = f"ticket of {len(text)} characters"
    yield Figure(case, "category", _microseconds(lambda: model.predict(text)), "us")
    yield Figure(case, "language", _microseconds(lambda: language.detect(text, "")), "us")
    yield Figure(case, "everything", _microseconds(lambda: engine.read(_TICKET, parts)), "us")
    yield Figure(
        "starter model", "load", _microseconds(lambda: load_model(stored), 20) / 1e3, "ms", "<= 50"
    )


def _microseconds(action: Callable[[], object], calls: int = 400) -> float:
    """CPU time of a call, the best of seven runs."""
    return min(_cpu_s(action, calls) for _ in range(7)) / calls * 1e6


def _cpu_s(action: Callable[[], object], calls: int) -> float:
    start = time.process_time()
    for _ in range(calls):
        action()
    return time.process_time() - start


def main() -> int:
    """Measure everything; 0 as long as it could be measured, or there is nothing to measure on."""
    folder = os.environ.get("SWITCHYARD_DATA")
    if not folder:
        print("skipped: SWITCHYARD_DATA does not name a folder with the public data sets")
        return 0
    banking = read_examples(Path(folder) / "banking77.jsonl.gz")
    hint3 = Path(folder) / "hint3.jsonl"
    domains = [read_examples(hint3, name) for name in ("curekart", "powerplay11", "sofmattress")]
    figures = [
        *measure_inside("banking77", banking, goal=">= 0.91"),
        *measure_inside("starter", starter_examples(), goal=""),
        *measure_outside("banking77, 3 in 10 outside", [banking], repeats=3, goal=""),
        *measure_outside("hint3, 3 in 10 outside", domains, repeats=5, goal=">= 0.85"),
        *measure_time(),
    ]
    report("quality", figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
