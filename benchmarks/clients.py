"""What clients make of a snapshot: `python -m benchmarks.clients SNAPSHOT`, the file of a published one.

Installs each client, as pinned here, into a folder of its own, lets it open a copy of the snapshot read-only, answer
the ten questions of docs/questions.md and the queries of sql/examples and fetch every published table, and compares
each cell with what DuckDB's own driver of this project gives. Prints a table in Markdown, the one of docs/clients.md:
how many answers are the same, what a client gives in another type, and the first answer that differs or fails.
`--client NAME` tries only these.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from etl.config import ROOT
from etl.warehouse import open_snapshot

PROGRAMS = Path(__file__).parent / "client_programs"
EXAMPLES = ROOT / "sql" / "examples"
QUESTIONS = ROOT / "docs" / "questions.md"
PUBLISHED = ("core", "steps", "marts", "audit", "meta")
DUCKDB = "duckdb==1.5.6"
ENGINE = "duckdb_engine==0.17.0"
ERROR = re.compile(r"[\w.]*(?:Error|Exception)\b:?")  # the line of a trace that says what happened
ROWS = 20_000  # of a table; none of the embedded data has more
LISTED = 10  # faults of a client that are printed to standard error


class ClientTrial(NamedTuple):
    """A client: its title, the program and the words after it, and the packages to install."""

    title: str
    program: str
    words: tuple[str, ...]
    packages: tuple[str, ...]


def python(title: str, name: str, *packages: str) -> ClientTrial:
    """A client that fetch.py knows by this name."""
    return ClientTrial(title, "fetch.py", (name,), packages)


WASM = ("@duckdb/duckdb-wasm@1.32.0", "apache-arrow@17.0.0")
PYARROW = "pyarrow==26.0.1"
REFERENCE = python("DuckDB 1.5.6, Python", "native", DUCKDB)
CLIENTS = {
    "duckdb-1.5": REFERENCE,
    "duckdb-1.4": python("DuckDB 1.4.5, Python", "native", "duckdb==1.4.5"),
    "duckdb-2.0": python("DuckDB 2.0.1, Python", "native", "duckdb==2.0.1"),
    "duckdb-1.3": python("DuckDB 1.3.2, Python", "native", "duckdb==1.3.2"),
    "shell": python("DuckDB shell 1.5.6, JSON", "shell", "duckdb-cli==1.5.6"),
    "pandas": python("pandas 3.1.1", "pandas", DUCKDB, "pandas==3.1.1"),
    "polars": python("Polars 2.1.0", "polars", DUCKDB, "polars==2.1.0", PYARROW),
    "arrow": python("Arrow (pyarrow 26.0.1)", "arrow", DUCKDB, PYARROW),
    "adbc": python("ADBC (adbc-driver-manager 1.13.0)", "adbc", DUCKDB, "adbc-driver-manager==1.13.0", PYARROW),
    "ibis": python("Ibis 12.0.0", "ibis", DUCKDB, "ibis-framework[duckdb]==12.0.0"),
    "jupyter": python(
        "Jupyter (nbclient 0.11.0, JupySQL 0.11.1, pandas 3.1.1)",
        "notebook",
        *(DUCKDB, "jupysql==0.11.1", "nbclient==0.11.0", "ipykernel==7.4.0", "pandas==3.1.1"),
    ),
    "sqlalchemy-2.0": python(
        "SQLAlchemy 2.0.54, duckdb_engine 0.17.0", "sqlalchemy", DUCKDB, ENGINE, "sqlalchemy==2.0.54"
    ),
    "sqlalchemy-2.1": python(
        "SQLAlchemy 2.1.9, duckdb_engine 0.17.0", "sqlalchemy", DUCKDB, ENGINE, "sqlalchemy==2.1.9"
    ),
    # Superset imports rich and cachetools, which its package does not ask for, and fails with a newer flask-caching.
    "superset": python(
        "Superset 6.1.0",
        "superset",
        *(DUCKDB, ENGINE, "apache-superset==6.1.0", "flask-caching==2.3.1", "cachetools==8.0.2", "rich==15.0.0"),
    ),
    "node": ClientTrial("Node.js, @duckdb/node-api 1.5.6-r.1", "node_api.mjs", (), ("@duckdb/node-api@1.5.6-r.1",)),
    "wasm": ClientTrial("duckdb-wasm 1.32.0", "wasm.mjs", (), WASM),
    "wasm-double": ClientTrial("duckdb-wasm 1.32.0, castDecimalToDouble", "wasm.mjs", ("double",), WASM),
}

Answers = dict[str, dict[str, Any]]


def install(client: ClientTrial, folder: Path) -> list[str]:
    """Install the packages of a client into a folder, unless they are there, and return the command that runs it."""
    done, program = folder / "installed", folder / client.program
    is_python = client.program.endswith(".py")
    wanted = "\n".join(client.packages)
    if not done.exists() or done.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        if is_python:
            run([sys.executable, "-m", "venv", str(folder / "env")])
            run([str(folder / "env/bin/python"), "-m", "pip", "install", "-q", *client.packages])
        else:
            run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), *client.packages])
        done.write_text(wanted, encoding="utf-8")
    shutil.copyfile(PROGRAMS / client.program, program)
    return [str(folder / "env/bin/python") if is_python else "node", str(program)]


def run(command: Sequence[str], given: str | None = None, folder: Path | None = None) -> str:
    """What a command prints; raises RuntimeError with the line that says why when it fails."""
    done = subprocess.run(
        command,
        input=given,
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        timeout=1800,
        env=environment(folder),
    )
    if done.returncode:
        lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise RuntimeError(next((line for line in lines if ERROR.match(line)), (lines or ["it ended"])[-1]))
    return done.stdout


def environment(folder: Path | None) -> dict[str, str] | None:
    """Variables for a client that keeps files of its own in a folder; None for those of this process."""
    if folder is None:
        return None
    settings = folder / "superset_config.py"
    settings.write_text(
        f"SECRET_KEY = 'of a trial'\nSQLALCHEMY_DATABASE_URI = 'sqlite:///{folder / 'superset.db'}'\n", encoding="utf-8"
    )
    own = {"HOME": str(folder), "SUPERSET_HOME": str(folder), "SUPERSET_CONFIG_PATH": str(settings)}
    return {**os.environ, **own}


def answers(client: ClientTrial, folder: Path, snapshot: Path, queries: Mapping[str, str]) -> Answers:
    """What a client answers to these queries; raises RuntimeError where it cannot be installed or opens nothing."""
    program, script = install(client, folder)
    words = [script, *client.words, str(snapshot)] if program != "node" else [script, str(snapshot), *client.words]
    printed = run([program, *words], json.dumps(queries), folder)
    found: Answers = json.loads(printed.partition("\nANSWERS ")[2])
    return found


def queries_of(snapshot: Path) -> dict[str, str]:
    """The questions by number, the examples by file and a query for the rows of every published table, by its name."""
    asked = re.findall(r"^```sql\n(.*?);\n```", QUESTIONS.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    found = {f"question {number}": query for number, query in enumerate(asked, 1)}
    found |= {path.stem: path.read_text(encoding="utf-8") for path in sorted(EXAMPLES.glob("*.sql"))}
    with open_snapshot(snapshot) as con:
        tables = con.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where list_contains(?, schema_name) "
            "and not internal order by 1",
            [list(PUBLISHED)],
        ).fetchall()
    return found | {name: f"from {name} limit {ROWS}" for (name,) in tables}


def number(text: str) -> Decimal | None:
    """The number that a text writes, if it is one."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def loss(want: Any, got: Any) -> str | None:  # noqa: PLR0911 (one for each pair of kinds)
    """What became of a cell: "" if nothing, the change of type if its value is the same, None if another value."""
    if want == got:
        return ""
    if want is None or got is None:
        return None
    (kind, value), (other, told) = want, got
    match kind, other:
        case ("exact", "exact"):
            return "" if Decimal(value) == Decimal(told) else None
        case ("double", "double" | "exact"):
            return "" if float(value) == float(told) else None
        case ("exact", "double"):
            return "decimals and integers as doubles" if float(value) == float(told) else None
        case ("day", "time"):
            return "dates as timestamps" if told == f"{value}T00:00:00" else None
        case ("time", "time"):
            return time_loss(value, told)
        case ("list", "list"):
            return items_loss(value, told)
        case ("map", "map"):
            return items_loss([item for pair in value for item in pair], [item for pair in told for item in pair])
        case (_, "text"):
            return text_loss(kind, value, told)
    return None


def time_loss(value: str, told: str) -> str | None:
    """What became of a time: microseconds may be cut."""
    value, told = (text.replace("+00:00", "").replace("+00", "") for text in (value, told))
    if value.rstrip("0").rstrip(".") == told.rstrip("0").rstrip("."):
        return ""
    return "times cut to milliseconds" if value[:23] == told[:23] else None


def items_loss(value: Sequence[Any], told: Sequence[Any]) -> str | None:
    """What became of the items of a list: the first change."""
    if len(value) != len(told):
        return None
    found = [loss(one, other) for one, other in zip(value, told, strict=True)]
    return None if None in found else next((change for change in found if change), "")


def text_loss(kind: str, value: Any, told: str) -> str | None:
    """What became of a cell that is told as a text."""
    if kind in ("exact", "double"):
        held = number(told)
        is_same = held is not None and (float(held) == float(value) if kind == "double" else held == Decimal(value))
        return "numbers as text" if is_same else None
    if kind in ("day", "time"):
        return "dates and times as text" if time_loss(value, told.replace(" ", "T")) == "" else None
    if kind in ("list", "map"):
        held = json.loads(told, parse_int=Decimal, parse_float=Decimal)
        return "lists and maps as JSON text" if held == plain([kind, value]) else None
    return None


def plain(cell: Any) -> Any:
    """A cell as JSON would have it, with exact numbers."""
    if cell is None:
        return None
    kind, value = cell
    if kind == "list":
        return [plain(item) for item in value]
    if kind == "map":
        return {plain(key): plain(item) for key, item in value}
    return Decimal(value) if kind in ("exact", "double") else value


class Comparison(NamedTuple):
    """How many answers of how many are the same; the changes of type; the first answer that is not, and why."""

    same: int
    asked: int
    changes: Mapping[str, int]
    first_fault: str


def outcome(wanted: Answers, got: Answers) -> Comparison:
    """Compare the answers of a client with the reference, cell by cell."""
    same, changes, faults = 0, Counter[str](), []
    for title, want in wanted.items():
        fault, found = compared(want, got.get(title, {"error": "no answer"}))
        same += not fault
        changes.update(found)
        if fault:
            faults.append(f"{title}: {fault}")
    sys.stderr.writelines(f"{fault}\n" for fault in faults[:LISTED])
    return Comparison(same, len(wanted), changes, faults[0] if faults else "")


def compared(want: Mapping[str, Any], got: Mapping[str, Any]) -> tuple[str, set[str]]:
    """What is wrong with an answer, and which changes of type it has."""
    if "error" in got:
        return str(got["error"]).splitlines()[0], set()
    if len(want["rows"]) != len(got["rows"]):
        return f"{len(got['rows'])} rows for {len(want['rows'])}", set()
    if want["columns"] != got["columns"] and want["rows"]:
        return "other columns", set()
    changes = set[str]()
    for row, other in zip(want["rows"], got["rows"], strict=True):
        for column, one, two in zip(want["columns"], row, other, strict=True):
            change = loss(one, two)
            if change is None:
                return f"{column} is {shown(two)} for {shown(one)}", changes
            if change:
                changes.add(change)
    return "", changes


def shown(cell: Any) -> str:
    """A cell in a sentence."""
    return "NULL" if cell is None else f"{str(cell[1])[:40]} ({cell[0]})"


def parts(found: Mapping[str, Comparison]) -> str:
    """A cell of the report for each kind of queries."""
    return " | ".join(f"{part.same} of {part.asked}" for part in found.values())


def line(title: str, found: Mapping[str, Comparison]) -> str:
    """The line of a client in the report."""
    changes = sorted({change for part in found.values() for change in part.changes})
    fault = next((part.first_fault for part in found.values() if part.first_fault), "")
    return f"| {title} | {parts(found)} | {', '.join(changes) or 'none'} | {fault or 'none'} |"


def split(found: Answers) -> dict[str, Answers]:
    """Answers to questions, to examples, and of whole tables."""
    kinds: dict[str, Answers] = {"questions": {}, "examples": {}, "tables": {}}
    for title, answer in found.items():
        kind = "tables" if "." in title else "questions" if title.startswith("question ") else "examples"
        kinds[kind][title] = answer
    return kinds


def report(names: Iterable[str], folder: Path, snapshot: Path) -> None:
    """Print what each client makes of the snapshot."""
    queries = queries_of(snapshot)
    found = answers(REFERENCE, folder / "duckdb-1.5", snapshot, queries)
    if failed := [f"{title}: {answer['error']}" for title, answer in found.items() if "error" in answer]:
        raise SystemExit("nothing to compare with: " + "\n".join(failed))
    wanted = split(found)
    heads = ("client", *wanted, "given in another type", "first difference")
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|", flush=True)
    for name in names:
        client = CLIENTS[name]
        try:
            got = split(answers(client, folder / name, snapshot, queries))
        except (OSError, RuntimeError, subprocess.TimeoutExpired) as error:
            print(f"| {client.title} | none | none | none | | {error} |", flush=True)
            continue
        print(line(client.title, {part: outcome(wanted[part], got[part]) for part in wanted}), flush=True)


def main() -> None:
    """Try the clients named on the command line, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("snapshot", type=Path)
    parser.add_argument("--client", action="append", choices=CLIENTS, help="only this one; may be repeated")
    parser.add_argument("--folder", type=Path, help="where clients are installed and kept, by default nowhere")
    words = parser.parse_args()
    with TemporaryDirectory() as temporary:
        folder = (words.folder or Path(temporary)).absolute()
        # A copy that nobody replaces, by the name that BI tools show as the database.
        copy = Path(temporary) / "warehouse.duckdb"
        shutil.copyfile(words.snapshot, copy)
        copy.chmod(0o444)
        report(words.client or CLIENTS, folder, copy)


if __name__ == "__main__":
    main()
