"""SVG as text: elements, texts and about how wide they are, and the colours of the charts."""

from __future__ import annotations

from html import escape
from unicodedata import east_asian_width

# The style sheet gives each of these another colour in the dark.
INK, MUTED, GRID, BLUE, GREY, AMBER, PALE = "#1b1f24", "#57606a", "#dfe3e8", "#0a5c8a", "#6e7781", "#9a5b00", "#a8c8dc"
WHITE = "#ffffff"
NARROW, BROAD = frozenset(" .,:;'|!-·()[]/Iijlftr"), frozenset("mwMW%@×")


def element(tag: str, *content: str, **attributes: object) -> str:
    """One element. An attribute that is None is left out; `_` in a name stands for `-`, at its end for nothing."""
    named = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(value) if isinstance(value, str) else short(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    return f"<{tag}{named}>{''.join(content)}</{tag}>" if content else f"<{tag}{named}/>"


def text_at(x: float, y: float, text: str, **attributes: object) -> str:
    """A text whose base line is at `y`; both places in points."""
    return element("text", escape(text, quote=False), x=x, y=y, **attributes)


def short(number: object) -> str:
    """A number of points, to a hundredth."""
    return f"{number:.2f}".rstrip("0").rstrip(".")


def text_width(text: str, size: float) -> float:
    """About how many points a text takes in a sans-serif font of this size: no font is at hand when a page is made."""
    return size * sum(map(_ems, text))


def cut(text: str, size: float, most: float) -> str:
    """A text, or as much of it as fits into so many points and a sign that some is missing."""
    kept = text
    while kept and text_width(kept, size) > most:
        kept = kept[:-1]
    return text if kept == text else f"{kept[:-1].rstrip()}…"


def _ems(letter: str) -> float:
    if east_asian_width(letter) in "WF":
        return 1.0
    if letter in NARROW:
        return 0.32
    return 0.85 if letter in BROAD else 0.68 if letter.isupper() else 0.56
