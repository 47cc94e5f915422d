"""Train a model: categories with examples in, bytes that `load_model` reads out.

Runs as a process of its own (`python -m server.engines.embedded.training`): JSON of the categories
on standard input, the model on standard output. scikit-learn is loaded here and nowhere else.

    --starter           build the stored model of the starter categories
    --starter --check   fail where the stored model was made from other categories
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import orjson

from server.engines.embedded.crossvalidation import fit_calibration
from server.engines.embedded.fitting import count_features, fit
from server.engines.embedded.model import LinearModel
from server.engines.embedded.model_file import load_model, save_model
from server.engines.embedded.trainer import digest_input, introduce
from server.triage.starter import starter_taxonomy
from server.triage.taxonomy import Category, decode_categories

STARTER_FILE = Path(__file__).with_name("starter.npz")
_NICENESS = 10  # tickets come first


def train_model(categories: Sequence[Category]) -> LinearModel:
    """The model of these categories; the same one for the same categories."""
    examples = [example for category in categories for example in category.examples]
    sizes = [len(category.examples) for category in categories]
    labels = np.append(np.repeat(np.arange(len(sizes)), sizes), np.arange(len(sizes)))
    counts = count_features([*examples, *map(introduce, categories)])
    fitted = fit(counts, labels, len(categories))
    return LinearModel(
        names=tuple(category.name for category in categories),
        buckets=fitted.buckets.astype(np.uint32),
        weights=(fitted.weights * fitted.idf[:, None]).astype(np.float16),
        idf=fitted.idf.astype(np.float32),
        intercepts=fitted.intercepts.astype(np.float32),
        unseen_idf=fitted.unseen_idf,
        calibration=fit_calibration(counts, labels, len(examples)),
        training_digest=digest_input(categories),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Train a model of the embedded engine.")
    parser.add_argument("--starter", action="store_true", help="train the starter model")
    parser.add_argument("--check", action="store_true", help="only check that it is up to date")
    options = parser.parse_args(arguments)
    if options.starter:
        return _check_starter() if options.check else _build_starter()
    os.nice(_NICENESS)
    categories = decode_categories(orjson.loads(sys.stdin.buffer.read()))
    sys.stdout.buffer.write(save_model(train_model(categories)))
    return 0


def _build_starter() -> int:
    STARTER_FILE.write_bytes(save_model(train_model(starter_taxonomy().categories)))
    return 0


def _check_starter() -> int:
    stored = load_model(STARTER_FILE.read_bytes()).training_digest
    if stored == digest_input(starter_taxonomy().categories):
        return 0
    sys.stderr.write(
        "the starter model was made from other categories; build it again with\n"
        "    python -m server.engines.embedded.training --starter\n"
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
