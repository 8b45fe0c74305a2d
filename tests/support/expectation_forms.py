"""The expectation types that suites may use, on one table, each with what plain SQL says about it.

Read by tests/checks/test_run.py. The table has NULLs, ties, duplicates, quotes, other scripts, a list, a map and
a column whose name must be quoted.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

TABLE, HOSTILE = "core.sample", "core.hostile"
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
        {"column_A": "part", "column_B": "group", "or_equal": True, "ignore_row_if": "either_value_is_missing"},
        'part < "group"',
    ),
    (
        PAIR + "a_to_be_greater_than_b",
        {"column_A": "part", "column_B": "group", "ignore_row_if": "either_value_is_missing"},
        'part <= "group"',
    ),
    (
        PAIR + "a_to_be_greater_than_b",
        {"column_A": "at", "column_B": "day", "or_equal": True, "ignore_row_if": "either_value_is_missing"},
        "s.at < day",
    ),
    (PAIR + "to_be_equal", {"column_A": "part", "column_B": "group"}, 'part is distinct from "group"'),
    (
        PAIR + "to_be_equal",
        {"column_A": "part", "column_B": "group", "ignore_row_if": "either_value_is_missing"},
        'part <> "group"',
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


# Keys with the same NULL, integers that a double cannot hold, DECIMALs that differ in the 29th digit, NaN, infinity,
# a line end behind a word, NULL on one side of a pair.
HOSTILE_ROWS = r"""
create table core.hostile as select * from (values
    (1, null::varchar, null::varchar, 9007199254740993::decimal(38, 0), 0.1::decimal(38, 9), 'nan'::double, 'CNY',
        date '2020-01-01', date '2020-01-02', 1),
    (2, null, null, 9007199254740992, 12345678901234567890.123456789, 'inf', 'CNY' || chr(10), date '2020-01-03',
        date '2020-01-02', null),
    (3, 'a', null, 9007199254740994, 12345678901234567890.123456788, '-inf', 'cny', null, date '2020-01-02', 3),
    (4, 'a', null, null, null, null, null, date '2020-01-03', null, null),
    (5, 'a', 'b', -9007199254740993, -0.000000001, 0, '', null, null, 5),
    (6, 'A', 'b', 0, 0, '-0', 'CNYX', date 'infinity', date '2020-01-01', 5)
) as t(id, k1, k2, big, d, f, w, day_a, day_b, n)
"""


def doubled(*columns: str) -> str:
    return duplicated(*columns).replace(TABLE, HOSTILE)


# A form that a suite uses, its arguments, and the rows of HOSTILE_ROWS that break its words, in SQL.
HOSTILE_FORMS: list[tuple[str, dict[str, Any], str]] = [
    ("expect_compound_columns_to_be_unique", {"column_list": ["k1", "k2"]}, "id in (1, 2, 3, 4)"),
    ("expect_compound_columns_to_be_unique", {"column_list": ["k1", "k2", "n"]}, "false"),
    (VALUES + "be_unique", {"column": "n"}, doubled("n") + " and n is not null"),
    (VALUES + "be_unique", {"column": "f"}, doubled("f")),
    (VALUES + "be_unique", {"column": "big"}, "false"),
    (VALUES + "be_unique", {"column": "d"}, "false"),
    (
        BETWEEN,
        {"column": "big", "min_value": 0, "max_value": 9007199254740992},
        "big not between 0 and 9007199254740992",
    ),
    (BETWEEN, {"column": "d", "min_value": 0, "strict_min": True}, "d <= 0"),
    (BETWEEN, {"column": "d", "max_value": 0.1}, "d > 0.1"),
    (BETWEEN, {"column": "f", "min_value": 0}, "not isfinite(f) or f < 0"),
    (BETWEEN, {"column": "f", "max_value": 0}, "not isfinite(f) or f > 0"),
    (BETWEEN, {"column": "f", "min_value": 0, "strict_min": True}, "not isfinite(f) or f <= 0"),
    (VALUES + "be_in_set", {"column": "w", "value_set": ["CNY"]}, "w <> 'CNY'"),
    (VALUES + "be_in_set", {"column": "big", "value_set": [9007199254740992]}, "big <> 9007199254740992"),
    (VALUES + "be_in_set", {"column": "f", "value_set": [0]}, "f <> 0"),
    (VALUES + "match_regex", {"column": "w", "regex": "^[A-Z]{3}$"}, "not regexp_full_match(w, '[A-Z]{3}')"),
    (VALUES + "not_be_null", {"column": "w"}, "w is null"),
    (VALUES + "not_be_null", {"column": "f"}, "f is null"),
    (
        PAIR + "a_to_be_greater_than_b",
        {"column_A": "day_a", "column_B": "day_b", "or_equal": True, "ignore_row_if": "either_value_is_missing"},
        "day_a < day_b",
    ),
    ("expect_column_value_lengths_to_be_between", {"column": "w", "min_value": 3, "max_value": 3}, "length(w) <> 3"),
    (
        "unexpected_rows_expectation",
        {"unexpected_rows_query": "select * from {batch} where d > 12345678901234567890.123456788 -- digits"},
        "id = 2",
    ),
]
HOSTILE_TABLE_FORMS: list[tuple[str, dict[str, Any], bool]] = [
    ("expect_column_distinct_values_to_contain_set", {"column": "big", "value_set": [9007199254740993]}, True),
    ("expect_column_distinct_values_to_contain_set", {"column": "big", "value_set": [9007199254740991]}, False),
    ("expect_column_distinct_values_to_contain_set", {"column": "w", "value_set": ["CNY", "Cny"]}, False),
    ("expect_table_row_count_to_be_between", {"min_value": 6}, True),
    ("expect_table_row_count_to_be_between", {"min_value": 7}, False),
    ("expect_table_row_count_to_equal", {"value": 6}, True),
    ("expect_table_row_count_to_equal", {"value": 5}, False),
]
HOLD_FOR_NO_ROWS = {
    "expect_column_distinct_values_to_contain_set": False,
    "expect_table_row_count_to_be_between": False,
    "expect_table_row_count_to_equal": False,
}


def observed_between(name: str, sql: str, **kwargs: Any) -> list[tuple[str, dict[str, Any], str, bool]]:
    """A form that compares one number, with bounds that hold and bounds that do not."""
    form = f"expect_{name}_to_be_between"
    return [
        (form, {**kwargs, "min_value": 0, "max_value": 1_000_000}, sql, True),
        (form, {**kwargs, "min_value": 1_000_000}, sql, False),
    ]


# A form, its arguments, what is observed, in SQL, and whether it holds.
TABLE_FORMS: list[tuple[str, dict[str, Any], str | None, bool]] = [
    *observed_between("table_row_count", "select count(*) from core.sample"),
    *observed_between("table_column_count", f"select {len(NAMES)}"),
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
