"""The charts as pictures: every panel inside the frame, on white, and a sentence where nothing can be drawn."""

from __future__ import annotations

import pytest
from lxml import etree

from etl.page.charts import Drawing, Drawn
from etl.page.pictures import WIDEST, picture, pictures
from etl.page.place import Page

SVG = "{http://www.w3.org/2000/svg}"
TEXTS = {
    "nothing": "Nothing of this is in the snapshot.",
    "sections": [{"views": [{"key": "cost", "chart": "cost"}, {"key": "deals", "chart": "deals", "none": "No deal."}]}],
}


def panel(title: str, width: int = 300, height: int = 200, screen: str = "") -> Drawing:
    view = f'viewBox="0 0 {width} {height}"'
    return Drawing(title, f'<svg xmlns="http://www.w3.org/2000/svg" {view}><path d="M0,0L1,1"/></svg>', screen)


def test_panels_stand_in_rows_of_three_each_below_its_title() -> None:
    root = etree.fromstring(picture([panel(title) for title in ("A & B", "C", "D", "E")]).encode())
    frames = root.findall(f"{SVG}svg")
    panels = [tuple(float(one.get(name)) for name in ("x", "y", "width", "height")) for one in frames]
    # By hand: titles take 22, panels 300 x 200 with 24 between them; the second row begins at 22 + 200 + 24.
    assert panels == [(0, 22, 300, 200), (324, 22, 300, 200), (648, 22, 300, 200), (0, 268, 300, 200)]
    assert [text.text for text in root.findall(f"{SVG}text")] == ["A & B", "C", "D", "E"]
    left, top, width, height = map(float, root.get("viewBox").split())
    assert (left, top, width, height) == (-12, -12, 972, 492)
    assert (root.get("width"), root.get("height")) == (str(WIDEST), f"{492 * WIDEST / 972:.0f}")
    assert root.find(f"{SVG}rect").get("fill") == "#ffffff"


def test_a_long_title_stays_above_its_panel() -> None:
    root = etree.fromstring(picture([panel("x" * 50), panel("short")]).encode())
    long, short = (float(text.get("font-size")) for text in root.findall(f"{SVG}text"))
    assert (long, short) == (10, 13)  # 50 letters of 0.6 font sizes in 300 points


def test_a_view_without_a_drawing_says_so() -> None:
    made = dict(pictures(TEXTS, {"cost": Drawn([]), "deals": Drawn([panel("Deals", screen="narrow")])}))
    said = {name: etree.fromstring(text.encode()).findtext(f"{SVG}text") for name, text in made.items()}
    assert said == {"cost.svg": "Nothing of this is in the snapshot.", "deals.svg": "No deal."}


def test_the_picture_for_a_phone_is_left_out() -> None:
    wide, narrow = panel("wide", 800, screen="wide"), panel("narrow", screen="narrow")
    made = dict(pictures(TEXTS, {"cost": Drawn([]), "deals": Drawn([narrow, wide])}))
    assert ">wide<" in made["deals.svg"] and ">narrow<" not in made["deals.svg"]


@pytest.mark.slow
def test_the_pictures_of_a_page_are_whole(page: Page) -> None:
    for path in page.path.parent.glob("*.svg"):
        root = etree.fromstring(path.read_bytes())
        _, _, width, height = map(float, root.get("viewBox").split())
        for one in root.findall(f"{SVG}svg"):
            assert float(one.get("x")) + float(one.get("width")) <= width, path.name
            assert float(one.get("y")) + float(one.get("height")) <= height, path.name
        assert not [*root.iter(f"{SVG}script")]
