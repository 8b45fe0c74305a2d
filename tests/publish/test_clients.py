"""What programs of people get of a snapshot: every published table, by duckdb alone, Arrow, Polars and pandas."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import etl
from etl.publish.publication import publish
from etl.warehouse import Connection, kept_tables, open_build, open_snapshot, tables_of
from tests.support.publishing import NOW, publish_reference, settings_in
from tests.support.sample_rows import fill

pytestmark = pytest.mark.slow

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


@pytest.fixture(scope="module")
def one_of_each(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[str]]:
    """A snapshot with a row in every published table, and the names of those that are not in meta."""
    settings = settings_in(tmp_path_factory.mktemp("home"))
    with open_build(settings) as con:
        names = fill(con)
        assert publish(con, settings, now=NOW).published
        con.execute("update audit.load set superseded_at = null; update core.platform set name = 'changed'")
        assert publish(con, settings, now=NOW).published
    return settings.serving_db, names


@pytest.fixture(scope="module")
def reference(warehouse: Connection, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The snapshot of the reference data."""
    return publish_reference(warehouse, tmp_path_factory.mktemp("reference")).serving_db


def rows_of(con: Connection) -> dict[str, list[tuple[Any, ...]]]:
    names = con.execute(
        "select schema_name || '.' || table_name from duckdb_tables() where database_name = current_database()"
    ).fetchall()
    return {name: con.execute(f"from {name}").fetchall() for (name,) in names}


def plain(value: Any) -> Any:
    """A value as DuckDB's own client gives it: other clients have NULL, maps and times in forms of their own."""
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)) or value is pd.NA:
        return None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray | pl.Series):
        return [plain(item) for item in value]
    if isinstance(value, list):  # Arrow has a map as pairs, and Polars as structs of key and value
        items = [plain(item) for item in value]
        if items and all(isinstance(item, tuple) and len(item) == 2 for item in items):
            return dict(items)
        if items and all(isinstance(item, dict) and item.keys() == {"key", "value"} for item in items):
            return {item["key"]: item["value"] for item in items}
        return items
    return value


def by_arrow(con: Connection, name: str) -> list[tuple[Any, ...]]:
    table = con.execute(f"from {name}").to_arrow_table()
    return [tuple(map(plain, row.values())) for row in table.to_pylist()]


def by_polars(con: Connection, name: str) -> list[tuple[Any, ...]]:
    return [tuple(map(plain, row)) for row in con.execute(f"from {name}").pl().rows()]


def by_pandas(con: Connection, name: str) -> list[tuple[Any, ...]]:
    return [tuple(map(plain, row)) for row in con.execute(f"from {name}").df().itertuples(index=False, name=None)]


def same(wanted: Any, found: Any) -> bool:
    """Whether a client has the value. A frame of DuckDB has a DECIMAL as a float; etl.read does not."""
    if isinstance(wanted, Decimal) and isinstance(found, float):
        return math.isclose(float(wanted), found, rel_tol=1e-15)
    if isinstance(wanted, datetime) or not isinstance(wanted, date):
        return bool(wanted == found) or (wanted == [] and found is None) or (wanted == {} and found == [])
    return found in (wanted, datetime(wanted.year, wanted.month, wanted.day))


@pytest.mark.parametrize("client", [by_arrow, by_polars, by_pandas])
@pytest.mark.parametrize("snapshot", ["one_of_each", "reference"])
def test_every_published_table_has_the_same_values_in_each_client(
    request: pytest.FixtureRequest, snapshot: str, client: Callable[[Connection, str], list[tuple[Any, ...]]]
) -> None:
    found = request.getfixturevalue(snapshot)
    with open_snapshot(found[0] if isinstance(found, tuple) else found) as con:
        for name, wanted in rows_of(con).items():
            read = client(con, name)
            assert len(read) == len(wanted), name
            differ = [
                (one, other)
                for row, its in zip(wanted, read, strict=True)
                for one, other in zip(row, its, strict=True)
                if not same(one, other)
            ]
            assert differ == [], name


def test_every_published_table_is_read_into_an_exact_frame(one_of_each: tuple[Path, set[str]], reference: Path) -> None:
    for snapshot in (one_of_each[0], reference):
        with open_snapshot(snapshot) as con:
            wanted = rows_of(con)
        for name, rows in wanted.items():
            frame = etl.read(name, snapshot=snapshot)
            read = [tuple(map(plain, row)) for row in frame.itertuples(index=False, name=None)]
            assert [[str(cell) for cell in row] for row in read] == [
                [str(datetime(c.year, c.month, c.day) if type(c) is date else c) for c in row] for row in rows
            ], name


def test_a_row_of_every_published_table_is_fetched_by_a_client_with_duckdb_alone(
    one_of_each: tuple[Path, set[str]], tmp_path: Path
) -> None:
    snapshot, names = one_of_each
    rows = with_duckdb_alone(snapshot, tmp_path)
    assert rows.keys() == names | tables_of("meta").keys()
    assert kept_tables().keys() & rows.keys() >= {"audit.load", "core.fx_rate"}
    assert [table for table, found in rows.items() if not found] == []
    with open_snapshot(snapshot) as con:
        assert rows == {name: [list(map(str, row)) for row in found] for name, found in rows_of(con).items()}
    assert rows["meta.publication"][0][1] == "2026-03-01 12:30:00"


def test_every_row_of_the_reference_data_is_fetched_by_a_client_with_duckdb_alone(
    reference: Path, tmp_path: Path
) -> None:
    rows = with_duckdb_alone(reference, tmp_path)
    with open_snapshot(reference) as con:
        assert rows == {name: [list(map(str, row)) for row in found] for name, found in rows_of(con).items()}
    assert len(rows["marts.cac_trend"]) > 500


def test_a_time_with_a_zone_would_be_seen(tmp_path: Path) -> None:
    """The client raises for one, so the tests above can fail."""
    settings = settings_in(tmp_path / "home")
    with open_build(settings) as con:
        con.execute("create table marts.zoned as select timestamptz '2020-05-27 00:00:00+00' as at")
        assert publish(con, settings, now=NOW).published
    (tmp_path / "packages").mkdir()
    with pytest.raises(AssertionError, match="pytz"):
        with_duckdb_alone(settings.serving_db, tmp_path / "packages")
