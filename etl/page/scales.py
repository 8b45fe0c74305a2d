"""The scales of a chart that is described in Vega-Lite: where a value lies, and the labels of its axis."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from etl.page.svg import text_width

Spec = Mapping[str, Any]  # a chart in Vega-Lite, or a part of one
Placed = list[tuple[float, str]]  # places in points, with their labels
Made = tuple[Callable[[Any], float], Placed]
LABEL = 11  # size of a label, in points
APART = 8  # points between two labels of the lower axis
PREFIXES = ("", "k", "M", "G", "T")


def only(spec: Spec, known: str, what: str) -> None:
    """Raise ValueError where a part of a description has a name that is not known: it would be left out unseen."""
    if unknown := sorted(spec.keys() - set(known.split())):
        raise ValueError(f"{what} has {', '.join(unknown)}, which is not drawn")


@dataclass(frozen=True)
class Scale:
    """One direction of the plot: `at` is where a value lies, in points from the left or from the top.

    `ticks` are such places with their labels, none where the scale has no axis; `kind` is what Vega calls it.
    """

    kind: str
    at: Callable[[Any], float]
    ticks: Placed
    title: str
    has_grid: bool

    def apart(self) -> Iterator[tuple[float, str]]:
        """The ticks from left to right, without those whose label would run into the one before."""
        end = -math.inf
        for at, text in sorted(self.ticks):
            half = text_width(text, LABEL) / 2
            if at - half >= end:
                yield at, text
                end = at + half + APART

    def said(self, name: str) -> str:
        """The axis in words, for a screen reader; it has a tick."""
        titled = f" titled '{self.title}'" if self.title else ""
        return f"{name}-axis{titled} for a {self.kind} scale with values from {self.ticks[0][1]} to {self.ticks[-1][1]}"


def shared_scale(layers: Sequence[Spec], name: str, length: float) -> Scale | None:
    """The scale of all layers in a direction, x or y; None where they only have places in points.

    Raises ValueError where they differ, or for something that is not drawn.
    """
    channels = [layer["encoding"].get(name, {}) for layer in layers]
    shared = [{key: value for key, value in one.items() if key != "field"} for one in channels if "type" in one]
    if not shared:
        return None
    channel = shared[0]
    if any(other != channel for other in shared):
        raise ValueError(f"the layers differ in the scale of {name}")
    only(channel, "type title scale axis", f"the channel {name}")
    (kind, make), axis = SCALES[channel["type"]], channel["axis"]
    at, ticks = make(channel["scale"], axis or {}, length, name == "y")
    if axis is None:
        return Scale(kind, at, [], "", has_grid=False)
    return Scale(kind, at, ticks, channel["title"] or "", axis.get("grid", kind != "discrete"))


def _discrete(scale: Spec, axis: Spec, length: float, is_upright: bool) -> Made:
    only(scale, "domain", "a discrete scale")
    only(axis, "labelExpr grid", "a discrete axis")
    step = length / len(scale["domain"])
    places = {value: (number + 0.5) * step for number, value in enumerate(scale["domain"])}
    labels = json.loads(axis["labelExpr"].removesuffix("[datum.value]")) if "labelExpr" in axis else {}

    def at(value: str) -> float:
        if value not in places:
            raise ValueError(f"{value} is no value of its axis")
        return places[value]

    return at, [(place, labels.get(value, value)) for value, place in places.items()]


def _linear(scale: Spec, axis: Spec, length: float, is_upright: bool) -> Made:
    only(scale, "domain", "a linear scale")
    only(axis, "tickCount format", "a linear axis")
    first, last = scale["domain"]
    at = partial(_place, first, last, length, is_upright)
    numbers = round_numbers(min(first, last), max(first, last), axis.get("tickCount", 5), axis.get("format", ""))
    return at, [(at(number), text) for number, text in numbers]


def _utc(scale: Spec, axis: Spec, length: float, is_upright: bool) -> Made:
    only(scale, "domain type", "a scale of days")
    only(axis, "values format", "an axis of days")
    first, last = (date.fromisoformat(day).toordinal() for day in scale["domain"])

    def at(day: str) -> float:
        return _place(first, last, length, is_upright, date.fromisoformat(day).toordinal())

    return at, [(at(day), date.fromisoformat(day).strftime(axis["format"])) for day in axis.get("values", ())]


SCALES: Mapping[str, tuple[str, Callable[[Spec, Spec, float, bool], Made]]] = {
    "nominal": ("discrete", _discrete), "quantitative": ("linear", _linear), "temporal": ("utc", _utc),
}  # fmt: skip


def _place(first: float, last: float, length: float, is_upright: bool, value: float) -> float:
    """Where a value lies between the ends of an axis. Raises ValueError for one beyond them, and for what is none."""
    share = (value - first) / (last - first)
    if not -1e-9 <= share <= 1 + 1e-9:
        raise ValueError(f"{value} lies outside its axis, which is from {first} to {last}")
    return (1 - share if is_upright else share) * length


def round_numbers(low: float, high: float, count: int, form: str = "") -> Iterator[tuple[float, str]]:
    """Round numbers from `low` to `high`, about `count`, with their texts: plain, or by the format ~s with a prefix.

    Raises ValueError for another format.
    """
    if form not in ("", "~s"):
        raise ValueError(f"the format {form} of a number is not drawn")
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next(by for least, by in ((50, 10), (10, 5), (2, 2), (0, 1)) if (rough / power) ** 2 >= least)
    thousands = min(4, max(0, int(math.log10(max(-low, high)) // 3))) if form else 0
    digits = max(0, -math.floor(math.log10(step / 1000**thousands) + 1e-9))
    for number in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1):
        text = f"{number * step / 1000**thousands:,.{digits}f}".replace("-", "−")
        yield number * step, (text.rstrip("0").rstrip(".") if form and digits else text) + PREFIXES[thousands]
