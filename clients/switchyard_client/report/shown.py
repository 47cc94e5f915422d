"""Which variants a picture shows, in which colour."""

from dataclasses import dataclass

from switchyard_client.messages.switchyard.experiment.v1 import ExperimentResults, VariantResults
from switchyard_client.report.look import CHALLENGERS, CONTROL, MOST_CHALLENGERS
from switchyard_client.report.reading import design_of, is_minimized, primary_of


@dataclass(frozen=True, slots=True)
class Shown:
    """A variant of a picture: its place in the experiment, its name and colour."""

    index: int
    name: str
    color: str


def shown_variants(results: ExperimentResults) -> list[Shown]:
    """The control and the best of the others, as many as there are colours; in their order."""
    names = [summary.variant for summary in results.variants]
    best = sorted(range(1, len(names)), key=lambda i: -merit(results, i))[:MOST_CHALLENGERS]
    colors = {index: CHALLENGERS[place] for place, index in enumerate(sorted(best))}
    colors[0] = CONTROL
    return [Shown(i, names[i], colors[i]) for i in sorted(colors) if i < len(names)]


def left_out(results: ExperimentResults) -> str:
    """A remark where not all are shown; else empty."""
    others = len(results.variants) - 1
    if others <= MOST_CHALLENGERS:
        return ""
    return f" The best {MOST_CHALLENGERS} of {others}."


def merit(results: ExperimentResults, index: int) -> float:
    """Lift of a variant in the primary metric, the way that is better."""
    metric = primary_of(results)
    if metric is None or index >= len(metric.variants):
        return 0.0
    one: VariantResults = metric.variants[index]
    return (one.lift or 0.0) * (-1 if is_minimized(design_of(results, metric)) else 1)
