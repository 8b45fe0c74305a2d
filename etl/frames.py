"""Published tables as pandas DataFrames, with the meaning and unit of each column, and the documents behind rows.

Values are exact: a DECIMAL is a decimal.Decimal, a whole number that may be NULL an Int64, a day a datetime64 (`.df()`
of DuckDB makes floats of all three where a value is NULL or a DECIMAL). For a chart: `frame["spend"].astype(float)`.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl.config import load_settings
from etl.errors import MendError
from etl.warehouse import Connection, day_of, open_snapshot, prepared

if TYPE_CHECKING:
    import pandas as pd

SCHEMAS = ("core", "steps", "marts")
INPUTS = "input_observation_ids"
# By the type of the column; one of another type, such as DECIMAL or a list, has Python's own objects.
DTYPES = {
    "VARCHAR": "str",
    "DOUBLE": "float64",
    "BOOLEAN": "boolean",
    "DATE": "datetime64[s]",
    "TIMESTAMP": "datetime64[us]",
} | dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT"), "Int64")
_NAME = re.compile(r"\w+\.\w+")


def read(source: str, day: str | date | None = None, snapshot: str | Path | None = None) -> pd.DataFrame:
    """A published table by its name (`marts.cac_trend`), or the rows of a SELECT, in the snapshot's order.

    With a `day` (a date, or a text such as 2018-01-01) the table is as it could be computed on that day. `snapshot`
    is a published file, by default the one that is served in WAREHOUSE_HOME. `attrs` of the frame has `snapshot`
    (number, time in UTC and fingerprint), `day`, and for a table its `description` and, by column, `units`: its
    comment, which says unit and meaning.

    Raises MendError for a table that is not there or has no rows as of a day, for a day with a SELECT and for what is
    no day, DatabaseError for a query that fails.
    """
    with open_snapshot(Path(snapshot) if snapshot else load_settings().serving_db) as con:
        on = day_of(day) if isinstance(day, str) else day
        about: dict[Hashable | None, Any] = {"snapshot": _snapshot(con), "day": on}
        query, values = source, dict[str, Any]()
        if _NAME.fullmatch(source):
            twin = _twin(con, source)
            if day is not None and twin is None:
                raise MendError(f"{source} has no rows as of a day: read it without one")
            query = f"from {source}" if on is None else f"from {twin}($day)"
            values = {} if on is None else {"day": on}
            about.update(_described(con, source))
        elif day is not None:
            raise MendError("a day goes with the name of a table: in a query, call its macro, as in marts.x_as_of('…')")
        frame = _frame(con, query, values)
    frame.attrs = about
    return frame


def documents(rows: pd.DataFrame, snapshot: str | Path | None = None) -> pd.DataFrame:
    """The figures that rows of a mart rest on, with their documents: one row for each row and figure.

    `row` is the label of the row in `rows`, whose column `input_observation_ids` names the figures. Each has its
    metric, period, value, unit, how and where it is printed, and the document with title, address and day of
    publication; `position` is its place among the figures of the row. Source: core.observation, core.document.

    Raises MendError where `rows` has no such column, or names a figure that the snapshot does not have.
    """
    if INPUTS not in rows.columns:
        raise MendError(f"these rows have no {INPUTS}: read a mart of figures with all its columns")
    named = [(label, place, figure) for label, ids in rows[INPUTS].items() for place, figure in enumerate(ids, 1)]
    with open_snapshot(Path(snapshot) if snapshot else load_settings().serving_db) as con:
        found = _frame(con, prepared("figures_of_rows"), {"ids": sorted({figure for *_, figure in named})})
    by_figure = {figure: place for place, figure in enumerate(found["observation_id"])}
    if missing := sorted({figure for *_, figure in named} - by_figure.keys()):
        raise MendError(f"the snapshot has no figure {missing[0]}: read rows and documents from one snapshot")
    frame = found.iloc[[by_figure[figure] for *_, figure in named]].reset_index(drop=True)
    frame.insert(0, "row", [label for label, *_ in named])
    frame.insert(1, "position", [place for _, place, _ in named])
    return frame


def _frame(con: Connection, query: str, values: dict[str, Any]) -> pd.DataFrame:
    import pandas as pd

    con.execute(query, values)
    columns = [(name, str(kind)) for name, kind, *_ in con.description or []]
    rows = con.fetchall()
    series = [
        pd.Series([row[place] for row in rows], dtype=DTYPES.get(kind, "object"))
        for place, (_, kind) in enumerate(columns)
    ]
    frame = pd.concat(series, axis=1) if series else pd.DataFrame()
    frame.columns = pd.Index([name for name, _ in columns])
    return frame


def _snapshot(con: Connection) -> str:
    ((version, at, fingerprint),) = con.execute(
        "select version, refreshed_at, fingerprint from meta.publication"
    ).fetchall()
    return f"version {version} of {at:%Y-%m-%d %H:%M:%S} UTC ({fingerprint[:12]})"


def _twin(con: Connection, table: str) -> str | None:
    """The macro that has a table as of a day, or None. Raises MendError for a table that is not published."""
    ((catalog,),) = con.execute("select current_database()").fetchall()
    names = dict(
        con.execute(
            prepared("published_twins"), {"catalog": catalog, "schemas": (*SCHEMAS, "audit", "meta")}
        ).fetchall()
    )
    if table not in names:
        raise MendError(f'there is no published table {table}: `make sql Q="show tables"` lists them')
    return str(names[table]) if names[table] else None


def _described(con: Connection, table: str) -> dict[str, Any]:
    schema, name = table.split(".")
    columns = con.execute(
        "select column_name, comment from duckdb_columns() where schema_name = ? and table_name = ? "
        "and database_name = current_database() order by column_index",
        [schema, name],
    ).fetchall()
    ((description,),) = con.execute(
        "select comment from duckdb_tables() where schema_name = ? and table_name = ? "
        "and database_name = current_database()",
        [schema, name],
    ).fetchall()
    return {"table": table, "description": description, "units": dict(columns)}
