"""What a publication changed, in Markdown: by hand for one restatement, and without markup out of data."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from etl.config import Settings
from etl.notify import findings_in
from etl.page.digest import in_markdown, read_digest
from etl.page.place import make_page
from etl.publish.publication import publish
from etl.publish.snapshots import unpin
from etl.warehouse import open_build, open_snapshot
from tests.support.changed_warehouse import build_and_publish, publish_restatement
from tests.support.command import run
from tests.support.small_warehouse import publish_small_warehouse

pytestmark = pytest.mark.slow

TITLE = "Report <script>alert(1)</script> | *bold*\n# head [sign in](https://evil.example)"


@pytest.fixture(scope="module")
def restated(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return publish_restatement(tmp_path_factory.mktemp("restated"), TITLE)


def digest_of(settings: Settings) -> str:
    with open_snapshot(settings.serving_db) as con:
        return read_digest(con, is_demo=settings.is_demo)


def test_a_restatement_and_what_it_moved(restated: Settings) -> None:
    text = digest_of(restated)
    assert text.startswith("# Version 2 of ")
    # 10,573.0 million, printed to 0.1 million, became 10,158.7 million on the day of the annual report of 2017.
    assert (
        "- Restated: Sales and marketing expense of JD.com (whole company), 2016-01-01 to 2016-12-31: "
        r"10,573,000,000 \[10,572,950,000, 10,573,050,000\] became 10,158,700,000 \[10,158,650,000, 10,158,750,000\] "
        "CNY on 2018-04-27."
    ) in text
    # 10,573.0 / (226.6 - 155.0) = 147.67, and 10,158.7 / 71.6 = 141.88
    (cost,) = [line for line in text.splitlines() if line.startswith("- Cost of JD.com")]
    assert "147.67" in cost and "141.88" in cost and "Why: restatement (d17)." in cost


def test_no_markup_comes_out_of_data(restated: Settings) -> None:
    import markdown

    text = digest_of(restated)
    (line,) = [line for line in text.splitlines() if line.startswith("- New document:")]
    shown = markdown.markdown(text)
    assert "<script" not in shown and 'evil.example"' not in shown and "<em>bold" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt; | *bold* # head [sign in](https://evil.example)" in shown
    assert line.endswith("[document](<https://example.org/17?a=1&b=%5B2%5D>)")


def test_the_first_publication_has_nothing_to_compare(tmp_path: Path) -> None:
    text = digest_of(publish_small_warehouse(tmp_path))
    assert "Nothing can be compared: version 1 of " in text
    assert "Why:" not in text


def test_a_long_text_is_cut() -> None:
    assert in_markdown("x" * 2000) == "x" * 499 + "…"


def test_it_stands_beside_the_page_and_is_printed(restated: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    page = make_page(restated)
    text = digest_of(restated)
    assert (page.path.parent / "digest.md").read_text(encoding="utf-8") == text
    monkeypatch.setenv("WAREHOUSE_HOME", str(restated.home))
    assert run("digest").stdout == text
    assert "first publication" in run("digest", "1").stdout


def test_a_change_without_a_cause_is_told(restated: Settings) -> None:
    with open_build(restated) as con:
        con.execute("insert into core.party by name select 'x' as party, 'X' as name, 'counterparty' as kind")
        assert publish(con, restated, now=datetime.now(UTC)).version == 3
        (alert,) = [f for f in findings_in(con, restated.sql_dir / "alerts") if f.alert == "unexplained"]
        assert alert.tell_when_new
        assert alert.words == "version 3 has 1 changed rows without a certain reason"
    assert "- Reason: unexplained; rows changed: 1, in tables: 1." in digest_of(restated)


def test_a_rollback_serves_the_page_of_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = publish_restatement(tmp_path)
    make_page(settings)
    monkeypatch.setenv("WAREHOUSE_HOME", str(tmp_path))
    link = settings.serving_dir / "page"
    assert link.readlink().name.startswith("2-")
    shown = run("snapshots", "rollback")
    assert (shown.exit_code, "serving version 1" in shown.stdout, "page of version 1" in shown.stdout) == (
        0,
        True,
        True,
    )
    assert link.readlink().name.startswith("1-")
    unpin(settings)
    with open_build(settings) as con:
        again = build_and_publish(con, settings)
        assert (again.published, again.version) == (True, 3)
    with open_snapshot(settings.serving_db) as con:
        reasons = con.execute("select distinct unnest(reasons) from meta.change order by 1").fetchall()
    assert reasons == [("document",), ("restatement",)]
