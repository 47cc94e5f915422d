"""What a prediction costs: CPU time on one core, without embeddings."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from bench.evaluation.asking import train
from bench.evaluation.sets import read_texts
from bench.figures import Figure
from server.engines.embedded.engine import EmbeddedEngineMaker
from server.engines.embedded.language import FastTextDetector
from server.engines.embedded.model_file import load_model
from server.triage.engine import Parts
from server.triage.starter import starter_taxonomy
from server.triage.ticket import Ticket, text_for_engines

_LEARNED = 4_000  # texts of banking77: the cost is of the categories and the text
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


def cost_figures(folder: Path) -> Iterator[Figure]:
    """CPU time of each part for one ticket, in microseconds."""
    maker, taxonomy, language = EmbeddedEngineMaker(), starter_taxonomy(), FastTextDetector()
    stored = maker.starter_model()
    engine, starter = maker.load(stored, taxonomy), load_model(stored)
    text, parts = text_for_engines(_TICKET), Parts()
    case = f"ticket of {len(text)} characters"
    yield Figure(case, "category", microseconds(lambda: starter.predict(text)), "us")
    yield Figure(case, "language", microseconds(lambda: language.detect(text, "")), "us")
    yield Figure(case, "everything", microseconds(lambda: engine.read(_TICKET, parts)), "us")
    load_ms = microseconds(lambda: load_model(stored), 20) / 1e3
    yield Figure("starter model", "load", load_ms, "ms", "<= 50")
    yield from trained_figures(folder)


def trained_figures(folder: Path) -> Iterator[Figure]:
    """A model of 77 categories."""
    texts = read_texts(folder, "banking77.jsonl.gz")
    chosen = np.random.default_rng(0).permutation(len(texts.texts))[:_LEARNED]
    model, text = train(texts.part(chosen), None), text_for_engines(_TICKET)
    cost_us = microseconds(lambda: model.predict(text))
    case = f"{len(model.names)} categories"
    yield Figure(case, f"category of {len(text)} characters", cost_us, "us", "<= 400")


def microseconds(action: Callable[[], object], calls: int = 400) -> float:
    """CPU time of a call, the best of seven runs."""
    return min(_cpu_s(action, calls) for _ in range(7)) / calls * 1e6


def _cpu_s(action: Callable[[], object], calls: int) -> float:
    start = time.process_time()
    for _ in range(calls):
        action()
    return time.process_time() - start
