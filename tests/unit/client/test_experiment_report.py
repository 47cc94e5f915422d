"""The report's pictures and its page."""

import json
import re
import sys
from base64 import b64decode
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result
from matplotlib.figure import Figure
from switchyard.experiment.v1 import experiment_service_pb2, metric_pb2, results_pb2
from switchyard_client.__main__ import cli
from switchyard_client.messages.switchyard.experiment.v1 import ExperimentResults
from switchyard_client.report.drawing import drawn
from switchyard_client.report.files import write_report
from switchyard_client.report.lift import draw_lift
from switchyard_client.report.page import page
from switchyard_client.report.pictures import PICTURES, report_of
from switchyard_client.report.posteriors import beta_curve, draw_posteriors, normal_curve
from switchyard_client.report.weights import draw_weights

from tests.unit.client.fake_experiments import (
    NAME,
    FakeExperiments,
    make_configuration,
    make_results,
)
from tests.unit.client.fake_service import FakeServer

Run = Callable[..., Result]
PNG = b"\x89PNG\r\n"


def read(results: results_pb2.ExperimentResults) -> ExperimentResults:
    """Results as the client has them."""
    return ExperimentResults.parse(results.SerializeToString())


def picture(name: str, results: results_pb2.ExperimentResults, form: str = "png") -> bytes:
    """One picture of a report."""
    return drawn([report_of(read(results)).pictures[name]], form)


def poster(results: results_pb2.ExperimentResults) -> bytes:
    """All pictures of a report."""
    return drawn([*report_of(read(results)).pictures.values()])


def texts(draw: Callable[..., None], results: results_pb2.ExperimentResults) -> str:
    """All that a picture says, in one text."""
    axes = Figure().subplots()
    draw(axes, read(results))
    return "\n".join([axes.get_title("left"), *(text.get_text() for text in axes.texts)])


def nothing_yet() -> results_pb2.ExperimentResults:
    """Results of an experiment that has just started."""
    results = make_results()
    for metric in results.metrics:
        for one in metric.variants:
            one.CopyFrom(results_pb2.VariantResults(variant=one.variant))
    del results.history[:]
    return results


def one_moment() -> results_pb2.ExperimentResults:
    """Results of the very first look."""
    results = make_results()
    results.time.CopyFrom(results.configurations[0].start_time)
    del results.history[1:]
    del results.metrics[0].variants[:]
    return results


def test_the_lift_of_each_challenger_is_labelled_at_its_end() -> None:
    shown = texts(draw_lift, make_results("control", "model", "short"))
    assert "model +5.00 pp" in shown
    assert "short +10.00 pp" in shown
    assert "control +" not in shown


def test_a_single_look_has_its_interval_at_a_whole_number_of_units() -> None:
    results = make_results()
    del results.history[:]
    axes = Figure().subplots()
    draw_lift(axes, read(results))
    bar = axes.collections[0].get_paths()[0].get_extents()
    assert (bar.y0, bar.y1) == pytest.approx((-0.01, 0.11))
    assert all(place == int(place) for place in axes.get_xticks())


def test_less_is_said_to_be_better_where_it_is() -> None:
    results = make_results()
    results.experiment.metrics[0].direction = metric_pb2.DIRECTION_MINIMIZE
    assert "less is better" in texts(draw_lift, results)


def test_weights_are_labelled_with_those_in_force() -> None:
    results = make_results()
    results.configurations.append(make_configuration(2, [0.1, 0.9]))
    shown = texts(draw_weights, results)
    assert "control 10.0 %" in shown
    assert "model 90.0 %" in shown


def test_rates_have_posteriors() -> None:
    shown = texts(draw_posteriors, make_results())
    assert shown.startswith("Posteriors")
    assert "model 85.00 %" in shown


def of_a_mean(*names: str) -> results_pb2.ExperimentResults:
    """Results whose primary metric is a mean."""
    results = make_results(*names)
    results.metrics[0].role = metric_pb2.METRIC_ROLE_SECONDARY
    results.metrics[1].role = metric_pb2.METRIC_ROLE_PRIMARY
    return results


def test_means_have_posteriors() -> None:
    shown = texts(draw_posteriors, of_a_mean())
    assert shown.startswith("Posteriors")
    assert "model 13.5" in shown


def test_posteriors_of_rates_alone_do_not_see_that_weights_moved() -> None:
    rate, mean = make_results(), of_a_mean()
    for results in (rate, mean):
        for metric in results.metrics:
            metric.method = results_pb2.INFERENCE_METHOD_SEQUENCE_AIPW
    assert "Blind to moving weights." in texts(draw_posteriors, rate)
    assert "Blind to moving weights." not in texts(draw_posteriors, mean)


def test_quantiles_have_intervals() -> None:
    results = of_a_mean()
    results.metrics[1].kind = metric_pb2.METRIC_KIND_QUANTILE
    for one in results.metrics[1].variants:
        one.ClearField("standard_error")
    shown = texts(draw_posteriors, results)
    assert shown.startswith("Values")
    assert "13.5" in shown


def test_a_mean_whose_variance_is_not_known_takes_no_other_out_of_the_picture() -> None:
    results = of_a_mean()
    results.metrics[1].variants[0].ClearField("standard_error")
    shown = texts(draw_posteriors, results)
    assert shown.startswith("Values")
    assert "12.5" in shown
    assert "13.5" in shown


@pytest.mark.parametrize(("successes", "units"), [(0, 0), (0, 7), (7, 7), (720, 900), (1, 10**7)])
def test_a_posterior_is_a_density(successes: int, units: int) -> None:
    places, densities = beta_curve(successes, units)
    width = places[1] - places[0]
    assert sum(densities) * width == pytest.approx(1, abs=0.02)
    assert places[densities.index(max(densities))] == pytest.approx(
        successes / max(units, 1), abs=2 * width if units else 1
    )


def test_a_normal_posterior_is_a_density_about_the_mean() -> None:
    places, densities = normal_curve(-40.0, 2.5)
    width = places[1] - places[0]
    assert sum(densities) * width == pytest.approx(1, abs=0.001)
    assert places[densities.index(max(densities))] == pytest.approx(-40)
    within = sum(density for place, density in zip(places, densities, strict=True) if place < -37.5)
    assert within * width == pytest.approx(0.8413, abs=0.01)


def test_no_more_than_six_challengers_are_drawn_and_the_best_are() -> None:
    names = ["control", *(f"v{number}" for number in range(1, 10))]
    shown = texts(draw_lift, make_results(*names))
    assert "The best 6 of 9." in shown
    assert [name for name in names[1:] if f"{name} +" in shown] == names[4:]


@pytest.mark.parametrize("name", list(PICTURES))
@pytest.mark.parametrize(
    "results",
    [
        results_pb2.ExperimentResults(),
        nothing_yet(),
        one_moment(),
        make_results(),
        make_results("control", *(f"v{number}" for number in range(1, 100))),
        of_a_mean(),
    ],
    ids=["empty", "just started", "one moment", "two variants", "a hundred", "a mean"],
)
def test_every_picture_can_be_drawn_whatever_is_known(
    name: str, results: results_pb2.ExperimentResults
) -> None:
    assert picture(name, results).startswith(PNG)


@pytest.mark.parametrize("draw", list(PICTURES.values()))
def test_a_picture_of_nothing_says_so(draw: Callable[..., None]) -> None:
    assert re.search("no .* (yet|known)", texts(draw, results_pb2.ExperimentResults()))


def test_texts_that_look_like_formulas_or_have_no_glyph_are_drawn_as_they_are() -> None:
    results = make_results()
    for metric in (results.metrics[0], results.experiment.metrics[0]):
        if isinstance(metric, results_pb2.MetricResults):
            metric.metric = "$\\frac{$ 雪"
    assert poster(results).startswith(PNG)


class Page(HTMLParser):
    """What a browser makes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.said = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag and what it loads."""
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.said += data


def test_a_page_holds_its_pictures_and_loads_nothing() -> None:
    made = make_results()
    shown = Page(page(read(made), {name: picture(name, made, "svg") for name in PICTURES}))
    assert len(shown.sources) == len(PICTURES)
    for source in shown.sources:
        kind, _, data = source.partition("base64,")
        assert kind == "data:image/svg+xml;"
        assert ElementTree.fromstring(b64decode(data)).tag.endswith("svg")  # noqa: S314  # our own


def test_a_page_shows_the_metric_that_decides_above_the_pictures() -> None:
    results = make_results()
    results.metrics.reverse()
    shown = page(read(results), {"lift": b"<svg/>"})
    primary, picture, other = (shown.index(part) for part in ("<h2>resolved", "<img", "<h2>sec"))
    assert primary < picture < other


def test_what_others_wrote_stays_text_on_the_page() -> None:
    hostile = "<script>alert(1)</script><img src=x>"
    results = make_results()
    results.experiment.title = results.experiment.hypothesis = hostile
    results.experiment.metrics[0].title = results.warnings[0] = hostile
    results.metrics[0].variants[0].variant = hostile
    shown = Page(page(read(results), {}))
    assert "script" not in shown.tags
    assert "img" not in shown.tags
    assert shown.said.count(hostile) == 6


def test_the_same_results_make_the_same_pixels() -> None:
    results = make_results()
    assert poster(results) == poster(results)


def test_a_folder_gets_pictures_and_a_page(tmp_path: Path) -> None:
    written = write_report(report_of(read(make_results())), tmp_path / "new" / "folder")
    assert sorted(path.name for path in written) == [
        "lift.png",
        "posteriors.png",
        "report.html",
        "weights.png",
    ]
    assert all(path.stat().st_size for path in written)


@pytest.fixture
def run(fake: FakeServer, experiments: FakeExperiments) -> Run:
    """Runs `report` against the fake server."""
    experiments.answers["GetExperimentResults"] = [
        experiment_service_pb2.GetExperimentResultsResponse(results=make_results())
    ]

    def report(*arguments: str) -> Result:
        environment = {"SWITCHYARD_SERVER": fake.address, "NO_COLOR": "1"}
        return CliRunner().invoke(cli, ["experiment", "report", NAME, *arguments], env=environment)

    return report


@pytest.mark.parametrize(("name", "beginning"), [("r.html", b"<!doctype html>"), ("r.PNG", PNG)])
def test_one_file_is_written_in_the_form_of_its_name(
    run: Run, experiments: FakeExperiments, tmp_path: Path, name: str, beginning: bytes
) -> None:
    result = run("--out", str(tmp_path / name))
    assert result.exit_code == 0, result.output
    assert (tmp_path / name).read_bytes().startswith(beginning)
    (request,) = experiments.requests
    assert isinstance(request, experiment_service_pb2.GetExperimentResultsRequest)
    assert request.with_history


def test_json_stands_alone_on_standard_output(run: Run, tmp_path: Path) -> None:
    result = run("--json", "--out", str(tmp_path / "r.html"))
    assert json.loads(result.stdout)["confidence"] == 0.93
    assert result.stderr.startswith("wrote ")


def test_a_place_that_cannot_be_written_is_told(run: Run, tmp_path: Path) -> None:
    result = run("--out", str(tmp_path / "missing" / "r.png"))
    assert result.exit_code == 2
    assert "No such file or directory" in result.stderr


def test_without_matplotlib_the_extra_is_named(
    run: Run, experiments: FakeExperiments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = run("--out", "r.html")
    assert result.exit_code == 2
    assert "pip install 'switchyard-client[report]'" in result.stderr
    assert experiments.requests == []
