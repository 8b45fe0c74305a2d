"""meta.change and `make diff`: just the rows that changed, from what to what."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from etl.errors import MendError
from etl.publish.diff import diff
from etl.publish.publication import publish
from etl.warehouse import create_database, open_build, open_snapshot
from tests.support.command import run
from tests.support.publishing import NOW, settings_in
from tests.support.small_warehouse import publish_small_warehouse

pytestmark = pytest.mark.slow

BEFORE = """
create or replace table core.party as select * from (values
    ('jd', 'JD.com', timestamptz '2026-01-01'), ('gone', 'Gone', timestamptz '2026-01-01'),
    ('same', '[x]', timestamptz '2026-01-01')) as p(party, name, loaded_at);
create or replace table core.era as select timestamptz '2026-01-01 08:00:00+08' as begun_at;
"""
# Times had a time zone once: a later snapshot says the same of them.
AFTER = """
create or replace table core.party as select * from (values
    ('jd', 'JD', timestamp '2026-02-01'), ('come', null, timestamp '2026-02-01'),
    ('same', '[x]', timestamp '2026-02-01')) as p(party, name, loaded_at);
create or replace table core.era as select timestamp '2026-01-01' as begun_at;
"""
EXPECTED = [
    ("core.party", "come", "added", None, None),
    ("core.party", "gone", "removed", None, None),
    ("core.party", "jd", "changed", "name", "JD"),
]


def published(home: Path, *states: str) -> Path:
    settings = settings_in(home)
    for state in states:
        with open_build(settings) as con:
            con.execute(state)
            assert publish(con, settings, now=NOW).published
    return settings.serving_db


def test_a_snapshot_says_what_it_changed(tmp_path: Path) -> None:
    with open_snapshot(published(tmp_path, BEFORE, AFTER)) as con:
        rows = con.execute(
            "select table_name, row_key, change, column_name, if(change = 'changed', after, null) "
            "from meta.change order by row_key"
        ).fetchall()
    assert rows == EXPECTED


def test_the_first_snapshot_has_no_changes(tmp_path: Path) -> None:
    with open_snapshot(published(tmp_path, BEFORE)) as con:
        assert con.execute("select count(*) from meta.change").fetchall() == [(0,)]


def test_diff_compares_any_two_and_backwards(tmp_path: Path) -> None:
    published(tmp_path, BEFORE, AFTER)
    settings = settings_in(tmp_path)
    assert {row[:4] for row in diff(settings, "1", "2").changes} == {row[:4] for row in EXPECTED}
    back = {(row[1], row[2]) for row in diff(settings, "2", "1").changes}
    assert back == {("come", "removed"), ("gone", "added"), ("jd", "changed")}
    assert diff(settings, "2", "2").changes == []


def test_a_change_has_the_reason_that_the_later_snapshot_was_published_with(tmp_path: Path) -> None:
    rename = "update core.party set name = '{}' where party = 'jd'"
    published(tmp_path, BEFORE, rename.format("Jingdong"), rename.format("JD"))
    settings = settings_in(tmp_path)
    newest, over_two, back = (diff(settings, *pair) for pair in (("2", "3"), ("1", "3"), ("3", "2")))
    changes = [("core.party", "jd", "changed", "name", *ends) for ends in (("Jingdong", "JD"), ("JD.com", "JD"))]
    assert (newest.changes, over_two.changes) == (changes[:1], changes[1:])
    assert newest.reasons[changes[0]] == "unexplained", "edited by hand"
    assert changes[1] not in over_two.reasons, "no publication made this change"
    assert back.changes[0] not in back.reasons


def test_the_command_line_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published(tmp_path, BEFORE, "update core.party set name = 'JD' where party = 'jd'")
    monkeypatch.setenv("WAREHOUSE_HOME", str(tmp_path))
    assert "unexplained" in run("diff").stdout
    assert "why" not in run("diff", "2", "1").stdout


def test_a_missing_version_is_refused_with_a_list_of_the_kept_ones(tmp_path: Path) -> None:
    published(tmp_path, BEFORE)
    with pytest.raises(MendError, match="version 7 is not kept; kept are: 1"):
        diff(settings_in(tmp_path), "7", "1")


def test_a_new_table_is_one_change(tmp_path: Path) -> None:
    published(tmp_path, BEFORE, "create table marts.fresh as select 1::bigint as n")
    assert [row[:3] for row in diff(settings_in(tmp_path)).changes] == [("marts.fresh", None, "table added")]


def test_an_added_or_removed_row_is_shown_without_its_key_columns(tmp_path: Path) -> None:
    published(tmp_path, BEFORE, AFTER)
    shown = [row[1:] for row in diff(settings_in(tmp_path)).changes if row[2] != "changed"]
    assert shown == [
        ("come", "added", None, None, "{'name': NULL}"),
        ("gone", "removed", None, "{'name': Gone}", None),
    ]


def test_null_and_text_differ(tmp_path: Path) -> None:
    published(tmp_path, BEFORE, "update core.party set name = null where party = 'jd'")
    assert diff(settings_in(tmp_path)).changes == [("core.party", "jd", "changed", "name", "JD.com", None)]


def test_a_table_without_a_grain_is_compared_by_whole_rows(tmp_path: Path) -> None:
    published(tmp_path, "create table marts.own as select 1 as n", "update marts.own set n = 2")
    assert {row[1:3] for row in diff(settings_in(tmp_path)).changes} == {("1", "removed"), ("2", "added")}


def test_the_command_line_shows_brackets_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published(tmp_path, BEFORE, "update core.party set name = '[y]' where party = 'same'")
    monkeypatch.setenv("WAREHOUSE_HOME", str(tmp_path))
    shown = run("diff").stdout
    assert "from version 1 to version 2" in shown and "[x]" in shown and "[y]" in shown
    assert shown.endswith("1 changes: core.party 1\n")
    unknown = run("diff", "1", "9")
    assert (unknown.exit_code, unknown.stderr) == (1, "version 9 is not kept; kept are: 1, 2\n")


def test_large_tables_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl.publish.diff.LISTED_ROWS", 2)
    published(tmp_path, BEFORE, AFTER)
    assert diff(settings_in(tmp_path)).changes == [("core.party", None, "too large to list", None, "3 rows", "3 rows")]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Snapshots of two homes: JD's expense of 2016 as first printed, and also as restated in April 2018."""
    first = publish_small_warehouse(tmp_path_factory.mktemp("first"), without="obs_restated")
    return str(first.serving_db), str(publish_small_warehouse(tmp_path_factory.mktemp("restated")).serving_db)


def cost_of_2016(tmp_path: Path, files: tuple[str, str], day: str | None) -> list[tuple[float, float]]:
    """What JD's cost of a new buyer in 2016 changed from and to, rounded."""
    found = diff(settings_in(tmp_path), *files, as_of=day)
    row = ("marts.cac_trend", "jd | - | cac_net_12m | 2016-12-31", "changed", "cac")
    return [(round(float(b or 0), 2), round(float(a or 0), 2)) for *at, b, a in found.changes if tuple(at) == row]


def test_files_of_two_homes_are_compared_also_as_of_a_day(tmp_path: Path, files: tuple[str, str]) -> None:
    # 10,573.0 and 10,158.7 million over 226.6 - 155.0 = 71.6 million buyers
    assert cost_of_2016(tmp_path, files, None) == [(147.67, 141.88)]
    assert cost_of_2016(tmp_path, files, "2018-04-27") == [(147.67, 141.88)]
    assert cost_of_2016(tmp_path, files, "2018-04-26") == []
    assert diff(settings_in(tmp_path), *files, as_of="2018-04-26").changes == []


def test_as_of_a_day_each_side_is_asked_by_its_own_twins(tmp_path: Path, files: tuple[str, str]) -> None:
    there, back = (diff(settings_in(tmp_path), *order, as_of="2018-04-27") for order in (files, files[::-1]))
    assert ("core.observation", "obs_restated", "added") in [change[:3] for change in there.changes]
    assert ("core.observation", "obs_restated", "removed") in [change[:3] for change in back.changes]
    assert len(there.changes) == len(back.changes) > 10


def test_tables_without_a_twin_are_named(tmp_path: Path, files: tuple[str, str]) -> None:
    found = diff(settings_in(tmp_path), *files, as_of="2018-04-27")
    assert {"core.document", "marts.restatement"} < set(found.uncompared)
    assert not {"core.observation", "core.observation_latest", "marts.cac_trend"} & set(found.uncompared)
    assert diff(settings_in(tmp_path), *files).uncompared == ()


def test_the_command_line_takes_files_and_a_day(files: tuple[str, str]) -> None:
    shown = run("diff", *files, "--as-of", "2018-04-26").stdout
    title, counts, *uncompared = shown.splitlines()
    version = "(version 1 of 2026-03-01 12:30:00 UTC)"
    assert title == f"from {files[0]} {version} to {files[1]} {version}"
    assert counts == "no change in core, steps and marts"
    assert uncompared[0].startswith("not compared, without a twin: core.")
    assert "marts.cac_trend" in run("diff", *files).stdout


def test_one_file_is_compared_with_the_last_kept_version(tmp_path: Path, files: tuple[str, str]) -> None:
    with pytest.raises(MendError, match="no kept snapshot to compare with"):
        diff(settings_in(tmp_path), files[0])
    published(tmp_path, BEFORE)
    found = diff(settings_in(tmp_path), files[0])
    assert found.after == "version 1"
    assert ("marts.cac_trend", None, "table removed") in [change[:3] for change in found.changes]


def test_what_is_no_snapshot_or_no_day_is_refused(tmp_path: Path, files: tuple[str, str]) -> None:
    settings = settings_in(tmp_path)
    text, other = tmp_path / "notes.txt", tmp_path / "other.duckdb"
    text.write_text("no database")
    with closing(create_database(other)) as con:
        con.execute("create table mine as select 1")
    for words, message in (
        ((files[0], str(tmp_path / "nowhere.duckdb")), "there is no file .*nowhere.duckdb: name a kept version or"),
        ((str(tmp_path), files[1]), "there is no file"),
        ((str(text), files[1]), "notes.txt cannot be opened: .* is not a valid DuckDB database file"),
        ((files[0], str(other)), "other.duckdb is damaged or not a published file"),
        ((*files, "2018-02-30"), "2018-02-30 is not a day, written as 2020-05-27"),
        ((*files, "20180427"), "20180427 is not a day"),
        ((*files, ""), "is not a day"),
    ):
        with pytest.raises(MendError, match=message):
            diff(settings, *words)


def test_a_snapshot_without_twins_is_compared_whole_only(tmp_path: Path, files: tuple[str, str]) -> None:
    published(tmp_path, BEFORE)
    with pytest.raises(MendError, match="version 1 has no as-of twins: compare it without a day"):
        diff(settings_in(tmp_path), files[0], "1", "2018-04-27")
