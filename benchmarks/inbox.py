"""What the inbox costs: `python -m benchmarks.inbox --rows 10_000_000`.

A made-up file of daily metrics is loaded in several ways, each in a process of its own into a fresh database,
on this machine, in one run: DuckDB's bare typed read_csv and read_parquet into a table, this warehouse with
contract, quarantine, hash, history and audit, pandas.read_csv into DuckDB, and dlt over Arrow where it is
installed (a development extra). Where others work on the machine, the processor's seconds say more than the
clock's. More files have a fault in every thousandth row, in the reader's eyes or against a rule, and a text over two
lines in every tenth. They have goals of their own. A workbook is held against one pass of python-calamine.
pandas needs 35 GB for 100 million rows; `--compared` without a name leaves it and dlt out. Nothing here is a
test: a busy machine is no fault.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import openpyxl  # type: ignore[import-untyped]

from benchmarks.embedded import measure
from etl.config import load_settings
from etl.contracts import PLATFORM_METRIC_DAILY
from etl.inbox.load import load_inbox
from etl.warehouse import Connection, create_database, memory, open_build

COUNTS = "dau sessions orders buyers new_buyers"
MONEY = "gmv cancelled_gmv refunded_gmv marketing_spend subsidies commission"
DAYS = 3000
SHEET = 15  # the workbook has one row for so many of the other files
ROWS = """
select
    'platform_' || i % 3 as platform, date '1995-01-01' + (i // {a_day})::integer as date,
    'channel_' || i % {a_day} // 3 as channel, null::varchar as partnership_id, 'CNY' as currency,
    100000 + i % 1000 as dau, 50000 + i % 7777 as sessions, 300 + i % 333 as orders, 200 + i % 100 as buyers,
    i % 100 as new_buyers, (1000 + i % 99991 / 7)::decimal(18, 2) as gmv,
    (i % 997 / 3)::decimal(18, 2) as cancelled_gmv, (i % 1009 / 9)::decimal(18, 2) as refunded_gmv,
    (i % 1013 / 9)::decimal(18, 2) as marketing_spend,
    (i % 1019 / 11)::decimal(18, 2) as subsidies, 0.5::decimal(18, 2) as commission
from range({rows}) as r(i)
"""  # fmt: skip
GOALS = {  # times the seconds of DuckDB's bare reader of the same file
    "rows.csv": 1.3, "rows.parquet": 1.3, "rows.ndjson": 2.0, "with_breaks.csv": 1.5, "with_faults.csv": 2.0,
    "with_odd_faults.csv": 2.0, "rows.xlsx": 1.5,
}  # fmt: skip


@dataclass(frozen=True)
class Spent:
    """Seconds and processor seconds of the work, as `timed` has them; peak resident MB of the process."""

    seconds: float
    processor: float
    megabytes: float


@contextmanager
def timed() -> Iterator[None]:
    """Print the seconds and processor seconds of the work, without imports and the making of an empty warehouse."""
    started, worked = time.perf_counter(), time.process_time()
    yield
    print(json.dumps([time.perf_counter() - started, time.process_time() - worked]))


def write(folder: Path, rows: int) -> None:
    """The same rows as CSV, as CSV with faults or line breaks, and as Parquet and NDJSON."""
    con = memory()
    wanted = ROWS.format(rows=rows, a_day=max(rows // DAYS, 1))
    con.execute(f"copy ({wanted}) to '{folder / 'rows.csv'}' (header)")
    negative = "select * replace (if(hash(sessions, gmv, dau) % 1000 = 0, -1, orders) as orders)"
    con.execute(f"copy ({negative} from ({wanted})) to '{folder / 'with_faults.csv'}' (header)")
    odd = "select * replace (if(hash(sessions, gmv, dau) % 1000 = 0, 'many', orders::varchar) as orders)"
    con.execute(f"copy ({odd} from ({wanted})) to '{folder / 'with_odd_faults.csv'}' (header)")
    noted = "select *, if(sessions % 10 = 0, 'a note' || chr(10) || 'of two lines', '') as x_note"
    con.execute(f"copy ({noted} from ({wanted})) to '{folder / 'with_breaks.csv'}' (header)")
    typed = ", ".join(f"{name}::decimal(18, 4) as {name}" for name in MONEY.split())
    con.execute(f"copy (select * replace ({typed}) from ({wanted})) to '{folder / 'rows.parquet'}' (format parquet)")
    con.execute(f"copy ({wanted}) to '{folder / 'rows.ndjson'}' (format json)")
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("rows")
    few = con.execute(f"from ({wanted}) limit {max(rows // SHEET, 1)}")
    for row in ([column[0] for column in few.description], *few.fetchall()):
        sheet.append(row)
    book.save(folder / "rows.xlsx")


def bare(file: Path, home: Path) -> None:
    """DuckDB's reader with declared types into a table; of a workbook one pass of python-calamine, without a table."""
    if file.suffix == ".xlsx":
        from python_calamine import CalamineWorkbook

        with timed(), CalamineWorkbook.from_path(file) as book:
            book.get_sheet_by_index(0).to_python()
        return
    con = create_database(home / "bare.duckdb")
    _limit(con)
    names = file_columns(file)
    kinds = {column.name: column.type for column in PLATFORM_METRIC_DAILY.columns}
    # One figure of the file at odds with its type is text, which is less work.
    kinds |= {"orders": "varchar"} if "odd" in file.name else {}
    types = ", ".join(f"'{name}': '{kinds.get(name, 'varchar')}'" for name in names)
    options = "header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"'"
    readers = {
        ".csv": f"read_csv('{file}', {options}, columns = {{{types}}})",
        ".parquet": f"read_parquet('{file}')",
        ".ndjson": f"read_json('{file}', format = 'newline_delimited', columns = {{{types}}})",
    }
    with timed():
        con.execute(f"create table t as from {readers[file.suffix]}")
        con.close()


def file_columns(file: Path) -> list[str]:
    """The columns of the file."""
    return [str(row[0]) for row in memory().execute(f"describe from '{file}'").fetchall()]


def inbox(file: Path, home: Path) -> None:
    """This warehouse, from a file in the inbox to its rows in core and its row in audit.load."""
    settings = load_settings({"WAREHOUSE_HOME": str(home)})
    settings.inbox.mkdir(parents=True)
    os.link(file, settings.inbox / file.name)
    with open_build(settings) as con:
        _limit(con)
        con.execute("create table core.platform as select 'platform_' || i as platform from range(3) as r(i)")
        con.execute("create table core.partnership as select null::varchar as partnership_id limit 0")
        con.execute("checkpoint")
        with timed():
            (load,) = load_inbox(con, settings, datetime.now(UTC), progress=lambda sentence: None)
            con.execute("checkpoint")
    if load.status != ("partly_loaded" if "faults" in file.name else "loaded"):
        raise RuntimeError(f"{load.status}: {load.reason}")


def frame(file: Path, home: Path) -> None:
    """pandas.read_csv, then DuckDB: no contract is kept, amounts are floats."""
    import pandas as pd

    con = create_database(home / "frame.duckdb")
    _limit(con)
    with timed():
        found = pd.read_csv(file, parse_dates=["date"])
        con.register("found", found)
        con.execute("create table t as from found")
        con.close()


def dlt(file: Path, home: Path) -> None:
    """Arrow tables through dlt into DuckDB."""
    import dlt as library  # type: ignore[import-not-found,unused-ignore]
    import pyarrow.csv

    pipeline = library.pipeline("bench", destination=library.destinations.duckdb(str(home / "dlt.duckdb")),
                                pipelines_dir=str(home))  # fmt: skip
    with timed():
        pipeline.run(pyarrow.csv.open_csv(file), table_name="t")


WAYS: dict[str, Callable[[Path, Path], None]] = {"bare": bare, "inbox": inbox, "pandas": frame, "dlt": dlt}


def _limit(con: Connection) -> None:
    """Two threads and 1.5 GB for everybody, so that a large file has to go through a small room."""
    con.execute("set threads = 2")
    con.execute("set memory_limit = '1500MB'")


def report(rows: int, rounds: int, compared: Sequence[str]) -> Iterator[str]:
    """The lines of the report, as they are known."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write(folder, rows)
        sizes = [f"{path.name} {path.stat().st_size / 1e6:,.0f} MB" for path in sorted(folder.iterdir())]
        load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
        yield f"{rows:,} rows: {', '.join(sizes)}; {load}"
        ours = ["bare", "inbox"]
        for name, ways in {
            "rows.csv": [*ours, *compared],
            "rows.parquet": ours,
            "rows.ndjson": ours,
            "with_breaks.csv": ours,
            "with_faults.csv": ours,
            "with_odd_faults.csv": ours,
            "rows.xlsx": ours,
        }.items():
            file = folder / name
            yield f"{file.name:<16}{'seconds':>9}{'of bare':>9}{'processor':>11}{'of bare':>9}{'peak MB':>9}"
            base: Spent | None = None
            for way in ways:
                if way == "dlt" and not all(map(importlib.util.find_spec, ("dlt", "pyarrow"))):
                    yield f"  {way:<14}not installed: nothing was compared"
                    continue
                spent = _fastest(way, file, rounds)
                base = base or spent
                ratio, work = spent.seconds / base.seconds, spent.processor / base.processor
                goal = ""
                if way == "inbox":
                    goal = f"  {'within' if work <= GOALS[name] else 'BEYOND'} the goal of {GOALS[name]:g} x"
                told = f"{spent.seconds:>9.2f}{ratio:>9.2f}{spent.processor:>11.2f}{work:>9.2f}"
                told += f"{spent.megabytes:>9.0f}{goal}"
                yield f"  {way:<14}{told}"


def _fastest(way: str, file: Path, rounds: int) -> Spent:
    """The best of some rounds."""
    found = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(dir=file.parent) as home:
            cost = measure(["-m", "benchmarks.inbox", "--way", way, "--file", str(file)], Path(home))
            seconds, processor = json.loads(cost.output.splitlines()[-1])
            found.append(Spent(seconds, processor, cost.megabytes))
    return min(found, key=lambda spent: spent.seconds)


def main(arguments: list[str]) -> int:
    """Print the report; with --way, do one way once and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--compared", nargs="*", choices=["pandas", "dlt"], default=["pandas", "dlt"])
    parser.add_argument("--way", choices=list(WAYS), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.way:
        WAYS[options.way](options.file, load_settings().home)
        return 0
    for line in report(options.rows, options.rounds, options.compared):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
