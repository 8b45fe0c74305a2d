"""Every published table with one row: a value of each type, with all its digits."""

from __future__ import annotations

from etl.publish.files import PERSONAL
from etl.warehouse import Connection
from tests.support.models import project_models

# A value of each type of a published column; a type that is not here has none, and the test says so.
VALUES = {
    "VARCHAR": "'é \"x\"'",
    "BIGINT": "9007199254740993",
    "INTEGER": "-7",
    "DOUBLE": "0.1e0",
    "BOOLEAN": "true",
    "DATE": "date '2020-05-27'",
    "TIMESTAMP": "timestamp '2020-05-27 23:59:59.123456'",
    "VARCHAR[]": "['x', null]",
    "MAP(VARCHAR, VARCHAR)": "map {'k': 'v'}",
    "STRUCT(platform VARCHAR, place VARCHAR, missing BIGINT, weight DOUBLE)[]": (
        "[{'platform': 'p', 'place': 'q', 'missing': 1, 'weight': 0.5e0}]"
    ),
    "STRUCT(number BIGINT, expected DOUBLE)[]": "[{'number': 1, 'expected': 0.5e0}]",
}


def value(kind: str) -> str:
    """A value of a type, in SQL: of a decimal one with all its digits."""
    if kind.startswith("DECIMAL("):
        width, places = map(int, kind[8:-1].split(","))
        digits = ("1234567890" * 4)[:width]
        return f"'{digits[: width - places]}.{digits[width - places :]}'::{kind}"
    return VALUES[kind]


def fill(con: Connection) -> set[str]:
    """Make every table that is published and write a row of values into each; their names."""
    for model in project_models():
        if not model.is_macro:
            columns = ", ".join(f'"{column.name}" {column.type}' for column in model.columns)
            con.execute(f"create or replace table {model.name} ({columns})")
    published = set()
    tables = con.execute(
        "select schema_name || '.' || table_name, list(data_type order by column_index) from duckdb_columns() "
        "where database_name = current_database() and schema_name in ('core', 'steps', 'marts', 'audit') "
        "group by all having not list_has_any(list(column_name), ?) order by 1",
        [PERSONAL],
    ).fetchall()
    for table, kinds in tables:
        con.execute(f"insert into {table} values ({', '.join(map(value, kinds))})")
        published.add(table)
    return published
