"""The published snapshot in DuckDB's own shell, read-only: `make sql`, or one query with `make sql Q="..."`.

A refresh may run at the same time: the shell keeps the snapshot that it opened. The shell runs in its safe mode: no
statement and no command with a dot reads or writes another file, or starts a program. A file, and CSV or JSON on
standard output, is written outside it, by `write_answer` and `print_answer` (`make sql Q="..." OUT=answer.csv`).

DuckDB lists the tables of one schema only, and the search path is a setting, which the safe mode locks. So each
published table has a temporary view whose name is that of the table with its schema: `show tables` lists these.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, NoReturn

from etl.errors import MendError, written_to
from etl.warehouse import Connection, count, is_one_query, literal, open_snapshot, prepared

# The shell's safe mode locks the configuration before any statement of ours: these bounds are what DuckDB reads from
# its environment when it starts. Of the memory named here, in MB, it takes 80%.
BOUNDS = {"TZ": "UTC", "SLURM_MEM_PER_NODE": "2500", "SLURM_CPUS_ON_NODE": "2"}

FORMATS = {".csv": "csv, header true", ".json": "json, array true", ".parquet": "parquet"}
ALL_ROWS = 1_000_000_000
# What gives rows and is no query that a view can have; in brackets it is one.
_ENDS = "; \n\t"
_DESCRIPTION = re.compile(r"(\s|--.*\n)*(show|describe|desc|summarize)\b", re.IGNORECASE)

QUERIES_TO_TRY = (
    "from marts.cac_trend where definition = 'cac_net_12m' order by platform, scope, period_end;",
    "from marts.cac_trend_as_of('2018-01-01') where platform = 'jd';",
    "select file, line, reason from audit.quarantine where superseded_at is null;",
)


def command(database: Path, query: str, interactive: bool, first: str) -> list[str]:
    """The command that starts DuckDB's shell on `database`; without a `query` it reads standard input.

    It runs the SQL `first` before that. All rows of an answer are shown unless the shell is interactive, where the
    last line says how many of them are. It names the program and not its Python wrapper, which ends with the first
    Ctrl-C. Raises MendError when the environment has no shell.
    """
    package = find_spec("duckdb_cli")
    program = Path(package.origin).with_name("duckdb") if package and package.origin else None
    if program is None or not program.exists():
        raise MendError("DuckDB's shell is not in this environment: `make clean`, then `make sql` again")
    words = [str(program), "-readonly", "-no-init", "-safe", "-cmd", first]
    if not interactive:
        words += ["-bail", "-cmd", f".maxrows {ALL_ROWS}"]
    if query:
        words += ["-c", query]
    return [*words, str(database)]


def banner(con: Connection) -> str:
    """Version and time of the snapshot, and three queries to try. Source: meta.publication."""
    version, refreshed_at = con.execute("select version, refreshed_at from meta.publication").fetchall()[0]
    lines = [f"Snapshot {version}, refreshed at {refreshed_at:%Y-%m-%d %H:%M} UTC, read-only. Try:"]
    lines += [f"  {query}" for query in ("show tables;", *QUERIES_TO_TRY)]
    lines.append(".maxrows 1000 shows more rows, .mode line one value a line. Leave with .quit")
    return "\n".join([*lines, ""])


def views_of(con: Connection) -> str:
    """The statements that make a temporary view of each published table, by which `show tables` lists it."""
    found = con.execute(prepared("published_names")).fetchall()
    return "".join(f'create temp view "{name}" as from {name};' for (name,) in found)


def become_shell(database: Path, query: str) -> NoReturn:
    """Replace this process by the shell on the snapshot, which answers `query` and ends, or reads standard input.

    Raises MendError when there is no snapshot or no shell.
    """
    interactive = not query and sys.stdin.isatty()
    with open_snapshot(database) as con:
        greeting, first = banner(con), views_of(con)
    words = command(database, query, interactive, first)
    if interactive:
        print(greeting, flush=True)
    os.execve(words[0], words, os.environ | BOUNDS)  # noqa: S606 (ours; a shell between would read the query)


def write_answer(database: Path, query: str, out: Path, *, form: str = "", replace: bool = False) -> int:
    """Write the rows of one query on the snapshot to a file, CSV, JSON or Parquet by its ending; how many they are.

    `form` is an ending that counts in the place of the file's own. Numbers are written with all their digits, days
    and times as in ISO 8601; NULL is an empty field of a CSV file, and an empty text "". The query reads the snapshot
    and no file. Raises MendError for a file that exists, unless it is to be replaced, for another kind of file and
    for anything but one query, DatabaseError for a query that fails and for a number that JSON cannot hold.
    """
    form, out = form or out.suffix.lower(), out.absolute()
    if form not in FORMATS:
        raise MendError(f"{out.name}: name it with one of the endings {', '.join(FORMATS)}")
    if out.exists() and not replace:
        raise MendError(f"{out} exists: name another file, or add --replace (make sql ... REPLACE=1)")
    if out.exists() and not (out.is_file() and _has_form(out, form)):
        raise MendError(f"{out} exists and is no {form[1:]} file: name another file")
    if not out.parent.is_dir():
        raise MendError(f"{out.parent} is no folder: make it first")
    part = out.with_name(f".{out.name}.part")
    with open_snapshot(database, writes=part) as con:
        if not is_one_query(con, query):
            raise MendError('a file takes the rows of one query: Q="select ..."')
        con.execute(views_of(con))
        source = "answer"
        if _DESCRIPTION.match(query):
            source = f"({query.rstrip(_ENDS)})"
        else:
            con.execute(f"create temp view answer as {query}")
        try:
            with written_to(out):
                part.write_bytes(b"")  # says where it cannot be written; DuckDB would name the hidden file
            text = f"select {_finite(con, source) if form == '.json' else '*'} from {source}"
            rows = count(con, f"copy ({text}) to {literal(str(part))} (format {FORMATS[form]}, use_tmp_file false)")
            part.replace(out)
        finally:
            part.unlink(missing_ok=True)
    return rows


def _has_form(path: Path, form: str) -> bool:
    """Whether the beginning of a file is that of its form; an empty file is of any."""
    with path.open("rb") as file:
        head = file.read(4096)
    if form == ".csv":
        return b"\0" not in head
    return not head.strip() or head.lstrip().startswith(b"PAR1" if form == ".parquet" else b"[")


def _finite(con: Connection, source: str) -> str:
    """The columns of an answer, which raise where a number is not finite: JSON has no word for it."""
    columns = con.execute(f"select column_name, column_type from (describe from {source})").fetchall()
    checked = (
        f"if(isfinite({name}), {name}, if({name} is null, null, error('JSON cannot hold ' || {name}))) as {name}"
        for name in ('"' + column.replace('"', '""') + '"' for column, kind in columns if kind in ("DOUBLE", "FLOAT"))
    )
    return f"* replace ({replaced})" if (replaced := ", ".join(checked)) else "*"


def print_answer(database: Path, query: str, form: str, to: IO[bytes]) -> None:
    """Write the rows of one query to an open stream, when all of them are there. Raises as write_answer does."""
    with TemporaryDirectory() as folder:
        out = Path(folder, f"answer.{form}")
        write_answer(database, query, out)
        with out.open("rb") as rows, suppress(BrokenPipeError):  # a reader of the stream may have enough
            shutil.copyfileobj(rows, to)
            to.flush()
