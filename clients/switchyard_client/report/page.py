"""The report of an experiment as a page."""

from collections.abc import Mapping

from switchyard_client.messages.switchyard.experiment.v1 import (
    Experiment,
    ExperimentResults,
    MetricResults,
)
from switchyard_client.report import html
from switchyard_client.report.reading import (
    TEXT_COLUMNS,
    footnotes,
    heading,
    primary_first,
    rows,
    sentences,
)


def page(results: ExperimentResults, pictures: Mapping[str, bytes]) -> str:
    """The page; `pictures` are SVG, by what they show."""
    experiment = results.experiment or Experiment()
    metrics = primary_first(results)
    return html.document(
        experiment.title or experiment.name,
        (
            html.paragraph(_subtitle(results, experiment), "pale"),
            html.paragraph(experiment.hypothesis),
            *(html.paragraph(one.text, "alarm" * one.is_alarm) for one in sentences(results)),
            *(_metric(results, metric) for metric in metrics[:1]),
            *(html.picture(name, svg) for name, svg in pictures.items()),
            *(_metric(results, metric) for metric in metrics[1:]),
            html.footer(footnotes(results)),
        ),
    )


def _subtitle(results: ExperimentResults, experiment: Experiment) -> str:
    time = f", as of {results.time:%Y-%m-%d %H:%M} UTC" if results.time else ""
    return f"{experiment.name}{time}, {results.exposures:,} units"


def _metric(results: ExperimentResults, metric: MetricResults) -> str:
    table = rows(results, metric)
    winners = [number for number, row in enumerate(table) if row["variant"] == results.winner]
    return html.table(heading(results, metric), table, TEXT_COLUMNS, winners)
