"""Reads the marks of a drawn chart, and holds them against those that Vega draws of the same description."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from lxml import etree
from vl_convert import vegalite_to_svg

from etl.page.draw import draw_chart

Element = Any
Box = tuple[float, float, float, float]  # left, top, right and bottom, in points of the plot
_STEP = re.compile(r"([MLHVhvAZz])([^MLHVhvAZz]*)")
_NUMBER = re.compile(r"-?[\d.]+(?:e-?\d+)?")


def shapes(svg: Element) -> list[Element]:
    """All marks in their order, without what is empty."""
    return [
        shape
        for shape in svg.xpath("//*[contains(@class, 'role-mark')]/*")
        if shape.tag.rpartition("}")[2] != "g" and (shape.get("d") != "" or shape.text)
    ]


def marks(svg: Element, kind: str) -> list[Element]:
    """The marks of a kind: rule, point, tick, text, line, area, bar."""
    return svg.xpath(f"//*[contains(@class, 'mark-{kind} role-mark')]/*")  # type: ignore[no-any-return]


def said(svg: Element) -> list[str]:
    """What a screen reader says of the marks, in their order."""
    return [shape.get("aria-label") for shape in shapes(svg) if shape.get("aria-label")]


def named(svg: Element, words: str) -> Element:
    """The one mark with these words in its name."""
    (found,) = (shape for shape in svg.iter() if words in shape.get("aria-label", ""))
    return found


def style(shape: Element, name: str) -> str | None:
    """An attribute of a mark, or of the group that it is in."""
    value = shape.get(name, shape.getparent().get(name))
    return None if value in ("none", "transparent") else value


def place(shape: Element) -> tuple[float, float]:
    """The middle of a mark, in points from the left and from the top of the plot."""
    left, top, right, bottom = box(shape)
    return (left + right) / 2, (top + bottom) / 2


def box(shape: Element) -> Box:
    """The ends of a mark, in points of the plot; of a text where it begins."""
    xs, ys = zip(*corners(shape), strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def corners(shape: Element) -> list[tuple[float, float]]:
    """The corners of a mark in points of the plot, those of a circle on its box."""
    moved = re.match(r"translate\(([-\d.e]+),\s*([-\d.e]+)\)", shape.get("transform", ""))
    left, top = map(float, moved.groups()) if moved else (0.0, 0.0)
    return [(x + left, y + top) for x, y in _points(shape)]


def differences_from_vega(chart: Mapping[str, Any]) -> Iterator[str]:
    """Where a chart is not what Vega draws of it: places, to a point, names, labels, colours, dashes."""
    ours = etree.fromstring(draw_chart(chart, "A title", "k"))
    theirs = etree.fromstring(vegalite_to_svg(json.dumps(chart)).encode())
    if said(ours) != said(theirs):
        yield f"names: {said(ours)}, {said(theirs)}"
    if unknown := set(labels(ours)) - set(labels(theirs)):  # Vega hides other ones of those that are too near
        yield f"labels: {unknown}, {labels(theirs)}"
    for our, their in zip(shapes(ours), shapes(theirs), strict=True):
        kind = our.getparent().get("class")
        # A stroke is a line with a width here and a rectangle there: its ends differ by half of up to 3 points.
        nearest = 1.6 if "tick" in kind else 1
        pairs = [(box(our), box(their)), (place(our), place(their))]
        if kind.startswith(("mark-line", "mark-area")):
            pairs = list(zip(corners(our), corners(their), strict=True))
        for our_place, their_place in pairs:
            if any(abs(a - b) > nearest for a, b in zip(our_place, their_place, strict=True)):
                yield f"{kind}: {our_place}, {their_place}"
        if (looks := look(our)) != look(their):
            yield f"{kind}: {looks}, {look(their)}"


def look(shape: Element) -> tuple[set[str], str | None]:
    """The colours of a mark, and its dashes."""
    colours = {colour for name in ("fill", "stroke") if (colour := style(shape, name))}
    return colours, style(shape, "stroke-dasharray")


def labels(svg: Element) -> list[str]:
    """The labels of both axes, also hidden ones."""
    return [text.text for text in svg.xpath("//*[contains(@class, 'role-axis-label')]/*")]


def _points(shape: Element) -> list[tuple[float, float]]:
    def of(name: str) -> float:
        return float(shape.get(name, 0))

    tag = shape.tag.rpartition("}")[2]
    if tag == "circle":
        return [(of("cx") - of("r"), of("cy") - of("r")), (of("cx") + of("r"), of("cy") + of("r"))]
    if tag == "line":
        return [(0.0, 0.0), (of("x2"), of("y2"))]
    if tag == "text":
        return [(0.0, 0.0) if "transform" in shape.attrib else (of("x"), of("y"))]
    return _path(shape.get("d"))


def _path(text: str) -> list[tuple[float, float]]:
    """The corners of a path, and of an arc that begins at the right of its middle what it reaches."""
    points: list[tuple[float, float]] = []
    x = y = 0.0
    for step, given in _STEP.findall(text):
        numbers = [float(number) for number in _NUMBER.findall(given)]
        if step == "A":
            radius = numbers[0]
            points += [(0.0, -radius), (0.0, radius)]
            x, y = numbers[-2:]
        elif step in "ML":
            for x, y in list(pairwise(numbers))[::2]:
                points.append((x, y))
        elif step in "Hh":
            x = numbers[0] + (x if step == "h" else 0)
        elif step in "Vv":
            y = numbers[0] + (y if step == "v" else 0)
        if step not in "MLZz":
            points.append((x, y))
    return points
