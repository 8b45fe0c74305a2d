"""Parquet files: every column by its place and by the types that the file itself states.

DuckDB's reader changes some values without a word: it drops the last three digits of nanoseconds, reads decimals of
more than 38 digits as floating-point numbers, gives a column that differs from another by case only, or has its name,
another name, and shows bytes as escapes where a writer did not mark them as text. So the columns are taken by place and
named as the file names them, unmarked bytes are decoded, and a column that the reader would change refuses the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from etl.errors import FileError
from etl.warehouse import Connection, DatabaseError, literal

OPTIONS = (
    "hive_partitioning = false, hive_types_autocast = false, union_by_name = false, filename = false, "
    "binary_as_string = false, file_row_number = true"
)
TYPED = re.compile(r"u?(tiny|small|big|huge)?int(eger)?|float|double|boolean|date|timestamp\w*|decimal.*")
_NESTED = ("struct", "map", "list", "union", "variant", "geometry")
_SPARK = b"org.apache.spark.version"


@dataclass(frozen=True)
class Field:
    """A column: its name in the file, the DuckDB type with which its values are checked, and SQL for them from `c`."""

    name: str
    type: str
    value: str


def fields(con: Connection, file: str) -> tuple[list[Field], int]:
    """The columns of a Parquet file, whose path `file` is a literal, in their order, and its number of rows.

    The column at place n is c<n> in their SQL. Raises FileError for a file that is none, and for a column whose values
    the reader would change.
    """
    try:
        ((rows,),) = con.execute(f"select sum(num_rows)::bigint from parquet_file_metadata({file})").fetchall()
        schema = con.execute(
            "select name, type, converted_type, logical_type, precision, coalesce(num_children, 0), duckdb_type "
            f"from parquet_schema({file})"
        ).fetchall()
        shown = con.execute(f"describe from read_parquet({file}, {OPTIONS})").fetchall()
        keys = con.execute(f"select key from parquet_kv_metadata({file})").fetchall()
    except DatabaseError as error:
        first = str(error).splitlines()[0][:200]
        raise FileError(f"is cut short or no Parquet file ({first}); deliver it again, whole") from error
    by_spark = any(key == _SPARK for (key,) in keys)
    found, at = [], 1
    for place, (_, kind, *_) in enumerate(shown[:-1]):  # the last is the number of the row
        name, physical, converted, logical, precision, _, _ = schema[at]
        at = _behind(schema, at)
        written = re.sub(r"\s", "", str(kind).lower()).replace("timestampwithtimezone", "timestamptz")
        if reason := _changed(str(physical), f"{converted} {logical}", precision or 0, written, by_spark):
            raise FileError(f"has the column {name!r}, which {reason}")
        found.append(_field(str(name), written, f"c{place}"))
    if at != len(schema):
        raise FileError("has other columns than its schema says; write it again")
    return found, int(rows or 0)


def _behind(schema: list[tuple[object, ...]], at: int) -> int:
    """The place behind a column of the schema and all that it holds."""
    children, at = schema[at][5], at + 1
    for _ in range(int(str(children))):
        at = _behind(schema, at)
    return at


def _changed(physical: str, logical: str, precision: int, kind: str, by_spark: bool) -> str:
    """Why the reader would change the values of a column, and what to do; empty where it does not."""
    if "DECIMAL" in logical.upper() and not kind.startswith("decimal"):
        return f"is a DECIMAL of {precision} digits, which is read as a floating-point number; write at most 38"
    if "NanoSeconds" in logical and kind != "timestamp_ns":
        return "counts nanoseconds, of which the reader drops three digits; write microseconds"
    # Spark's times have microseconds, and INT96 is how it writes them unless told otherwise.
    if physical == "INT96" and not by_spark:
        return "is of the old type INT96, whose last digits the reader drops; write microseconds (TIMESTAMP_MICROS)"
    return ""


def _field(name: str, kind: str, column: str) -> Field:
    if kind == "blob":  # bytes that a writer did not mark as text; what is none is marked by its beginning
        return Field(name, "varchar", f"nullif(coalesce(try(decode({column})), '\ufffd' || hex({column})), '')")
    if TYPED.fullmatch(kind):
        return Field(name, kind, column)
    is_nested = kind.endswith("]") or kind.startswith(_NESTED)
    return Field(name, "varchar", f"to_json({column})::varchar" if is_nested else f"nullif({column}::varchar, '')")


def scans(file: str, columns: list[Field]) -> tuple[str, str]:
    """SQL for all fields f0, f1, ... of a file: without more, and with the line and the raw text of each row."""
    places = ", ".join(f"c{place}" for place in range(len(columns)))
    rows = f"read_parquet({file}, {OPTIONS}) as row({places}, file_row_number)"
    listed = ", ".join(f"{field.value} as f{place}" for place, field in enumerate(columns))
    raw = ", ".join(f"{literal(field.name)}, c{place}" for place, field in enumerate(columns))
    broken = "null::varchar as broken"
    return (
        f"(select {broken}, {listed} from {rows})",
        f"(select file_row_number + 1 as line, json_object({raw})::varchar as raw, {broken}, {listed} from {rows})",
    )
