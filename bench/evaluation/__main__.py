"""Measure the embedded engine on public data.

    SWITCHYARD_DATA=DIR [SWITCHYARD_EMBEDDING_MODEL=DIR] python -m bench.evaluation
        [--test DIR] [--folds 10] [--cases banking77 few clinc150 hint3 starter endava cost]

Learned and asked within the files of SWITCHYARD_DATA: trained on nine tenths, asked about the
tenth, as often as --folds says; fewer than ten are a quick look and no figure to quote. With
--test, trained on all of them and asked about the files of the same names there. Prints a table and
writes build/eval.json. Takes about half an hour on one core.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from bench.evaluation.asking import RememberingModel
from bench.evaluation.cases import (
    HINT3,
    VECTORS,
    WORDS,
    Ground,
    few_figures,
    inside_figures,
    left_out_figures,
    rejection_figures,
    starter_figures,
)
from bench.evaluation.cost import cost_figures
from bench.evaluation.sets import read_texts
from bench.figures import Figure, report

BANKING77 = "banking77.jsonl.gz"
CLINC150 = "clinc150.jsonl.gz"
ENDAVA = "tickets_endava.jsonl.gz"


def hint3(ground: Ground) -> Iterator[Figure]:
    """The three companies."""
    sets = [read_texts(ground.train, "hint3.jsonl", domain) for domain in HINT3]
    for domain in HINT3:
        yield from inside_figures(ground, "hint3.jsonl", {}, domain)
    yield from left_out_figures(ground, "hint3, 3 in 10 outside", sets, ">= 0.88")


CASES: Mapping[str, Callable[[Ground], Iterator[Figure]]] = {
    "banking77": lambda ground: inside_figures(
        ground, BANKING77, {WORDS: ">= 0.915", VECTORS: ">= 0.935"}
    ),
    "few": lambda ground: few_figures(ground, BANKING77),
    "clinc150": lambda ground: rejection_figures(ground, CLINC150),
    "hint3": hint3,
    "starter": lambda ground: starter_figures(ground, CLINC150),
    "endava": lambda ground: inside_figures(ground, ENDAVA, {}),
    "cost": lambda ground: cost_figures(ground.train),
}


def main() -> int:
    """Measure and report; 0 also where there is nothing to measure on."""
    parser = argparse.ArgumentParser(description="the embedded engine on public data")
    parser.add_argument("--test", type=Path, help="folder of files to be asked about")
    parser.add_argument("--folds", type=int, default=10, choices=range(1, 11))
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    options = parser.parse_args()
    folder = os.environ.get("SWITCHYARD_DATA")
    if not folder:
        print("skipped: SWITCHYARD_DATA does not name a folder with the public data sets")
        return 0
    model = os.environ.get("SWITCHYARD_EMBEDDING_MODEL")
    embedder = RememberingModel(Path(model)) if model else None
    ground = Ground(Path(folder), options.test, embedder, options.folds)
    figures: list[Figure] = []
    for case in options.cases:
        print(f"{case} ...", file=sys.stderr, flush=True)
        figures += CASES[case](ground)
    notes = [] if model else ["SWITCHYARD_EMBEDDING_MODEL names no model: words alone"]
    report("eval", figures, notes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
