"""The charts of the page as pictures of their own, for readers that show a picture: the UI, a document, a mail.

A picture has all panels of a view on white, whatever the colours of the reader are, and needs no style sheet. A view
without a row to draw has a picture that says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from textwrap import wrap
from typing import Any

from etl.page.charts import Drawing, Drawn
from etl.page.svg import INK, MUTED

WIDEST = 640  # of a picture, in points: what the UI has beside its side bars on a desk
COLUMNS, GAP, LINE = 3, 24, 22
SIZE, LETTER = 13, 0.6  # of a title in points, smaller where it is long; width of a bold letter, in font sizes
EMPTY_WIDTH, LETTERS = 640, 88  # of a picture without a chart, in points and in letters a line
NARROW = "narrow"
_SIZE = re.compile(r'viewBox="0 0 (\S+) (\S+)"')


def pictures(texts: Mapping[str, Any], drawings: Mapping[str, Drawn]) -> Iterator[tuple[str, str]]:
    """Name and text of the SVG file of each view with a chart."""
    for section in texts["sections"]:
        for view in section.get("views", ()):
            if "chart" in view:
                drawn = drawings[view["key"]]
                shown = [drawing for drawing in drawn.pictures if drawing.screen != NARROW]
                none = _sentence(view.get("none", texts["nothing"]))
                yield f"{view['key']}.svg", picture(shown, drawn.note) if shown else none


def picture(drawings: Sequence[Drawing], note: str = "") -> str:
    """The drawings in rows of three, each below its title, and a note below them all."""
    parts, right, top, below = [], 0.0, 0.0, 0.0
    for number, drawing in enumerate(drawings):
        width, height = map(float, _size(drawing))
        if number % COLUMNS == 0:
            left, top = 0.0, below + (GAP if number else 0)
        size = min(SIZE, width / len(drawing.title) / LETTER)
        parts.append(_text(drawing.title, (left, top + 14), f'fill="{INK}" font-size="{size:.1f}" font-weight="bold"'))
        place = f'<svg x="{left:g}" y="{top + LINE:g}" width="{width:g}" height="{height:g}" '
        parts.append(drawing.svg.replace("<svg ", place, 1))
        left += width + GAP
        right, below = max(right, left - GAP), max(below, top + LINE + height)
    for line in wrap(note, max(1, int(right / SIZE / LETTER))):
        below += LINE
        parts.append(_text(line, (0, below), f'fill="{MUTED}" font-size="{SIZE}"'))
    return _framed(right, below, parts)


def _sentence(words: str) -> str:
    lines = wrap(words, LETTERS)
    texts = [
        _text(line, (0, 16 + LINE * number), f'fill="{MUTED}" font-size="{SIZE}"') for number, line in enumerate(lines)
    ]
    return _framed(EMPTY_WIDTH, LINE * len(lines), texts)


def _size(drawing: Drawing) -> tuple[str, str]:
    found: tuple[str, str]
    (found,) = _SIZE.findall(drawing.svg)  # the page gives a drawing its size by its view box
    return found


def _text(words: str, place: tuple[float, float], style: str) -> str:
    return f'<text x="{place[0]:g}" y="{place[1]:g}" {style}>{escape(words)}</text>'


def _framed(width: float, height: float, parts: Sequence[str]) -> str:
    edge = GAP / 2
    width, height = width + GAP, height + GAP
    scale = min(1, WIDEST / width)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" '
        f'width="{width * scale:.0f}" height="{height * scale:.0f}" viewBox="{-edge:g} {-edge:g} {width:g} {height:g}">'
        f'<rect x="{-edge:g}" y="{-edge:g}" width="{width:g}" height="{height:g}" fill="#ffffff"/>'
        f"{''.join(parts)}</svg>\n"
    )
