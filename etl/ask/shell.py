"""The published snapshot in DuckDB's own shell, read-only: `make sql`, or one query with `make sql Q="..."`.

A refresh may run at the same time: the shell keeps the snapshot that it opened. The shell runs in its safe mode: no
statement and no command with a dot reads or writes another file, or starts a program. A file is written outside it,
by `write_answer` (`make sql Q="..." OUT=answer.csv`).
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from etl.errors import MendError
from etl.warehouse import Connection, count, is_one_query, literal, open_snapshot

# The shell's safe mode locks the configuration before any statement of ours: these bounds are what DuckDB reads from
# its environment when it starts. Of the memory named here, in MB, it takes 80%.
BOUNDS = {"TZ": "UTC", "SLURM_MEM_PER_NODE": "2500", "SLURM_CPUS_ON_NODE": "2"}

FORMATS = {".csv": "csv, header true", ".parquet": "parquet"}

QUERIES_TO_TRY = (
    "from marts.cac_trend where definition = 'cac_net_12m' order by platform, scope, period_end;",
    "from marts.cac_trend_as_of(date '2018-01-01') where platform = 'jd';",
    "select file, line, reason from audit.quarantine where superseded_at is null;",
)


def command(database: Path, query: str, interactive: bool) -> list[str]:
    """The command that starts DuckDB's shell on `database`; without a `query` it reads standard input.

    It names the program and not its Python wrapper, which ends with the first Ctrl-C.
    Raises MendError when the environment has no shell.
    """
    package = find_spec("duckdb_cli")
    program = Path(package.origin).with_name("duckdb") if package and package.origin else None
    if program is None or not program.exists():
        raise MendError("DuckDB's shell is not in this environment: `make clean`, then `make sql` again")
    words = [str(program), "-readonly", "-no-init", "-safe"]
    if not interactive:
        words.append("-bail")
    if query:
        words += ["-c", query]
    return [*words, str(database)]


def banner(con: Connection) -> str:
    """Version and time of the snapshot, and three queries to try. Source: meta.publication."""
    version, refreshed_at = con.execute("select version, refreshed_at from meta.publication").fetchall()[0]
    lines = [f"Snapshot {version}, refreshed at {refreshed_at:%Y-%m-%d %H:%M} UTC, read-only. Try:"]
    return "\n".join([*lines, *(f"  {query}" for query in QUERIES_TO_TRY), "Leave with .quit", ""])


def become_shell(database: Path, query: str) -> NoReturn:
    """Replace this process by the shell on the snapshot, which answers `query` and ends, or reads standard input.

    Raises MendError when there is no snapshot or no shell.
    """
    interactive = not query and sys.stdin.isatty()
    with open_snapshot(database) as con:
        greeting = banner(con)
    words = command(database, query, interactive)
    if interactive:
        print(greeting, flush=True)
    os.execve(words[0], words, os.environ | BOUNDS)  # noqa: S606 (ours; a shell between would read the query)


def write_answer(database: Path, query: str, out: Path, *, replace: bool = False) -> int:
    """Write the rows of one query on the snapshot to a CSV or Parquet file; how many they are.

    The query reads the snapshot and no file. Raises MendError for a file that exists, unless it is to be replaced,
    for another kind of file and for anything but one query, DatabaseError for a query that fails.
    """
    form, out = FORMATS.get(out.suffix.lower()), out.absolute()
    if not form:
        raise MendError(f"{out.name}: name it with one of the endings {', '.join(FORMATS)}")
    if out.exists() and not replace:
        raise MendError(f"{out} exists: name another file, or add --replace (make sql ... REPLACE=1)")
    if not out.parent.is_dir():
        raise MendError(f"{out.parent} is no folder: make it first")
    part = out.with_name(f".{out.name}.part")
    with open_snapshot(database, writes=part) as con:
        if not is_one_query(con, query):
            raise MendError('a file takes the rows of one query: Q="select ..."')
        try:
            con.execute(f"create temp view answer as {query}")
            rows = count(con, f"copy (from answer) to {literal(str(part))} (format {form}, use_tmp_file false)")
            part.replace(out)
        finally:
            part.unlink(missing_ok=True)
    return rows
