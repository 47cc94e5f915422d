"""A report as files: pictures, and a page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from switchyard_client.report.drawing import Draw, drawn

PAGE_NAME = "report.html"


@dataclass(frozen=True, slots=True)
class Report:
    """Pictures by their names, and what makes a page of them, as SVG by the same names."""

    pictures: Mapping[str, Draw]
    page: Callable[[Mapping[str, bytes]], str]


class ReportForm(Enum):
    """What is written."""

    FOLDER = ""
    PAGE = ".html"
    POSTER = ".png"


def form_of(path: Path) -> ReportForm:
    """What a path asks for. Raises ValueError when it is none of them."""
    return ReportForm.FOLDER if path.is_dir() else ReportForm(path.suffix.lower())


def write_report(report: Report, path: Path) -> list[Path]:
    """Write all pictures and a page into a folder, or one file of that form; what was written.

    Raises OSError.
    """
    form = form_of(path)
    if form is ReportForm.FOLDER:
        path.mkdir(parents=True, exist_ok=True)
        contents = {path / f"{name}.png": drawn([draw]) for name, draw in report.pictures.items()}
        contents[path / PAGE_NAME] = _page(report)
    elif form is ReportForm.PAGE:
        contents = {path: _page(report)}
    else:
        contents = {path: drawn([*report.pictures.values()])}
    for file, content in contents.items():
        file.write_bytes(content)
    return list(contents)


def _page(report: Report) -> bytes:
    pictures = {name: drawn([draw], "svg") for name, draw in report.pictures.items()}
    return report.page(pictures).encode()
