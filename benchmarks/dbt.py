"""A refresh against dbt-duckdb and against bare DuckDB with the same models and as many tests: `make bench-dbt`.

dbt works in an environment of its own, from requirements-dbt.lock, on a project that benchmarks/dbt_project.py makes
from sql/ and expectations/. It starts from a database that already has what a refresh reads from files, and neither
publishes nor makes a page; a refresh does all of that. Bare DuckDB runs the statements of the models and the queries of
the tests in one process of Python that imports nothing else. Before anything is counted, every table of both is held
against that of the refresh, row by row. What counts are the processor's seconds of everything that a command starts.

    python -m benchmarks.dbt ENVIRONMENT [--pairs 5]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import duckdb

from benchmarks.against import change_a_figure
from benchmarks.dbt_project import broken_rows, refreshed, write_project
from benchmarks.embedded import REFRESH, Cost, measure_command
from etl.checks.suite import load_suite
from etl.config import REFERENCE, ROOT, Settings, load_settings
from etl.models.graph import create_statements

FIRST, UNCHANGED, CHANGED = "first", "unchanged", "one changed figure"
# What runs in bare DuckDB: the statements of a file, and of the queries whether one finds rows.
BARE = """
import json, sys, duckdb
con = duckdb.connect(sys.argv[1])
for kind, text in json.load(open(sys.argv[2])):
    found = con.execute(text)
    if kind == "test" and found.fetchone() is not None: print("rows found by", text[:60])
"""


@dataclass(frozen=True)
class Work:
    """The folders of one comparison: what dbt starts from, the project, the environment of dbt."""

    folder: Path
    environment: Path
    seed: Path

    @property
    def project(self) -> Path:
        """The folder of the project of dbt."""
        return self.folder / "project"

    @property
    def database(self) -> Path:
        """The database that dbt and bare DuckDB fill."""
        return self.folder / "dbt.duckdb"

    def renew(self) -> None:
        """Give dbt a database as it is before its first build, and no memory of an earlier one."""
        shutil.copy(self.seed, self.database)
        shutil.rmtree(self.project / "target", ignore_errors=True)

    def build(self) -> Cost:
        """`dbt build` as a user types it. Raises RuntimeError with what it printed where a model or a test fails."""
        dbt = [str(self.environment / "bin" / "dbt"), "build", "--quiet", "--profiles-dir", str(self.project)]
        return measure_command(dbt, self.project, {**os.environ, "DO_NOT_TRACK": "1"})


def refresh(home: Path, figures: Path) -> Cost:
    """A refresh of this commit in a home. Raises RuntimeError with what it printed where it fails."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WAREHOUSE_", "DAGSTER_"))}
    environment = {**kept, "WAREHOUSE_HOME": str(home), "WAREHOUSE_FIGURES": str(figures)}
    return measure_command([sys.executable, *REFRESH], ROOT, environment)


def write_seed(settings: Settings, build: Path, seed: Path) -> list[str]:
    """A database with the tables that no SQL file of a refresh makes; returns them as schema.table."""
    made = {model.name for model in refreshed(settings)}
    seed.unlink(missing_ok=True)
    with duckdb.connect(str(seed)) as con:
        con.execute(f"attach '{build}' as built (read_only)")
        found = con.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'built' and not temporary"
        ).fetchall()
        for schema in sorted({schema for schema, _ in found} | {name.partition(".")[0] for name in made}):
            con.execute(f"create schema if not exists {schema}")
        tables = sorted(f"{schema}.{table}" for schema, table in found if f"{schema}.{table}" not in made)
        for table in tables:
            con.execute(f"create table {table} as from built.{table}")
    return tables


def bare_statements(settings: Settings) -> list[tuple[str, str]]:
    """What bare DuckDB runs: scalar macros, the statements of each model, then the queries of its tests."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((settings.sql_dir / "macros").glob("*.sql"))]
    statements = [("make", text) for text in texts]
    for model in refreshed(settings):
        statements += [("make", text) for text in create_statements(model)]
        if not model.is_macro:
            suite = load_suite(settings.suites_dir, model.name, model.question)
            statements += [("test", broken_rows(model.name, one)) for one in suite.expectations]
    return statements


def different(settings: Settings, build: Path, other: Path) -> list[str]:
    """The tables of a refresh that have other rows in another database."""
    tables = [model.name for model in refreshed(settings) if not model.is_macro]
    with duckdb.connect() as con:
        con.execute(f"attach '{build}' as built (read_only)")
        con.execute(f"attach '{other}' as other (read_only)")
        return [table for table in tables if _differ(con, table)]


def _differ(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    one, two = f"from built.{table}", f"from other.{table}"
    found = con.execute(f"({one} except all {two}) union all ({two} except all {one}) limit 1").fetchone()
    return found is not None


def line(name: str, ours: Sequence[Cost], theirs: Sequence[Cost]) -> str:
    """One work: medians of both, and their ratios."""
    cells = []
    for field in ("cpu", "seconds", "megabytes"):
        one, two = (median(getattr(cost, field) for cost in costs) for costs in (ours, theirs))
        cells.append(f"{one:8.2f}{two:9.2f}{one / two:7.2f}")
    return f"{name:<36}" + "  ".join(cells)


def prepare(environment: Path, folder: Path) -> tuple[Work, list[str], str]:
    """The project, the command of bare DuckDB, and a sentence of what was compared.

    Raises RuntimeError where a command fails, or a table has other rows than that of the refresh.
    """
    settings = load_settings({"WAREHOUSE_HOME": str(folder / "warm")})
    figures = folder / "figures"
    shutil.copytree(ROOT / REFERENCE, figures)
    refresh(settings.home, figures)
    work = Work(folder, environment, folder / "seed.duckdb")
    sources = write_seed(settings, settings.build_db, work.seed)
    models, tests = write_project(settings, work.project, work.database, sources)
    statements = folder / "statements.json"
    statements.write_text(json.dumps(bare_statements(settings)), encoding="utf-8")
    bare = [sys.executable, "-c", BARE, str(work.database), str(statements)]
    for name, run in (("dbt", work.build), ("bare DuckDB", lambda: measure_command(bare, folder, os.environ))):
        work.renew()
        if printed := run().output.strip():
            print(f"{name} says: {printed}")
        if tables := different(settings, settings.build_db, work.database):
            raise RuntimeError(f"{name} made other rows than the refresh in {', '.join(tables)}")
    return work, bare, f"{models} models with {tests} tests, equal rows in all three"


def report(environment: Path, pairs: int, folder: Path) -> None:
    """Print the table, after `pairs` pairs in turn. Raises RuntimeError as `prepare` does."""
    work, bare, compared = prepare(environment, folder)
    ours: dict[str, list[Cost]] = {name: [] for name in (FIRST, UNCHANGED, CHANGED)}
    theirs: dict[str, list[Cost]] = {name: [] for name in (FIRST, UNCHANGED, CHANGED)}
    alone: list[Cost] = []
    for number in range(pairs):
        home, figures = folder / f"home-{number}", folder / f"figures-{number}"
        shutil.copytree(folder / "figures", figures)
        work.renew()
        for name in (FIRST, UNCHANGED, CHANGED):
            if name == CHANGED:
                change_a_figure(figures / "observations.csv")
            ours[name].append(refresh(home, figures))
            theirs[name].append(work.build())
        work.renew()
        alone.append(measure_command(bare, folder, os.environ))
        shutil.rmtree(home)
    print(f"{compared}; {pairs} pairs, medians")
    print(f"{'':<36}" + "  ".join(f"{what:>24}" for what in ("CPU s", "wall s", "peak MB")))
    print(f"{'':<36}" + "  ".join(f"{'refresh':>8}{'other':>9}{'ratio':>7}" for _ in range(3)))
    for name in (FIRST, UNCHANGED, CHANGED):
        print(line(f"{name}, dbt build", ours[name], theirs[name]))
    print(line("first, bare DuckDB", ours[FIRST], alone))


def main() -> int:
    """Read the command line and print the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("environment", type=Path, help="the folder of the environment that has dbt")
    parser.add_argument("--pairs", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report(given.environment.resolve(), given.pairs, Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
