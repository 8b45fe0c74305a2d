"""The charts of the page: SVG that is drawn when the page is made, from the rows of its tables.

Altair describes a chart and vl-convert draws it; both are imported when one is drawn. Every axis is linear, so that
zero and less have their place. An end that is not known is drawn as an arrow to the edge of the plot, never as a bar of
no length. A row without a number is a dashed line, never a mark at zero. Every mark has a name for a screen reader, or
is hidden from it because it repeats one that has: vega names an area by its first row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any

from lxml import etree

from etl.page.content import Row
from etl.page.numbers import printed

if TYPE_CHECKING:
    import altair as alt

# The style sheet gives each of these another colour in the dark.
INK, MUTED, GRID, BLUE, GREY, AMBER, PALE = "#1b1f24", "#57606a", "#dfe3e8", "#0a5c8a", "#6e7781", "#9a5b00", "#a8c8dc"
PANEL, WIDE = (300, 170), (300, 800)  # width and height of one panel; widths of a chart on a phone and on a desk
JOINED = timedelta(days=400)  # no line over more than a year without a number
HEADROOM = 1.12
SVG = "{http://www.w3.org/2000/svg}"
Words = Mapping[str, str]
DEFAULTS = {"opacity": "1", "x2": "0", "y2": "0", "transform": "translate(0,0)", "font-weight": "normal"}
INHERITED = ("fill", "stroke", "stroke-width", "font-size", "text-anchor")
PLACES = {"transform", "d", "x", "y", "x2", "y2"}
_FINE = re.compile(r"-?\d+\.\d{3,}(?:e-?\d+)?")


@dataclass(frozen=True)
class Drawing:
    """One picture: its title, its SVG and, of a chart that is drawn twice, the screen that it is for (narrow, wide)."""

    title: str
    svg: str
    screen: str = ""


def draw(chart: str, rows: Sequence[Row], words: Words, key: str, mark: str = "") -> list[Drawing]:
    """The pictures of a chart, none where no row can be drawn.

    `key` makes the identifiers in them unique; `mark` is written across each where the data is simulated.
    """
    from vl_convert import vegalite_to_svg

    made = []
    for number, (title, screen, described) in enumerate(CHARTS[chart](rows, words)):
        svg = vegalite_to_svg(_configured(described.to_dict()))
        made.append(Drawing(title, _readable(svg, title, f"{key}-{number}", mark), screen))
    return made


def _configured(described: dict[str, Any]) -> dict[str, Any]:
    """The chart in the colours and the font of the page, without a background of its own."""
    axis = {
        "labelColor": MUTED, "titleColor": MUTED, "gridColor": GRID, "domainColor": GRID, "tickColor": GRID,
        "labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal",
    }  # fmt: skip
    legend = {"labelColor": INK, "titleColor": MUTED, "labelFontSize": 11}
    config = {"background": None, "font": "sans-serif", "axis": axis, "legend": legend, "view": {"stroke": None}}
    return described | {"config": config}


def _readable(svg: str, title: str, key: str, mark: str) -> str:
    """The SVG with a title, identifiers of its own and a size that follows the page."""
    root = etree.fromstring(svg.encode())
    for name in ("width", "height", "class"):
        del root.attrib[name]
    root.set("role", "graphics-document")
    root.set("aria-labelledby", f"{key}-title")
    named = etree.Element(f"{SVG}title", id=f"{key}-title")
    named.text = title
    root.insert(0, named)
    _shorten(root)
    # Vega gives a layer without marks the role of a mark, which then has no name.
    for layer in root.findall(f".//{SVG}g[@aria-roledescription]"):
        if "role-mark" in layer.get("class", "") and len(layer) == 0:
            layer.getparent().remove(layer)
    for element in root.iter():
        for name, value in element.attrib.items():
            if name == "id" and element is not named:
                element.set(name, f"{key}-{value}")
            elif value.startswith("url(#"):
                element.set(name, value.replace("url(#", f"url(#{key}-"))
    if mark:
        width, height = (float(size) for size in root.get("viewBox", "").split()[2:])
        text = etree.SubElement(root, f"{SVG}text", x=str(width / 2), y=str(height / 2), fill=AMBER, opacity="0.45")
        text.attrib.update({"text-anchor": "middle", "font-size": f"{min(24, height / 5):.0f}", "font-weight": "bold"})
        text.attrib["font-family"] = "sans-serif"
        text.text = mark
    return str(etree.tostring(root, encoding="unicode"))


def _shorten(root: etree._Element) -> None:
    """Leave out what shows nothing, and digits beyond a hundredth of a point: a third of the picture."""
    for path in root.findall(f".//{SVG}path[@class]"):
        if path.get("class") in ("background", "foreground"):
            path.getparent().remove(path)
    for element in root.iter():
        for name in ("pointer-events", "font-family", "stroke-miterlimit"):
            element.attrib.pop(name, None)
        for name, value in DEFAULTS.items():
            if element.get(name) == value:
                del element.attrib[name]
        if element.get("role") == "graphics-symbol" and element.tag != f"{SVG}g":
            element.attrib.pop("aria-roledescription", None)
        for name in PLACES.intersection(element.attrib):
            element.set(name, _FINE.sub(lambda found: f"{float(found[0]):.2f}", element.get(name, "")))
    for group in root.findall(f".//{SVG}g[@class]"):
        if "role-axis-" in group.get("class", ""):
            _inherit(group)


def _inherit(group: etree._Element) -> None:
    """Write once, at the group, what all its shapes say alike: the lines and labels of an axis."""
    for name in INHERITED:
        values = {shape.get(name) for shape in group}
        if len(values) == 1 and (value := values.pop()):
            group.set(name, value)
            for shape in group:
                del shape.attrib[name]


def drawn(value: object) -> Any:
    """A value as Vega takes it: decimals become doubles here and nowhere else, days become text."""
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else value


def _data(rows: Iterable[Mapping[str, object]]) -> alt.Data:
    import altair as alt

    listed: alt.Data = alt.Data(values=[{name: drawn(value) for name, value in row.items()} for row in rows])  # type: ignore[no-untyped-call]
    return listed


def _layers(*layers: alt.Chart, width: int, height: int) -> alt.LayerChart:
    import altair as alt

    return alt.LayerChart(layer=list(layers), width=width, height=height)


def _days(title: str, first: date, last: date, months: int) -> alt.X:
    """The axis of days, with a tick at the last day of each `months` months, named as people name that period.

    A tick at the first day of a year would give the point of the year before its name.
    """
    import altair as alt

    ends = [
        date(first.year + at // 12, at % 12 + 1, 1) - timedelta(days=1)
        for at in range(12 * (last.year - first.year + 2))
    ]
    ticks = [end.isoformat() for end in ends if first <= end <= last and end.month % months == 0]
    scale = alt.Scale(type="utc", domain=[first.isoformat(), last.isoformat()])
    shown = "%Y" if months == 12 else "%b %Y"
    return alt.X(
        "x:T",
        title=title,
        scale=scale,
        axis=alt.Axis(format=shown, values=ticks, labelOverlap="greedy", labelSeparation=8),
    )


def _bounds(row: Row, name: str) -> tuple[float | None, float | None, float | None]:
    return drawn(row[name]), drawn(row[f"{name}_low"]), drawn(row[f"{name}_high"])


Described = tuple[str, str, Any]


# --- intervals: one mark for each number, with an arrow at an open end -----------------------------------------


def intervals(rows: Iterable[tuple[Row, str]], name: str, edges: tuple[float, float]) -> Iterator[dict[str, object]]:
    """The marks of numbers with intervals: `part` is point, bar, end or arrow; `v` to `w` is where it lies.

    `rows` has each row with its words. `edges` are the ends of the axis, to which a bar without an end reaches.
    """
    for row, words in rows:
        value, low, high = _bounds(row, name)
        shared = {"x": row.get("x"), "y": row.get("y"), "words": words, "sound": bool(row.get("is_ranked", True))}
        if low is None and high is None and value is None:
            continue
        start = edges[0] if low is None else low
        end = edges[1] if high is None else high
        if low is not None or high is not None:
            yield shared | {"part": "bar", "v": start, "w": end}
            if high is None:
                yield shared | {"part": "arrow up", "v": edges[1]}
            if low is None:
                yield shared | {"part": "arrow down", "v": edges[0]}
        if value is not None:
            yield shared | {"part": "point", "v": value}
        else:
            yield from (shared | {"part": "end", "v": known} for known in (low, high) if known is not None)


def edges_of(rows: Iterable[Row], name: str, *further: float) -> tuple[float, float]:
    """The ends of a linear axis that holds zero and all values and intervals, with room for an arrow."""
    values = [value for row in rows for value in _bounds(row, name) if value is not None]
    values += further
    low, high = min([0.0, *values]), max([0.0, *values])
    return low * HEADROOM, (high or 1.0) * HEADROOM


def interval_layers(
    marks: Sequence[Mapping[str, object]], place: Any, axis: Callable[[str], Any], upright: bool
) -> list[alt.Chart]:
    """The layers of such marks: `place` is the other axis, `axis` makes the one of the values for a field."""
    import altair as alt

    along, along2 = ("y", "y2") if upright else ("x", "x2")
    across = "x" if upright else "y"

    def layer(part: str, mark: str, settings: Mapping[str, object], **channels: object) -> alt.Chart:
        chart = alt.Chart(_data(one for one in marks if str(one["part"]).startswith(part)))
        made: alt.Chart = getattr(chart, f"mark_{mark}")(**settings)
        return made.encode(**{along: axis("v"), across: place, **channels})

    colour = alt.condition("datum.sound", alt.value(BLUE), alt.value(GREY))
    fill = alt.condition("datum.sound", alt.value(BLUE), alt.value("#ffffff"))
    said = alt.Description("words:N")
    up, down = ("triangle-up", "triangle-down") if upright else ("triangle-right", "triangle-left")
    shape = alt.condition("datum.part == 'arrow up'", alt.value(up), alt.value(down))
    return [
        layer("bar", "rule", {"strokeWidth": 2, "aria": False}, color=colour, **{along2: "w:Q"}),
        layer("arrow", "point", {"size": 60, "filled": True, "color": AMBER, "opacity": 1, "aria": False}, shape=shape),
        layer("end", "tick", {"thickness": 2, "size": 12, "color": AMBER}, description=said),
        layer("point", "point", {"size": 42, "opacity": 1}, stroke=colour, fill=fill, description=said),
    ]


def _interval_words(row: Row, name: str, words: Words) -> dict[str, str]:
    value, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
    return {
        name: printed(value),
        "low": words["open_end"] if low is None else printed(low),
        "high": words["open_end"] if high is None else printed(high),
    }


def _texts(row: Row) -> dict[str, str]:
    return {name: printed(value) if value is not None else "" for name, value in row.items()}


def _said(template: str, row: Row, **more: str) -> str:
    return template.format(**{**_texts(row), **more})


def _listed(
    rows: Sequence[Row], name: str, said: Callable[[Row], str], axis_title: str, label: Callable[[Row], str],
    *, line: float = 0.0, reach: float = 0.0,
) -> alt.LayerChart:  # fmt: skip
    """Intervals below each other, one row a line, from left to right.

    A vertical line stands at `line`; the axis reaches at least to `reach`.
    """
    import altair as alt

    placed = [row | {"y": f"{number:03d}"} for number, row in enumerate(rows)]
    edges = edges_of(rows, name, line, reach)
    marks = list(intervals(((row, said(row)) for row in placed), name, edges))
    names = {row["y"]: label(row) for row in placed}
    order = sorted(names)
    expression = f"{json.dumps(names)}[datum.value]"
    place = alt.Y(
        "y:N", title=None, sort=order, scale=alt.Scale(domain=order),
        axis=alt.Axis(labelExpr=expression, labelLimit=150, ticks=False, grid=True),
    )  # fmt: skip

    def axis(field: str) -> Any:
        return alt.X(f"{field}:Q", title=axis_title, scale=alt.Scale(domain=list(edges), nice=False, zero=True))

    upright = alt.Chart(_data([{"v": line}])).mark_rule(aria=False, color=MUTED)
    return _layers(
        upright.encode(x=axis("v")),
        *interval_layers(marks, place, axis, upright=False),
        width=PANEL[0] - 60,
        height=20 * len(rows) + 10,
    )


def _by(rows: Iterable[Row], *names: str) -> Iterator[tuple[str, list[Row]]]:
    """The rows of each panel with its title."""
    for found, group in groupby(rows, key=lambda row: tuple(row[name] for name in names)):
        yield " · ".join(str(word).replace("_", " ") for word in found if word), list(group)


# --- the charts ------------------------------------------------------------------------------------------------


def cost(rows: Sequence[Row], words: Words) -> Iterator[Described]:
    """Cost over time, one panel a platform, perimeter and currency."""
    for title, group in _by(rows, "name", "scope", "currency"):
        if any(value is not None for row in group for value in _bounds(row, "cac")):
            yield title, "", _cost_panel(group, words)


def _cost_panel(rows: Sequence[Row], words: Words) -> alt.LayerChart:
    import altair as alt

    edges = edges_of(rows, "cac")
    ends = [row["period_end"] for row in rows]
    x = _days(words["end"], min(ends) - timedelta(days=150), max(ends) + timedelta(days=150), 12)

    def axis(field: str) -> Any:
        title = words["cost_y"].format(currency=rows[0]["currency"])
        scale = alt.Scale(domain=list(edges), nice=False, zero=True)
        return alt.Y(f"{field}:Q", title=title, scale=scale, axis=alt.Axis(tickCount=5))

    def said(row: Row) -> str:
        kind = "cac" if row["cac"] is not None else "bound"
        return _said(words[kind], row, **_interval_words(row, "cac", words))

    empty = [
        {"x": row["period_end"], "words": _said(words["none"], row)}
        for row in rows
        if all(value is None for value in _bounds(row, "cac"))
    ]
    marks = list(intervals(((row | {"x": row["period_end"]}, said(row)) for row in rows), "cac", edges))
    band = alt.Chart(_data(_joined(rows)))
    nothing = alt.Chart(_data(empty)).mark_rule(strokeDash=[3, 3], color=GREY)
    return _layers(
        nothing.encode(x=x, description="words:N"),
        band.mark_area(aria=False, color=PALE, opacity=0.6).encode(x=x, y=axis("low"), y2="high:Q", detail="run:N"),
        band.mark_line(aria=False, color=BLUE, strokeWidth=1.5).encode(x=x, y=axis("v"), detail="run:N"),
        *interval_layers(marks, x, axis, upright=True),
        width=PANEL[0] - 50,
        height=PANEL[1],
    )


def _joined(rows: Sequence[Row]) -> list[dict[str, object]]:
    """The ranked numbers with two ends, numbered by run: a run has no gap of more than a year."""
    sound = [row for row in rows if row["is_ranked"] and None not in _bounds(row, "cac")]
    runs, run = [], 0
    for before, row in zip([*sound[:1], *sound], sound, strict=False):
        run += row["period_end"] - before["period_end"] > JOINED
        value, low, high = _bounds(row, "cac")
        runs.append({"x": row["period_end"], "v": value, "low": low, "high": high, "run": run})
    return runs


def claims(rows: Sequence[Row], words: Words) -> Iterator[Described]:
    """Claims about a cost, each with what the figures say."""
    import altair as alt

    held = [row for row in rows if row["unit"] == "CNY_per_person" and None not in (row["claimed"], row["computed"])]
    if not held:
        return

    def said(row: Row) -> str:
        return _said(words["computed"], row, **_interval_words(row, "computed", words))

    def label(row: Row) -> str:
        return f"{row['claim_id']} {row['subject'].partition(' (')[0]}"

    chart = _listed(held, "computed", said, words["claims_x"], label, reach=max(row["claimed"] for row in held))
    stated = [
        {"y": f"{number:03d}", "v": row["claimed"], "words": _said(words["claimed"], row)}
        for number, row in enumerate(held)
    ]
    ticks = alt.Chart(_data(stated)).mark_tick(thickness=3, size=14, color=AMBER)
    yield (
        words["claims_title"],
        "",
        alt.layer(*chart.layer, ticks.encode(x="v:Q", y="y:N", description="words:N")).properties(
            width=PANEL[0] - 60, height=20 * len(held) + 10
        ),
    )


def deals(rows: Sequence[Row], words: Words) -> Iterator[Described]:
    """Deals over time with their ends, drawn once for a phone and once for a desk."""
    known = [row for row in rows if row["started_on"] or row["ended_by"]]
    for screen, width in zip(("narrow", "wide"), WIDE, strict=True):
        if known:
            yield words["deals_title"], screen, _deals_chart(known, words, width)


def _deals_chart(rows: Sequence[Row], words: Words, width: int) -> alt.LayerChart:
    import altair as alt

    days = [day for row in rows for day in (row["started_on"], row["ended_from"], row["ended_by"]) if day]
    first, last = min(days) - timedelta(days=400), max(days) + timedelta(days=400)
    marks = [mark for number, row in enumerate(rows) for mark in _deal_marks(row, number, first, last, words)]
    x, y = _days(words["days"], first, last, 12), alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[len(rows), -0.6]))

    def layer(part: str) -> alt.Chart:
        return alt.Chart(_data(one for one in marks if one["part"] == part))

    said = alt.Description("words:N")
    silent: dict[str, Any] = {"aria": False, "color": AMBER}
    return _layers(
        layer("open").mark_rule(strokeDash=[2, 3], **silent).encode(x=x, x2="x2:T", y=y),
        layer("right").mark_point(shape="triangle-right", size=50, filled=True, opacity=1, **silent).encode(x=x, y=y),
        layer("left").mark_point(shape="triangle-left", size=50, filled=True, opacity=1, **silent).encode(x=x, y=y),
        layer("ends").mark_rule(strokeWidth=7, color=PALE).encode(x=x, x2="x2:T", y=y, description=said),
        layer("ran").mark_rule(strokeWidth=7, color=BLUE).encode(x=x, x2="x2:T", y=y, description=said),
        layer("day").mark_point(size=40, filled=True, opacity=1, color=BLUE).encode(x=x, y=y, description=said),
        layer("label")
        .mark_text(aria=False, align="left", dy=-11, fontSize=11, color=INK)
        .encode(x=x, y=y, text="words:N"),
        width=width,
        height=26 * len(rows),
    )


def _deal_marks(row: Row, number: int, first: date, last: date, words: Words) -> Iterator[dict[str, object]]:
    """What is known of one deal: days that it ran, days on which it ended, ends that nobody says."""
    pair = f"{row['traffic'].partition(' (')[0]} × {row['supply'].partition(' (')[0]}"
    kind = str(row["kind"]).replace("_", " ")
    started, ended_from, ended_by = row["started_on"], row["ended_from"], row["ended_by"]

    def words_of(part: str, start: date | None, end: date | None) -> str:
        return words[part].format(pair=pair, kind=kind, start=printed(start), end=printed(end))

    yield {"part": "label", "y": number, "x": first, "words": f"{pair}: {kind}"}
    if started and ended_from is None:
        yield {"part": "open", "y": number, "x": started, "x2": last}
        yield {"part": "right", "y": number, "x": last}
        yield {"part": "day", "y": number, "x": started, "words": words_of("open", started, None)}
    if ended_from and ended_from < ended_by:
        span = {"x": ended_from, "x2": ended_by}
        yield {"part": "ends", "y": number, "words": words_of("ends", ended_from, ended_by), **span}
    if started and ended_from and started < ended_from:
        span = {"x": started, "x2": ended_from}
        yield {"part": "ran", "y": number, "words": words_of("ran", started, ended_from), **span}
    if started is None and ended_from:
        yield {"part": "open", "y": number, "x": first, "x2": ended_from}
        yield {"part": "left", "y": number, "x": first}
        yield {"part": "day", "y": number, "x": ended_from, "words": words_of("unstarted", None, ended_by)}


def effect(rows: Sequence[Row], words: Words) -> Iterator[Described]:
    """The estimates of effects, one panel a deal."""
    for title, group in _by([row for row in rows if row["effect_pct"] is not None], "partnership_id"):

        def said(row: Row) -> str:
            more = _interval_words(row, "effect_pct", words)
            return _said(words["effect"], row, **more, deal=row["partnership_id"])

        yield title, "", _listed(group, "effect_pct", said, words["effect_x"], lambda row: str(row["figure"]))


def channels(rows: Sequence[Row], words: Words) -> Iterator[Described]:
    """Cost by channel, one panel a platform."""
    held = [row for row in rows if any(value is not None for value in _bounds(row, "cac"))]
    for title, group in _by(held, "name", "currency"):

        def said(row: Row) -> str:
            kind = "channel" if row["cac"] is not None else "channel_open"
            return _said(words[kind], row, **_interval_words(row, "cac", words))

        axis_title = words["channels_x"].format(currency=group[0]["currency"])
        yield title, "", _listed(group, "cac", said, axis_title, lambda row: row["channel"] or row["name"])


def pacing(rows: Sequence[Row], words: Words) -> Iterator[Described]:
    """What was reached over what is due, one panel a platform; the line is at 1."""
    held = [row | {"pace_low": None, "pace_high": None} for row in rows if row["pace"] is not None]

    def said(row: Row) -> str:
        return _said(words["pace"], row, deal=row["partnership_id"])

    def label(row: Row) -> str:
        return f"{row['period_end']} {row['partnership_id']}"

    for title, group in _by(held, "name"):
        yield title, "", _listed(group, "pace", said, words["pacing_x"], label, line=1.0)


def dependency(rows: Sequence[Row], words: Words) -> Iterator[Described]:
    """The share of new buyers through the largest partner, one panel a platform."""
    import altair as alt

    for title, group in _by([row for row in rows if row["top_share_of_platform"] is not None], "name"):
        days = [row["date"] for row in group]
        x = _days(words["end"], min(days) - timedelta(days=20), max(days) + timedelta(days=20), 3)
        data = _data(
            {
                "x": row["date"],
                "v": row["top_share_of_platform"],
                "words": _said(
                    words["share"], row, deal=row["top_partnership_id"], share=printed(row["top_share_of_platform"], 3)
                ),
            }
            for row in group
        )
        y = alt.Y("v:Q", title=words["dependency_y"], scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=5))
        chart = alt.Chart(data)
        yield (
            title,
            "",
            _layers(
                chart.mark_line(aria=False, color=BLUE).encode(x=x, y=y),
                chart.mark_point(size=30, filled=True, opacity=1, color=BLUE).encode(x=x, y=y, description="words:N"),
                width=PANEL[0] - 50,
                height=PANEL[1],
            ),
        )


def coverage(rows: Sequence[Row], words: Words) -> Iterator[Described]:
    """How many periods are known, one panel a metric."""
    import altair as alt

    colours = {"figures": BLUE, "bounds": PALE, "gaps": GREY, "due": AMBER}
    for title, group in _by(rows, "figure"):
        data = _data(
            {
                "y": row["name"].partition(" (")[0],
                "v": row[status],
                "status": status,
                "order": order,
                "words": _said(words["coverage"], row, count=printed(row[status]), status=status),
            }
            for row in group
            for order, status in enumerate(colours)
            if row[status]
        )
        colour = alt.Color(
            "status:N", title=None, scale=alt.Scale(domain=list(colours), range=list(colours.values())),
            legend=alt.Legend(orient="top"),
        )  # fmt: skip
        bars = alt.Chart(data).mark_bar(size=11).encode(
            x=alt.X("v:Q", title=words["coverage_x"]), y=alt.Y("y:N", title=None, sort=None),
            color=colour, order="order:Q", description="words:N",
        )  # fmt: skip
        yield title, "", bars.properties(width=PANEL[0] - 60, height=18 * len(group))


CHARTS: Mapping[str, Callable[[Sequence[Row], Words], Iterator[Described]]] = {
    made.__name__: made for made in (cost, claims, deals, effect, channels, pacing, dependency, coverage)
}
