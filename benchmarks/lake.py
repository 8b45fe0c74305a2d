"""A lake as DuckDB, DuckLake's extension, Polars, PyArrow and Spark read it: every value of every table and version.

`make check-lake TO=folder` makes the environments of the engines; the lake is one that `warehouse export lake` wrote.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from etl.config import ROOT
from etl.lake.columns import quoted
from etl.warehouse import attached, empty

ENGINES = {"duckdb": "lake", "ducklake": "lake", "polars": "lake", "pyarrow": "lake", "pyspark": "cluster"}
DECIMAL = re.compile(r"decimal(?:128)?\((?:precision=)?(\d+), ?(?:scale=)?(\d+)\)", re.IGNORECASE)


def read(engine: str, folder: Path, beginning: str) -> dict[str, Any]:
    """What an engine found. Raises CalledProcessError where it fails."""
    python = ROOT / f".venv-{ENGINES[engine]}" / "bin" / "python"
    program = Path(__file__).with_name("lake_readers.py")
    done = subprocess.run(
        [str(python), str(program), engine, str(folder), beginning], check=True, stdout=subprocess.PIPE, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def declared(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """Precision and scale of the decimals of each table, by the columns of the catalogue."""
    with empty() as con, attached(con, folder / "lake.ducklake", "lake"):
        rows = con.execute(
            f"select v.snapshot_id || ' ' || s.schema_name || '.' || t.table_name, "
            f"list(c.column_type order by c.column_order) filter (c.column_type like 'decimal%') "
            f"from {quoted('lake')}.ducklake_table as t join lake.ducklake_schema as s using (schema_id) "
            "join lake.ducklake_snapshot as v on v.snapshot_id >= t.begin_snapshot "
            "and coalesce(v.snapshot_id < t.end_snapshot, true) "
            "join lake.ducklake_column as c on c.table_id = t.table_id and c.parent_column is null group by all"
        ).fetchall()
    return {name: DECIMAL.findall(" ".join(kinds or ())) for name, kinds in rows}


def main() -> None:
    """Print a line for each engine; exit with 1 where two differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--tables", default="", help="only those whose names begin so: Spark takes seconds for each")
    chosen = parser.parse_args()
    folder, wanted, differing = chosen.folder.absolute(), None, 0
    scales = declared(folder)
    for engine in chosen.engines.split(","):
        found = read(engine, folder, chosen.tables)
        tables = found["tables"]
        wanted = wanted or tables
        rows = [name for name, (_, *content) in tables.items() if content != wanted[name][1:]]
        types = [name for name, (kinds, *_) in tables.items() if DECIMAL.findall(" ".join(kinds)) != scales[name]]
        missing = wanted.keys() ^ tables.keys()
        differing += len(rows) + len(types) + len(missing)
        values = sum(values for _, values, _ in tables.values())
        print(
            f"{engine} {found['version']}: {len(tables)} tables, {values:,} values, "
            f"{len(rows) + len(missing)} tables differ {rows[:3]}, {len(types)} have other decimals {types[:3]}"
        )
    sys.exit(int(bool(differing)))


if __name__ == "__main__":
    main()
