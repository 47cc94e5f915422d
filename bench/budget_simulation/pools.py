"""Tickets whose truth is known: how sure a model was of each, and whether it was wrong.

Models are trained by the server's own training on texts of the same set that no ticket has. A text
of a category that was left out of training is out of scope: whatever is answered to it is wrong.
"""

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import orjson

from server.engines.embedded.training import train_model
from server.triage.taxonomy import Category

LENGTH = 7_000  # of a stream, in tickets
HINT3_DOMAINS = ("curekart", "powerplay11", "sofmattress")
BANKING_MODELS, HINT3_SPLITS, CLINC_MODELS = 4, 3, 3
_BANKING_LEARNED = 3_000
_CLINC_LEARNED = 4_000
_OUTSIDE = 0.3  # of the categories; and of the tickets, where there are enough
_FOLDS = 5

Numbers = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Pool:
    """Tickets to draw streams from."""

    confidence: npt.NDArray[np.float64]  # [n_tickets]
    wrong: npt.NDArray[np.bool_]  # [n_tickets]

    def stream(self, rng: np.random.Generator) -> "Pool":
        """LENGTH tickets in a random order; of a pool that is smaller, drawn with replacement."""
        tickets = len(self.wrong)
        few = tickets < LENGTH
        drawn = rng.integers(0, tickets, LENGTH) if few else rng.permutation(tickets)[:LENGTH]
        return Pool(self.confidence[drawn], self.wrong[drawn])


@dataclass(frozen=True)
class Source:
    """Which pool to make."""

    name: str
    number: int  # of the model
    domain: str = ""


def sources() -> Iterator[Source]:
    """All that is measured on."""
    yield from (Source("banking77", number) for number in range(BANKING_MODELS))
    for domain in HINT3_DOMAINS:
        yield from (Source("hint3", number, domain) for number in range(HINT3_SPLITS))
    yield from (Source("clinc150", number) for number in range(CLINC_MODELS))


def make_pool(data: Path, source: Source) -> Pool:
    """Train and ask; the same for the same source."""
    rng = np.random.default_rng(source.number)
    if source.name == "banking77":
        corpus = _Corpus.read(data / "banking77.jsonl.gz")
        order = rng.permutation(len(corpus.texts))
        return corpus.ask(order[:_BANKING_LEARNED], order[_BANKING_LEARNED:])
    if source.name == "clinc150":
        corpus = _Corpus.read(data / "clinc150.jsonl.gz").without("oos")
        inside, outside = corpus.split(rng)
        learned, asked = inside[:_CLINC_LEARNED], inside[_CLINC_LEARNED:]
        enough = int(len(asked) * _OUTSIDE / (1 - _OUTSIDE))
        return corpus.ask(learned, np.concatenate([asked, outside[:enough]]))
    return _ask_in_folds(_Corpus.read(data / "hint3.jsonl", source.domain), rng)


def _ask_in_folds(corpus: "_Corpus", rng: np.random.Generator) -> Pool:
    """So few texts are all asked, each of a model that did not learn from it."""
    inside, outside = corpus.split(rng)
    folds = list(zip(np.array_split(inside, _FOLDS), np.array_split(outside, _FOLDS), strict=True))
    pools = [
        corpus.ask(np.setdiff1d(inside, known), np.concatenate([known, unknown]))
        for known, unknown in folds
    ]
    return Pool(
        np.concatenate([pool.confidence for pool in pools]),
        np.concatenate([pool.wrong for pool in pools]),
    )


@dataclass(frozen=True)
class _Corpus:
    texts: Sequence[str]
    labels: npt.NDArray[np.str_]

    @classmethod
    def read(cls, path: Path, domain: str = "") -> "_Corpus":
        """The texts of a file, or of one domain of it."""
        content = path.read_bytes()
        lines = (gzip.decompress(content) if path.suffix == ".gz" else content).splitlines()
        rows = [row for row in map(orjson.loads, lines) if not domain or row["domain"] == domain]
        return cls([row["text"] for row in rows], np.array([row["label"] for row in rows]))

    def without(self, label: str) -> "_Corpus":
        kept = np.flatnonzero(self.labels != label).tolist()
        return _Corpus([self.texts[at] for at in kept], self.labels[kept])

    def split(self, rng: np.random.Generator) -> tuple[Numbers, Numbers]:
        """Texts of categories that are learned, and of those that are left out."""
        categories = rng.permutation(np.unique(self.labels))
        is_outside = np.isin(self.labels, categories[: round(_OUTSIDE * len(categories))])
        inside, outside = np.flatnonzero(~is_outside), np.flatnonzero(is_outside)
        return rng.permutation(inside), rng.permutation(outside)

    def ask(self, learned: Numbers, asked: Numbers) -> Pool:
        """The answers to the texts `asked` of a model that learned from the others."""
        examples: dict[str, list[str]] = {}
        for at in learned.tolist():
            examples.setdefault(str(self.labels[at]), []).append(self.texts[at])
        model = train_model(
            [Category(name, "", "", tuple(texts)) for name, texts in examples.items()]
        )
        answers = [model.predict(self.texts[at]) for at in asked.tolist()]
        truth = self.labels[asked]
        return Pool(
            np.array([answer.confidence for answer in answers]),
            np.array([a.label != label for a, label in zip(answers, truth, strict=True)]),
        )


def hard_pool(budget: float, rng: np.random.Generator) -> Pool:
    """Errors as they are hardest for the gate: few at first, then just too many on the whole.

    Whoever acts on the best 60 % instead of fewer exceeds the budget, by a fortieth.
    """
    rank = rng.random(LENGTH)
    rate = np.where(rank < 0.3, 0.3 * budget, np.where(rank < 0.6, 1.75 * budget, 0.5))
    return Pool(1 - 0.7 * rank, rng.random(LENGTH) < rate)


def hopeless_pool(budget: float, rng: np.random.Generator) -> Pool:
    """However high the score, a little more than the budget is wrong: nothing may ever open."""
    return Pool(1 - 0.7 * rng.random(LENGTH), rng.random(LENGTH) < 1.05 * budget)
