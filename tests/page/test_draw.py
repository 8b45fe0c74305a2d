"""What is drawn of a description, and that nothing of it is left out unseen.

That places, names and colours are those that Vega draws is tested with the charts.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest
from lxml import etree

from etl.page.draw import CORNERS, draw_chart
from etl.page.scales import LABEL
from etl.page.svg import text_width
from tests.support.drawn_marks import Element, corners, differences_from_vega, labels, marks

Chart = dict[str, Any]
X: Chart = {"field": "at", "type": "quantitative", "title": "amount", "scale": {"domain": [0, 20]}, "axis": {}}
Y: Chart = {"field": "what", "type": "nominal", "title": None, "scale": {"domain": ["a", "b"]}, "axis": {}}
CHART: Chart = {
    "layer": [
        {
            "data": {"values": [{"at": 10.0, "what": "a", "words": "ten of a"}]},
            "mark": {"type": "point", "color": "#0a5c8a", "size": 16, "filled": True, "opacity": 1},
            "encoding": {"x": X, "y": Y, "description": {"field": "words", "type": "nominal"}},
        }
    ],
    "width": 200,
    "height": 40,
}  # fmt: skip


def changed(*path: Any, **values: Any) -> Chart:
    """The chart with some names more in one of its parts."""
    chart = copy.deepcopy(CHART)
    part: Any = chart
    for step in path:
        part = part[step]
    part.update(values)
    return chart


def drawn(chart: Chart) -> Element:
    return etree.fromstring(draw_chart(chart, "Title & more", "key"))


def test_a_point_lies_where_its_numbers_say() -> None:
    svg = drawn(CHART)
    (point,) = marks(svg, "point")
    # By hand: 10 is half of 20, so half of 200 points; a is the first of two lines of 20 points; 16 square points.
    assert [point.get(name) for name in ("cx", "cy", "r", "aria-label")] == ["100", "10", "2", "ten of a"]
    assert svg.findtext("{*}title") == "Title & more"
    assert labels(svg) == ["0", "5", "10", "15", "20", "a", "b"]
    said = [axis.get("aria-label") for axis in svg.xpath("//*[@class='mark-group role-axis']")]
    assert said == [
        None,
        "X-axis titled 'amount' for a linear scale with values from 0 to 20",
        "Y-axis for a discrete scale with values from a to b",
    ]


def test_labels_at_the_ends_of_an_axis_have_room() -> None:
    """Also where nothing stands at the left of the plot."""
    ends = ["2020-01-01", "2021-01-01"]
    axis = {"values": ends, "format": "%b %Y"}
    days = X | {"type": "temporal", "title": None, "scale": {"type": "utc", "domain": ends}, "axis": axis}
    chart = changed("layer", 0, "encoding", x=days, y={"value": 20})
    chart["layer"][0]["data"]["values"][0]["at"] = "2020-07-02"
    svg = drawn(chart)
    (group,) = svg.findall("{*}g")
    left = float(group.get("transform").partition("(")[2].partition(",")[0])
    wide = float(svg.get("viewBox").split()[2])
    half = text_width("Jan 2020", LABEL) / 2
    assert half <= left < half + 1 and half <= wide - left - 200 < half + 1
    (point,) = marks(svg, "point")
    assert (point.get("cx"), point.get("cy")) == ("100", "20"), "183 of 366 days"


@pytest.mark.parametrize(
    ("chart", "why"),
    [
        (changed(title="a title"), "a chart has title"),
        (changed("layer", 0, transform=[]), "a layer has transform"),
        (changed("layer", 0, "mark", type="arc"), "a mark arc is not drawn"),
        (changed("layer", 0, "mark", strokeDash=[1, 1]), "a point has strokeDash"),
        (changed("layer", 0, "encoding", size={"value": 3}), "the encoding of a point has size"),
        (changed("layer", 0, "encoding", "x", bin=True), "the channel x has bin"),
        (changed("layer", 0, "encoding", "x", scale={"domain": [1, 20], "type": "log"}), "a linear scale has type"),
        (changed("layer", 0, "encoding", "x", axis={"orient": "top"}), "a linear axis has orient"),
        (changed("layer", 0, "encoding", "x", axis={"format": "%"}), "the format % of a number"),
        (changed("layer", 0, "encoding", "y", axis={"title": "what"}), "a discrete axis has title"),
        (changed("layer", 0, "encoding", "x", scale={"domain": [0, 9]}), "10.0 lies outside its axis"),
        (changed("layer", 0, data={"values": [{"at": float("nan"), "what": "a", "words": ""}]}), "nan lies outside"),
        (changed("layer", 0, mark={"type": "point"}), "a point has no colour"),
        (changed("layer", 0, "encoding", "y", field="words"), "ten of a is no value of its axis"),
    ],
)
def test_what_is_not_drawn_is_refused(chart: Chart, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        drawn(chart)


def test_a_mark_without_a_name_is_refused() -> None:
    """Unless its layer is hidden from a screen reader."""
    chart = copy.deepcopy(CHART)
    del chart["layer"][0]["encoding"]["description"]
    with pytest.raises(ValueError, match="has no description"):
        drawn(chart)
    chart["layer"][0]["mark"]["aria"] = False
    ((point, group),) = [(point, point.getparent()) for point in marks(drawn(chart), "point")]
    assert (point.get("aria-label"), group.get("aria-hidden")) == (None, "true")


def test_layers_with_two_scales_are_refused() -> None:
    """One of them would be drawn at places that the axis does not say."""
    chart = changed()
    chart["layer"] += changed("layer", 0, "encoding", "x", scale={"domain": [0, 100]})["layer"]
    with pytest.raises(ValueError, match="differ in the scale of x"):
        drawn(chart)


def test_words_are_cut_where_they_are_too_long() -> None:
    text = {"type": "text", "color": "#000", "aria": False, "fontSize": 10, "limit": 50, "align": "left"}
    chart = changed("layer", 0, mark=text)
    chart["layer"][0]["encoding"] |= {"text": chart["layer"][0]["encoding"].pop("description")}
    chart["layer"][0]["data"]["values"] = [{"at": 0.0, "what": "a", "words": f"<{'n' * 40}"}]
    (words,) = marks(drawn(chart), "text")
    assert words.text == "<nnnnnn…"


def test_the_comparison_with_vega_finds_what_is_drawn_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    chart = changed("layer", 0, "mark", shape="diamond", size=64)
    assert list(differences_from_vega(chart)) == []
    (diamond,) = marks(drawn(chart), "point")
    assert corners(diamond) == [(100, 6), (104, 10), (100, 14), (96, 10)]
    monkeypatch.setitem(CORNERS, "diamond", ((0, -1), (1, 0), (0, 2), (-1, 0)))
    (found,) = list(differences_from_vega(chart))[:1]
    assert found.startswith("mark-point role-mark: ")


def test_what_is_written_across_comes_last() -> None:
    svg = etree.fromstring(draw_chart(CHART, "Title", "key", "NOT REAL"))
    assert (svg[-1].text, svg[-1].get("text-anchor")) == ("NOT REAL", "middle")
    assert drawn(CHART)[-1].text is None
