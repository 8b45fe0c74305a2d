"""Whether a key is unique is one query on both engines, and NULL is judged by one rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.checks.run import run
from etl.checks.suite import Expectation, Suite
from etl.spark.session import SparkSession
from etl.warehouse import Connection
from tests.support.engines import share

pytestmark = pytest.mark.slow
PAIR = Expectation("pair", "expect_compound_columns_to_be_unique", {"column_list": ["a", "b"]}, "warning", "why")
ONE = Expectation("one", "expect_column_values_to_be_unique", {"column": "a"}, "warning", "why")
CASES = [
    ("('a', 1), ('a', 2), ('b', 1)", True, False),
    ("('a', 1), ('b', null), (null, 1), (null, null)", True, True),  # NULL is no value in a key of one column
    ("('a', 1), ('a', 1)", False, False),
    ("('a', null), ('a', null)", False, False),  # and one in a key of several
    ("(null, null), (null, null)", False, True),
]


@pytest.mark.parametrize(("rows", "is_pair", "is_one"), CASES)
def test_both_engines_judge_a_key_alike(
    duckdb: Connection, spark: SparkSession, tmp_path: Path, rows: str, is_pair: bool, is_one: bool
) -> None:
    duckdb.execute(
        f"create table core.keyed as select a::varchar as a, b::bigint as b from (values {rows}) as v (a, b)"
    )
    try:
        share(duckdb, spark, ["core.keyed"], tmp_path)
        answered: list[str] = []

        def asked(_: Connection, __: str, sql: str) -> list[int]:
            answered.append(sql)
            return list(spark.run(sql).to_pylist()[0].values())

        suite = Suite("core.keyed", (PAIR, ONE))
        for found in (run(duckdb, suite), run(duckdb, suite, (), asked)):
            assert [result.success for result in found] == [is_pair, is_one]
        assert len(answered) == len(suite.expectations)
    finally:
        duckdb.execute("drop table core.keyed")
