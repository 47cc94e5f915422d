"""A report as files: pictures, and a page."""

from enum import Enum
from pathlib import Path

from switchyard_client.messages.switchyard.experiment.v1 import ExperimentResults
from switchyard_client.report.page import page
from switchyard_client.report.pictures import PICTURES, picture, poster

PAGE_NAME = "report.html"


class ReportForm(Enum):
    """What is written."""

    FOLDER = ""
    PAGE = ".html"
    POSTER = ".png"


def form_of(path: Path) -> ReportForm:
    """What a path asks for. Raises ValueError when it is none of them."""
    return ReportForm.FOLDER if path.is_dir() else ReportForm(path.suffix.lower())


def write_report(results: ExperimentResults, path: Path) -> list[Path]:
    """Write all pictures and a page into a folder, or one file of that form; what was written.

    Raises OSError.
    """
    form = form_of(path)
    if form is ReportForm.FOLDER:
        path.mkdir(parents=True, exist_ok=True)
        contents = {path / f"{name}.png": picture(name, results) for name in PICTURES}
        contents[path / PAGE_NAME] = _page(results)
    else:
        contents = {path: _page(results) if form is ReportForm.PAGE else poster(results)}
    for file, content in contents.items():
        file.write_bytes(content)
    return list(contents)


def _page(results: ExperimentResults) -> bytes:
    drawn = {name: picture(name, results, "svg") for name in PICTURES}
    return page(results, drawn).encode()
