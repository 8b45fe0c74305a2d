"""The page in a browser: without script, from a file, for keyboard and screen reader, on a phone and on a desk.

The tests need a Chromium; .ci/run installs it. Where there is none they are skipped, except in CI, where they fail.
axe is the accessibility checker of Deque, from the locked package axe-core-python.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from etl.config import SIMULATED, Settings
from etl.page.content import part_keys, read_texts
from etl.page.place import Page, make_page
from tests.support.browser import Browser, browser, chromium

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not chromium() and not os.environ.get("CI"), reason="no Chromium: apt-get install chromium"),
]
SCREENS = [(390, 844, False), (390, 844, True), (1280, 900, False), (1280, 900, True)]
SHOWN = "(e => !!e && e.checkVisibility())"


@pytest.fixture(scope="module")
def tab() -> Iterator[Browser]:
    with browser() as tab:
        yield tab


@pytest.fixture(scope="module")
def file(page: Page) -> Path:
    return page.path.resolve()


def test_every_part_is_shown_without_script(tab: Browser, file: Path) -> None:
    tab.open(file, script=False)
    sections = read_texts()["sections"]
    parts = part_keys({"sections": [section for section in sections if "none" not in section]})
    for key in (*(section["key"] for section in sections), *parts):
        assert tab.value(f"{SHOWN}(document.getElementById('{key}'))"), key
    assert tab.value("[...document.querySelectorAll('figure svg')].some(s => s.getBoundingClientRect().height > 100)")
    assert tab.value("document.scripts.length") == 0
    assert tab.value("performance.getEntriesByType('resource').length") == 0, "nothing else is loaded"
    assert tab.log == []


@pytest.mark.parametrize(("width", "height", "dark"), SCREENS)
def test_nothing_is_wider_than_the_screen(tab: Browser, file: Path, width: int, height: int, dark: bool) -> None:
    tab.open(file, script=False, width=width, height=height, dark=dark)
    assert tab.value("document.documentElement.scrollWidth") <= width
    shown = tab.value(
        "[...document.querySelectorAll('figure')].filter(f => f.getClientRects().length).map(f => f.className)"
    )
    assert ("wide" in shown, "narrow" in shown) == (width > 900, width < 900)
    paper = tab.value("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") is not dark
    ink = tab.value("getComputedStyle(document.querySelector('svg [fill=\"#57606a\"]')).fill")
    assert (ink == "rgb(87, 96, 106)") is not dark, "the charts follow"


def test_the_documents_under_a_number_open_by_keyboard(tab: Browser, file: Path) -> None:
    tab.open(file, script=False, width=390, height=844)
    button = f"{SHOWN}(document.querySelector('#answer_cost .cited button'))"
    entry = (
        "document.getElementById(document.querySelector('#answer_cost .cited button').getAttribute('popovertarget'))"
    )
    assert not tab.value(button)
    tab.value("document.querySelector('#answer_cost .cited summary').focus()")
    tab.press("Enter", 13, "\r")
    assert tab.value(button)
    assert not tab.value(f"{SHOWN}({entry})")
    tab.press("Tab", 9)
    tab.press("Enter", 13, "\r")
    assert tab.value(f"{SHOWN}({entry})")
    assert tab.value(f"(box => box.left >= 0 && box.right <= 390)({entry}.getBoundingClientRect())")
    tab.press("Tab", 9)
    assert tab.value(f"document.activeElement === {entry}.querySelector('a')"), "its link is next"
    assert tab.value("document.activeElement.protocol") == "https:"
    tab.press("Escape", 27)
    assert not tab.value(f"{SHOWN}({entry})")
    assert tab.value("[...document.querySelectorAll('details')].every(d => d.firstElementChild.matches('summary'))")


@pytest.mark.parametrize("width", [390, 1280])
def test_a_table_stays_one_for_a_screen_reader(tab: Browser, file: Path, width: int) -> None:
    """On a phone its rows are drawn as cards; the roles are those that Chromium tells a screen reader."""
    tab.open(file, script=False, width=width, height=844)
    tab.value("document.querySelector('#cost details.table').open = true")
    told = tab.call("Accessibility.getFullAXTree")["nodes"]
    roles = Counter(node["role"]["value"] for node in told if not node["ignored"])
    rows = tab.value("[...document.querySelectorAll('tr')].filter(row => row.checkVisibility()).length")
    assert roles["row"] == rows > 72
    assert roles["cell"] > 15 * 72
    assert roles["columnheader"] > 15


def test_tab_reaches_the_skip_link_first(tab: Browser, file: Path) -> None:
    tab.open(file, script=False)
    tab.press("Tab", 9)
    assert tab.value("document.activeElement.className") == "skip"
    assert tab.value("document.activeElement.getBoundingClientRect().left") >= 0


def test_links_within_the_page_lead_somewhere(tab: Browser, file: Path) -> None:
    tab.open(file, script=False)
    named = "[...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.hash.slice(1))"
    assert tab.value(f"{named}.filter(name => !document.getElementById(name))") == []
    files = tab.value("[...document.querySelectorAll('a[download]')].map(a => a.getAttribute('href'))")
    assert len(files) > 12
    assert all((file.parent / name).exists() for name in files)


def violations(tab: Browser) -> list[str]:
    """The serious and critical findings of axe, each with the elements."""
    spec = find_spec("axe_core_python")
    assert spec
    assert spec.origin
    tab.value(Path(spec.origin).with_name("axe.min.js").read_text(encoding="utf-8") + "; 1")
    found: list[dict[str, Any]] = tab.value("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)")
    return [
        f"{one['id']}: {[node['html'][:200] for node in one['nodes'][:3]]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_serious(tab: Browser, file: Path, dark: bool) -> None:
    tab.open(file, script=True, dark=dark)
    tab.value("document.querySelectorAll('details').forEach(d => d.open = true)")
    tab.value("document.querySelector('.cited button').click()")
    assert tab.value("document.querySelectorAll(':popover-open').length") == 1
    assert violations(tab) == []


@pytest.mark.parametrize("name", ["asof-2018-04-26.html", "deal-kuaishou-jd-2020-direct-supply.html"])
@pytest.mark.parametrize(("width", "dark"), [(390, True), (1280, False)])
def test_a_file_beside_the_page(tab: Browser, file: Path, name: str, width: int, dark: bool) -> None:
    tab.open(file.with_name(name), script=False, width=width, height=844, dark=dark)
    assert tab.log == []
    assert tab.value("document.documentElement.scrollWidth") <= width
    assert tab.value("document.scripts.length") == 0
    assert tab.value(f"[...document.querySelectorAll('article')].every(article => {SHOWN}(article))")
    assert tab.value("[...document.querySelectorAll('figure svg')].every(s => s.getBoundingClientRect().height > 50)")
    assert "version 1" in tab.value("document.body.innerText")
    tab.open(file.with_name(name), script=True, width=width, height=844, dark=dark)
    tab.value("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert violations(tab) == []


def test_axe_can_find_something(tab: Browser, tmp_path: Path) -> None:
    broken = tmp_path / "broken.html"
    broken.write_text(
        "<!doctype html><title>x</title><img src='data:,'><p style='color:#eee'>pale</p>", encoding="utf-8"
    )
    tab.open(broken, script=True)
    assert {line.partition(":")[0] for line in violations(tab)} >= {"html-has-lang", "image-alt", "color-contrast"}


def test_the_band_of_simulated_data_stays_on_the_screen(tab: Browser, small: Settings) -> None:
    (small.home / SIMULATED).touch()
    tab.open(make_page(small).path.resolve(), script=False, width=390, height=844)
    for y in (0, 3000):
        tab.value(f"window.scrollTo(0, {y})")
        assert tab.value("document.querySelector('.band').getBoundingClientRect().top") == 0
    tab.open(small.serving_dir / "page" / "index.html", script=True)
    assert violations(tab) == []


def test_print_shows_the_tables(tab: Browser, file: Path) -> None:
    tab.open(file, script=False)
    tab.call("Emulation.setEmulatedMedia", media="print")
    assert not tab.value(f"{SHOWN}(document.querySelector('nav'))")
    assert tab.value("getComputedStyle(document.querySelector('#cost .scroll')).overflowX") == "visible"
    tab.call("Emulation.setEmulatedMedia", media="")
