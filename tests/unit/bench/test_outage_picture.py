"""The picture of an outage."""

from xml.etree import ElementTree

from bench.outage_picture import COLOURS, STATES, Outage, Slice, draw

SVG = "{http://www.w3.org/2000/svg}"
OUTAGE = Outage(begins_s=1, lasts_s=3, after_s=1, deadline_s=5.0)
QUIET = Slice({"first": 10}, 0.05, 0.1, {"first": "closed", "second": "closed"})
SILENT = Slice({"second": 6, "embedded": 4}, 0.05, 2.0, {"first": "open", "second": "closed"})
SLICES = [QUIET, SILENT, SILENT, SILENT, QUIET]


def rectangles(colour: str, slices: list[Slice] | None = None) -> list[ElementTree.Element]:
    picture = ElementTree.fromstring(draw(slices or SLICES, OUTAGE))  # noqa: S314  # our own text
    return [each for each in picture.iter(f"{SVG}rect") if each.get("fill") == colour]


def test_answers_of_a_second_stand_upon_each_other() -> None:
    (second, *_), (embedded, *_) = rectangles(COLOURS["second"]), rectangles(COLOURS["embedded"])
    bottom = float(embedded.attrib["y"]) + float(embedded.attrib["height"])
    assert abs(bottom - float(second.attrib["y"])) < 0.2


def test_a_second_in_which_somebody_answered_nothing_has_no_column_of_his() -> None:
    columns = len(rectangles(COLOURS["first"], [QUIET, QUIET])) - 1  # the legend has one
    assert columns == 2
    assert len(rectangles(COLOURS["first"], [SILENT, QUIET])) - 1 == 1


def test_an_open_circuit_is_red_for_as_long_as_it_is_open() -> None:
    in_legends = 2  # of the states, and of failed calls in the same colour
    assert len(rectangles(STATES["open"])) - in_legends == 3
