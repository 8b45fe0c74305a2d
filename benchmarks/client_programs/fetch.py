"""A Python client that answers queries from a snapshot: `python fetch.py CLIENT SNAPSHOT < queries.json`.

Runs in an environment that has the client's packages and nothing of this project. Reads an object of queries by name,
prints one of answers: the columns and rows of each, or the error that the client raised. A cell is null or a pair of
its kind (bool, exact, double, day, time, text, list, map) and its value, so that a decimal that arrives as a double
can be told from one that arrives as a decimal.
"""

from __future__ import annotations

import atexit
import datetime
import decimal
import json
import math
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any
from warnings import simplefilter

Answer = tuple[Sequence[str], Iterable[Sequence[Any]]]
Ask = Callable[[str], Answer]


def cell(value: Any) -> Any:  # noqa: PLR0911 (one for each kind)
    """A value as its kind and its text, or None for NULL (and for what pandas gives in its place)."""
    value = value.tolist() if type(value).__module__ == "numpy" else value
    match value:
        case None:
            return None
        case bool():
            return ["bool", value]
        case int():
            return ["exact", str(value)]
        case decimal.Decimal():
            return ["exact", f"{value:f}"]
        case float():
            return None if math.isnan(value) else ["double", repr(value)]
        case _ if type(value).__name__ in ("NAType", "NaTType"):  # what pandas has for NULL
            return None
        case datetime.datetime():
            return ["time", value.isoformat()]
        case datetime.date():
            return ["day", value.isoformat()]
        case str():
            return ["text", value]
        case list() | tuple():
            return ["list", [cell(item) for item in value]]
        case dict():
            return ["map", [[cell(key), cell(item)] for key, item in value.items()]]
    return ["unknown", repr(value)]


def connect(database: str) -> Any:
    """A connection of DuckDB's own driver, read-only."""
    return import_module("duckdb").connect(database, read_only=True)


def native(database: str) -> Ask:
    """DuckDB's driver by the Python DB API."""
    con = connect(database)

    def ask(query: str) -> Answer:
        rows = con.execute(query).fetchall()
        return [column[0] for column in con.description], rows

    return ask


def pandas(database: str) -> Ask:
    """A pandas frame."""
    con = connect(database)
    return lambda query: of_frame(con.execute(query).df())


def of_frame(frame: Any) -> Answer:
    """The columns and rows of a pandas frame, in the types of its columns."""
    columns = [frame[name].array for name in frame.columns]
    return list(frame.columns), zip(*columns, strict=True)


def polars(database: str) -> Ask:
    """A Polars frame."""
    con = connect(database)

    def ask(query: str) -> Answer:
        frame = con.execute(query).pl()
        return frame.columns, ([plain(value) for value in row] for row in frame.rows())

    return ask


def arrow(database: str) -> Ask:
    """An Arrow table."""
    con = connect(database)
    return lambda query: of_arrow(con.execute(query).to_arrow_table())


def of_arrow(table: Any) -> Answer:
    """The columns and rows of an Arrow table; a map is a list of pairs there."""
    maps = [str(field.type).startswith("map<") for field in table.schema]
    columns = [column.to_pylist() for column in table.columns]
    told = [
        [dict(value) if value is not None else None for value in column] if is_map else column
        for column, is_map in zip(columns, maps, strict=True)
    ]
    return table.column_names, zip(*told, strict=True)


def plain(value: Any) -> Any:
    """A cell of Polars, in which a map is a list of structs of key and value."""
    if isinstance(value, list) and value and isinstance(value[0], dict) and value[0].keys() == {"key", "value"}:
        return {item["key"]: item["value"] for item in value}
    return value


def adbc(database: str) -> Ask:
    """ADBC, with the driver that DuckDB's wheel brings."""
    dbapi = import_module("adbc_driver_manager.dbapi")
    driver = import_module("_duckdb").__file__
    options = {"path": database, "access_mode": "READ_ONLY"}
    con = dbapi.connect(driver=driver, entrypoint="duckdb_adbc_init", db_kwargs=options, autocommit=True)

    def ask(query: str) -> Answer:
        with con.cursor() as cursor:
            cursor.execute(query)
            return of_arrow(cursor.fetch_arrow_table())

    return ask


def sqlalchemy(database: str) -> Ask:
    """SQLAlchemy with duckdb_engine; every published table must reflect first, as BI tools do."""
    library = import_module("sqlalchemy")
    engine = library.create_engine(f"duckdb:///{database}", connect_args={"read_only": True})
    inspector, found = library.inspect(engine), 0
    for schema in ("core", "steps", "marts"):
        for name in inspector.get_table_names(schema):
            found += len(library.Table(name, library.MetaData(), schema=schema, autoload_with=engine).c)
    if not found:
        raise RuntimeError("no table was reflected")

    def ask(query: str) -> Answer:
        with engine.connect() as con:
            result = con.exec_driver_sql(query)
            return list(result.keys()), result.fetchall()

    return ask


def superset(database: str) -> Ask:
    """The code by which SQL Lab and data sets of Superset list tables and answer a query, without its web server."""
    app = import_module("superset.app").create_app()
    app.app_context().push()
    models, sql = import_module("superset.models.core"), import_module("superset.sql.parse")
    address = f"duckdb:///{database}?access_mode=read_only"
    source = models.Database(database_name="warehouse", sqlalchemy_uri=address)
    schema = f"{Path(database).stem}.marts"
    tables = source.get_all_table_names_in_schema(catalog=None, schema=schema)
    if not tables or not source.get_columns(sql.Table("cac_trend", schema)):
        raise RuntimeError("no table is listed")
    return lambda query: of_frame(source.get_df(query))


def ibis(database: str) -> Ask:
    """Ibis, with its backend for DuckDB."""
    con = import_module("ibis").duckdb.connect(database, read_only=True)
    return lambda query: of_arrow(con.sql(query).to_pyarrow())


def notebook(database: str) -> Ask:
    """A notebook of Jupyter with the %sql magic of JupySQL, whose cells nbclient runs in a kernel."""
    form = import_module("nbformat").v4
    client = import_module("nbclient").NotebookClient(form.new_notebook(), timeout=300, kernel_name="python3")
    kernel = client.setup_kernel()
    kernel.__enter__()
    atexit.register(kernel.__exit__, None, None, None)

    def run(source: str) -> str:
        cell = form.new_code_cell(source)
        client.nb.cells.append(cell)
        client.execute_cell(cell, len(client.nb.cells) - 1)
        return "".join(output.get("text", "") for output in cell.outputs)

    run(f"import duckdb\ncon = duckdb.connect({database!r}, read_only=True)\n%load_ext sql\n%sql con --alias snapshot")
    run("%config SqlMagic.autopandas = True\n%config SqlMagic.displaycon = False\n%config SqlMagic.feedback = 0")
    run(f"import sys\nsys.path.insert(0, {str(Path(__file__).parent)!r})\nfrom fetch import told, of_frame")

    def ask(query: str) -> Answer:
        run(f"%%sql answer <<\n{query}")
        found = json.loads(run("print(told(*of_frame(answer)))"))
        return found["columns"], [[Told(value) for value in row] for row in found["rows"]]

    return ask


def shell(database: str) -> Ask:
    """The command line shell, which prints JSON; without -safe, under which the program of duckdb-cli fails."""
    program = str(Path(sys.executable).parent / "duckdb")

    def ask(query: str) -> Answer:
        command = [program, "-readonly", "-no-init", "-json", database, "-c", query]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr)
        rows = json.loads(done.stdout or "[]", parse_float=decimal.Decimal)
        return list(rows[0]) if rows else [], [list(row.values()) for row in rows]

    return ask


class Told:
    """A cell that another process has told already."""

    def __init__(self, value: Any) -> None:
        self.value = value


def told(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """An answer as JSON."""
    cells = [[value.value if isinstance(value, Told) else cell(value) for value in row] for row in rows]
    return json.dumps({"columns": list(columns), "rows": cells})


def main() -> None:
    """Answer the queries of standard input with the client named on the command line."""
    simplefilter("ignore")
    name, database = sys.argv[1:]
    queries: Mapping[str, str] = json.load(sys.stdin)
    ask = globals()[name](database)
    answers = []
    for title, query in queries.items():
        try:
            answer = told(*ask(query))
        except Exception as error:  # whatever a client raises is its answer
            answer = json.dumps({"error": f"{type(error).__name__}: {error}"})
        answers.append(f"{json.dumps(title)}: {answer}")
    sys.stdout.write("\nANSWERS {" + ",\n".join(answers) + "}\n")


if __name__ == "__main__":
    main()
