"""A session like that of Spark, answered by DuckDB: what the engine does around it is the same, without a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow
import sqlglot

from etl.spark.text import PART, spark_sql, stages, view_of


class StandIn:
    """Reads and writes files as etl.spark.session does. `written` has the name of each folder that was."""

    def __init__(self) -> None:
        self.con = duckdb.connect()
        self.read_files: list[Path] = []
        self.written: list[str] = []

    def read(self, table: str, files: Sequence[Path]) -> None:
        self.read_files += files
        listed = [str(file) if file.is_file() else f"{file}/*.parquet" for file in files]
        self.con.execute(f"create or replace view {view_of(table)} as from read_parquet({listed})")

    def run(self, sql: str) -> pyarrow.Table:
        return self.con.execute(sqlglot.transpile(spark_sql(sql), "spark", "duckdb")[0]).to_arrow_table()

    def write(self, sql: str, folder: Path, part: str, where: str = "") -> None:
        for table, text in stages(sql):
            back = sqlglot.transpile(text, "spark", "duckdb")[0]
            if table:
                folder.with_name(table).mkdir()
                self.con.execute(f"copy ({back}) to '{folder.with_name(table)}/part.parquet'")
                self.read(table, [folder.with_name(table)])
            else:
                key = sqlglot.transpile(spark_sql(part), "spark", "duckdb")[0]
                rows = f"select t.*, {key} as {PART} from ({back}) as t where {where or 'true'}"
                self.con.execute(f"copy ({rows}) to '{folder}' (format parquet, partition_by ({PART}))")
                self.written += sorted(place.name for place in folder.glob("*"))


@contextmanager
def stand_in(session: StandIn) -> Iterator[StandIn]:
    yield session
