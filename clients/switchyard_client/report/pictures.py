"""The pictures of a report, as files."""

import io
from collections.abc import Callable, Mapping
from types import MappingProxyType

from matplotlib.axes import Axes

from switchyard_client.messages.switchyard.experiment.v1 import ExperimentResults
from switchyard_client.report.lift import draw_lift
from switchyard_client.report.look import new_figure
from switchyard_client.report.posteriors import draw_posteriors
from switchyard_client.report.weights import draw_weights

Draw = Callable[[Axes, ExperimentResults], None]
PICTURES: Mapping[str, Draw] = MappingProxyType(
    {"lift": draw_lift, "weights": draw_weights, "posteriors": draw_posteriors}
)


def picture(name: str, results: ExperimentResults, form: str = "png") -> bytes:
    """One picture, as PNG or SVG."""
    return _drawn([PICTURES[name]], results, form)


def poster(results: ExperimentResults) -> bytes:
    """All pictures below each other, as PNG."""
    return _drawn([*PICTURES.values()], results, "png")


def _drawn(draws: list[Draw], results: ExperimentResults, form: str) -> bytes:
    figure, panels = new_figure(len(draws))
    for draw, axes in zip(draws, panels, strict=True):
        draw(axes, results)
    file = io.BytesIO()
    # Without the time of drawing: the same results make the same picture.
    figure.savefig(file, format=form, metadata={"Date": None} if form == "svg" else None)
    return file.getvalue()
