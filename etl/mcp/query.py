"""One query in SQL on the snapshot, in a process of its own that ends at its limits.

DuckDB can be interrupted while it runs a query and not while it plans one, and what it holds beside its buffers has no
bound of its own. So the query runs in another process, read-only, without access to files and with its settings
locked, whose time, memory and answer are bounded; at a limit it is killed and a sentence says which.

    python -m etl.mcp.query DATABASE    # the query on standard input, the answer as JSON on standard output
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlglot import exp

from etl.config import ROOT
from etl.errors import MendError
from etl.mcp.answer import Citation, ColumnMeaning, SnapshotAsked, SqlAnswer
from etl.mcp.facts import AS_OF, ONE, citations_of, shape_of, text_of
from etl.models.tree import parse, references
from etl.warehouse import EXPECTED, Connection, MemoryShortage, is_one_query, open_snapshot

SECONDS = 20.0
MEMORY = "512MB"
ADDRESSES = 6 << 30  # bytes of address space: of DuckDB's own limit and what it holds beside it
SHORT = f"the query needs more than {MEMORY} of memory; narrow it"
ROWS, CHARACTERS = 1000, 400_000
FAILED = 3  # the exit code with a sentence on standard output
CITED = ("row_id", "observation_id", "document_id", "input_observation_ids", "observation_ids", "document_ids")
UNCITED = (
    "no row names its source: select row_id, observation_id, input_observation_ids or document_id too, and say the "
    "interval (x_low, x_high), validity and known_on beside a number"
)
AGGREGATE = (
    "rows put together have no citation of their own: a cost, a ratio or a share is never added up or averaged, and "
    "rows of several definitions, currencies or perimeters never belong together"
)
NOTHING = {"unit": "", "meaning": ""}
Answered = tuple[list[tuple[str, str]], list[list[str | None]], bool]


def query(database: Path, told: SnapshotAsked, sql: str, limit: int = 100, seconds: float = SECONDS) -> SqlAnswer:
    """The rows of one SELECT as texts. Raises MendError for anything else, a failing query and one at its limit."""
    limit = min(max(limit, 1), ROWS)
    columns, rows, complete = _ask(database, sql, limit, seconds)
    with open_snapshot(database) as con:
        described = _described(con, sql)
        adds_up = _adds_up(sql)
        cited = [] if adds_up else _cited(con, [name for name, _ in columns], rows)
    notes = [] if complete else [f"only the first {len(rows)} rows: narrow the query, or count and sum in it"]
    return SqlAnswer(
        snapshot=told,
        columns=[ColumnMeaning(name=name, type=kind, **described.get(name, NOTHING)) for name, kind in columns],
        rows=rows,
        complete=complete,
        citations=cited,
        notes=[*notes, *([AGGREGATE] if adds_up else [] if cited or not rows else [UNCITED])],
    )


def _ask(database: Path, sql: str, limit: int, seconds: float) -> Answered:
    words = [sys.executable, "-m", "etl.mcp.query", str(database), str(limit)]
    given = {name: value for name, value in os.environ.items() if name != "WAREHOUSE_MCP_TOKEN"}
    try:
        done = subprocess.run(  # noqa: S603 (our own module)
            words, input=sql.encode(), capture_output=True, timeout=seconds, check=False, cwd=ROOT, env=given
        )
    except subprocess.TimeoutExpired:
        raise MendError(f"stopped after {seconds:g} seconds: narrow the query") from None
    if done.returncode == FAILED:
        raise MendError(done.stdout.decode())
    if done.returncode:
        raise MendError(f"stopped: {SHORT}")
    columns, rows, complete = json.loads(done.stdout)
    return [(name, kind) for name, kind in columns], rows, complete


def _adds_up(sql: str) -> bool:
    """Whether a query puts several rows into one number."""
    try:
        return parse(sql).find(exp.AggFunc) is not None
    except MendError:  # the query is answered all the same
        return False


def _described(con: Connection, sql: str) -> dict[str, dict[str, str]]:
    """Unit and meaning of the columns that a query takes as they are from the one table that it reads."""
    try:
        tree = parse(sql)
        reads = references(tree)
        if len(reads) != 1 or tree.args.get("with_") or tree.args.get("joins") or tree.find(exp.Subquery):
            return {}
        shape = shape_of(con, reads[0].name.removesuffix(ONE).removesuffix(AS_OF))
    except MendError:  # the query is answered all the same
        return {}
    plain = {item.name for item in tree.selects if isinstance(item, exp.Column)}
    taken = shape.columns.keys() if tree.is_star else plain & shape.columns.keys()
    return {name: {"unit": shape.units.get(name, ""), "meaning": shape.columns[name][1]} for name in taken}


def _cited(con: Connection, columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> list[Citation]:
    """What the rows of an answer name by the columns of CITED, as citations."""
    named: dict[str, list[str]] = {}
    for place, column in enumerate(columns):
        if column in CITED:
            texts = (part for row in rows if (text := row[place]) for part in text.split(", "))
            named[column] = list(dict.fromkeys(texts))
    return citations_of(con, named) if any(named.values()) else []


def answered(database: Path, sql: str, limit: int) -> Answered:
    """Columns with types, rows as texts, and whether these are all. Raises MendError and DatabaseError."""
    with open_snapshot(database, memory_limit=MEMORY, threads=1, spills=False) as con:
        if not is_one_query(con, sql):
            raise MendError("one SELECT is answered, and nothing that writes or sets anything")
        result = con.execute(sql)
        columns = [(name, str(kind)) for name, kind, *_ in result.description]
        rows: list[list[str | None]] = []
        size = 0
        while len(rows) < limit and size < CHARACTERS and (row := result.fetchone()):
            rows.append([None if value is None else text_of(value) for value in row])
            size += sum(len(text or "") for text in rows[-1])
        if size >= CHARACTERS:
            rows = rows[:-1]
        return columns, rows, size < CHARACTERS and (len(rows) < limit or not result.fetchone())


def main(arguments: Sequence[str]) -> int:
    """Answer the query on standard input."""
    database, limit = arguments
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    answer: Any
    try:
        answer = json.dumps(answered(Path(database), sys.stdin.buffer.read().decode(), int(limit)))
    except (MemoryShortage, MemoryError):
        sys.stdout.write(f"stopped: {SHORT}")
        return FAILED
    except EXPECTED as error:
        sys.stdout.write(str(error))
        return FAILED
    sys.stdout.write(answer)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
