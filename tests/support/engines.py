"""The same query on DuckDB and on Spark, over the same rows, compared value by value and type by type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow

from etl.spark.session import SparkSession
from etl.warehouse import Connection


def share(con: Connection, spark: SparkSession, tables: Sequence[str], folder: Path) -> None:
    """Let Spark read the rows that these tables have on DuckDB."""
    for table in tables:
        path = folder / f"{table}.parquet"
        con.execute(f"copy (select t.* from {table} as t) to '{path}' (format parquet)")
        spark.read(table, [path])


def compared(
    con: Connection, spark: SparkSession, sql: str, *, types: bool = True, folder: Path | None = None
) -> list[str]:
    """Rows that only one engine gives, at most three of each, and columns whose types differ.

    With a `folder` Spark writes files, as a refresh lets it, and DuckDB reads them.
    """
    wanted = con.execute(sql).to_arrow_table()
    found = _written(con, spark, sql, folder, wanted) if folder else spark.run(sql)
    columns = zip(wanted.schema, found.schema, strict=True)
    lines = [f"{a.name} is {b.type} on Spark, not {a.type}" for a, b in columns if types and a.type != b.type]
    here, there = (Counter(map(plain, table.to_pylist())) for table in (wanted, found))
    lines += [f"only DuckDB: {row}" for row in sorted((here - there).elements(), key=repr)[:3]]
    return lines + [f"only Spark:  {row}" for row in sorted((there - here).elements(), key=repr)[:3]]


def _written(con: Connection, spark: SparkSession, sql: str, folder: Path, wanted: pyarrow.Table) -> pyarrow.Table:
    spark.write(sql, folder / "out", "'all'")
    if not list(folder.rglob("out/*/*.parquet")):  # without rows there is no file
        return wanted.slice(0, 0)
    return con.execute(f"from read_parquet('{folder}/out/*/*.parquet', hive_partitioning = false)").to_arrow_table()


def plain(value: Any) -> Any:
    """The value so that it can be counted; two that are equal, such as 1 and 1.0, are one."""
    if isinstance(value, dict):
        return tuple((name, plain(part)) for name, part in value.items())
    return tuple(map(plain, value)) if isinstance(value, list) else value
