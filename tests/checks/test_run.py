"""What Great Expectations counts on DuckDB is what plain SQL counts; every form that a suite may use."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from etl.checks.run import CheckResult, run
from etl.checks.suite import FORMS, Expectation, Suite
from etl.warehouse import Connection, memory
from tests.support.expectation_forms import (
    BETWEEN,
    HOLD_FOR_NO_ROWS,
    HOSTILE,
    HOSTILE_FORMS,
    HOSTILE_ROWS,
    HOSTILE_TABLE_FORMS,
    ROW_FORMS,
    SAMPLE,
    TABLE,
    TABLE_FORMS,
    VALUES,
)

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def con() -> Iterator[Connection]:
    """A connection with the sample in a transaction that is not committed."""
    with memory() as connection:
        connection.execute("begin")
        connection.execute(SAMPLE)
        yield connection
        connection.execute("rollback")


def expectation(form: str, name: str = "it", severity: Any = "critical", **kwargs: Any) -> Expectation:
    return Expectation(name, form, kwargs, severity, "someone acts on it")


def check(con: Connection, form: str, grain: tuple[str, ...] = ("id",), **kwargs: Any) -> CheckResult:
    (result,) = run(con, Suite(TABLE, (expectation(form, **kwargs),)), grain)
    json.dumps([result.observed, result.rows, result.kwargs], allow_nan=False)
    return result


def value(con: Connection, sql: str) -> Any:
    (found,) = con.execute(sql).fetchall()[0]
    return found


@pytest.mark.parametrize(("form", "kwargs", "wrong"), ROW_FORMS)
def test_counts_and_rows_are_those_of_plain_sql(con: Connection, form: str, kwargs: dict[str, Any], wrong: str) -> None:
    result = check(con, form, **kwargs)
    ids = {row for (row,) in con.execute(f"select id from core.sample as s where {wrong}").fetchall()}

    assert result.exception is None
    assert result.unexpected_count == len(ids)
    assert result.success == (not ids or "mostly" in kwargs)
    if result.success:
        return
    assert len(result.rows) == min(20, len(ids))
    if "unique" not in form or form == VALUES + "be_unique":
        assert {row["id"] for row in result.rows} <= ids
    assert result.query is not None
    assert value(con, f"select count(*) from ({result.query.rstrip('; ')}\n)") == len(ids)


@pytest.mark.parametrize(("form", "kwargs", "sql", "holds"), TABLE_FORMS)
def test_observed_values_are_those_of_plain_sql(
    con: Connection, form: str, kwargs: dict[str, Any], sql: str | None, holds: bool
) -> None:
    result = check(con, form, **kwargs)
    assert (result.exception, result.success) == (None, holds)
    if sql is not None:
        wanted = value(con, sql)
        assert result.observed == (pytest.approx(wanted) if isinstance(wanted, float) else wanted)


def test_every_allowed_expectation_type_is_seen_to_fail(con: Connection) -> None:
    tried = {form for form, *_ in ROW_FORMS} | {form for form, *_ in TABLE_FORMS}
    assert tried == FORMS
    failing = {form for form, _, _, holds in TABLE_FORMS if not holds}
    for form, _, wrong in ROW_FORMS:
        if value(con, f"select count(*) from core.sample as s where {wrong}"):
            failing.add(form)
    assert failing == FORMS


@pytest.fixture(scope="module")
def hostile() -> Iterator[Connection]:
    with memory() as connection:
        connection.execute(HOSTILE_ROWS)
        connection.execute("create table core.no_rows as select * from core.hostile limit 0")
        connection.execute("create table core.no_columns as select 1 as other")
        yield connection


def judged(con: Connection, table: str, form: str, kwargs: dict[str, Any]) -> CheckResult:
    (result,) = run(con, Suite(table, (expectation(form, severity="warning", **kwargs),)), ("id",))
    return result


@pytest.mark.parametrize(("form", "kwargs", "wrong"), HOSTILE_FORMS)
def test_forms_judge_by_their_words_on_data_made_to_break_them(
    hostile: Connection, form: str, kwargs: dict[str, Any], wrong: str
) -> None:
    ids = [row for (row,) in hostile.execute(f"select id from {HOSTILE} where {wrong} order by id").fetchall()]
    result = judged(hostile, HOSTILE, form, kwargs)
    assert (result.exception, result.success, result.unexpected_count) == (None, not ids, len(ids))
    if "compound" not in form:
        assert sorted(row["id"] for row in result.rows) == ids


@pytest.mark.parametrize(("form", "kwargs", "holds"), HOSTILE_TABLE_FORMS)
def test_forms_on_a_table_judge_by_their_words_too(
    hostile: Connection, form: str, kwargs: dict[str, Any], holds: bool
) -> None:
    assert judged(hostile, HOSTILE, form, kwargs).success == holds


def test_every_form_that_a_suite_uses_is_judged_on_that_data() -> None:
    used = {
        one["type"]
        for path in (ROOT / "expectations").rglob("*.yaml")
        for one in yaml.safe_load(path.read_text(encoding="utf-8"))["expectations"]
    }
    assert {form for form, *_ in [*HOSTILE_FORMS, *HOSTILE_TABLE_FORMS]} == used


@pytest.mark.parametrize(
    ("form", "kwargs"), [(form, kwargs) for form, kwargs, _ in [*HOSTILE_FORMS, *HOSTILE_TABLE_FORMS]]
)
def test_no_rows_break_only_what_asks_for_rows(hostile: Connection, form: str, kwargs: dict[str, Any]) -> None:
    assert judged(hostile, "core.no_rows", form, kwargs).success == HOLD_FOR_NO_ROWS.get(form, True)


@pytest.mark.parametrize(("form", "kwargs"), [(form, kwargs) for form, kwargs, *_ in [*ROW_FORMS, *TABLE_FORMS]])
def test_a_check_whose_column_is_gone_closes_the_gate(hostile: Connection, form: str, kwargs: dict[str, Any]) -> None:
    result = judged(hostile, "core.no_columns", form, kwargs)
    names_a_column = "{batch}" in kwargs.get("unexpected_rows_query", "{batch}") and not form.startswith("expect_table")
    assert not names_a_column or not result.success
    assert not names_a_column or form == "expect_column_to_exist" or result.critical_failure


def test_an_empty_table_breaks_nothing_but_its_row_count() -> None:
    with memory() as con:
        con.execute(SAMPLE.replace("range(400)", "range(0)"))
        suite = Suite(
            TABLE,
            (
                expectation(VALUES + "not_be_null", column="name"),
                expectation("expect_compound_columns_to_be_unique", column_list=["id", "name"]),
                expectation(BETWEEN, column="id", min_value=5),
                expectation("expect_table_row_count_to_be_between", min_value=1),
            ),
        )
        assert [result.success for result in run(con, suite)] == [True, True, True, False]


def test_the_transaction_stays_open_and_a_rollback_discards_it() -> None:
    with memory() as con:
        con.execute("create table core.kept as select 1 as id")
        con.execute("begin")
        con.execute(SAMPLE)
        con.execute("insert into core.kept values (2)")
        con.execute("create temp table passing as select 7 as id")
        suites = [
            Suite(TABLE, (expectation(VALUES + "be_unique", column="id"),)),
            Suite("core.kept", (expectation("expect_table_row_count_to_equal", value=2),)),
            Suite("passing", (expectation(VALUES + "be_in_set", column="id", value_set=[7]),)),
            Suite(TABLE, (expectation(VALUES + "not_be_null", column="name"),)),
        ]
        assert [run(con, suite)[0].success for suite in suites] == [True, True, True, False]
        con.execute("rollback")
        assert con.execute("select id from core.kept").fetchall() == [(1,)]
        assert value(con, "select count(*) from duckdb_tables() where table_name = 'sample'") == 0


LATE = "from range(2000000) as r(i), {batch} as t where t.id = 1 and if(i < 1500000, i < 0, error('late'))"


@pytest.mark.parametrize(
    ("form", "kwargs", "said"),
    [
        (
            "unexpected_rows_expectation",
            {"unexpected_rows_query": "select 10 // (cast(name as integer)) from {batch}"},
            "Could not convert string 'n1' to INT32",
        ),
        ("unexpected_rows_expectation", {"unexpected_rows_query": LATE}, "late"),
        ("unexpected_rows_expectation", {"unexpected_rows_query": "select nothing from {batch}"}, "nothing"),
        (BETWEEN, {"column": "name", "min_value": 3}, "VARCHAR"),
        (BETWEEN, {"column": "nobody", "min_value": 3}, 'The column "nobody"'),
        (BETWEEN, {"column": "id", "min_val": 3}, "min_val"),
        (BETWEEN, {"column": "id"}, "cannot both be None"),
    ],
)
def test_an_expectation_that_cannot_run_is_critical_and_ends_the_suite(
    form: str, kwargs: dict[str, Any], said: str
) -> None:
    with memory() as con:
        con.execute("begin")
        con.execute(SAMPLE)
        suite = Suite(
            TABLE,
            (
                expectation(VALUES + "not_be_null", "first", column="id"),
                expectation(form, "broken", "warning", **kwargs),
                expectation(VALUES + "not_be_null", "after", "warning", column="id"),
            ),
        )
        first, broken, after = run(con, suite)
        con.execute("rollback")
    assert first.success
    assert not broken.success
    assert broken.critical_failure
    assert broken.exception is not None
    assert said in broken.exception
    assert "\n" not in broken.exception
    assert "aborted" not in broken.exception
    assert after.critical_failure
    assert after.exception == "not run: broken could not run"


def test_a_table_that_is_not_there_is_critical(con: Connection) -> None:
    (result,) = run(con, Suite("core.nobody", (expectation(VALUES + "not_be_null", column="id"),)))
    assert result.critical_failure
    assert "nobody" in str(result.exception)


def test_a_failed_warning_is_no_critical_failure(con: Connection) -> None:
    results = run(
        con,
        Suite(
            TABLE,
            (
                expectation(VALUES + "not_be_null", "critical", "critical", column="name"),
                expectation(VALUES + "not_be_null", "warning", "warning", column="name"),
                expectation(VALUES + "not_be_null", "holds", "critical", column="id"),
            ),
        ),
    )
    assert [(r.success, r.critical_failure) for r in results] == [
        (False, True),
        (False, False),
        (True, False),
    ]


def test_failing_rows_carry_the_key_that_the_suite_expects_to_be_unique(con: Connection) -> None:
    suite = Suite(
        TABLE,
        (
            expectation(VALUES + "be_in_set", "few", column="part", value_set=[1]),
            expectation("expect_compound_columns_to_be_unique", "key", column_list=["id", "day"]),
        ),
    )
    few, _ = run(con, suite)
    assert few.rows[0] == {"id": 2, "day": "2020-01-02", "part": 2}


def test_decimals_keep_their_digits_and_results_are_valid_json(con: Connection) -> None:
    query = "select 12345678901234567890.123456789::decimal(38, 9) as d, 'nan'::double as f, * from {batch}"
    row = check(con, "unexpected_rows_expectation", unexpected_rows_query=query).rows[1]
    assert row["d"] == "12345678901234567890.123456789"
    assert (row["f"], row["day"], row["at"]) == ("nan", "2020-01-01", "2020-01-01 01:00:00+00:00")
    assert (row["labels"], row["fields"], row["amount"]) == (["a", "b1"], {"k": 1}, "0.1")


GUARDED = """
import sys
seen = []
def watch(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo"):
        seen.append((event, str(args)))
    if event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"):
        seen.append((event, str(args[0])))
sys.addaudithook(watch)
from etl.checks.run import Expectation, Suite, run
assert "great_expectations" not in sys.modules, "imported before a suite runs"
from etl.warehouse import memory
con = memory()
con.execute("create table core.t as select 1 as id union all select null")
kwargs = {"unexpected_rows_query": "select 1"}
results = run(con, Suite("core.t", (
    Expectation("a", "expect_column_values_to_not_be_null", {"column": "id"}, "critical", "why"),
    Expectation("b", "unexpected_rows_expectation", kwargs, "critical", "why"),
    Expectation("c", "expect_column_values_to_be_unique", {"column": "x"}, "critical", "why"),
)))
assert [r.success for r in results] == [False, False, False]
assert not seen, seen
"""


def test_nothing_is_sent_written_or_printed() -> None:
    done = subprocess.run([sys.executable, "-B", "-c", GUARDED], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
