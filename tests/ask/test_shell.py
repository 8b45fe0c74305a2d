"""`make sql` as a user meets it: DuckDB's own shell in a process of its own, on a published snapshot."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from etl.ask import shell
from etl.config import ROOT, Settings
from etl.errors import MendError
from etl.warehouse import DatabaseError, memory, open_build, open_snapshot
from tests.support.small_warehouse import publish_small_warehouse

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return publish_small_warehouse(tmp_path_factory.mktemp("ho'me \"$x; é 数据"))


def ask(home: Path, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "assets.cli", "sql", *arguments],
        cwd=ROOT,
        env={**os.environ, "WAREHOUSE_HOME": str(home)},
        input=typed,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_query_answers_and_the_shell_ends(settings: Settings) -> None:
    answer = ask(settings.home, "select round(cac, 2) from marts.cac_trend where row_id like 'jd/%net_12m/2016-12-31'")
    assert answer.returncode == 0, answer.stderr
    assert "141.88" in answer.stdout


KNOWN = "select round(cac, 2) from marts.cac_trend_as_of({}) where row_id like 'jd/%net_12m/2016%'"
DAYS = ("date '2018-04-26'", "'2018-04-26'", "timestamp '2018-04-26 23:59:59'")


def test_as_of_macros_resolve(settings: Settings) -> None:
    assert "147.67" in ask(settings.home, KNOWN.format(DAYS[1])).stdout


@pytest.mark.parametrize("day", DAYS)
def test_an_as_of_macro_takes_a_day_as_text_and_a_time_as_its_day(settings: Settings, day: str) -> None:
    """JD restated its expense of 2016 on 2018-04-27."""
    with open_snapshot(settings.serving_db) as con:
        assert con.execute(KNOWN.format(day)).fetchall() == [(147.67,)]
        assert con.execute(KNOWN.format(day.replace("-26", "-27"))).fetchall() == [(141.88,)]


@pytest.mark.parametrize("day", ["2018-04-26", date(2018, 4, 26), datetime(2018, 4, 26, 23)])
def test_an_as_of_macro_takes_a_bound_day(settings: Settings, day: object) -> None:
    with open_snapshot(settings.serving_db) as con:
        assert con.execute(KNOWN.format("?"), [day]).fetchall() == [(147.67,)]
        assert con.execute(KNOWN.format("$day"), {"day": day}).fetchall() == [(147.67,)]


def test_of_no_day_an_as_of_macro_knows_no_row(settings: Settings) -> None:
    with open_snapshot(settings.serving_db) as con:
        assert con.execute("select count(*) from marts.coverage_as_of(null)").fetchall() == [(0,)]
        assert con.execute("select count(*) from marts.coverage_as_of(?)", [None]).fetchall() == [(0,)]
        assert con.execute("select count(*) > 0 from marts.coverage_as_of('infinity')").fetchall() == [(True,)]


@pytest.mark.parametrize(
    ("day", "reason"),
    [("'soon'", 'invalid date field format: "soon"'), ("'2018-02-30'", "out of range"), ("17", "INTEGER -> DATE")],
)
def test_what_is_no_day_is_an_error(settings: Settings, day: str, reason: str) -> None:
    answer = ask(settings.home, KNOWN.format(day))
    assert answer.returncode == 1
    assert reason in answer.stderr
    with open_snapshot(settings.serving_db) as con, pytest.raises(DatabaseError, match=re.escape(reason)):
        con.execute(KNOWN.format("?"), [17 if day == "17" else day.strip("'")]).fetchall()


@pytest.mark.parametrize("query", shell.QUERIES_TO_TRY)
def test_every_query_of_the_banner_runs(settings: Settings, query: str) -> None:
    answer = ask(settings.home, query)
    assert answer.returncode == 0, answer.stderr


def test_the_banner_says_which_snapshot_it_is(settings: Settings) -> None:
    with open_snapshot(settings.serving_db) as con:
        assert shell.banner(con).startswith("Snapshot 1, refreshed at 2026-03-01 12:30 UTC, read-only.")


def test_odd_characters_reach_the_database_as_typed(settings: Settings) -> None:
    text = """it''s "$HOME" `id` $(id) \\ 数据 é;"""
    answer = ask(settings.home, f"-- a remark first\nselect '{text}' as x")
    assert text.replace("''", "'") in answer.stdout


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("create table marts.mine as select 1", "read-only mode"),
        ("update marts.cac_trend set cac = 1", "read-only mode"),
        ("from read_csv('/etc/passwd')", "disabled by configuration"),
        ("copy marts.cac_trend to 'out.csv'", "disabled by configuration"),
        ("attach 'other.duckdb'", "disabled by configuration"),
        ("set enable_external_access = true", "locked"),
        ("set memory_limit = '200GB'", "locked"),
    ],
)
def test_the_shell_reads_this_snapshot_only(settings: Settings, query: str, reason: str) -> None:
    answer = ask(settings.home, query)
    assert answer.returncode != 0
    assert reason in answer.stderr


FORBIDDEN = (".shell", ".system", ".sh", ".output", ".once", ".excel", ".read", ".open", ".cd", ".import", ".log")


@pytest.mark.parametrize("word", FORBIDDEN)
def test_a_command_with_a_dot_reaches_no_file_and_no_program(settings: Settings, tmp_path: Path, word: str) -> None:
    made, given = tmp_path / "made", tmp_path / "given.sql"
    given.write_text("select 'read' as x;\n", encoding="utf-8")
    operand = f"touch {made}" if word in (".shell", ".system", ".sh") else given if word == ".read" else made
    answer = ask(settings.home, typed=f"{word} {operand}\nselect 40 + 2 as x;\n")
    assert "cannot be used in -safe mode" in answer.stderr
    assert not made.exists()
    assert answer.returncode != 0
    assert "read" not in answer.stdout


def test_the_shell_is_bounded(settings: Settings) -> None:
    query = (
        "select current_setting('threads') || ' ' || current_setting('memory_limit') || ' ' "
        "|| current_setting('timezone') as x"
    )
    assert "2 1.8 GiB UTC" in ask(settings.home, query).stdout


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet", "o'd\"d $x é.CSV"])
def test_the_rows_of_a_query_are_written_to_a_file(settings: Settings, tmp_path: Path, name: str) -> None:
    query = "select 1.25::decimal(9, 2) as a, null as b, 'x\"y' as c from range(3); -- three of them"
    out = tmp_path / name
    answer = ask(settings.home, "--out", str(out), "--", query)
    assert (answer.returncode, answer.stdout) == (0, f"3 rows in {out}\n"), answer.stderr
    with closing(memory()) as con:
        source = "read_parquet" if name.endswith("parquet") else "read_csv"
        rows = con.execute(f"select * from {source}(?)", [str(out)]).fetchall()
    assert [[str(value) for value in row] for row in rows] == [["1.25", "None", 'x"y']] * 3
    assert list(tmp_path.iterdir()) == [out]


EXACT = """select 12345678901234567890.123456::decimal(28, 6) as wide, 0.1::double as x, 9007199254740993 as whole,
    date '2020-05-27' as day, timestamp '2020-05-27 23:59:59' as at, ['a', null] as list, null as nothing, '' as text"""


def test_rows_are_printed_as_csv_with_all_digits(settings: Settings) -> None:
    answer = ask(settings.home, "--csv", EXACT)
    assert answer.stdout == (
        "wide,x,whole,day,at,list,nothing,text\n"
        '12345678901234567890.123456,0.1,9007199254740993,2020-05-27,2020-05-27 23:59:59,"[a, NULL]",,""\n'
    ), answer.stderr


def test_rows_are_printed_as_json_with_all_digits(settings: Settings) -> None:
    answer = ask(settings.home, "--json", EXACT)
    (row,) = json.loads(answer.stdout, parse_float=Decimal)
    assert row == {
        "wide": Decimal("12345678901234567890.123456"),
        "x": Decimal("0.1"),
        "whole": 9007199254740993,
        "day": "2020-05-27",
        "at": "2020-05-27 23:59:59",
        "list": ["a", None],
        "nothing": None,
        "text": "",
    }
    assert json.loads(ask(settings.home, "--json", "select 1 as x where false").stdout) == []


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_a_number_that_json_cannot_hold_is_an_error(settings: Settings, number: str) -> None:
    answer = ask(settings.home, "--json", f"select '{number}'::double as x from range(9)")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert f"JSON cannot hold {number}" in answer.stderr


def test_parquet_keeps_types_whatever_the_name_of_the_file(settings: Settings, tmp_path: Path) -> None:
    out = tmp_path / "rows.data"
    answer = ask(settings.home, "--parquet", str(out), EXACT)
    assert (answer.returncode, answer.stdout) == (0, f"1 rows in {out}\n"), answer.stderr
    with closing(memory()) as con:
        (row,) = con.execute('select wide, day, "at" from read_parquet(?)', [str(out)]).fetchall()
    assert row == (Decimal("12345678901234567890.123456"), date(2020, 5, 27), datetime(2020, 5, 27, 23, 59, 59))


def test_show_tables_lists_the_published_tables(settings: Settings) -> None:
    with open_snapshot(settings.serving_db) as con:
        found = con.execute("select schema_name || '.' || table_name from duckdb_tables() order by 1").fetchall()
    listed = ask(settings.home, "--csv", "show tables;").stdout.splitlines()
    assert listed == ["name", *(name for (name,) in found)]
    assert "marts.cac_trend" in listed
    typed = ask(settings.home, typed="show tables;").stdout
    assert all(f" {name} " in typed for (name,) in found)
    assert "cac_low" in ask(settings.home, "--csv", "describe marts.cac_trend").stdout


def test_no_row_of_an_answer_is_left_out(settings: Settings) -> None:
    shown = ask(settings.home, "select i from range(500) as r(i)").stdout
    assert [f"│ {i:>5} │" in shown for i in range(500)] == [True] * 500


def test_an_answer_has_one_form(settings: Settings, tmp_path: Path) -> None:
    both = ask(settings.home, "--csv", "--out", str(tmp_path / "rows.csv"), "select 1")
    assert (both.returncode, both.stdout, list(tmp_path.iterdir())) == (1, "", [])
    assert "name one of" in both.stderr
    without = ask(settings.home, "--csv")
    assert (without.returncode, without.stdout) == (1, "")
    assert "one query" in without.stderr


def test_a_file_that_exists_is_replaced_only_when_asked(settings: Settings, tmp_path: Path) -> None:
    out = tmp_path / "rows.csv"
    out.write_text("mine", encoding="utf-8")
    refused = ask(settings.home, "--out", str(out), "select 1 as x")
    assert (refused.returncode, out.read_text(encoding="utf-8")) == (1, "mine")
    assert "exists: name another file" in refused.stderr and "Traceback" not in refused.stderr
    assert ask(settings.home, "--out", str(out), "--replace", "select 1 as x").returncode == 0
    assert out.read_text(encoding="utf-8") == "x\n1\n"


def test_a_file_of_another_kind_is_never_replaced(settings: Settings, tmp_path: Path) -> None:
    place = tmp_path / "lake.ducklake"
    place.write_bytes(b"DUCK\0 is no answer")
    (tmp_path / "rows.csv").write_bytes(place.read_bytes())
    (tmp_path / "rows.json").write_bytes(place.read_bytes())
    for name, form in [("lake.ducklake", ".parquet"), ("rows.csv", ".csv"), ("rows.json", ".json")]:
        with pytest.raises(MendError, match=f"{name} exists and is no {form[1:]} file: name another file"):
            shell.write_answer(settings.serving_db, "select 1 as x", tmp_path / name, form=form, replace=True)
        assert (tmp_path / name).read_bytes() == place.read_bytes()
    for form in (".parquet", ".csv", ".json"):
        for _ in range(2):
            assert shell.write_answer(settings.serving_db, "select 1 as x", tmp_path / f"own{form}", replace=True) == 1
    with pytest.raises(MendError, match=r"^/sys/x\.csv cannot be written \("):
        shell.write_answer(settings.serving_db, "select 1 as x", Path("/sys/x.csv"))


@pytest.mark.parametrize(
    ("name", "query", "reason"),
    [
        ("rows.txt", "select 1", "one of the endings .csv, .json, .parquet"),
        ("gone/rows.csv", "select 1", "is no folder"),
        ("rows.csv", "", "one query"),
        ("rows.csv", "select 1; select 2", "one query"),
        ("rows.csv", "set threads = 1", "one query"),
        ("rows.csv", "from read_csv('/etc/passwd')", "disabled by configuration"),
        ("rows.csv", "select error('half way') from range(9)", "half way"),
    ],
)
def test_a_file_takes_the_rows_of_one_query_on_the_snapshot(
    settings: Settings, tmp_path: Path, name: str, query: str, reason: str
) -> None:
    answer = ask(settings.home, "--out", str(tmp_path / name), "--", query)
    assert answer.returncode == 1
    assert reason in answer.stderr and "Traceback" not in answer.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_piped_script_ends_at_its_first_error(settings: Settings) -> None:
    answer = ask(settings.home, typed="select 'before';\nselect nonsense;\nselect 'after';\n")
    assert answer.returncode != 0
    assert "before" in answer.stdout
    assert "after" not in answer.stdout


def test_the_shell_answers_while_a_refresh_holds_the_build_database(settings: Settings) -> None:
    with open_build(settings):
        assert ask(settings.home, "select 40 + 2 as x").stdout.count("42") == 1


def test_without_a_snapshot_it_says_what_to_do(tmp_path: Path) -> None:
    answer = ask(tmp_path, "select 1")
    assert answer.returncode == 1
    assert "make refresh" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not list(tmp_path.iterdir())
