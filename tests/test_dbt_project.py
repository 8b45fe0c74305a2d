"""The project of `make bench-dbt` has the same models and checks as a refresh, each after what it reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.dbt_project import broken_rows, refreshed, write_project
from etl.checks.suite import Expectation, load_suite
from etl.config import load_settings
from etl.warehouse import Connection

SETTINGS = load_settings({})


def test_the_project_has_a_model_for_each_table_and_a_test_for_each_expectation(tmp_path: Path) -> None:
    counted = write_project(SETTINGS, tmp_path, tmp_path / "x.duckdb", ["raw.reference_row"])
    models = refreshed(SETTINGS)
    suites = [load_suite(SETTINGS.suites_dir, one.name, one.question) for one in models if not one.is_macro]
    assert counted == (len(models), sum(len(suite.expectations) for suite in suites))
    assert counted == (len(list(tmp_path.glob("models/*/*.sql"))), len(list(tmp_path.glob("tests/*/*.sql"))))
    trend = next(one for one in models if one.name == "marts.cac_trend")
    text = (tmp_path / "models" / "marts" / "marts__cac_trend.sql").read_text(encoding="utf-8")
    assert trend.sql in text
    assert f"create or replace macro {trend.name}_as_of(" in text
    after = {name.replace("__", ".") for name in re.findall(r"ref\('(\w+)'\)", text)}
    assert after == {read.removesuffix("()") for read in trend.reads} & {one.name for one in models}


@pytest.mark.parametrize(
    ("form", "said", "broken"),
    [
        ("expect_column_values_to_be_unique", {"column": "word"}, 1),
        ("expect_compound_columns_to_be_unique", {"column_list": ["word", "number"]}, 0),
        ("expect_column_values_to_not_be_null", {"column": "number"}, 1),
        ("expect_column_values_to_be_in_set", {"column": "word", "value_set": ["a", "it's"]}, 1),
        ("expect_column_values_to_match_regex", {"column": "word", "regex": "^[a-z]$"}, 1),
        ("expect_column_values_to_be_between", {"column": "number", "min_value": 2, "max_value": 3}, 1),
        ("expect_column_value_lengths_to_be_between", {"column": "word", "max_value": 3}, 1),
        ("expect_column_distinct_values_to_contain_set", {"column": "word", "value_set": ["a", "x"]}, 1),
        ("expect_table_row_count_to_equal", {"value": 4}, 0),
        ("expect_table_row_count_to_be_between", {"min_value": 5}, 1),
    ],
)
def test_a_form_finds_the_rows_that_break_it(con: Connection, form: str, said: dict[str, object], broken: int) -> None:
    con.execute("create temp table listed (word text, number integer)")
    con.execute("insert into listed values ('a', 1), ('a', 2), ('long', 3), ('b', null)")
    if form == "expect_column_values_to_be_in_set":
        con.execute("delete from listed where word = 'b'")
    query = broken_rows("listed", Expectation("one", form, said, "critical", "why"))
    assert len(con.execute(query).fetchall()) == broken


def test_a_form_without_a_query_is_told() -> None:
    with pytest.raises(ValueError, match="expect_column_mean_to_be_between has no query"):
        broken_rows("core.term", Expectation("mean", "expect_column_mean_to_be_between", {}, "warning", "why"))
