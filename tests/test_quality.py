"""What Great Expectations counts on DuckDB is what plain SQL counts; every form that a suite may use."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from etl.quality import CheckResult, Expectation, Suite, run
from etl.suite import FORMS
from etl.warehouse import Connection, memory

TABLE = "core.sample"
# NULLs, ties, duplicates, quotes, other scripts; a column whose name must be quoted; a list and a map.
SAMPLE = r"""
create table core.sample as
select
    i::bigint as id,
    case when i % 7 = 0 then null
        when i % 11 = 0 then 'o''brien "x" 100%'
        when i % 13 = 0 then 'Łódź 中文 🤦'
        when i % 17 = 0 then ''
        when i % 19 = 0 then 'a\b' || chr(10) || 'c_d'
        else 'n' || i end as name,
    case when i % 9 = 0 then null else (i / 10)::decimal(38, 9) end as amount,
    case when i % 50 = 0 then 'nan'::double else i / 3 end as ratio,
    date '2020-01-01' + (i // 2)::integer as day,
    timestamptz '2020-01-01 00:00:00+00' + i * interval 1 hour as "at",
    timestamp '2020-01-01 00:00:00' + i * interval 1 hour as local_at,
    case when i % 4 = 0 then null else ['a', 'b' || i % 3] end as labels,
    map {'k': i} as fields,
    case when i % 5 = 0 then null else i % 2 = 0 end as flag,
    case when i % 3 = 0 then null else i % 40 end as part,
    case when i % 5 = 0 then null else i // 8 end as "group"
from range(400) as r(i)
"""
NAMES = (
    "id",
    "name",
    "amount",
    "ratio",
    "day",
    "at",
    "local_at",
    "labels",
    "fields",
    "flag",
    "part",
    "group",
)


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


def duplicated(*columns: str) -> str:
    keys = ", ".join(f't."{column}"' for column in columns)
    return f"id in (select id from core.sample as t qualify count(*) over (partition by {keys}) > 1)"


VALUES = "expect_column_values_to_"
PAIR = "expect_column_pair_values_"
BETWEEN = VALUES + "be_between"

# A form, its arguments, and the rows that break it, in SQL.
ROW_FORMS: list[tuple[str, dict[str, Any], str]] = [
    (VALUES + "not_be_null", {"column": "name"}, "name is null"),
    (VALUES + "not_be_null", {"column": "labels"}, "labels is null"),
    (VALUES + "not_be_null", {"column": "fields"}, "fields is null"),
    (VALUES + "not_be_null", {"column": "group"}, '"group" is null'),
    (VALUES + "be_null", {"column": "flag"}, "flag is not null"),
    (VALUES + "be_unique", {"column": "id"}, duplicated("id")),
    (VALUES + "be_unique", {"column": "part"}, duplicated("part") + " and part is not null"),
    (VALUES + "be_unique", {"column": "name"}, duplicated("name") + " and name is not null"),
    (VALUES + "be_unique", {"column": "labels"}, duplicated("labels") + " and labels is not null"),
    ("expect_compound_columns_to_be_unique", {"column_list": ["id", "name"]}, duplicated("id", "name")),
    (
        "expect_compound_columns_to_be_unique",  # NULL is a value of a key like any other
        {"column_list": ["part", "group"]},
        duplicated("part", "group"),
    ),
    (
        "expect_compound_columns_to_be_unique",
        {"column_list": ["part", "group"], "ignore_row_if": "all_values_are_missing"},
        duplicated("part", "group") + ' and not (part is null and "group" is null)',
    ),
    ("expect_compound_columns_to_be_unique", {"column_list": ["labels", "day"]}, duplicated("labels", "day")),
    (
        "expect_select_column_values_to_be_unique_within_record",
        {"column_list": ["part", "group"]},
        'part = "group"',
    ),
    (BETWEEN, {"column": "id", "min_value": 10, "max_value": 20}, "not id between 10 and 20"),
    (BETWEEN, {"column": "amount", "min_value": 0.3}, "amount < 0.3"),
    (BETWEEN, {"column": "amount", "min_value": 0.3, "strict_min": True}, "amount <= 0.3"),
    (BETWEEN, {"column": "amount", "max_value": 30, "strict_max": True}, "amount >= 30"),
    (BETWEEN, {"column": "ratio", "min_value": 1, "max_value": 50.5}, "ratio < 1 or ratio > 50.5"),
    (BETWEEN, {"column": "day", "min_value": date(2020, 2, 1)}, "day < '2020-02-01'"),
    (
        BETWEEN,
        {"column": "day", "max_value": date(2020, 2, 1), "strict_max": True},
        "day >= '2020-02-01'",
    ),
    (
        BETWEEN,
        {"column": "at", "max_value": datetime(2020, 1, 2, 3, tzinfo=UTC)},
        "s.at > '2020-01-02 03:00:00+00'",
    ),
    (BETWEEN, {"column": "at", "max_value": "2020-01-02T03:00:00+00:00"}, "s.at > '2020-01-02 03:00:00+00'"),
    (BETWEEN, {"column": "local_at", "min_value": datetime(2020, 1, 2, 3)}, "local_at < '2020-01-02 03:00'"),
    (BETWEEN, {"column": "id", "min_value": 9, "mostly": 0.9}, "id < 9"),
    (VALUES + "be_in_set", {"column": "part", "value_set": [1, 2, 5]}, "part not in (1, 2, 5)"),
    (VALUES + "be_in_set", {"column": "part", "value_set": []}, "part is not null"),
    (VALUES + "be_in_set", {"column": "part", "value_set": [1, None]}, "part <> 1"),
    (
        VALUES + "be_in_set",
        {"column": "name", "value_set": ["n1", 'o\'brien "x" 100%', "Łódź 中文 🤦", ""]},
        "name not in ('n1', 'o''brien \"x\" 100%', 'Łódź 中文 🤦', '')",
    ),
    (VALUES + "be_in_set", {"column": "amount", "value_set": [0.1, 0.2]}, "amount not in (0.1, 0.2)"),
    (VALUES + "be_in_set", {"column": "day", "value_set": [date(2020, 1, 3)]}, "day <> '2020-01-03'"),
    (VALUES + "be_in_set", {"column": "flag", "value_set": [True]}, "not flag"),
    (VALUES + "not_be_in_set", {"column": "part", "value_set": [1, 2]}, "part in (1, 2)"),
    (
        VALUES + "match_regex",
        {"column": "name", "regex": r"^n\d{2}$"},
        r"not regexp_matches(name, '^n\d{2}$')",
    ),
    (VALUES + "match_regex", {"column": "name", "regex": "1"}, "name not like '%1%'"),
    (VALUES + "match_regex", {"column": "name", "regex": "['%]"}, "not regexp_matches(name, '[''%]')"),
    (
        VALUES + "match_regex",
        {"column": "name", "regex": r"^[\x20-\x7e]*$"},
        r"name ~ '(?s).*[^\x20-\x7e].*'",
    ),
    (VALUES + "not_match_regex", {"column": "name", "regex": r"\d"}, r"regexp_matches(name, '\d')"),
    (
        VALUES + "match_regex_list",
        {"column": "name", "regex_list": ["1", "2"], "match_on": "any"},
        "name not like '%1%' and name not like '%2%'",
    ),
    (
        VALUES + "match_regex_list",
        {"column": "name", "regex_list": ["1", "2"], "match_on": "all"},
        "name not like '%1%' or name not like '%2%'",
    ),
    (
        VALUES + "not_match_regex_list",
        {"column": "name", "regex_list": ["1", "2"]},
        "name like '%1%' or name like '%2%'",
    ),
    (VALUES + "match_like_pattern", {"column": "name", "like_pattern": "n1%"}, "name not like 'n1%'"),
    (VALUES + "not_match_like_pattern", {"column": "name", "like_pattern": "a\\_%"}, "name like 'a\\_%'"),
    (VALUES + "not_match_like_pattern", {"column": "name", "like_pattern": "n_1"}, "name like 'n_1'"),
    (
        VALUES + "match_like_pattern_list",
        {"column": "name", "like_pattern_list": ["n1%", "o%"], "match_on": "any"},
        "name not like 'n1%' and name not like 'o%'",
    ),
    (
        VALUES + "not_match_like_pattern_list",
        {"column": "name", "like_pattern_list": ["n1%", "o%"]},
        "name like 'n1%' or name like 'o%'",
    ),
    (
        PAIR + "a_to_be_greater_than_b",
        {"column_A": "part", "column_B": "group", "or_equal": True},
        'part < "group"',
    ),
    (PAIR + "a_to_be_greater_than_b", {"column_A": "part", "column_B": "group"}, 'part <= "group"'),
    (PAIR + "a_to_be_greater_than_b", {"column_A": "at", "column_B": "day", "or_equal": True}, "s.at < day"),
    (PAIR + "to_be_equal", {"column_A": "part", "column_B": "group"}, 'part is distinct from "group"'),
    (
        PAIR + "to_be_equal",
        {"column_A": "part", "column_B": "group", "ignore_row_if": "either_value_is_missing"},
        'part <> "group"',
    ),
    (
        "expect_multicolumn_sum_to_equal",
        {"column_list": ["part", "group"], "sum_total": 9},
        'part + "group" <> 9',
    ),
    (
        "expect_multicolumn_values_to_be_equal",
        {"column_list": ["part", "group"]},
        'part is distinct from "group"',
    ),
    (
        "expect_column_value_lengths_to_be_between",
        {"column": "name", "min_value": 3, "max_value": 6},
        "length(name) not between 3 and 6",
    ),
    ("expect_column_value_lengths_to_equal", {"column": "name", "value": 4}, "length(name) <> 4"),
    ("expect_column_value_lengths_to_equal", {"column": "labels", "value": 2}, "len(labels) <> 2"),
    (
        "unexpected_rows_expectation",
        {"unexpected_rows_query": "select t.* from {batch} as t where name = ':a{{2}}' or id > 370;\n"},
        "id > 370",
    ),
    (
        "unexpected_rows_expectation",
        {"unexpected_rows_query": "from {batch} where labels[:1] = ['a'] and id < 25 -- the first ones"},
        "labels is not null and id < 25",
    ),
    ("unexpected_rows_expectation", {"unexpected_rows_query": "select 1 where 'n:id' = '%:id'"}, "false"),
]


@pytest.mark.parametrize(("form", "kwargs", "wrong"), ROW_FORMS)
def test_counts_and_rows_are_those_of_plain_sql(
    con: Connection, form: str, kwargs: dict[str, Any], wrong: str
) -> None:
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


def observed_between(name: str, sql: str, **kwargs: Any) -> list[tuple[str, dict[str, Any], str, bool]]:
    """A form that compares one number, with bounds that hold and bounds that do not."""
    form = f"expect_{name}_to_be_between"
    return [
        (form, {**kwargs, "min_value": 0, "max_value": 1_000_000}, sql, True),
        (form, {**kwargs, "min_value": 1_000_000}, sql, False),
    ]


# A form, its arguments, what is observed, in SQL, and whether it holds.
TABLE_FORMS: list[tuple[str, dict[str, Any], str | None, bool]] = [
    *observed_between("column_sum", "select sum(amount)::double from core.sample", column="amount"),
    *observed_between("column_mean", "select avg(amount)::double from core.sample", column="amount"),
    *observed_between("column_median", "select median(id) from core.sample", column="id"),
    *observed_between("column_min", "select min(amount)::double from core.sample", column="amount"),
    *observed_between("column_max", "select max(amount)::double from core.sample", column="amount"),
    *observed_between("column_stdev", "select stddev_samp(amount) from core.sample", column="amount"),
    *observed_between(
        "column_unique_value_count", "select count(distinct part) from core.sample", column="part"
    ),
    *observed_between("table_row_count", "select count(*) from core.sample"),
    *observed_between("table_column_count", f"select {len(NAMES)}"),
    (
        "expect_column_max_to_be_between",
        {"column": "day", "max_value": date(2020, 1, 5)},
        "select max(day)::varchar from core.sample",
        False,
    ),
    (
        "expect_column_max_to_be_between",
        {"column": "day", "max_value": date(2030, 1, 5)},
        "select max(day)::varchar from core.sample",
        True,
    ),
    (
        "expect_column_min_to_be_between",
        {"column": "at", "min_value": datetime(2020, 1, 2, tzinfo=UTC)},
        "select min(s.at)::varchar || ':00' from core.sample as s",
        False,
    ),
    (
        "expect_column_proportion_of_unique_values_to_be_between",
        {"column": "part", "min_value": 0.5},
        "select count(distinct part) / count(part) from core.sample",
        False,
    ),
    (
        "expect_column_proportion_of_non_null_values_to_be_between",
        {"column": "part", "min_value": 0.5},
        "select count(part) / count(*) from core.sample",
        True,
    ),
    ("expect_table_row_count_to_equal", {"value": 400}, "select 400", True),
    ("expect_table_row_count_to_equal", {"value": 401}, "select 400", False),
    ("expect_table_column_count_to_equal", {"value": 12}, "select 12", True),
    ("expect_table_column_count_to_equal", {"value": 13}, "select 12", False),
    ("expect_table_columns_to_match_set", {"column_set": list(NAMES)}, None, True),
    ("expect_table_columns_to_match_set", {"column_set": [*NAMES, "more"]}, None, False),
    ("expect_table_columns_to_match_set", {"column_set": ["id", "name"]}, None, False),
    ("expect_table_columns_to_match_set", {"column_set": ["id"], "exact_match": False}, None, True),
    ("expect_table_columns_to_match_ordered_list", {"column_list": list(NAMES)}, None, True),
    ("expect_table_columns_to_match_ordered_list", {"column_list": list(NAMES[::-1])}, None, False),
    ("expect_column_to_exist", {"column": "group"}, None, True),
    ("expect_column_to_exist", {"column": "groups"}, None, False),
    ("expect_column_distinct_values_to_be_in_set", {"column": "part", "value_set": [*range(40)]}, None, True),
    (
        "expect_column_distinct_values_to_be_in_set",
        {"column": "part", "value_set": [*range(39)]},
        None,
        False,
    ),
    ("expect_column_distinct_values_to_contain_set", {"column": "part", "value_set": [1, 2]}, None, True),
    ("expect_column_distinct_values_to_contain_set", {"column": "part", "value_set": [1, 99]}, None, False),
    (
        "expect_column_distinct_values_to_equal_set",
        {"column": "flag", "value_set": [True, False]},
        None,
        True,
    ),
    ("expect_column_distinct_values_to_equal_set", {"column": "flag", "value_set": [True]}, None, False),
    *(
        (form, {"column": column, **types}, f"select '{observed}'", holds)
        for column, observed, wanted, holds in [
            ("amount", "DECIMAL(38,9)", "decimal(38,9)", True),
            ("amount", "DECIMAL(38,9)", "DECIMAL(18,3)", False),
            ("labels", "VARCHAR[]", "VARCHAR[]", True),
            ("labels", "VARCHAR[]", "VARCHAR", False),
            ("at", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP WITH TIME ZONE", True),
            ("local_at", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", False),
            ("id", "BIGINT", "BIGINT", True),
            ("id", "BIGINT", "INTEGER", False),
        ]
        for form, types in [
            (VALUES + "be_of_type", {"type_": wanted}),
            (VALUES + "be_in_type_list", {"type_list": ["DATE", wanted]}),
            ("expect_column_type_to_be", {"type_": wanted}),
        ]
    ),
]


@pytest.mark.parametrize(("form", "kwargs", "sql", "holds"), TABLE_FORMS)
def test_observed_values_are_those_of_plain_sql(
    con: Connection, form: str, kwargs: dict[str, Any], sql: str | None, holds: bool
) -> None:
    result = check(con, form, **kwargs)
    assert (result.exception, result.success) == (None, holds)
    if sql is not None:
        wanted = value(con, sql)
        assert result.observed == (pytest.approx(wanted) if isinstance(wanted, float) else wanted)


def test_every_form_that_a_suite_may_use_is_tried_here_and_seen_to_fail(con: Connection) -> None:
    tried = {form for form, *_ in ROW_FORMS} | {form for form, *_ in TABLE_FORMS}
    assert tried == FORMS
    failing = {form for form, _, _, holds in TABLE_FORMS if not holds}
    for form, _, wrong in ROW_FORMS:
        if value(con, f"select count(*) from core.sample as s where {wrong}"):
            failing.add(form)
    assert failing >= FORMS - {"expect_column_proportion_of_non_null_values_to_be_between"}


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
        ("expect_column_sum_to_be_between", {"column": "day", "min_value": 3}, "sum(DATE)"),
    ],
)
def test_what_cannot_run_is_critical_and_ends_the_suite(form: str, kwargs: dict[str, Any], said: str) -> None:
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


def test_decimals_keep_their_digits_and_nothing_is_left_that_json_cannot_hold(con: Connection) -> None:
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
from etl.quality import Expectation, Suite, run
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
    done = subprocess.run([sys.executable, "-B", "-c", GUARDED], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
