"""The report of an experiment: its pictures and its page."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from matplotlib.axes import Axes

from switchyard_client.messages.switchyard.experiment.v1 import ExperimentResults
from switchyard_client.report.drawing import Draw
from switchyard_client.report.files import Report
from switchyard_client.report.lift import draw_lift
from switchyard_client.report.page import page
from switchyard_client.report.posteriors import draw_posteriors
from switchyard_client.report.weights import draw_weights

DrawResults = Callable[[Axes, ExperimentResults], None]
PICTURES: Mapping[str, DrawResults] = MappingProxyType(
    {"lift": draw_lift, "weights": draw_weights, "posteriors": draw_posteriors}
)


def report_of(results: ExperimentResults) -> Report:
    """All that results have to show."""
    pictures = {name: _of(results, draw) for name, draw in PICTURES.items()}
    return Report(pictures, partial(page, results))


def _of(results: ExperimentResults, draw: DrawResults) -> Draw:
    return lambda axes: draw(axes, results)
