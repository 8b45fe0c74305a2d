"""A refresh of thousands of platforms, in seconds and peak memory: `make bench-platforms PLATFORMS=2000`.

Every platform prints its expense and its buyers of five years, in one of two currencies and with rounded digits, so
that each cost ties with many others. The figures are made up and reproducible; the rest of the reference files is the
embedded one, without its platforms' figures.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from benchmarks.embedded import REFRESH, measure_command
from etl.config import REFERENCE, ROOT

YEARS = range(2019, 2024)
FIGURES = ("observations", "platforms", "documents")
GOAL_MB = 1000.0
MEMORY = "400MB"  # of DuckDB, so that it and the libraries stay within the goal


def write_figures(folder: Path, platforms: int) -> int:
    """Write reference files with so many platforms; how many figures they have."""
    chance = random.Random(platforms)
    names = [f"shop_{number:05}" for number in range(platforms)]
    figures = [row for name in names for row in _figures(chance, name)]
    folder.mkdir(parents=True)
    _write(
        folder / "platforms.csv",
        "platform,name,company,role,sec_cik,listing,fiscal_year_end,reporting_currency",
        ([name, name, name, "supply", "", "", "12-31", _currency(name)] for name in names),
    )
    _write(
        folder / "documents.csv",
        "document_id,kind,publisher,title,url,published_on",
        (
            [f"doc_{name}_{year}", "filing", name, f"Annual report {year}", "https://example.org/", f"{year + 1}-03-01"]
            for name in names
            for year in YEARS
        ),
    )
    _write(
        folder / "observations.csv",
        "platform,metric,scope,period_type,period_start,period_end,value,unit,qualifier,rounding_half_width,printed_as,"
        "basis,document_id,locator,note",
        figures,
    )
    return len(figures)


def _figures(chance: random.Random, name: str) -> Iterable[Sequence[object]]:
    """The figures of a platform: an expense and buyers of every year, to a million and to a hundred thousand."""
    buyers = chance.randint(20, 200)  # no figure comes twice: it would count as misplaced
    for year in YEARS:
        expense = 10 * chance.randint(10, 900) + 2 * (year % 5)
        buyers += chance.randint(1, 12)
        for metric, period, value, unit, half, basis in (
            ("sm_expense", "year", expense * 1_000_000, _currency(name), 500_000, "gaap"),
            ("annual_active_buyers", "ttm", buyers * 100_000, "persons", 50_000, "operating"),
        ):
            printed = f"{value / 1e6:.1f} million"
            where = [f"doc_{name}_{year}", "table", ""]
            days = [f"{year}-01-01", f"{year}-12-31"]
            yield [name, metric, "", period, *days, value, unit, "exact", half, printed, basis, *where]


def _currency(name: str) -> str:
    return "CNY" if int(name[-1]) % 2 else "USD"


def _write(path: Path, header: str, rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(rows)


def main() -> int:
    """Refresh such a home; exits with 1 beyond the goal or where the refresh fails."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--platforms", type=int, default=2000)
    words.add_argument("--memory", default=MEMORY, help="WAREHOUSE_MEMORY")
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        figures = write_figures(home / "made", given.platforms)
        environment = {
            **os.environ,
            "WAREHOUSE_HOME": str(home / "home"),
            "WAREHOUSE_FIGURES": f"{ROOT / REFERENCE}{os.pathsep}{home / 'made'}",
            "WAREHOUSE_MEMORY": given.memory,
            "DAGSTER_HOME": "",
        }
        cost = measure_command([sys.executable, *REFRESH], ROOT, environment)
        with duckdb.connect(str(home / "home/serving/warehouse.duckdb"), read_only=True) as con:
            ranked, most = con.execute("select count(*), max(ties) from marts.peer_rank").fetchall()[0]
    print(
        f"{given.platforms:,} platforms, {figures:,} figures: {cost.seconds:,.0f} s, {cost.cpu:,.0f} s of processor, "
        f"{cost.megabytes:,.0f} MB; {ranked:,} rows of marts.peer_rank, up to {most:,} ties"
    )
    return int(cost.megabytes > GOAL_MB)


if __name__ == "__main__":
    sys.exit(main())
