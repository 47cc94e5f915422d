"""A report as one HTML file, which needs no script, no font and no picture from outside."""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from html import escape

from switchyard_client.messages.switchyard.experiment.v1 import (
    Experiment,
    ExperimentResults,
    MetricResults,
)
from switchyard_client.report.reading import (
    TEXT_COLUMNS,
    footnotes,
    heading,
    primary_first,
    rows,
    sentences,
)

_STYLE = """
body { margin: 3rem auto; max-width: 62rem; padding: 0 1.5rem; background: #fff; color: #1f2933;
       font: 16px/1.55 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.05rem; margin: 2.5rem 0 .5rem; }
p { margin: .35rem 0; max-width: 46rem; }
.pale, footer { color: #6b7280; font-size: .9rem; }
.alarm { border-left: 3px solid #d55e00; padding-left: .75rem; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
th, td { padding: .35rem .8rem .35rem 0; text-align: right; white-space: nowrap; }
th { color: #6b7280; font-weight: 500; border-bottom: 1px solid #e3e7eb; }
.text { text-align: left; }
tr.winner td { font-weight: 600; }
img { display: block; width: 100%; margin: 1.5rem 0; }
footer { margin-top: 3rem; border-top: 1px solid #e3e7eb; padding-top: 1rem; }
"""


def page(results: ExperimentResults, pictures: Mapping[str, bytes]) -> str:
    """The page; `pictures` are SVG, by what they show."""
    experiment = results.experiment or Experiment()
    title = escape(experiment.title or experiment.name)
    metrics = primary_first(results)
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en">',
            '<head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title>",
            f"<style>{_STYLE}</style></head>",
            "<body>",
            f"<h1>{title}</h1>",
            _paragraph(_subtitle(results, experiment), "pale"),
            _paragraph(experiment.hypothesis),
            *(_paragraph(one.text, "alarm" * one.is_alarm) for one in sentences(results)),
            *(_metric(results, metric) for metric in metrics[:1]),
            *(_picture(name, svg) for name, svg in pictures.items()),
            *(_metric(results, metric) for metric in metrics[1:]),
            f"<footer>{''.join(_paragraph(note) for note in footnotes(results))}</footer>",
            "</body></html>\n",
        )
    )


def _subtitle(results: ExperimentResults, experiment: Experiment) -> str:
    time = f", as of {results.time:%Y-%m-%d %H:%M} UTC" if results.time else ""
    return f"{experiment.name}{time}, {results.exposures:,} units"


def _paragraph(text: str, name: str = "") -> str:
    kind = f' class="{name}"' if name else ""
    return f"<p{kind}>{escape(text)}</p>" if text else ""


def _metric(results: ExperimentResults, metric: MetricResults) -> str:
    table = rows(results, metric)
    if not table:
        return ""
    head = "".join(_cell("th", name, name) for name in table[0])
    body = "".join(_row(row, is_winner=row["variant"] == results.winner) for row in table)
    return (
        f"<h2>{escape(heading(results, metric))}</h2>"
        f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'
    )


def _row(row: Mapping[str, str], *, is_winner: bool) -> str:
    kind = ' class="winner"' if is_winner else ""
    return f"<tr{kind}>{''.join(_cells(row.items()))}</tr>"


def _cells(row: Iterable[tuple[str, str]]) -> Iterable[str]:
    return (_cell("td", name, cell) for name, cell in row)


def _cell(tag: str, column: str, text: str) -> str:
    kind = ' class="text"' if column in TEXT_COLUMNS else ""
    return f"<{tag}{kind}>{escape(text)}</{tag}>"


def _picture(name: str, svg: bytes) -> str:
    # As a picture of its own: what stands in it cannot reach the page.
    data = b64encode(svg).decode("ascii")
    return f'<img alt="{escape(name)}" src="data:image/svg+xml;base64,{data}">'
