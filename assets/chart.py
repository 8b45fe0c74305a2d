"""Charts shown in the metadata of a mart, by table name. matplotlib is imported when one is drawn."""

import base64
import io
from collections.abc import Callable, Mapping
from datetime import date
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any

from etl.warehouse import Connection, prepared

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GREY = "#9aa0a6"
UNBOUNDED = 1.5  # length of the arrow where there is no upper bound, as a multiple of the value
COLOURS = ("#0b6e99", "#d1495b", "#3a7d44", "#8e5ea2", "#c77d0a", "#2f4858", "#a23b72", "#6c757d")
FAINT = 0.6  # of scenarios
TICKS = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)


def cac_chart(con: Connection) -> str:
    """Customer acquisition cost over twelve months, as markdown with the picture in it."""
    figure = draw_cac(con)
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    title = "CAC over twelve months by platform and scope"
    return f"![{title}](data:image/png;base64,{base64.b64encode(picture.getvalue()).decode()})"


def draw_cac(con: Connection) -> "Figure":
    """The plain acquisition cost of a year, in CNY per buyer, one colour a platform and scope.

    The bar is the interval that the printed digits allow, the dashes are the scenarios of the same year. Points
    whose validity is coarse or uninformative are grey and belong to no line. Source: marts.cac_trend, and
    core.definition for what is plain and what a scenario.
    """
    from matplotlib.dates import date2num
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.5, 5.6), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    points = con.execute(prepared("chart_points")).fetchall()
    for number, (series, rows) in enumerate(groupby(points, key=lambda row: row[0])):
        _draw_series(axes, series, list(rows), COLOURS[number % len(COLOURS)])
    axes.set_yscale("log")
    axes.set_yticks(TICKS, [f"{tick:,}" for tick in TICKS])
    axes.set_yticks([], minor=True)
    if points:
        low = min(min([row[3], *row[6]]) for row in points)
        axes.set_ylim(low / 1.3, max(row[4] or row[2] for row in points) * 1.3)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, frameon=False)
        years = sorted(row[1].year for row in points)
        ends = [date(year, 12, 31) for year in range(years[0], years[-1] + 1)]
        axes.set_xticks([float(date2num(end)) for end in ends], [f"Dec {end.year}" for end in ends])
    plain, words, scenarios = con.execute(prepared("chart_definitions")).fetchall()[0]
    axes.set_ylabel("CNY per buyer (log scale)")
    axes.set_xlabel("end of the twelve months")
    axes.set_title(f"Customer acquisition cost: {words}", loc="left", pad=30)
    axes.grid(axis="y", color="#e6e6e6", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
    figure.supxlabel(
        f"{plain} of marts.cac_trend. Bars: what the printed digits allow. Dashes: scenarios, no facts ({scenarios}).\n"
        "Grey: coarse or uninformative. Expense is the whole company's, whatever the scope of the buyers.",
        fontsize=8,
        color="#5f6368",
        x=0.01,
        ha="left",
    )
    return figure


CHARTS: Mapping[str, Callable[[Connection], str]] = {"marts.cac_trend": cac_chart}


def _draw_series(axes: "Axes", series: str, rows: list[Any], colour: str) -> None:
    for day, value, low, high, validity, scenarios in (row[1:] for row in rows):
        sound = validity == "ok"
        for scenario in scenarios:
            axes.plot([day], [scenario], marker="_", color=colour if sound else GREY, alpha=FAINT, markersize=9)
        axes.errorbar(
            [day],
            [value],
            yerr=[[value - low], [(high or UNBOUNDED * value) - value]],
            lolims=high is None,  # an arrow: the prints give no upper bound
            fmt="o",
            color=colour if sound else GREY,
            mfc=colour if sound else "white",
            markersize=5,
            capsize=3,
            elinewidth=1.2,
        )
    sound_rows = [row for row in rows if row[5] == "ok"]
    for one, other in pairwise(sound_rows):
        if (other[1] - one[1]).days < 400:  # no line over a year without a number
            axes.plot([one[1], other[1]], [one[2], other[2]], color=colour, linewidth=1.3)
    shown = colour if sound_rows else GREY
    axes.plot([], [], marker="o", color=shown, linestyle="-" if sound_rows else "none", label=series)
