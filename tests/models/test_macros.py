"""The scalar macros of sql/macros/ give what their words say, in every database of the project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from etl.config import ROOT
from etl.models.file import macro_names
from etl.models.portable import unportable
from etl.models.tree import parse
from etl.publish.publication import publish
from etl.warehouse import Connection, memory, open_build, open_snapshot
from tests.support.models import project_models
from tests.support.publishing import NOW, fill, settings_in

EARLY, LATE, UNDATED = "date '2020-01-01'", "date '2021-05-05'", "null::date"
VALUES = {
    f"known_on({EARLY}, {LATE})::varchar": "2021-05-05",
    f"known_on({EARLY}, {UNDATED})": None,
    f"known_on({LATE}, {EARLY}, {UNDATED})": None,
    f"known_on({EARLY}, day_if(false, {UNDATED}))::varchar": "2020-01-01",
    f"known_on({EARLY}, day_if(true, {UNDATED}))": None,
    f"known_on({EARLY}, day_if(true, {LATE}), day_if(false, {UNDATED}))::varchar": "2021-05-05",
    f"known_on(day_if(false, {UNDATED}), day_if(false, {UNDATED}))": None,
    f"known_on(day_if(false, {LATE}))": None,
    "all_flags(['b', 'a', 'b'])": ["a", "b"],
    "all_flags(['b'], null, [case when 1 > 2 then 'no' end, 'a'])": ["a", "b"],
    "all_flags(null::varchar[])": [],
    "all_flags(null::varchar[], null::varchar[])": [],
    "present(['x', null, 'a'])": ["x", "a"],
    "followed_by(['b', 'a'], ['a', 'c'])": ["b", "a", "c"],
    "followed_by(null::varchar[], ['a'])": ["a"],
    "ratio(1::decimal(28, 6), 3)": 1 / 3,
    "at_rank([1.0, 2.0, 4.0], 2)": 2,
    "at_rank([1.0, 2.0, 4.0], 2.5)": 3,
    "at_rank([1.0, 2.0, 4.0], 3)": 4,
    "at_rank([1.0, 2.0, 4.0], 0.95)": None,
    "at_rank([1.0, 2.0, 4.0], 3.2)": None,
    "ratio(1, 0)": None,
    "rounding_grade(5, 100)": "ok",
    "rounding_grade(5.01, 100)": "coarse",
    "rounding_grade(20, 100)": "coarse",
    "rounding_grade(20.01, 100)": "uninformative",
    "rounding_grade(null, 100)": "uninformative",
    "span_kind(91)": "quarter",
    "span_kind(183)": "half",
    "span_kind(273)": "nine_months",
    "span_kind(366)": "year",
    "span_kind(120)": "other",
    "months_before(date '2021-03-31', 3)::varchar": "2020-12-31",
    "months_before(date '2021-02-28', 12)::varchar": "2020-02-29",
    "is_same_end(date '2021-12-31', date '2021-12-25')": True,
    "is_same_end(date '2021-12-31', date '2022-01-08')": False,
    "span_months(date '2021-01-01', date '2021-03-31')": 3,
    "span_months(date '2020-04-01', date '2021-03-31')": 12,
    "fiscal_month('03-31')": 3,
    "buyers_won('net', 0.0, 155, 226.6)::double": 71.6,
    "buyers_won('gross', 0.4, 155, 226.6)::double": 133.6,
    "buyers_won('net', 0.0, null, 226.6)": None,
    "are_apart(1, 2, 2, 3)": False,
    "are_apart(1, 2, 2.1, 3)": True,
    "are_apart(1, null, 2, 3)": None,
    "quantity('p', 'm', '', 'u', null, date '2020-01-01') = quantity('p', 'm', '', 'u', null, date '2020-01-01')": True,
    "row_id('pdd', '', 'cac_net_12m', date '2019-12-31')": "pdd/whole/cac_net_12m/2019-12-31",
    "row_id('jd', 'core', 'x', 1, 2)": "jd/core/x/1/2",
    "one_of('a', 'a')": "a",
    "one_of('a', null)": "mixed",
    "one_of(null::varchar, null::varchar)": None,
    "whole(7, 4, 4)": 7,
    "whole(7, 3, 4)": None,
    "reporting_currency()": "USD",
}


@pytest.fixture(scope="module")
def con() -> Iterator[Connection]:
    """One warehouse for all expressions, which change nothing."""
    con = memory()
    yield con
    con.close()


@pytest.mark.parametrize(("expression", "value"), VALUES.items(), ids=VALUES)
def test_a_macro_gives_what_its_words_say(con: Connection, expression: str, value: Any) -> None:
    assert con.execute(f"select {expression}").fetchall() == [(value,)]


def test_every_macro_is_tried_and_described(con: Connection) -> None:
    names = macro_names(ROOT / "sql")
    assert names
    assert sorted(name for name in names if not any(f"{name}(" in expression for expression in VALUES)) == []
    comments = dict(con.execute("select function_name, comment from duckdb_functions() where not internal").fetchall())
    assert [name for name in names if not comments[name]] == []


def test_no_macro_has_the_name_of_a_function() -> None:
    """SQLGlot would parse it, and the lint of portable models would not know it for a macro."""
    for name in macro_names(ROOT / "sql"):
        assert isinstance(sqlglot.parse_one(f"select {name}(a)", read="duckdb").selects[0], exp.Anonymous), name


def test_every_macro_is_used() -> None:
    text = "\n".join(model.sql for model in project_models())
    assert sorted(name for name in macro_names(ROOT / "sql") if f"{name}(" not in text) == []


def test_a_portable_model_must_write_it_out() -> None:
    tree = parse("select ratio(t.a, t.b) as r from core.t as t")
    assert list(unportable(tree, {"ratio"})) == [
        "is portable, but RATIO(t.a, t.b) is a macro of DuckDB: write out what it says"
    ]
    assert ["is not among" in sentence for sentence in unportable(tree)] == [True]


def test_readers_have_them_and_a_removed_one_is_gone(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with open_build(settings) as con:
        con.execute("create macro of_an_earlier_version(a) as a")
        con.execute("delete from raw.bookkeeping")
    with open_build(settings) as con:
        fill(con, 7, rows=5)
        con.execute("create macro marts.twin_as_of(as_of_date date) as table select known_on(as_of_date) as known_on")
        publish(con, settings, now=NOW)
    with open_snapshot(settings.serving_db) as con:
        assert con.execute("select count(*) from marts.twin_as_of(date '2020-01-01')").fetchall() == [(1,)]
        found = con.execute(
            "select distinct function_name from duckdb_functions() where schema_name = 'main' and not internal"
        ).fetchall()
        assert {name for (name,) in found} == macro_names(ROOT / "sql")
