"""Two snapshots attached in one session: a table macro reads the tables of its own, or raises; never the other's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from etl.config import Settings
from etl.errors import MendError
from etl.publish import publication as publish_module
from etl.publish.files import Snapshot, inspect, read_contents
from etl.publish.publication import publish
from etl.warehouse import Connection, DatabaseError, attached, memory, open_build, open_snapshot
from tests.support.publishing import NOW, fill, refresh, served, settings_in
from tests.support.small_warehouse import publish_small_warehouse

pytestmark = pytest.mark.slow

MACROS = """
    select schema_name || '.' || function_name from duckdb_functions()
    where database_name = ? and function_type = 'table_macro' and not internal order by 1
"""
DAYS = "(values (date '2017-10-17'), (date '2018-05-01'), (date '2020-06-01')) as d(day)"
# What a reader asks, also where no row comes of it, of a macro; one of a single platform takes that `more`.
QUESTIONS = (
    "from {macro}(date '2018-05-01'{more})",
    "from {macro}(date '1900-01-01'{more})",
    "select count(*) from {macro}(date '1900-01-01'{more})",
    "from {macro}(date '2018-05-01'{more}) where false",
    "from {macro}(date '2018-05-01'{more}) limit 0",
    "select 1 where exists (from {macro}(date '2018-05-01'{more}))",
    f"select t.* from {DAYS}, {{macro}}(d.day{{more}}) as t",
    f"select d.day, (select count(*) from {{macro}}(d.day{{more}})) from {DAYS}",
    "with asked as (from {macro}(date '2018-05-01'{more})) select count(*) from asked",
    "describe from {macro}(date '2018-05-01'{more})",
    "explain from {macro}(date '2018-05-01'{more})",
    "prepare q as from {macro}($1::date{more})",
)
ROWS = (QUESTIONS[0], QUESTIONS[6])


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return publish_small_warehouse(tmp_path_factory.mktemp("one"))


@pytest.fixture(scope="module")
def homes(first: Settings, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Served files of two homes that differ in one figure; number and time of their publication are the same."""
    second = publish_small_warehouse(tmp_path_factory.mktemp("other"), without="obs_restated")
    return first.serving_db, second.serving_db


@contextmanager
def both(paths: tuple[Path, Path]) -> Iterator[Connection]:
    with closing(memory()) as con, attached(con, paths[0], "one"), attached(con, paths[1], "other"):
        try:
            yield con
        finally:
            con.execute("use memory")


def macros_of(con: Connection, catalog: str = "warehouse") -> list[str]:
    return [name for (name,) in con.execute(MACROS, [catalog]).fetchall()]


def asked_of(macro: str, question: str) -> str:
    """The question about a macro."""
    return question.format(macro=macro, more=", 'jd'" if macro.endswith("_for_platform") else "")


def rows_of(con: Connection, query: str) -> list[str]:
    return sorted(map(repr, con.execute(query).fetchall()))


def origin_of(path: Path) -> str:
    with closing(memory()) as con:
        return inspect(con, path).origin


def test_no_macro_gives_rows_of_another_snapshot(homes: tuple[Path, Path]) -> None:
    origins = [origin_of(path) for path in homes]
    assert origins[0].partition(" (")[0] == origins[1].partition(" (")[0]
    assert origins[0] != origins[1]
    with both(homes) as con:
        macros = macros_of(con, "one")
        assert {"core.observation_as_of", "core.observation_known", "marts.cac_trend_as_of"} < set(macros)
        assert "marts.cac_trend_as_of_for_platform" in macros
        for in_use, asked, origin, other in (("one", "other", *origins), ("other", "one", *reversed(origins))):
            con.execute(f"use {in_use}")
            refusal = f"this macro is of {other}, and the snapshot in use, whose tables it would read, is {origin}: run"
            for macro in macros:
                for question in QUESTIONS:
                    with pytest.raises(DatabaseError, match=re.escape(refusal)):
                        con.execute(asked_of(f"{asked}.{macro}", question)).fetchall()


def test_every_macro_gives_the_rows_of_its_own_snapshot_when_that_is_in_use(homes: tuple[Path, Path]) -> None:
    alone = {}
    for name, path in zip(("one", "other"), homes, strict=True):
        with open_snapshot(path) as con:
            alone[name] = {(m, query): rows_of(con, asked_of(m, query)) for m in macros_of(con) for query in ROWS}
    assert alone["one"] != alone["other"]
    with both(homes) as con:
        for name, expected in alone.items():
            con.execute(f"use {name}")
            for (macro, query), rows in expected.items():
                assert rows_of(con, asked_of(f"{name}.{macro}", query)) == rows, (name, macro)


def test_published_macros_give_the_rows_that_they_gave_where_they_were_built(first: Settings) -> None:
    with open_build(first) as build, open_snapshot(first.serving_db) as reader:
        for macro in macros_of(reader):
            for query in ROWS:
                assert rows_of(build, asked_of(macro, query)) == rows_of(reader, asked_of(macro, query)), macro


def test_a_prepared_question_never_moves_to_another_snapshot(homes: tuple[Path, Path]) -> None:
    with both(homes) as con:
        con.execute("use other")
        con.execute("prepare q as select count(*) from other.marts.cac_trend_as_of($1::date)")
        own = con.execute("execute q(date '2018-05-01')").fetchall()
        con.execute("use one")
        with pytest.raises(DatabaseError, match="run USE on the attached snapshot"):
            con.execute("execute q(date '2018-05-01')")
        con.execute("use other")
        assert con.execute("execute q(date '2018-05-01')").fetchall() == own


def test_own_macros_around_a_twin_do_not_hide_it(homes: tuple[Path, Path]) -> None:
    with both(homes) as con:
        con.execute("use other")
        con.execute("create macro memory.main.mine(d) as table select * from other.marts.cac_trend_as_of(d::date)")
        assert con.execute("select count(*) > 0 from memory.main.mine(date '2018-05-01')").fetchall() == [(True,)]
        con.execute("use one")
        with pytest.raises(DatabaseError, match="run USE"):
            con.execute("from memory.main.mine(date '2018-05-01')")


def test_where_no_snapshot_is_in_use_the_catalogue_says_what_is_missing(homes: tuple[Path, Path]) -> None:
    with both(homes) as con, pytest.raises(DatabaseError, match="does not exist"):
        con.execute("from one.marts.cac_trend_as_of(date '2018-05-01')")


def test_scalar_macros_read_no_table_and_call_no_other(homes: tuple[Path, Path]) -> None:
    with open_snapshot(homes[0]) as con:
        found = con.execute(
            "select function_name, macro_definition from duckdb_functions() "
            "where database_name = current_database() and function_type = 'macro' and not internal"
        ).fetchall()
    names = {name for name, _ in found}
    assert {"known_on", "snapshot_in_use"} < names
    for name, text in found:
        assert not re.search(r"\bselect\b", text, re.IGNORECASE), name
        assert not names & set(re.findall(r"(\w+)\"?\(", text)), name


def test_the_recorded_fingerprint_is_that_of_the_file_and_another_refresh_publishes_nothing(first: Settings) -> None:
    with open_snapshot(first.serving_db) as con:
        contents = read_contents(con)
        assert con.execute("select fingerprint from meta.publication").fetchall() == [(contents.fingerprint,)]
        origin = origin_of(first.serving_db)
        assert {macro.origin for macro in contents.macros if macro.kind == "table_macro"} == {origin}
        assert con.execute("select meta.snapshot_in_use()").fetchall() == [(origin,)]
    with open_build(first) as con:
        assert not publish(con, first, now=NOW).published


def test_parentheses_in_a_macro_are_part_of_the_fingerprint(tmp_path: Path) -> None:
    found = set()
    with closing(memory()) as con:
        for body in ("(a + 1) * 2", "a + 1 * 2", "((a + 1) * 2)"):
            con.execute(f"create or replace macro marts.twice(a) as {body}")
            found.add(read_contents(con).fingerprint)
    assert len(found) == 2


@pytest.mark.parametrize(
    "expression",
    ["x is not false", "x is true", "coalesce(x, true)", "x is distinct from true", "x in (true, false)", "not x"],
)
def test_a_macro_made_again_from_its_print_is_the_same(tmp_path: Path, expression: str) -> None:
    with open_build(settings_in(tmp_path)) as con:
        con.execute(f"create macro marts.told_as_of(x) as table select {expression} as told")
        built = {macro.name: macro.built for macro in read_contents(con).macros}["marts.told_as_of"]
        (text,) = con.execute(
            "select macro_definition from duckdb_functions() where function_name = 'told_as_of'"
        ).fetchall()[0]
        con.execute(f"create or replace macro marts.told_as_of(x) as table {text}")
        assert {macro.name: macro.built for macro in read_contents(con).macros}["marts.told_as_of"] == built


def test_a_snapshot_of_an_earlier_version_is_published_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_in(tmp_path)
    with monkeypatch.context() as earlier:
        earlier.setattr(publish_module, "_hold_macros_apart", lambda con, made: None)
        earlier.setattr(publish_module, "_loose", lambda contents, snapshot: [])
        assert refresh(settings, 7).published
    second = refresh(settings, 7)
    assert (second.published, second.version) == (True, 2)
    assert second.reason == "2 macros of version 1 may read another snapshot"
    assert served(settings.serving_db) == (2, 7)
    assert not refresh(settings, 7).published


def test_a_file_whose_macros_name_another_snapshot_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_in(tmp_path)
    hold = publish_module._hold_macros_apart

    def of_another(con: Connection, made: Snapshot) -> None:
        hold(con, replace(made, version=99))

    monkeypatch.setattr(publish_module, "_hold_macros_apart", of_another)
    with open_build(settings) as con:
        fill(con, 7)
        with pytest.raises(MendError, match=r"the copy differs in \['core.observation_as_of', 'marts.total_as_of'\]"):
            publish(con, settings, now=NOW)
    assert not settings.serving_db.exists()
