"""meta.change and `make diff`: just the rows that changed, from what to what."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.errors import MendError
from etl.publish.diff import diff
from etl.publish.publication import publish
from etl.warehouse import open_build, open_snapshot
from tests.support.command import run
from tests.support.publishing import NOW, settings_in

pytestmark = pytest.mark.slow

BEFORE = """
create or replace table core.party as select * from (values
    ('jd', 'JD.com', timestamptz '2026-01-01'), ('gone', 'Gone', timestamptz '2026-01-01'),
    ('same', '[x]', timestamptz '2026-01-01')) as p(party, name, loaded_at)
"""
AFTER = """
create or replace table core.party as select * from (values
    ('jd', 'JD', timestamptz '2026-02-01'), ('come', null, timestamptz '2026-02-01'),
    ('same', '[x]', timestamptz '2026-02-01')) as p(party, name, loaded_at)
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
    assert {row[:4] for row in diff(settings, 1, 2)} == {row[:4] for row in EXPECTED}
    back = {(row[1], row[2]) for row in diff(settings, 2, 1)}
    assert back == {("come", "removed"), ("gone", "added"), ("jd", "changed")}
    assert diff(settings, 2, 2) == []


def test_a_missing_version_is_refused_with_a_list_of_the_kept_ones(tmp_path: Path) -> None:
    published(tmp_path, BEFORE)
    with pytest.raises(MendError, match="version 7 is not kept; kept are: 1"):
        diff(settings_in(tmp_path), 7, 1)


def test_a_new_table_is_one_change(tmp_path: Path) -> None:
    published(tmp_path, BEFORE, "create table marts.fresh as select 1::bigint as n")
    assert [row[:3] for row in diff(settings_in(tmp_path), 1, 2)] == [("marts.fresh", None, "table added")]


def test_an_added_or_removed_row_is_shown_without_its_key_columns(tmp_path: Path) -> None:
    published(tmp_path, BEFORE, AFTER)
    shown = [row[1:] for row in diff(settings_in(tmp_path), 1, 2) if row[2] != "changed"]
    assert shown == [
        ("come", "added", None, None, "{'name': NULL}"),
        ("gone", "removed", None, "{'name': Gone}", None),
    ]


def test_null_and_text_differ(tmp_path: Path) -> None:
    published(tmp_path, BEFORE, "update core.party set name = null where party = 'jd'")
    assert diff(settings_in(tmp_path), 1, 2) == [("core.party", "jd", "changed", "name", "JD.com", None)]


def test_a_table_without_a_grain_is_compared_by_whole_rows(tmp_path: Path) -> None:
    published(tmp_path, "create table marts.own as select 1 as n", "update marts.own set n = 2")
    assert {row[1:3] for row in diff(settings_in(tmp_path), 1, 2)} == {("1", "removed"), ("2", "added")}


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
    assert diff(settings_in(tmp_path), 1, 2) == [("core.party", None, "too large to list", None, "3 rows", "3 rows")]
