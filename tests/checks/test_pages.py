"""The pages of the checks: made and read without a network, and they say what failed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from etl.checks.pages import build_pages
from etl.errors import MendError
from etl.warehouse import Connection

pytestmark = pytest.mark.slow

RESULT = (
    "insert into audit.expectation_result values ('r1', timestamp '2026-01-01 00:0{m}:00+00', "
    "'core.party', 'unique_party', 'expect_column_values_to_be_unique', '{severity}', {success}, null, "
    "{bad}, 22, "
    "'{{\"column\": \"party\"}}', 'two answers <b>are</b> worse than none', null, null, {m})"
)


def test_a_failed_check_is_on_its_page_and_in_the_index(con: Connection, tmp_path: Path) -> None:
    con.execute(RESULT.format(m=1, severity="critical", success="true", bad=0))
    con.execute(RESULT.format(m=2, severity="critical", success="false", bad=2))
    index = build_pages(con, tmp_path)
    assert '<span class="failed">1</span>' in index.read_text(encoding="utf-8")
    page = (tmp_path / "core.party.html").read_text(encoding="utf-8")
    assert "unique_party (critical): two answers &lt;b&gt;are" in page
    assert "2 unexpected values found" in page


def test_the_newest_result_of_a_check_counts(con: Connection, tmp_path: Path) -> None:
    con.execute(RESULT.format(m=1, severity="warning", success="false", bad=2))
    con.execute(RESULT.format(m=2, severity="warning", success="true", bad=0))
    index = build_pages(con, tmp_path).read_text(encoding="utf-8")
    assert 'class="failed"' not in index and 'class="warned"' not in index


def test_pages_need_no_network(con: Connection, tmp_path: Path) -> None:
    con.execute(RESULT.format(m=1, severity="warning", success="false", bad=2))
    build_pages(con, tmp_path)
    for page in tmp_path.glob("*.html"):
        assert not re.search(r"<(script|link|img|iframe)\b|@import|url\(", page.read_text(encoding="utf-8"))


def test_before_the_first_refresh_it_says_what_to_do(con: Connection, tmp_path: Path) -> None:
    with pytest.raises(MendError, match="make refresh"):
        build_pages(con, tmp_path)
