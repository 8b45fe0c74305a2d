"""Draws a chart that is described in Vega-Lite as SVG: the part of it in which etl/page/charts.py describes its charts.

A chart has layers over one scale a direction, each with its domain. Colours are values of their own (`scale` None), or
words with a colour each and a legend above the chart. A description that has something else raises ValueError, so that
nothing is left out unseen; so does a place outside its axis. The tests hold places, names and texts against what Vega
draws of the same descriptions.

Every mark has a name for a screen reader, or its layer is hidden from it (`aria` False), as the grid is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from operator import itemgetter

from etl.page.scales import LABEL, Scale, Spec, only, shared_scale
from etl.page.svg import AMBER, GRID, INK, MUTED, cut, element, short, text_at, text_width

PAD, EDGE, LINE = 5, 8, 15  # between plot and label, at an edge without labels, from one line of text to the next
LEGEND = 26  # height of a legend; all in points
# What is read of each mark: its channels, and its settings beside those that all have.
MARKS = {
    "rule": ("x x2 y y2 color description", "strokeWidth strokeDash"),
    "tick": ("x y color description", "thickness size"),
    "point": ("x y color stroke fill description", "size shape filled"),
    "bar": ("x x2 y color description", "size"),
    "text": ("x y color text", "align baseline angle dx dy fontSize limit"),
    "line": ("x y detail", "strokeWidth strokeDash"),
    "area": ("x y y2 detail", ""),
}
SETTINGS = "type aria color opacity"
ANCHORS = {"left": "start", "center": "middle", "right": "end"}
BASELINES = {"middle": 0.3, "bottom": -0.21}  # from the place of a text down to its base line, in font sizes
HIGH = math.sqrt(3) / 2  # half the height of a triangle whose base is 2
CORNERS = {
    "diamond": ((0, -1), (1, 0), (0, 1), (-1, 0)),
    "triangle-up": ((0, -HIGH), (-1, HIGH), (1, HIGH)),
    "triangle-down": ((0, HIGH), (-1, -HIGH), (1, -HIGH)),
    "triangle-right": ((HIGH, 0), (-HIGH, -1), (-HIGH, 1)),
    "triangle-left": ((-HIGH, 0), (HIGH, -1), (HIGH, 1)),
}
Box = tuple[float, float, float, float]  # left, top, right and bottom of a mark


@dataclass(frozen=True)
class Plot:
    """The area in which marks lie: its size in points, and its scales; None where places are given in points."""

    width: float
    height: float
    x: Scale | None
    y: Scale | None

    def box(self, encoding: Spec, row: Spec) -> Box:
        """Where a mark lies: at one place, or up to a second one; over all of the plot in a direction without any."""
        x, x2 = self._ends(encoding, row, "x", self.x, self.width)
        y, y2 = self._ends(encoding, row, "y", self.y, self.height)
        return x, y, x2, y2

    def _ends(self, encoding: Spec, row: Spec, name: str, scale: Scale | None, length: float) -> tuple[float, float]:
        if name not in encoding:
            return 0.0, length
        if "value" in encoding[name] or scale is None:
            return (encoding[name]["value"],) * 2
        start = scale.at(row[encoding[name]["field"]])
        return start, scale.at(row[encoding[f"{name}2"]["field"]]) if f"{name}2" in encoding else start


def draw_chart(chart: Spec, title: str, key: str, across: str = "") -> str:
    """The SVG of a chart with its title; `key` begins its identifier, `across` is written over all of it.

    Raises ValueError where the description has something that is not drawn.
    """
    only(chart, "layer width height", "a chart")
    layers, width, height = chart["layer"], chart["width"], chart["height"]
    plot = Plot(width, height, shared_scale(layers, "x", width), shared_scale(layers, "y", height))
    legend = list(_legend(layers))
    shown = [(at, text_width(text, LABEL) / 2) for at, text in plot.x.apart()] if plot.x else []
    left, top = max([_left(plot.y), *(math.ceil(half - at) for at, half in shown)]), EDGE + (LEGEND if legend else 0)
    wide = math.ceil(left + max([width + EDGE, *(at + half for at, half in shown)]))
    high = math.ceil(top + height + _below(plot.x))
    drawn = [*legend, *_axes(plot, left), *(_layer(layer, plot) for layer in layers)]
    style = {"font_size": round(min(24, high / 5)), "font_weight": "bold", "text_anchor": "middle"}
    return element(
        "svg",
        element("title", escape(title), id=f"{key}-title"),
        element("g", *drawn, fill="none", transform=f"translate({left},{top})"),
        text_at(wide / 2, high / 2, across, fill=AMBER, opacity=0.45, **style) if across else "",
        xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {wide} {high}", role="graphics-document",
        aria_labelledby=f"{key}-title",
    )  # fmt: skip


# --- axes and legend -------------------------------------------------------------------------------------------


def _left(y: Scale | None) -> int:
    """The room for the axis at the left, in points."""
    if y is None or not y.ticks:
        return EDGE
    return math.ceil(2 * PAD + max(text_width(text, LABEL) for _, text in y.ticks) + (LINE if y.title else 0))


def _below(x: Scale | None) -> int:
    """The room for the axis below the plot, in points."""
    if x is None or not x.ticks:
        return EDGE
    return LINE + PAD + (LINE if x.title else 0)


def _axes(plot: Plot, left: float) -> Iterator[str]:
    """The grid, and the axes with their labels and titles."""
    x, y, width, height, line = plot.x, plot.y, short(plot.width), short(plot.height), plot.height + LINE
    grid = [f"M{short(at)},0v{height}" for at, _ in x.ticks] if x and x.has_grid else []
    grid += [f"M0,{short(at)}h{width}" for at, _ in y.ticks] if y and y.has_grid else []
    if grid:
        yield _group("mark-group role-axis", element("path", d="".join(grid), stroke=GRID), aria_hidden="true")
    if x and x.ticks:
        names = [text_at(at, line, text) for at, text in x.apart()]
        title = text_at(plot.width / 2, line + LINE, x.title) if x.title else ""
        yield _axis(x.said("X"), names, title, f"M0,{height}h{width}", "middle")
    if y and y.ticks:
        names = [text_at(-PAD, at + BASELINES["middle"] * LABEL, text) for at, text in y.ticks]
        place = f"translate({LINE - left},{short(plot.height / 2)})rotate(-90)"
        title = text_at(0, 0, y.title, transform=place, text_anchor="middle") if y.title else ""
        yield _axis(y.said("Y"), names, title, f"M0,0v{height}", "end")


def _axis(said: str, names: Sequence[str], title: str, line: str, anchor: str) -> str:
    parts = (_group("role-axis-label", *names), element("path", d=line, stroke=GRID), title)
    style = {"fill": MUTED, "font_size": LABEL, "text_anchor": anchor}
    return _group("mark-group role-axis", *parts, role="graphics-symbol", aria_label=said, **style)


def _legend(layers: Sequence[Spec]) -> Iterator[str]:
    """The words of the colours, above the chart."""
    for layer in layers:
        if scale := layer["encoding"].get("color", {}).get("scale"):
            left, parts = 0.0, []
            for word, colour in zip(scale["domain"], scale["range"], strict=True):
                parts.append(element("path", d=f"M{short(left)},-22h10v10h-10z", fill=colour))
                parts.append(text_at(left + LINE, -13, word))
                left += LINE + text_width(word, LABEL) + LINE
            yield _group("role-legend", *parts, fill=INK, font_size=LABEL)


def _group(kind: str, *content: str, **attributes: object) -> str:
    return element("g", *content, class_=kind, **attributes)


# --- marks -----------------------------------------------------------------------------------------------------


def _layer(layer: Spec, plot: Plot) -> str:
    """The marks of a layer, in a group that has what they have in common."""
    only(layer, "data mark encoding", "a layer")
    mark, encoding, rows = layer["mark"], layer["encoding"], layer["data"]["values"]
    kind, is_told = mark["type"], mark.get("aria", True)
    if kind not in MARKS:
        raise ValueError(f"a mark {kind} is not drawn")
    only(encoding, MARKS[kind][0], f"the encoding of a {kind}")
    only(mark, f"{SETTINGS} {MARKS[kind][1]}", f"a {kind}")
    if is_told and "description" not in encoding:
        raise ValueError(f"a {kind} has no description, and is not hidden from a screen reader")
    paint = _paint(mark)
    colours = {paint if name == "color" else name: encoding[name] for name in ("color", "stroke", "fill")
               if name in encoding}  # fmt: skip
    if not colours and "color" not in mark:
        raise ValueError(f"a {kind} has no colour")

    def named(row: Spec) -> dict[str, object]:
        own: dict[str, object] = {name: _colour(channel, row) for name, channel in colours.items()}
        return own | (
            {"role": "graphics-symbol", "aria_label": row[encoding["description"]["field"]]} if is_told else {}
        )

    if kind in ("line", "area"):
        shapes = [element("path", d=path) for path in _courses(kind, encoding, rows, plot)]
    elif kind == "text":
        shapes = [_words(mark, plot.box(encoding, row), row[encoding["text"]["field"]], **named(row)) for row in rows]
    else:
        is_upright = encoding.get("y", {}).get("type") == "quantitative"
        shapes = [_shape(mark, plot.box(encoding, row), is_upright, **named(row)) for row in rows]
    hidden = None if is_told else "true"
    return _group(f"mark-{kind} role-mark", *shapes, aria_hidden=hidden, **{paint: mark.get("color")}, **_style(mark))


def _paint(mark: Spec) -> str:
    """The attribute that is the colour of a mark."""
    is_open = mark["type"] == "point" and not mark.get("filled")
    return "stroke" if is_open or mark["type"] in ("rule", "tick", "line") else "fill"


def _colour(channel: Spec, row: Spec) -> str:
    scale, value = channel["scale"], row[channel["field"]]
    return str(value if scale is None else dict(zip(scale["domain"], scale["range"], strict=True))[value])


def _style(mark: Spec) -> dict[str, object]:
    """What all marks of a layer have in common, as attributes beside their colour."""
    kind, opacity = mark["type"], mark.get("opacity", 1)
    return {
        "opacity": opacity if opacity != 1 else None,
        "stroke_width": mark.get("strokeWidth", mark.get("thickness", 2 if kind in ("line", "point") else None)),
        "stroke_dasharray": ",".join(map(str, mark["strokeDash"])) if "strokeDash" in mark else None,
        "font_size": mark.get("fontSize"),
        "text_anchor": ANCHORS[mark.get("align", "center")] if kind == "text" else None,
    }


def _shape(mark: Spec, box: Box, is_upright: bool, **attributes: object) -> str:
    """A rule from end to end, a tick across the axis of numbers, a bar, or a symbol."""
    left, top, right, bottom = box
    kind, size = mark["type"], mark.get("size", 0)
    half = math.sqrt(size) / 2 if kind == "point" else size / 2
    if kind == "point" and "shape" not in mark:
        return element("circle", cx=left, cy=top, r=half, **attributes)
    if kind == "point":
        path = f"M{_line((left + x * half, top + y * half) for x, y in CORNERS[mark['shape']])}z"
    elif kind == "bar":
        path = f"M{_line(((left, top - half), (right, top - half), (right, top + half), (left, top + half)))}z"
    elif kind == "tick":
        across = (half, 0) if is_upright else (0, half)
        path = f"M{_line(((left - across[0], top - across[1]), (left + across[0], top + across[1])))}"
    else:
        path = f"M{_line(((left, top), (right, bottom)))}"
    return element("path", d=path, **attributes)


def _words(mark: Spec, box: Box, text: str, **attributes: object) -> str:
    """A text at the left and top of its box; what moves it is along its line and across, also where it is turned."""
    size = mark["fontSize"]
    shown = cut(text, size, mark.get("limit", math.inf))
    along, across = mark.get("dx", 0), mark.get("dy", 0) + BASELINES[mark.get("baseline", "middle")] * size
    if "angle" not in mark:
        return text_at(box[0] + along, box[1] + across, shown, **attributes)
    turned = f"translate({short(box[0])},{short(box[1])})rotate({mark['angle']})"
    return text_at(along, across, shown, transform=turned, **attributes)


def _courses(kind: str, encoding: Spec, rows: Sequence[Spec], plot: Plot) -> Iterator[str]:
    """The path of each line or area from left to right, one for each value of `detail`."""
    boxes: dict[object, list[Box]] = {}
    for row in rows:
        boxes.setdefault(row[encoding["detail"]["field"]] if "detail" in encoding else "", []).append(
            plot.box(encoding, row)
        )
    for course in (sorted(placed, key=itemgetter(0)) for placed in boxes.values()):
        there = [(left, top) for left, top, _, _ in course]
        back = [(left, bottom) for left, _, _, bottom in reversed(course)]
        yield f"M{_line(there)}" if kind == "line" else f"M{_line([*there, *back])}z"


def _line(places: Iterable[tuple[float, float]]) -> str:
    return "L".join(f"{short(left)},{short(top)}" for left, top in places)
