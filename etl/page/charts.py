"""The charts of the page, described from the rows of its tables.

Each is described in Vega-Lite, by plain dictionaries that the tests hold against its schema, and drawn by
etl/page/draw.py. Every axis is linear, so that zero and less have their place. An end that is not known is drawn as an
arrow to the edge of the plot, never as a bar of no length. A row without a number is a dashed line, never a mark at
zero. Every mark has a name for a screen reader, or is hidden from it because it repeats one that has.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from itertools import groupby
from typing import Any

from etl.page.content import Row
from etl.page.draw import draw_chart
from etl.page.numbers import printed
from etl.page.svg import AMBER, BLUE, GREY, INK, MUTED, PALE, WHITE

PANEL, WIDE = (300, 170), (300, 800)  # width and height of one panel; widths of a chart on a phone and on a desk
JOINED = timedelta(days=400)  # no line over more than a year without a number
HEADROOM = 1.12
LINE_OF_WORDS = 14  # points that a line of small words takes
BESIDE = 20  # characters of a label beside its line; longer ones stand above it
Words = Mapping[str, str]
Spec = dict[str, Any]  # a chart in Vega-Lite, or a part of one
Described = tuple[str, str, Spec]  # title, screen, chart
SAID: Spec = {"field": "words", "type": "nominal"}  # as a channel: the name of a mark, or the text that it is


@dataclass(frozen=True)
class Drawing:
    """One picture: its title, its SVG and, of a chart that is drawn twice, the screen that it is for (narrow, wide)."""

    title: str
    svg: str
    screen: str = ""


@dataclass(frozen=True)
class Drawn:
    """The pictures of a view, and a sentence where they leave rows of it out."""

    pictures: Sequence[Drawing]
    note: str = ""


def draw(chart: str, rows: Sequence[Row], words: Words, key: str, mark: str = "") -> list[Drawing]:
    """The pictures of a chart, none where no row can be drawn.

    `key` makes the identifiers in them unique; `mark` is written across each where the data is simulated.
    """
    return [
        Drawing(title, draw_chart(described, title, f"{key}-{number}", mark), screen)
        for number, (title, screen, described) in enumerate(describe(chart, rows, words))
    ]


def describe(chart: str, rows: Sequence[Row], words: Words) -> Iterator[Described]:
    """The pictures of a chart in Vega-Lite, each with its title and the screen that it is for (see Drawing)."""
    return CHARTS[chart](rows, words)


def drawn(value: object) -> Any:
    """A value as Vega-Lite takes it: decimals become doubles here and nowhere else, days become text."""
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else value


def _layer(mark: str, rows: Iterable[Mapping[str, object]], settings: Spec, **channels: Spec) -> Spec:
    """One mark for each row; a line or an area is one for all of them."""
    values = [{name: drawn(value) for name, value in row.items()} for row in rows]
    return {"data": {"values": values}, "mark": {"type": mark, **settings}, "encoding": channels}


def _layers(*layers: Spec, width: int = PANEL[0] - 50, height: int = PANEL[1]) -> Spec:
    """A chart of those layers that have a row."""
    return {"layer": [layer for layer in layers if layer["data"]["values"]], "width": width, "height": height}


def _linear(field: str, title: str, edges: tuple[float, float], **axis: str) -> Spec:
    """The axis of an amount; `edges` are its ends."""
    scale = {"domain": list(edges)}
    return {"field": field, "type": "quantitative", "title": title, "scale": scale, "axis": {"tickCount": 5, **axis}}


def _verbatim(field: str) -> Spec:
    """A channel whose field holds colours."""
    return {"field": field, "type": "nominal", "scale": None}


def _days(title: str, days: Sequence[date], months: int, *, margin: int, is_first: bool = False) -> Spec:
    """The axis of some days with a margin (days), and a tick at the last day of each `months` months.

    A tick at the first day of a year would give the point of the year before its name. With `is_first` the days
    themselves are the first of a period, and so are the ticks.
    """
    first, last = min(days) - timedelta(days=margin), max(days) + timedelta(days=margin)
    starts = [date(first.year + at // 12, at % 12 + 1, 1) for at in range(0, 12 * (last.year - first.year + 2), months)]
    ticks = starts if is_first else [start - timedelta(days=1) for start in starts]
    axis = {
        "format": "%Y" if months == 12 else "%b %Y",
        "values": [tick.isoformat() for tick in ticks if first <= tick <= last],
    }
    scale = {"type": "utc", "domain": [first.isoformat(), last.isoformat()]}
    return {"field": "x", "type": "temporal", "title": title, "scale": scale, "axis": axis}


def _bounds(row: Row, name: str) -> tuple[float | None, float | None, float | None]:
    return drawn(row[name]), drawn(row[f"{name}_low"]), drawn(row[f"{name}_high"])


def _all_bounds(rows: Iterable[Row], name: str) -> Iterator[float | None]:
    return (value for row in rows for value in _bounds(row, name))


# --- intervals: one mark for each number, with an arrow at an open end -----------------------------------------


def intervals(rows: Iterable[tuple[Row, str]], name: str, edges: tuple[float, float]) -> Iterator[dict[str, object]]:
    """The marks of numbers with intervals: `part` is point, bar, end or arrow; `v` to `w` is where it lies.

    `rows` has each row with its words. `edges` are the ends of the axis, to which a bar without an end reaches.
    """
    for row, words in rows:
        value, low, high = _bounds(row, name)
        colours = {"colour": BLUE, "inside": BLUE} if row.get("is_ranked", True) else {"colour": GREY, "inside": WHITE}
        shared = {"x": row.get("x"), "y": row.get("y"), "words": words, **colours}
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


def edges_of(values: Iterable[float | None]) -> tuple[float, float]:
    """The ends of a linear axis that holds zero and all values, with room for an arrow."""
    known = [value for value in values if value is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    return low * HEADROOM, (high or 1.0) * HEADROOM


def interval_layers(
    marks: Sequence[Mapping[str, object]], place: Spec, axis: Callable[[str], Spec], upright: bool
) -> list[Spec]:
    """The layers of such marks: `place` is the other axis, `axis` makes the one of the values for a field."""
    along, across = ("y", "x") if upright else ("x", "y")

    def layer(part: str, mark: str, settings: Spec, **channels: Spec) -> Spec:
        rows = (one for one in marks if one["part"] == part)
        return _layer(mark, rows, settings, **{along: axis("v"), across: place, **channels})

    up, down = ("triangle-up", "triangle-down") if upright else ("triangle-right", "triangle-left")
    colour, inside = _verbatim("colour"), _verbatim("inside")
    return [
        layer("bar", "rule", {"strokeWidth": 2, "aria": False}, color=colour, **{f"{along}2": {"field": "w"}}),
        layer("arrow up", "point", ARROW | {"shape": up}),
        layer("arrow down", "point", ARROW | {"shape": down}),
        layer("end", "tick", {"thickness": 2, "size": 12, "color": AMBER, "opacity": 1}, description=SAID),
        layer("point", "point", {"size": 42, "opacity": 1}, description=SAID, stroke=colour, fill=inside),
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


Other = tuple[str, Any, str]  # what is drawn beside a number of the same row: its shape (SHAPES), value and name
ARROW: Spec = {"size": 60, "filled": True, "opacity": 1, "aria": False, "color": AMBER}
DOT: Spec = {"size": 30, "filled": True, "opacity": 1, "color": BLUE}
SHAPES: dict[str, tuple[str, Spec]] = {
    "stroke": ("tick", {"thickness": 3, "size": 14, "color": AMBER, "opacity": 1}),
    "diamond": ("point", {"shape": "diamond", "size": 50, "filled": False, "color": GREY, "opacity": 1}),
}


def _listed(
    rows: Sequence[Row], name: str, said: Callable[[Row], str], axis_title: str, label: Callable[[Row], str],
    *, line: float = 0.0, others: Callable[[Row], Iterable[Other]] = lambda _: (),
) -> Spec:  # fmt: skip
    """Intervals below each other, one row a line, from left to right.

    A vertical line stands at `line`; `others` are further marks of a row. Labels stand beside their lines, or above
    them where one is long.
    """
    placed = [row | {"y": f"{number:03d}"} for number, row in enumerate(rows)]
    beside = [
        {"y": row["y"], "shape": shape, "v": drawn(value), "words": words}
        for row in placed
        for shape, value, words in others(row)
        if value is not None
    ]
    edges = edges_of([*_all_bounds(rows, name), line, *(mark["v"] for mark in beside)])
    marks = list(intervals(((row, said(row)) for row in placed), name, edges))
    names = {row["y"]: label(row) for row in placed}
    is_beside = all(len(text) <= BESIDE for text in names.values())
    labels = {"labelExpr": f"{json.dumps(names)}[datum.value]", "grid": True} if is_beside else None
    place = {"field": "y", "type": "nominal", "title": None, "scale": {"domain": list(names)}, "axis": labels}
    above = [{"y": y, "words": text} for y, text in names.items() if not is_beside]
    axis = partial(_linear, title=axis_title, edges=edges)
    return _layers(
        _layer("rule", [{"v": line}], {"aria": False, "color": MUTED}, x=axis("v")),
        *interval_layers(marks, place, axis, upright=False),
        *(
            _layer(mark, [one for one in beside if one["shape"] == shape], settings,
                   x=axis("v"), y=place, description=SAID)
            for shape, (mark, settings) in SHAPES.items()
        ),
        _layer(
            "text", above,
            {"aria": False, "align": "left", "dy": -12, "fontSize": 11, "color": INK, "limit": PANEL[0]},
            x={"value": 0}, y=place, text=SAID,
        ),
        width=PANEL[0] - (60 if is_beside else 0),
        height=(20 if is_beside else 34) * len(rows) + 10,
    )  # fmt: skip


def _by(rows: Iterable[Row], *names: str) -> Iterator[tuple[str, list[Row]]]:
    """The rows of each panel with its title."""
    for found, group in groupby(rows, key=lambda row: tuple(row[name] for name in names)):
        yield " · ".join(str(word).replace("_", " ") for word in found if word), list(group)


@dataclass(frozen=True)
class OverTime:
    """How numbers are drawn over time.

    `at` and `name` are the columns of the day and of the number, `reason` that of why there is none; `number`, `bound`
    and `none` are the words of their marks. A tick stands at each `months` months.
    """

    name: str
    number: str
    bound: str
    none: str
    at: str = "period_end"
    reason: str = "validity"
    months: int = 12


def _has_number(row: Row, name: str) -> bool:
    return any(value is not None for value in _bounds(row, name))


def _over_time(
    rows: Iterable[Row], words: Words, shown: OverTime, panels: tuple[str, ...], titles: tuple[str, str]
) -> Iterator[Described]:
    """Numbers over time, one panel for each value of `panels`; `titles` are those of the two axes.

    A panel has a number, or a day on which figures are known and the number has no meaning.
    """
    for title, group in _by(rows, *panels):
        if any(_has_number(row, shown.name) or not row.get("is_missing", True) for row in group):
            named = (titles[0], titles[1].format(**_texts(group[0])))
            yield title, "", _time_panel([row | {"x": row[shown.at]} for row in group], words, shown, named)


def _apart(marks: Sequence[Mapping[str, Any]], width: timedelta) -> list[Mapping[str, Any]]:
    """Those of some lines whose words do not run into another's; of two, the one on which the figures are known.

    `width` is that of the axis in days.
    """
    least = width * LINE_OF_WORDS / PANEL[0]
    kept: list[Mapping[str, Any]] = []
    for mark in sorted(marks, key=lambda mark: (mark["missing"], mark["x"])):
        if all(abs(mark["x"] - other["x"]) >= least for other in kept):
            kept.append(mark)
    return kept


def _time_panel(rows: Sequence[Row], words: Words, shown: OverTime, titles: tuple[str, str]) -> Spec:
    name = shown.name
    margin = 150 if shown.months == 12 else 20
    is_first = all(row["x"].day == 1 for row in rows)
    days = [row["x"] for row in rows]
    width = max(days) - min(days) + timedelta(days=2 * margin)
    x = _days(titles[0], days, shown.months, margin=margin, is_first=is_first)
    edges = edges_of(_all_bounds(rows, name))
    axis = partial(_linear, title=titles[1], edges=edges)

    def said(row: Row) -> str:
        template = shown.number if row[name] is not None else shown.bound
        return _said(words[template], row, **_interval_words(row, name, words))

    empty = [
        {"x": row["x"], "words": _said(words[shown.none], row), "reason": str(row[shown.reason]).replace("_", " "),
         "missing": row.get("is_missing", True), "colour": GREY if row.get("is_missing", True) else AMBER}
        for row in rows
        if not _has_number(row, name)
    ]  # fmt: skip
    colour = _verbatim("colour")
    upright = {"aria": False, "angle": 270, "align": "left", "baseline": "bottom", "dx": 3, "dy": -2, "fontSize": 10}
    reason = {"field": "reason", "type": "nominal"}
    without = [
        _layer("rule", empty, {"strokeDash": [3, 3]}, x=x, color=colour, description=SAID),
        _layer("text", _apart(empty, width), upright, x=x, y={"value": PANEL[1]}, color=colour, text=reason),
    ]
    marks = list(intervals(((row, said(row)) for row in rows), name, edges))
    if not marks:  # an axis without a number on it would only look as if there were some
        return _layers(*without, width=PANEL[0] - 10)
    joined = _joined(rows, name)
    run = {"field": "run", "type": "nominal"}
    band, line = {"aria": False, "color": PALE, "opacity": 0.6}, {"aria": False, "color": BLUE, "strokeWidth": 1.5}
    return _layers(
        *without,
        _layer("area", joined, band, x=x, y=axis("low"), y2={"field": "high"}, detail=run),
        _layer("line", joined, line, x=x, y=axis("v"), detail=run),
        *interval_layers(marks, x, axis, upright=True),
    )


def _joined(rows: Sequence[Row], name: str) -> list[dict[str, object]]:
    """The ranked numbers with two ends, numbered by run: a run has no gap of more than a year."""
    sound = [row for row in rows if row.get("is_ranked", True) and None not in _bounds(row, name)]
    runs, run = [], 0
    for before, row in zip([*sound[:1], *sound], sound, strict=False):
        run += row["x"] - before["x"] > JOINED
        value, low, high = _bounds(row, name)
        runs.append({"x": row["x"], "v": value, "low": low, "high": high, "run": run})
    return runs


# --- the charts ------------------------------------------------------------------------------------------------


def cost(rows: Sequence[Row], words: Words) -> Iterator[Described]:
    """Cost over time, one panel a platform, perimeter and currency."""
    shown = OverTime("cac", "cac", "bound", "none")
    yield from _over_time(rows, words, shown, ("name", "scope", "currency"), (words["end"], words["cost_y"]))


def months_back(rows: Sequence[Row], words: Words) -> Iterator[Described]:
    """Months in which gross profit pays back the cost, one panel a platform and perimeter."""
    shown = OverTime("payback_months", "months", "months_bound", "none")
    yield from _over_time(rows, words, shown, ("name", "scope"), (words["end"], words["months_y"]))


def intensity(rows: Sequence[Row], words: Words) -> Iterator[Described]:
    """Expense over revenue, one panel a platform."""
    shown = OverTime("sm_intensity", "intensity", "intensity_bound", "none")
    yield from _over_time(rows, words, shown, ("name",), (words["end"], words["intensity_y"]))


def payback(rows: Sequence[Row], words: Words) -> Iterator[Described]:
    """The day on which buyers have paid back their cost, by month of the first order, one panel a platform."""
    shown = OverTime(
        "payback_day", "paid_back", "paid_back_bound", "not_paid", at="cohort_month", reason="payback_status", months=6
    )
    yield from _over_time(rows, words, shown, ("name",), (words["cohort_x"], words["payback_y"]))


def decomposition(rows: Sequence[Row], words: Words) -> Iterator[Described]:
    """How many times the cost, the expense and the buyers won are of the year before; the line is at 1."""

    def said(row: Row) -> str:
        return _said(words["times_cost"], row, **_interval_words(row, "cac_factor", words))

    def parts(row: Row) -> Iterator[Other]:
        for shape, name in (("stroke", "spend_factor"), ("diamond", "net_adds_factor")):
            yield shape, row[name], _said(words[name], row, **_interval_words(row, name, words))

    for title, group in _by(rows, "name", "scope"):
        yield title, "", _listed(
            group, "cac_factor", said, words["times_x"], lambda row: printed(row["period_end"]), line=1.0, others=parts
        )  # fmt: skip


def peers(rows: Sequence[Row], words: Words) -> Iterator[Described]:
    """Costs within a year with their ranks, one panel a currency and nature of the expense."""

    def said(row: Row) -> str:
        return _said(words["peer"], row, **_interval_words(row, "cac", words))

    def label(row: Row) -> str:
        ranks = dict.fromkeys(map(printed, (row["rank"], row["rank_worst"])))
        return f"{row['period']}: {'–'.join(ranks)} of {row['ranked']}, {row['name'].partition(' (')[0]}"

    for title, group in _by(rows, "expense_nature", "currency"):
        yield title, "", _listed(group, "cac", said, words["cost_y"].format(**_texts(group[0])), label)


def incrementality(rows: Sequence[Row], words: Words) -> Iterator[Described]:
    """What a deal brought in three ways, one panel a platform and figure."""

    def said(row: Row) -> str:
        kind = "incremental" if row["incremental"] is not None else "incremental_open"
        return _said(words[kind], row, **_interval_words(row, "incremental", words))

    def others(row: Row) -> Iterator[Other]:
        for shape, name in (("stroke", "reported"), ("diamond", "attributed")):
            yield shape, row[name], _said(words[name], row)

    for title, group in _by(sorted(rows, key=lambda row: str(row["metric"])), "metric"):
        if any(_has_number(row, "incremental") or row["attributed"] is not None for row in group):
            yield title, "", _listed(
                group, "incremental", said, words["increments_x"].format(title=title),
                lambda row: row["partnership_id"], others=others,
            )  # fmt: skip


def lifetime(rows: Sequence[Row], words: Words) -> Iterator[Described]:
    """What a model expects a buyer to bring, one panel a platform."""

    def said(row: Row) -> str:
        return _said(words["expected"], row, **_interval_words(row, "expected_value", words))

    def label(row: Row) -> str:
        return words["horizon"].format(channel=row["channel"] or words["all_channels"], days=row["horizon_days"])

    for title, group in _by([row for row in rows if _has_number(row, "expected_value")], "name", "currency"):
        axis_title = words["expected_x"].format(**_texts(group[0]))
        yield words["model"].format(title=title), "", _listed(group, "expected_value", said, axis_title, label)


def settling(rows: Sequence[Row], words: Words) -> Iterator[Described]:
    """After how many days series settle, one panel a platform; open where too few days are known to tell."""

    def said(row: Row) -> str:
        return _said(words["settles" if row["history_suffices"] else "settles_open"], row)

    def label(row: Row) -> str:
        series = row["channel"] or row["partnership_id"] or words["all_channels"]
        return f"{series}: {str(row['metric']).replace('_', ' ')}"

    days = "settles_after_days"
    placed = [
        row | {f"{days}_low": row[days], f"{days}_high": row[days] if row["history_suffices"] else None,
               "is_ranked": row["history_suffices"]}
        for row in rows
    ]  # fmt: skip
    for title, group in _by(placed, "name"):
        yield title, "", _listed(group, days, said, words["settling_x"], label)


def claims(rows: Sequence[Row], words: Words) -> Iterator[Described]:
    """Claims about a cost, each with what the figures say."""
    held = [row for row in rows if row["unit"] == "CNY_per_person" and None not in (row["claimed"], row["computed"])]
    if not held:
        return

    def said(row: Row) -> str:
        return _said(words["computed"], row, **_interval_words(row, "computed", words))

    def label(row: Row) -> str:
        return f"{row['claim_id']} {row['subject'].partition(' (')[0]}"

    def claimed(row: Row) -> Iterator[Other]:
        yield "stroke", row["claimed"], _said(words["claimed"], row)

    yield words["claims_title"], "", _listed(held, "computed", said, words["claims_x"], label, others=claimed)


def deals(rows: Sequence[Row], words: Words) -> Iterator[Described]:
    """Deals over time with their ends, drawn once for a phone and once for a desk."""
    known = [row for row in rows if row["started_on"] or row["ended_by"]]
    for screen, width in zip(("narrow", "wide"), WIDE, strict=True):
        if known:
            yield words["deals_title"], screen, _deals_chart(known, words, width)


def _deals_chart(rows: Sequence[Row], words: Words, width: int) -> Spec:
    days = [day for row in rows for day in (row["started_on"], row["ended_from"], row["ended_by"]) if day]
    margin = 400
    first, last = min(days) - timedelta(days=margin), max(days) + timedelta(days=margin)
    marks = [mark for number, row in enumerate(rows) for mark in _deal_marks(row, number, first, last, words)]
    place = {
        "x": _days(words["days"], days, 12, margin=margin),
        "y": {
            "field": "y",
            "type": "quantitative",
            "title": None,
            "axis": None,
            "scale": {"domain": [len(rows), -0.6]},
        },
    }
    span = {**place, "x2": {"field": "x2"}}

    def layer(part: str, mark: str, settings: Spec, **channels: Spec) -> Spec:
        return _layer(mark, (one for one in marks if one["part"] == part), settings, **channels)

    return _layers(
        layer("open", "rule", {"strokeDash": [2, 3], "aria": False, "color": AMBER}, **span),
        layer("right", "point", ARROW | {"shape": "triangle-right"}, **place),
        layer("left", "point", ARROW | {"shape": "triangle-left"}, **place),
        layer("ends", "rule", {"strokeWidth": 7, "color": PALE}, **span, description=SAID),
        layer("ran", "rule", {"strokeWidth": 7, "color": BLUE}, **span, description=SAID),
        layer("day", "point", DOT | {"size": 40}, **place, description=SAID),
        layer("label", "text", {"aria": False, "align": "left", "dy": -11, "fontSize": 11, "color": INK}, **place,
              text=SAID),
        width=width,
        height=26 * len(rows),
    )  # fmt: skip


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

        yield (
            title,
            "",
            _listed(group, "effect_pct", said, words["effect_x"], lambda row: str(row["figure"]).replace("_", " ")),
        )


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

    def said(row: Row) -> str:
        share = printed(row["top_share_of_platform"], 3)
        return _said(words["share"], row, deal=row["top_partnership_id"], share=share)

    for title, group in _by([row for row in rows if row["top_share_of_platform"] is not None], "name"):
        x = _days(words["end"], [row["date"] for row in group], 3, margin=20)
        shares = [{"x": row["date"], "v": drawn(row["top_share_of_platform"]), "words": said(row)} for row in group]
        edges = edges_of(share["v"] for share in shares)
        yield title, "", _layers(*_course(shares, x, _linear("v", words["dependency_y"], edges)))


def _course(rows: Sequence[Mapping[str, object]], x: Spec, y: Spec) -> tuple[Spec, Spec]:
    """A line through points, each of which has a name."""
    line = _layer("line", rows, {"aria": False, "color": BLUE}, x=x, y=y)
    return line, _layer("point", rows, DOT, x=x, y=y, description=SAID)


def coverage(rows: Sequence[Row], words: Words) -> Iterator[Described]:
    """How many periods are known, one panel a metric."""
    colours = {"figures": BLUE, "bounds": PALE, "gaps": GREY, "due": AMBER}
    for title, group in _by(rows, "figure"):
        edges = edges_of([sum(row[status] for status in colours) for row in group])
        names = [row["name"].partition(" (")[0] for row in group]
        bars = _layer(
            "bar", (bar for row in group for bar in _status_bars(row, colours, words)), {"size": 11, "opacity": 1},
            x=_linear("v", words["coverage_x"], edges),
            x2={"field": "w"},
            y={"field": "y", "type": "nominal", "title": None, "scale": {"domain": names}, "axis": {}},
            color={
                "field": "status", "type": "nominal", "title": None, "legend": {"orient": "top"},
                "scale": {"domain": list(colours), "range": list(colours.values())},
            },
            description=SAID,
        )  # fmt: skip
        yield title, "", _layers(bars, width=PANEL[0] - 60, height=18 * len(group))


def _status_bars(row: Row, colours: Iterable[str], words: Words) -> Iterator[dict[str, object]]:
    """A bar for each status of a platform's periods, from the end of the one before."""
    start = 0
    for status in colours:
        if count := row[status]:
            said = _said(words["coverage"], row, count=printed(count), status=status)
            yield {"y": row["name"].partition(" (")[0], "v": start, "w": start + count, "status": status, "words": said}
            start += count


def asof_cost(rows: Sequence[Row], words: Words) -> Iterator[Described]:
    """The newest costs as known on a day, with what is known of the same windows today.

    One panel a currency, where a cost is another one today; elsewhere there is nothing to compare.
    """

    def said(row: Row) -> str:
        return _said(words["asof"], row, **_interval_words(row, "cac", words))

    def label(row: Row) -> str:
        return f"{row['name'].partition(' (')[0]} {row['scope'].replace('_', ' ')}".strip()

    def today(row: Row) -> Iterator[Other]:
        yield "stroke", row["cac_today"], _said(words["asof_today"], row)

    for title, group in _by(rows, "currency"):
        if any(row["is_changed"] for row in group):
            axis_title = words["cost_y"].format(currency=title)
            yield title, "", _listed(group, "cac", said, axis_title, label, others=today)


def deal_path(rows: Sequence[Row], words: Words) -> Iterator[Described]:
    """The figure with the most periods around the day of a deal, and what its donors lead to expect."""
    title, group = next(_by(rows, "name", "figure", "scope", "unit"), ("", []))
    if len(group) < 2:
        return
    event = group[0]["event_on"]
    x = _days(words["period"], [event, *(row["period_end"] for row in group)], 12, margin=60)
    edges = edges_of(drawn(row[name]) for row in group for name in ("value", "expected"))
    axis = partial(_linear, title=group[0]["unit"].replace("_", " "), edges=edges, format="~s")
    day = {"x": event, "words": words["event"].format(event_on=printed(event))}
    points = [{"x": row["period_end"], "v": row["value"], "words": _said(words["path"], row)} for row in group]
    expected = [{"x": row["period_end"], "v": row["expected"]} for row in group if row["expected"] is not None]
    yield (
        title,
        "",
        _layers(
            _layer("rule", [day], {"color": AMBER, "strokeWidth": 2}, x=x, description=SAID),
            *_course(points, x, axis("v")),
            _layer("line", expected, {"aria": False, "color": GREY, "strokeDash": [4, 3]}, x=x, y=axis("v")),
        ),
    )


CHARTS: Mapping[str, Callable[[Sequence[Row], Words], Iterator[Described]]] = {
    made.__name__: made
    for made in (
        cost, decomposition, months_back, intensity, peers, claims, deals, effect, channels, pacing, dependency,
        incrementality, payback, lifetime, settling, coverage, asof_cost,
        deal_path,
    )
}  # fmt: skip
