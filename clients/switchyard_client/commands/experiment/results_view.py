"""Results as people read them in a terminal."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from switchyard_client.commands.console import plain
from switchyard_client.messages.switchyard.experiment.v1 import (
    Experiment,
    ExperimentResults,
    MetricResults,
)
from switchyard_client.report import figures
from switchyard_client.report.reading import (
    TEXT_COLUMNS,
    footnotes,
    heading,
    primary_first,
    primary_of,
    rows,
    sentences,
)

_WINNER = "bold green"
_ALARM = "bold yellow"


def full_view(results: ExperimentResults) -> RenderableType:
    """Everything: what it is, sentences, a table of each metric, how to read them."""
    return Group(
        brief_view(results),
        *(_metric(results, metric) for metric in primary_first(results)[1:]),
        Text(),
        *(plain(note, "dim") for note in footnotes(results)),
    )


def brief_view(results: ExperimentResults) -> RenderableType:
    """What it is, sentences, and the table of the metric that decides."""
    experiment = results.experiment or Experiment()
    return Group(
        plain(experiment.title or experiment.name, "bold"),
        *(plain(one.text, _ALARM if one.is_alarm else "") for one in sentences(results)),
        *(_metric(results, metric) for metric in primary_first(results)[:1]),
    )


def one_line(results: ExperimentResults) -> Text:
    """The same for a log: time, units, and each variant in the primary metric."""
    metric = primary_of(results) or MetricResults()
    time = f"{results.time:%Y-%m-%d %H:%M:%S}Z" if results.time else ""
    told = [f"{time}  {results.exposures:,} units"]
    for one in metric.variants:
        parts = [one.variant, figures.value(one.value, metric.kind) or "no outcome yet"]
        if one.lift is not None:
            parts.append(f"({figures.difference(one.lift, metric.kind)}")
            parts.append(f"in {figures.bounds(one.lift_interval, metric.kind)})")
        told.append(" ".join(parts))
    told.append(
        f"winner {results.winner}"
        if results.winner
        else f"confidence {figures.sure(results.confidence)}"
    )
    return plain(", ".join(told))


def _metric(results: ExperimentResults, metric: MetricResults) -> RenderableType:
    table = Table(box=None, header_style="dim", pad_edge=False)
    cells = rows(results, metric)
    for name in cells[0] if cells else ():
        table.add_column(name, justify="left" if name in TEXT_COLUMNS else "right", no_wrap=True)
    for row in cells:
        style = _WINNER if row["variant"] == results.winner else ""
        table.add_row(*(plain(cell, style) for cell in row.values()))
    return Group(Text(), plain(heading(results, metric), "bold"), table)
