"""The data dictionary says what the comments say, of every column, and is current."""

from __future__ import annotations

import re

from etl.ask.dictionary import PAGE, dictionary
from etl.config import ROOT


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == dictionary(ROOT / "sql"), "run `make dictionary`"


def test_every_column_has_a_meaning() -> None:
    rows = re.findall(r"^\| (?!column)(\w+) \| [^|]+ \|(.*)\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) > 100
    assert [name for name, meaning in rows if not meaning.strip()] == []


def test_a_table_is_described_with_its_grain_and_twin() -> None:
    page = PAGE.read_text(encoding="utf-8")
    section = page[page.index("### marts.cac_trend\n") :]
    assert "One row a platform, scope, definition, period_end." in section[:700]
    assert "`marts.cac_trend_as_of(date)`" in section[:700]
    assert "| cac_low | DOUBLE | least the printed digits allow, currency per buyer |" in section


def test_every_mart_has_a_page_that_says_how_to_read_it() -> None:
    pages = [page.read_text(encoding="utf-8") for page in PAGE.parent.glob("*.md") if page != PAGE]
    named = set(re.findall(r"\w+", " ".join(pages)))
    assert [path.stem for path in (ROOT / "sql" / "marts").rglob("*.sql") if path.stem not in named] == []
