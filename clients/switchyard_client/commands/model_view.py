"""Models as people read them: what they were made of, how good they are, what became of them."""

from collections.abc import Iterable

from switchyard_client.answers import label
from switchyard_client.commands.console import duration, plain, stdout
from switchyard_client.commands.tables import Cell, Row, print_facts, print_table
from switchyard_client.messages.switchyard.feedback.v1 import (
    Model,
    ModelComparison,
    ModelState,
    TrainingFigures,
)
from switchyard_client.report import figures

_STYLES = {"active": "bold green", "ready": "", "outdated": "dim"}
_MOST_CONFUSIONS = 10


def show_model(model: Model) -> None:
    """Print all that matters of a model, and in plain words what became of it."""
    print_facts(_facts(model))
    if found := model.figures:
        if found.coverage:
            stdout().print()
            print_table([*_coverage(found)], nothing="")
        if found.confusions:
            stdout().print()
            print_table([*_confusions(found)], nothing="")
    stdout().print()
    if model.comparison is not None:
        stdout().print(plain(compare(model.comparison, model.version)))
    stdout().print(plain(_standing(model), "bold"))


def model_row(model: Model) -> Row:
    """A model as a row of a table."""
    found, state = model.figures or TrainingFigures(), label(model.state)
    return {
        "version": model.version,
        "state": plain(state, _STYLES.get(state, "")),
        "made": model.create_time,
        "by": model.creator,
        "labels": found.labels,
        "accuracy": figures.share(found.accuracy) if model.figures else "",
        "macro-F1": figures.share(found.macro_f1) if model.figures else "",
        "against": _against(model.comparison),
    }


def compare(comparison: ModelComparison, version: int) -> str:
    """What a comparison says, in words."""
    if not comparison.labels:
        return "There were no labels to compare it on."
    here = (comparison.both_right + comparison.only_this_right) / comparison.labels
    other = (comparison.both_right + comparison.only_other_right) / comparison.labels
    told = (
        f"On {comparison.labels:,} labels that neither has learned from, version {version} is "
        f"right on {figures.share(here)}, version {comparison.other_version} on "
        f"{figures.share(other)}: {_points(comparison.difference)}, and with 95 % confidence no "
        f"less than {_points(comparison.lower)}."
    )
    allowed = f"at most {comparison.margin * 100:.1f} points may be lost"
    if comparison.is_no_worse:
        return f"{told} It is no worse: {allowed}."
    if comparison.difference >= 0:
        return f"{told} So few labels cannot show that it is no worse: {allowed}."
    return f"{told} It may be worse: {allowed}."


def _facts(model: Model) -> Row:
    found = model.figures
    facts: dict[str, Cell] = {
        "model": model.name,
        "state": plain(label(model.state), _STYLES.get(label(model.state), "")),
        "made": f"{model.create_time:%Y-%m-%d %H:%M:%SZ}" if model.create_time else "",
        "by": model.creator,
    }
    if found is not None:
        skipped = ", ".join(f"{one.labels:,} {one.reason}" for one in found.skipped)
        facts |= {
            "labels": f"{found.labels:,} learned, {found.held_out:,} held out to compare models on",
            "left out": skipped,
            "accuracy": figures.share(found.accuracy),
            "macro-F1": figures.share(found.macro_f1),
            "calibration": f"{figures.share(found.calibration_error)} expected error",
            "priority": "learned" if found.learns_priority else "by the rules",
            "resolution": f"learned for {found.resolution_categories:,} categories",
            "took": duration(found.duration.total_seconds()) if found.duration else "",
        }
    return {
        **facts,
        "embeddings": model.embedding_model,
        "taxonomy": f"revision {model.taxonomy_revision}" if model.taxonomy_revision else "",
        "digest": model.digest,
        "data": model.data_digest,
        "size": f"{model.size_bytes / 1e6:,.1f} MB" if model.size_bytes else "",
    }


def _coverage(found: TrainingFigures) -> Iterable[Row]:
    for point in found.coverage:
        yield {
            "confidence": f"{figures.share(point.confidence)} or more",
            "tickets": figures.share(point.coverage),
            "right": figures.share(point.accuracy),
        }


def _confusions(found: TrainingFigures) -> Iterable[Row]:
    for one in found.confusions[:_MOST_CONFUSIONS]:
        yield {"category": one.category, "taken for": one.answered, "labels": one.labels}


def _against(comparison: ModelComparison | None) -> str:
    if comparison is None or not comparison.labels:
        return ""
    verdict = "" if comparison.is_no_worse else ", not certain"
    return f"version {comparison.other_version}: {_points(comparison.difference)}{verdict}"


def _points(difference: float) -> str:
    return f"{difference * 100:+.1f} points"


def _standing(model: Model) -> str:
    if model.state is ModelState.ACTIVE:
        return f"{model.name} answers."
    if model.state is ModelState.OUTDATED:
        return f"{model.name} knows an earlier taxonomy, and cannot answer."
    hint = f"switchyard models activate {model.version}"
    return f"{model.name} is kept and does not answer; to let it: {hint}"
