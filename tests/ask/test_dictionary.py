"""The pages made from the SQL files say what the comments and the tables of meanings say, and are current."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from etl.ask.dictionary import DOCS, made_pages
from etl.ask.dictionary import PAGE as NAME
from etl.config import ROOT

PAGE = DOCS / NAME


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return made_pages(ROOT / "sql")


@pytest.mark.slow
@pytest.mark.parametrize("name", [NAME, "names.md", "reading-the-marts.md"])
def test_the_page_is_current(pages: dict[str, str], name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == pages[name], "run `make dictionary`"


@pytest.mark.slow
def test_rows_within_a_page_are_those_of_its_query(tmp_path: Path) -> None:
    query = "<!-- select term as flag, meaning from core.term where term = 'press_basis' -->"
    (tmp_path / "page.md").write_text(f"Before.\n{query}\nold rows\n<!-- end -->\nAfter.\n", encoding="utf-8")
    table = "| flag | meaning |\n|---|---|\n| press_basis | an input is a figure of the press |\n"
    assert made_pages(ROOT / "sql", tmp_path)["page.md"] == f"Before.\n{query}\n{table}<!-- end -->\nAfter.\n"


def test_every_column_has_a_meaning() -> None:
    rows = re.findall(r"^\| (?!column)(\w+) \| [^|]+ \|(.*)\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) > 100
    assert [name for name, meaning in rows if not meaning.strip()] == []


def test_a_table_is_described_with_its_grain_and_twin() -> None:
    page = PAGE.read_text(encoding="utf-8")
    section = page[page.index("### marts.cac_trend\n") :]
    assert "One row per platform, scope, definition, period_end." in section[:700]
    assert "`marts.cac_trend_as_of(date)`" in section[:700]
    assert "| cac_low | DOUBLE | least the printed digits allow, currency per buyer |" in section


def test_every_mart_has_a_page_that_says_how_to_read_it() -> None:
    pages = [page.read_text(encoding="utf-8") for page in PAGE.parent.glob("*.md") if page != PAGE]
    named = set(re.findall(r"\w+", " ".join(pages)))
    assert [path.stem for path in (ROOT / "sql" / "marts").rglob("*.sql") if path.stem not in named] == []
