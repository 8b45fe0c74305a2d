"""The page is put in place whole or not at all, and is left as it is while nothing changed."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from etl.config import SIMULATED, Settings
from etl.errors import MendError
from etl.page import charts, place, render
from etl.page.content import part_keys, read_texts
from etl.page.place import make_page
from etl.publish.publication import publish
from etl.warehouse import open_build
from tests.support.page_reading import Element, parsed
from tests.support.publishing import NOW

PICTURES = {
    f"{view['key']}.svg" for section in read_texts()["sections"] for view in section.get("views", ()) if "chart" in view
}


def files_of(folder: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of change of everything under a folder, links not followed."""
    paths = [folder, *folder.rglob("*")]
    return {str(path): (path.lstat().st_ino, path.lstat().st_mtime_ns) for path in paths}


def change(settings: Settings) -> None:
    """Publish again, with one figure restated."""
    with open_build(settings) as con:
        con.execute("update marts.cac_trend set cac = cac + 1 where row_id like 'jd/%'")
        assert publish(con, settings, now=NOW).published


def test_the_page_is_one_folder_behind_a_link(small: Settings) -> None:
    page = make_page(small)
    link = small.serving_dir / "page"
    assert page.made
    assert page.path == link / "index.html"
    assert link.is_symlink()
    assert re.fullmatch(r"pages/1-[0-9a-f]{12}", str(link.readlink()))
    assert page.size_bytes == page.path.stat().st_size < 1_000_000
    names = {path.name for path in link.resolve().iterdir()}
    edition = link.resolve().name
    of_parts = {f"{key}.{edition}.csv" for key in part_keys(read_texts())}
    beside = {name.removesuffix(".html"): name.split("-")[0] for name in names if name.endswith(".html")}
    del beside["index"]
    kinds = {kind["key"]: part_keys(kind) for kind in read_texts()["files"]}
    of_files = {f"{file}.{key}.{edition}.csv" for file, kind in beside.items() for key in kinds[kind]}
    assert names == {"index.html", "digest.md", *of_parts, *(f"{file}.html" for file in beside), *of_files, *PICTURES}
    assert beside == {"asof-2018-04-26": "asof"}


@pytest.mark.parametrize(("deal", "is_file"), [("a-b_2020", True), ("../../up", False), ("a b", False)])
def test_a_deal_whose_name_is_no_file_name_has_none(small: Settings, deal: str, is_file: bool) -> None:
    with open_build(small) as con:
        con.execute(
            "insert into core.party by name select named.* from (values ('a', 'A'), ('b', 'B')) as named(party, name)"
        )
        con.execute(
            "insert into core.partnership by name "
            "select ? as partnership_id, 'a' as traffic_partner, 'b' as supply_partner, 'd15' as document_id",
            [deal],
        )
        con.execute("insert into marts.partnership_effect by name select 's' as study_id, ? as partnership_id", [deal])
        publish(con, small, now=NOW)
    page = make_page(small)
    assert (page.path.parent / f"deal-{deal}.html").exists() is is_file
    found = {path.name for path in (small.serving_dir / "page").resolve().glob("*.html")}
    assert found == {"index.html", "asof-2018-04-26.html", *([f"deal-{deal}.html"] if is_file else [])}


def test_unchanged_content_writes_nothing(small: Settings) -> None:
    make_page(small)
    before = files_of(small.serving_dir)
    again = make_page(small)
    assert not again.made
    assert files_of(small.serving_dir) == before


def test_nothing_is_drawn_where_nothing_changed(small: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    make_page(small)
    monkeypatch.setattr(place, "read_content", lambda *_, **__: pytest.fail("was read"))
    assert not make_page(small).made


def test_a_new_snapshot_replaces_the_page_in_one_step(small: Settings) -> None:
    old = make_page(small).path.resolve()
    kept_open = os.open(old, os.O_RDONLY)
    change(small)
    page = make_page(small)
    assert page.made
    assert page.path.resolve() != old
    assert "version 2" in page.path.read_text(encoding="utf-8")
    assert not old.exists()
    assert [path.name for path in (small.serving_dir / "pages").iterdir()] == [page.path.resolve().parent.name]
    assert os.read(kept_open, 15) == b"<!doctype html>", "who has it open keeps it"
    os.close(kept_open)
    assert not set(parsed(page.path.read_text(encoding="utf-8")).xpath("//a[@download]/@href")) & {
        f"cost.{old.parent.name}.csv"
    }


def test_other_texts_or_code_make_another_page(small: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    make_page(small)
    monkeypatch.setattr(place, "version", lambda library: "another")
    assert make_page(small).made


@pytest.mark.parametrize("umask", [0o077, 0o022])
def test_readers_can_open_it_whatever_the_umask_is(small: Settings, umask: int) -> None:
    before = os.umask(umask)
    try:
        make_page(small)
    finally:
        os.umask(before)
    folder = (small.serving_dir / "page").resolve()
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o644}
    assert folder.stat().st_mode & folder.parent.stat().st_mode & 0o777 == 0o755


def test_without_a_snapshot_it_says_what_to_run(small: Settings) -> None:
    small.serving_db.unlink()
    with pytest.raises(MendError, match="make refresh"):
        make_page(small)


def test_a_broken_mart_is_told_and_the_page_before_stays(small: Settings) -> None:
    make_page(small)
    before = files_of(small.serving_dir / "pages")
    with open_build(small) as con:
        con.execute("drop table marts.claim_verdict")
        publish(con, small, now=NOW)
    with pytest.raises(MendError, match=r"readers keep the one that is in .*claim_verdict"):
        make_page(small)
    assert files_of(small.serving_dir / "pages") == before


def test_a_chart_that_cannot_be_drawn_is_told_and_the_page_before_stays(
    small: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = make_page(small).path.resolve()
    change(small)

    def broken(*_: object) -> None:
        raise ValueError("no such scale")

    monkeypatch.setitem(charts.CHARTS, "cost", broken)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no such scale"):
        make_page(small)
    assert (small.serving_dir / "page" / "index.html").resolve() == old


def test_a_full_disk_leaves_the_page_before(small: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    old = make_page(small).path.resolve()
    change(small)

    def full(path: Path) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(place, "sync", full)
    with pytest.raises(MendError, match="No space left"):
        make_page(small)
    assert (small.serving_dir / "page" / "index.html").resolve() == old
    monkeypatch.undo()
    assert make_page(small).made
    assert [path.name for path in (small.serving_dir / "pages").iterdir() if path.name.startswith(".")] == []


def test_a_page_that_is_too_large_is_refused(small: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "MOST_BYTES", 10_000)
    with pytest.raises(MendError, match="with 25 rows a table, and may have 10,000"):
        make_page(small)


def test_a_folder_where_the_link_belongs_is_told(small: Settings) -> None:
    (small.serving_dir / "page").mkdir()
    with pytest.raises(MendError, match=r"page is no link, .*: remove it"):
        make_page(small)


def test_a_long_table_is_cut_and_says_so(small: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all rows make the page too large, the most that fit are shown; the CSV file has all."""
    whole = make_page(small).size_bytes
    monkeypatch.setattr(render, "ROWS_SHOWN", (200, 1))
    monkeypatch.setattr(render, "MOST_BYTES", whole - 1)
    monkeypatch.setattr(place, "version", lambda library: "another")
    document = parsed(make_page(small).path.read_text(encoding="utf-8"))
    (article,) = document.xpath("//article[@id='cost']")
    assert len(article.xpath(".//tbody/tr")) == 1
    assert "The first 1 of" in article.text_content()
    assert "Charts show the first 1 of" in article.text_content()
    questions = document.xpath("//article[@class='question']")
    assert max(len(question.xpath("./ul[@class='sentences']/li")) for question in questions) == 1
    assert any(re.search(r"The first 1 of [2-9] answers; all are", question.text_content()) for question in questions)


def test_a_picture_is_of_whole_platforms() -> None:
    """The rows of a platform that is cut are left out, unless it is the only one."""
    rows = [{"name": name} for name in "aabbb"]
    assert render.first_rows(rows, 5) == rows
    assert render.first_rows(rows, 4) == rows[:2]
    assert render.first_rows(rows, 2) == rows[:2]
    assert render.first_rows(rows, 1) == rows[:1]


def test_a_column_without_a_label_is_refused(small: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = read_texts()
    monkeypatch.setattr(
        place, "read_texts", lambda: {**texts, "columns": {k: v for k, v in texts["columns"].items() if k != "cac"}}
    )
    with pytest.raises(MendError, match=r"page_answer_cost.sql has cac"):
        make_page(small)


def test_real_data_has_no_band(small: Settings) -> None:
    assert "SIMULATED" not in make_page(small).path.read_text(encoding="utf-8")


@pytest.mark.parametrize("by", ["home", "row"])
def test_simulated_data_has_a_band_and_a_mark_everywhere(small: Settings, by: str) -> None:
    """By the home of a demo, or by any delivered row that says so."""
    if by == "home":
        (small.home / SIMULATED).touch()
    else:
        with open_build(small) as con:
            con.execute(
                "insert into core.platform_metric_daily by name select 'jd' as platform, date '2025-01-01' as date, "
                "'' as channel, '' as partnership_id, true as is_simulated, now() as loaded_at"
            )
            publish(con, small, now=NOW)
    page = make_page(small)
    for path in page.path.parent.glob("*.html"):
        assert_is_marked(parsed(path.read_text(encoding="utf-8")))
    for file in page.path.parent.glob("*.csv"):
        lines = file.read_text(encoding="utf-8").splitlines()
        assert lines[0].endswith(",data")
        assert all("SIMULATED DATA" in line for line in lines[1:] if line.count(",") >= lines[0].count(","))


def assert_is_marked(document: Element) -> None:
    (band,) = document.xpath("/html/body/div[@class='band']")
    assert band.text_content().startswith("SIMULATED DATA")
    assert "position: sticky" in document.xpath("//style")[0].text.partition(".band {")[2].partition("}")[0]
    assert "SIMULATED" in document.xpath("//title")[0].text
    for article in document.xpath("//article"):
        assert article.xpath("./h3/strong[@class='mark']"), article.get("id")
        assert all(table.xpath("./summary/strong") for table in article.xpath(".//details[@class='table']"))
    pictures = document.xpath("//figure//*[local-name()='svg']")
    assert pictures
    assert all("SIMULATED DATA" in picture.text_content() for picture in pictures)


def test_addresses_that_run_something_are_no_links(small: Settings) -> None:
    with open_build(small) as con:
        con.execute("update core.document set url = 'javascript:alert(1)', title = '<script>alert(1)</script>'")
        publish(con, small, now=NOW)
    text = make_page(small).path.read_text(encoding="utf-8")
    assert "&lt;script&gt;" in text
    assert "<script" not in text
    assert not [link for link in parsed(text).xpath("//a/@href") if link.startswith("javascript")]
