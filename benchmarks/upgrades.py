"""Homes of earlier commits, opened by this one and killed while it upgrades them: `make bench-upgrades KILLS=50`.

Each commit since 8ed5de8 that changed the tables of the build database makes an empty home with its own code, and every
table of it gets rows. The home is upgraded once undisturbed, then as often as asked by a process that is killed
(SIGKILL), and opened again: every row of every table has to be as in the undisturbed one.

A process kills itself at one point: before or after one statement of SQL, or before one renaming or removal of a file.
The points asked for are spread evenly over all that an upgrade has, the first and the last among them. Some more kills
come after a part of the time of an upgrade, wherever that is.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from etl import warehouse
from etl.buyers import KEY_FILE
from etl.config import ROOT, load_settings
from etl.warehouse import kept_tables, open_build

FIRST = "8ed5de8"
OLDER = ("c7a97d7", "fc4d64e")  # before it: rows had the file and line that brought them, and no number of the load
CHANGING = ("sql/raw", "sql/audit", "sql/migrations", "etl/contracts.yaml", "etl/contracts.py", "etl/warehouse.py")
OPEN = """
import os
from etl.config import load_settings
from etl.warehouse import open_build
with open_build(load_settings({"WAREHOUSE_HOME": os.environ["WAREHOUSE_HOME"]})):
    pass
"""
ROWS, KEY = 1000, "0" * 64
FILES = ("os.rename", "os.remove", "os.link")
NEVER = 1 << 30
Contents = dict[str, tuple[int, int]]


def commits() -> list[str]:
    """The commits whose home may have other tables than the one before, oldest first."""
    command = ["git", "log", "--reverse", "--format=%h", f"{FIRST}..HEAD", "--", *CHANGING]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    return [*OLDER, FIRST, *listed]


def made_by(commit: str, folder: Path) -> Path:
    """The build database of an empty home, made by a commit with its own code."""
    code, home = folder / "code" / commit, folder / "home" / commit
    code.mkdir(parents=True)
    packed = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(code)], input=packed, check=True)
    environment = {**os.environ, "WAREHOUSE_HOME": str(home), "PYTHONPATH": str(code)}
    subprocess.run([sys.executable, "-c", OPEN], cwd=code, env=environment, check=True, capture_output=True)
    shutil.rmtree(code)
    return home / "build" / "warehouse.duckdb"


def columns(con: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[str, str]]]:
    """Name and type of each column, by table."""
    found: dict[str, list[tuple[str, str]]] = {}
    for table, name, kind in con.execute(
        "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns() "
        "where not internal order by 1, column_index"
    ).fetchall():
        found.setdefault(table, []).append((name, kind))
    return found


def fill(database: Path) -> str:
    """Give every table rows with a value in each column; the tables with their columns, as a text."""
    with duckdb.connect(str(database)) as con:
        con.execute("set timezone = 'UTC'")
        found = columns(con)
        for table, listed in found.items():
            if table != "raw.bookkeeping":
                values = ", ".join(_value(name, kind) for name, kind in listed)
                con.execute(f"insert into {table} select {values} from range(1, {ROWS + 1}) as r(i)")
    return repr(found)


def _value(name: str, kind: str) -> str:
    if kind.startswith("MAP"):
        return f"map(['k'], ['v' || i])::{kind}"
    if kind.endswith("[]"):
        return f"[]::{kind}"
    if kind.startswith("STRUCT"):
        return f"null::{kind}"
    if kind.startswith("TIMESTAMP"):
        return f"(timestamp '2025-01-01 10:00:00' + to_minutes(i))::{kind}"
    fixed = {"currency": "'CNY'", "status": "'placed'", "source": "'inbox'", "BOOLEAN": "false"}
    other = {"DATE": "date '2025-01-01' + (i % 300)::integer", "VARCHAR": f"'{name}' || i"}
    return fixed.get(name) or fixed.get(kind) or other.get(kind) or f"(i % 90)::{kind}"


def upgraded(home: Path) -> Contents:
    """Open a home with this commit; the number of rows and a hash of them, by table that no refresh makes anew."""
    found: Contents = {}
    with open_build(load_settings({"WAREHOUSE_HOME": str(home)})) as con:
        for table, (_, listed) in kept_tables().items():
            names = ", ".join(column.name for column in listed)
            asked = f"select count(*), coalesce(sum(hash({names})::hugeint), 0) from {table}"
            ((count, total),) = con.execute(asked).fetchall()
            found |= {} if table == "raw.bookkeeping" else {table: (int(count), int(total))}
    return found


class Counted:
    """A connection that passes a point before and after each statement."""

    def __init__(self, con: duckdb.DuckDBPyConnection, passed: Callable[[], None]) -> None:
        self._con, self._passed = con, passed

    def execute(self, *given: Any, **named: Any) -> duckdb.DuckDBPyConnection:
        """Run a statement."""
        self._passed()
        done = self._con.execute(*given, **named)
        self._passed()
        return done

    def __getattr__(self, name: str) -> Any:
        return getattr(self._con, name)


def killed_at(home: Path, point: int) -> int:
    """Open a home in a process of its own that kills itself at this point; how many points it has passed."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        passed = 0

        def count() -> None:
            nonlocal passed
            passed += 1
            if passed == point:
                os.write(write, str(passed).encode())
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            connect = warehouse._connect
            warehouse._connect = lambda *given, **named: Counted(connect(*given, **named), count)  # type: ignore
            sys.addaudithook(lambda event, _: count() if event in FILES else None)
            with open_build(load_settings({"WAREHOUSE_HOME": str(home)})):
                pass
            os.write(write, str(passed).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as told:
        os.waitpid(child, 0)
        return int(told.read() or 0)


def spread(kills: int, points: int) -> list[int]:
    """So many points of all, evenly, the first and the last among them; the same one again where there are fewer."""
    return [1 + round(n * (points - 1) / max(1, kills - 1)) for n in range(kills)]


def killed(home: Path, after: float) -> bool:
    """Open a home in a process of its own and kill that after so many seconds; whether it was still at work."""
    child = os.fork()
    if not child:
        try:
            upgraded(home)
        finally:
            os._exit(0)
    time.sleep(after)
    done, _ = os.waitpid(child, os.WNOHANG)
    if not done:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return not done


def copied(source: Path, target: Path) -> Path:
    """A fresh copy of a home."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    return target


def main() -> int:
    """Upgrade every home; exits with 1 where a row is lost or another one."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--kills", type=int, default=50, help="of each home, at points")
    words.add_argument("--timed", type=int, default=3, help="of each home, after a part of the time")
    given, chance, seen, wrong, total = words.parse_args(), random.Random(1), set[str](), 0, 0
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for commit in commits():
            made = made_by(commit, folder)
            form = fill(made)
            if form in seen:
                continue
            seen.add(form)
            home, work = made.parent.parent, folder / "work"
            (home / KEY_FILE).write_text(KEY)  # else each copy would hash buyers with a key of its own
            rows = sum(count for count, _ in _rows(made).values())
            started = time.perf_counter()
            expected = upgraded(copied(home, work))
            seconds = time.perf_counter() - started
            kept = sum(count for count, _ in expected.values())
            points = killed_at(copied(home, work), NEVER)
            at_work = differing = 0
            for point in spread(given.kills, points):
                at_work += killed_at(copied(home, work), point) == point
                if point % 4 == 0:  # the run that makes it good is killed too
                    at_work += killed_at(work, chance.randint(1, points)) > 0
                differing += upgraded(work) != expected
            for _ in range(given.timed):
                at_work += killed(copied(home, work), chance.uniform(0, seconds))
                differing += upgraded(work) != expected
            wrong, total = wrong + differing + (kept != rows), total + at_work
            print(
                f"{commit}  {rows:,} rows, {kept:,} after it in {seconds:.2f} s, {points} points; killed {at_work} "
                f"times, {differing} homes differ",
                flush=True,
            )
    print(f"{len(seen)} homes, killed {total} times at work, {wrong} wrong")
    return int(wrong > 0)


def _rows(database: Path) -> Contents:
    with duckdb.connect(str(database), read_only=True) as con:
        tables = [table for table in columns(con) if table != "raw.bookkeeping"]
        return {table: (con.execute(f"select count(*) from {table}").fetchall()[0][0], 0) for table in tables}


if __name__ == "__main__":
    sys.exit(main())
