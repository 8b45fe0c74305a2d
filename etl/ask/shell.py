"""The published snapshot in DuckDB's own shell, read-only: `make sql`, or one query with `make sql Q="..."`.

A refresh may run at the same time: the shell keeps the snapshot that it opened.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from etl.errors import MendError
from etl.warehouse import Connection, open_snapshot

# The order matters: once the configuration is locked nothing more can be set.
READ_ONLY_PROFILE = (
    "set memory_limit = '2GB'",
    "set threads = 2",
    "set timezone = 'UTC'",
    "set enable_external_access = false",
    "set lock_configuration = true",
)

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
    words = [str(program), "-readonly", "-no-init", "-cmd", "; ".join(READ_ONLY_PROFILE)]
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
    os.execv(words[0], words)  # noqa: S606 (the program is ours, and a shell between would read the query)
