"""Read a lake with one engine and print a hash of every value of each table of each version, as JSON.

Run in an environment of its own, which has the engine and not the project:
python lake_readers.py ENGINE FOLDER [BEGINNING of the names of tables].
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

Read = Callable[[Path, int, str, str], tuple[list[str], Iterator[tuple[Any, ...]]]]


def plain(value: Any) -> Any:
    """A value as text or list that is the same for every engine, and for no two values."""
    if isinstance(value, float):
        return "nan" if math.isnan(value) else value.hex()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if hasattr(value, "asDict"):
        return plain(value.asDict())
    return [plain(one) for one in value] if isinstance(value, list) else value


def duckdb() -> Read:
    """DuckDB, from the Parquet files."""
    con = import_module("duckdb").connect()

    def read(folder: Path, _: int, __: str, path: str) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
        found = con.sql(f"from read_parquet('{folder / path}')")
        return [str(one) for one in found.types], iter(found.fetchall())

    return read


def ducklake() -> Read:
    """DuckDB with DuckLake's extension, from the catalogue, each version by its number."""
    module, package = import_module("duckdb"), Path(str(import_module("duckdb_extension_ducklake").__file__)).parent
    con = module.connect()
    con.execute(f"load '{next(package.rglob('ducklake.duckdb_extension'))}'")
    con.execute(f"attach 'ducklake:{sys.argv[2]}/lake.ducklake' as lake (read_only)")

    def read(_: Path, number: int, table: str, __: str) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
        found = con.sql(f"from lake.{table} at (version => {number})")
        return [str(one) for one in found.types], iter(found.fetchall())

    return read


def polars() -> Read:
    """Polars."""
    module = import_module("polars")

    def read(folder: Path, _: int, __: str, path: str) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
        found = module.read_parquet(folder / path)
        return [str(one) for one in found.dtypes], found.iter_rows()

    return read


def pyarrow() -> Read:
    """PyArrow."""
    module = import_module("pyarrow.parquet")

    def read(folder: Path, _: int, __: str, path: str) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
        found = module.read_table(folder / path)
        rows = found.to_pylist(maps_as_pydicts="strict")
        return [str(one) for one in found.schema.types], (tuple(row.values()) for row in rows)

    return read


def pyspark() -> Read:
    """Spark, in this process."""
    builder = import_module("pyspark.sql").SparkSession.builder.master("local[1]")
    settings = {
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")

    def read(folder: Path, _: int, __: str, path: str) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
        found = spark.read.parquet(str(folder / path))
        return [field.dataType.simpleString() for field in found.schema], (tuple(row) for row in found.collect())

    return read


def main() -> None:
    """Print the version of the engine, and types and hash of each table."""
    engine, folder, beginning = sys.argv[1], Path(sys.argv[2]), (*sys.argv[3:], "")[0]
    reader: Read = globals()[engine]()
    found: dict[str, Any] = {"version": version("duckdb" if engine == "ducklake" else engine), "tables": {}}
    for one in json.loads((folder / "versions.json").read_text())["versions"]:
        for table, file in one["tables"].items():
            if not table.startswith(beginning):
                continue
            types, rows = reader(folder, one["version"], table, file["path"])
            lines = sorted(json.dumps([plain(value) for value in row]) for row in rows)
            values = len(lines) * len(types)
            digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
            found["tables"][f"{one['version']} {table}"] = [types, values, digest]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
