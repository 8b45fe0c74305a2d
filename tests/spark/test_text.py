"""The text of a model for Spark."""

from __future__ import annotations

import duckdb
import sqlglot

from etl.spark.text import spark_sql

QUALIFY = """
with t as (select * from (values ('a', 2), ('A', 1), ('b', 3)) as v (name, n))
select lower(t.name) as name, t.n from t
qualify row_number() over (partition by t.name order by t.n) = 1 and t.n < 3
"""


def test_qualify_numbers_by_the_column_and_not_by_the_output_of_its_name() -> None:
    """SQLGlot by itself numbers by lower(t.name): 'a' and 'A' are then one, and a row is lost without an error."""
    con = duckdb.connect()
    assert sorted(con.execute(QUALIFY).fetchall()) == [("a", 1), ("a", 2)]
    back = sqlglot.transpile(spark_sql(QUALIFY), "spark", "duckdb")[0]
    assert sorted(con.execute(back).fetchall()) == [("a", 1), ("a", 2)]


def test_a_table_is_the_view_of_the_session() -> None:
    assert spark_sql("select e.a from core.edge as e") == "SELECT e.a FROM core__edge AS e"
