"""What a person's own program gets of a snapshot: every published table, with nothing but duckdb installed."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

from etl.publish.files import PERSONAL
from etl.publish.publication import publish
from etl.warehouse import Connection, kept_tables, open_build, open_snapshot, tables_of
from tests.support.models import project_models
from tests.support.publishing import NOW, settings_in

pytestmark = pytest.mark.slow

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
# A program that reads every table and prints its rows; it sees the standard library and duckdb alone.
CLIENT = """
import json, sys
from importlib.util import find_spec
sys.path.append(sys.argv[1])
import duckdb
present = [name for name in ("pytz", "pandas", "numpy", "pyarrow", "polars") if find_spec(name)]
con = duckdb.connect(sys.argv[2], read_only=True)
con.execute("set timezone = 'Asia/Shanghai'")
tables = con.execute(
    "select schema_name || '.' || table_name from duckdb_tables() where database_name = current_database()"
).fetchall()
rows = {table: [[str(cell) for cell in row] for row in con.execute(f"from {table}").fetchall()] for (table,) in tables}
print(json.dumps({"present": present, "rows": rows}))
"""


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


def with_duckdb_alone(database: Path, folder: Path) -> dict[str, list[list[str]]]:
    """The rows that a client finds in a process with nothing but duckdb, as text by table."""
    installed = distribution("duckdb")
    for name in {file.parts[0] for file in installed.files or () if ".." not in file.parts}:
        (folder / name).symlink_to(str(installed.locate_file(name)))
    client = [sys.executable, "-I", "-S", "-c", CLIENT, str(folder), str(database)]
    found = subprocess.run(client, check=False, capture_output=True, text=True, timeout=120)
    assert found.returncode == 0, found.stderr
    answer = json.loads(found.stdout)
    assert answer["present"] == [], "the client must have nothing but duckdb"
    return answer["rows"]


def test_a_row_of_every_published_table_is_fetched_by_a_client_with_duckdb_alone(tmp_path: Path) -> None:
    settings = settings_in(tmp_path / "home")
    with open_build(settings) as con:
        wanted = fill(con)
        assert publish(con, settings, now=NOW).published
        con.execute("update audit.load set superseded_at = null; update core.platform set name = 'changed'")
        assert publish(con, settings, now=NOW).published
    (tmp_path / "packages").mkdir()
    rows = with_duckdb_alone(settings.serving_db, tmp_path / "packages")
    assert rows.keys() == wanted | tables_of("meta").keys()
    assert kept_tables().keys() & rows.keys() >= {"audit.load", "core.fx_rate"}
    assert [table for table, found in rows.items() if not found] == []
    with open_snapshot(settings.serving_db) as con:
        for table, found in rows.items():
            shown = con.execute(f"from {table}").fetchall()
            assert found == [[str(cell) for cell in row] for row in shown], table
    assert rows["meta.publication"][0][1] == "2026-03-01 12:30:00"


def test_no_published_column_has_a_time_with_a_zone(tmp_path: Path) -> None:
    """The client above would raise for one: a row of it is tried, so that the test is known to fail."""
    settings = settings_in(tmp_path / "home")
    with open_build(settings) as con:
        con.execute("create table marts.zoned as select timestamptz '2020-05-27 00:00:00+00' as at")
        assert publish(con, settings, now=NOW).published
    (tmp_path / "packages").mkdir()
    with pytest.raises(AssertionError, match="pytz"):
        with_duckdb_alone(settings.serving_db, tmp_path / "packages")
