"""One training from beginning to end: a lesson in, a model and its report out."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from server.engines.embedded.features import FeatureSet
from server.engines.embedded.kernel import Kernel
from server.engines.embedded.learning.assembly import Assembly, assemble
from server.engines.embedded.learning.calibrating import (
    choose_weight,
    confidences,
    fit_calibration,
)
from server.engines.embedded.learning.corpus import Corpus, Heads, fit_heads
from server.engines.embedded.learning.crossvalidation import Rounds, cross_validate
from server.engines.embedded.learning.evaluation import Evaluation
from server.engines.embedded.learning.fitting import count_features
from server.engines.embedded.learning.kernel_fitting import Matrix
from server.engines.embedded.learning.priority_fitting import fit_priority
from server.engines.embedded.learning.resolution import estimate_resolution
from server.engines.embedded.model import LinearModel
from server.engines.embedded.model_file import load_model, save_model
from server.engines.embedded.report import Scored, TrainingReport
from server.engines.embedded.sentence_vectors import vector_of, vectors_of
from server.engines.embedded.trainer import digest_lesson
from server.engines.embedded.training_set import Lesson, TrainingLabel
from server.sentence_model import SentenceModel

APART_FROM = 2_000  # texts: fewer gain nothing from near words, and lose by two machines
_EMBEDDED_AT_ONCE = 200  # texts between two reports

Tell = Callable[[str, float, str], None]  # stage, share of the whole that is done, finding


@dataclass(frozen=True, slots=True)
class Taught:
    """What a training has made."""

    model: LinearModel
    report: TrainingReport
    answers: Sequence[Scored]  # to the labels that were held out, in order


def silence(_stage: str, _done: float, _finding: str = "") -> None:
    """Tells nobody."""


def teach(lesson: Lesson, embedder: SentenceModel | None = None, tell: Tell = silence) -> Taught:
    """The model of a lesson; the same one for the same lesson. Raises NothingToLearn."""
    begin_s = time.monotonic()
    assembly = assemble(lesson)
    corpus = _corpus(assembly, embedder, tell)
    tell("fitting", 0.2, f"{assembly.tickets} texts of {len(assembly.names)} categories")
    heads = fit_heads(corpus, len(assembly.names))
    rounds = cross_validate(
        corpus,
        assembly.tickets,
        asks_inside=any(assembly.is_labelled),
        told=lambda share: tell("calibrating", 0.3 + 0.5 * share, ""),
    )
    model = _model(lesson, assembly, heads, rounds, embedder, tell)
    tell("evaluating", 0.9, "")
    evaluation = _evaluate(model, assembly, corpus, rounds)
    report = _report(lesson, assembly, model, evaluation, time.monotonic() - begin_s)
    tell("saving", 0.95, f"{report.accuracy:.1%} right" if rounds.inside else "")
    # Stored and read again: it answers as it will when it serves.
    answers = score(load_model(save_model(model)), lesson.held_out, embedder)
    return Taught(model, report, answers)


def score(
    model: LinearModel, labels: Sequence[TrainingLabel], embedder: SentenceModel | None
) -> list[Scored]:
    """What the model says of each text."""
    helps = embedder is not None and model.reads_vectors_of(embedder.name)
    reader = embedder if helps else None
    found = []
    for label in labels:
        said = model.predict(label.text, vector_of(reader, label.text) if reader else None)
        found.append(Scored(said.label, said.confidence, said.label == label.category))
    return found


def _corpus(assembly: Assembly, embedder: SentenceModel | None, tell: Tell) -> Corpus:
    counts = count_features(assembly.texts, _features(assembly))
    vectors = None if embedder is None else _vectors(assembly.texts, embedder, tell)
    return Corpus(counts, vectors, np.array(assembly.labels))


def _features(assembly: Assembly) -> FeatureSet:
    return FeatureSet.APART if assembly.tickets >= APART_FROM else FeatureSet.PLAIN


def _vectors(texts: Sequence[str], embedder: SentenceModel, tell: Tell) -> Matrix:
    portions = []
    for at in range(0, len(texts), _EMBEDDED_AT_ONCE):
        tell("fitting", 0.2 * at / len(texts), f"{at} of {len(texts)} texts embedded")
        portions.append(vectors_of(embedder, texts[at : at + _EMBEDDED_AT_ONCE]))
    return np.concatenate(portions)


def _model(
    lesson: Lesson,
    assembly: Assembly,
    heads: Heads,
    rounds: Rounds,
    embedder: SentenceModel | None,
    tell: Tell,
) -> LinearModel:
    linear, features = heads.linear, _features(assembly)
    calibration = fit_calibration(rounds.without_vectors(), assembly.tickets, 0.0)
    kernel = None if embedder is None else _kernel(heads, rounds, assembly.tickets, embedder.name)
    tell("priority", 0.85, "")
    return LinearModel(
        names=assembly.names,
        buckets=linear.buckets.astype(np.uint32),
        weights=linear.folded,
        idf=linear.idf.astype(np.float32),
        intercepts=linear.intercepts.astype(np.float32),
        unseen_idf=linear.unseen_idf,
        calibration=calibration,
        training_digest=digest_lesson(lesson),
        features=features,
        kernel=kernel,
        priority=fit_priority(lesson.labels, assembly.names, linear, features),
        resolution_s=estimate_resolution(lesson.categories, lesson.labels),
    )


def _kernel(heads: Heads, rounds: Rounds, tickets: int, embedding_model: str) -> Kernel | None:
    if heads.kernel is None:
        return None
    weight = choose_weight(rounds)
    return Kernel(
        embedding_model=embedding_model,
        prototypes=heads.kernel.prototypes.astype(np.float16),
        votes=heads.kernel.votes.astype(np.float16),
        biases=heads.kernel.biases,
        weight=weight,
        calibration=fit_calibration(rounds, tickets, weight),
    )


def _evaluate(model: LinearModel, assembly: Assembly, corpus: Corpus, rounds: Rounds) -> Evaluation:
    """The cross-validated answers to labels, with the confidence that the model would give."""
    weight = model.kernel.weight if model.kernel else 0.0
    calibration = model.kernel.calibration if model.kernel else model.calibration
    of_labels = np.array(assembly.is_labelled)[rounds.places]
    found = [answers.decisions(weight).argmax(axis=1) for answers in rounds.inside]
    sure = [confidences(calibration, answers, weight) for answers in rounds.inside]
    answers: npt.NDArray[np.intp] = np.concatenate([*found, np.empty(0, np.intp)])
    return Evaluation(
        assembly.names,
        corpus.labels[rounds.places][of_labels],
        answers[of_labels],
        np.concatenate([*sure, np.empty(0)])[of_labels],
    )


def _report(
    lesson: Lesson,
    assembly: Assembly,
    model: LinearModel,
    evaluation: Evaluation,
    seconds: float,
) -> TrainingReport:
    skipped = assembly.skipped.most_common()
    return TrainingReport(
        labels=sum(assembly.is_labelled),
        skipped=[{"reason": reason, "labels": count} for reason, count in skipped],
        held_out=len(lesson.held_out),
        accuracy=evaluation.accuracy,
        macro_f1=evaluation.macro_f1,
        calibration_error=evaluation.calibration_error,
        coverage=evaluation.coverage(),
        confusions=evaluation.confusions(),
        categories=evaluation.categories(),
        learns_priority=model.priority is not None,
        resolution_categories=sum(seconds > 0 for seconds in model.resolution_s),
        sharpness=model.calibration.sharpness,
        seconds=seconds,
    )
