"""Cases of SQL models: a folder of input and expected CSV files, and what differs when the model is run.

tests/models/<schema>/<table>/<case>/ holds <schema>.<table>.csv for each input with rows, expected.csv,
as_of.txt with a date where the as-of twin is asked, and case.md, which says what the case shows. Input
columns have the types of the model files; a file may give some of them, the rest is NULL. An empty field
is NULL, "" is the empty text; a MAP is written as JSON or as {key=value}. expected.csv compares the columns
that it has, in any order of rows, DOUBLE within 1e-9.
"""

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from etl.models.file import Model
from etl.models.graph import create_statements, twin_sql, twins_of
from etl.warehouse import Connection

Row = tuple[Any, ...]


def run_case(con: Connection, models: Sequence[Model], case: Path) -> list[str]:
    """What differs between expected.csv and what the model makes of the case's input."""
    name = f"{case.parent.parent.name}.{case.parent.name}"
    inputs = {path.stem: path for path in case.glob("*.csv") if path.stem != "expected"}
    for table in [table for table in inputs if table in given(con)]:
        load_csv(con, table, inputs.pop(table))
    for model in models:
        if model.name == name:
            break
        make_empty(con, model)
        if model.name in inputs:
            load_csv(con, model.name, inputs.pop(model.name))
    else:
        raise AssertionError(f"{case}: there is no model {name}")
    assert not inputs, f"{name} is built from no table {', '.join(sorted(inputs))}"
    for statement in create_statements(model):
        con.execute(statement)
    twin = model.name if model.is_macro else twins_of(models).get(model.name)
    return differences(con, source(model, twin, case), case / "expected.csv", model.grain)


def given(con: Connection) -> set[str]:
    """The tables that stand before any model: of the bookkeeping and of the contracts."""
    return {
        f"{schema}.{table}"
        for schema, table in con.execute("select schema_name, table_name from duckdb_tables()").fetchall()
    }


def source(model: Model, twin: str | None, case: Path) -> str:
    """What the case asks: the table, or its twin on the day of as_of.txt."""
    day = case / "as_of.txt"
    if not day.exists():
        assert not model.is_macro, f"{model.name} is a macro: say the day in as_of.txt"
        return model.name
    assert twin, f"{model.name} has no twin: remove as_of.txt"
    return f"{twin}(date '{day.read_text(encoding='utf-8').strip()}')"


def make_empty(con: Connection, model: Model) -> None:
    """The table of a model with its columns and no rows; macros and twins as they are."""
    if model.is_macro:
        con.execute(create_statements(model)[0])
        return
    columns = ", ".join(f'"{column.name}" {column.type}' for column in model.columns)
    con.execute(f"create table {model.name} ({columns})")
    if model.twin:
        con.execute(twin_sql(model))


def load_csv(con: Connection, table: str, path: Path) -> None:
    """Append the rows of a CSV file to a table, each text cast to the type of its column."""
    types = types_of(con, table)
    given = header(path)
    unknown = [column for column in given if column not in types]
    assert not unknown, f"{path.name} has no such column in {table}: {', '.join(unknown)}"
    names = ", ".join(f'"{column}"' for column in given)
    con.execute(f"insert into {table} ({names}) {typed(path, {c: types[c] for c in given})}")


def typed(path: Path, types: dict[str, str]) -> str:
    """The SELECT that reads a CSV file as columns of `types`; every column of the file is in `types`."""
    values = ", ".join(
        f'if(json_valid("{name}"), "{name}"::json::{kind}, "{name}"::{kind})'
        if kind.startswith("MAP")
        else f'"{name}"::{kind}'
        for name, kind in types.items()
    )
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in types)
    options = "header = true, auto_detect = false, nullstr = '', allow_quoted_nulls = false"
    form = "delim = ',', quote = '\"', escape = '\"'"
    return f"select {values} from read_csv('{path}', columns = {{{columns}}}, {options}, {form})"


def header(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file))


def types_of(con: Connection, source: str) -> dict[str, str]:
    return {name: kind for name, kind, *_ in con.execute(f"describe from {source}").fetchall()}


def differences(con: Connection, source: str, path: Path, grain: Sequence[str]) -> list[str]:
    """Rows of `source` that expected.csv does not have, and the other way round, one line each."""
    types = types_of(con, source)
    columns = header(path)
    unknown = [column for column in columns if column not in types]
    assert not unknown, f"{path.name} compares columns that {source} does not have: {', '.join(unknown)}"
    names = ", ".join(f'"{column}"' for column in columns)
    missing: list[Row] = con.execute(typed(path, {column: types[column] for column in columns})).fetchall()
    found: list[Row] = []
    for row in con.execute(f"select {names} from {source}").fetchall():
        match = next((expected for expected in missing if same(expected, row)), None)
        if match is None:
            found.append(row)
        else:
            missing.remove(match)
    keys = [columns.index(column) for column in grain if column in columns]
    return described(missing, found, columns, keys)


def same(expected: Row, row: Row) -> bool:
    return all(map(same_value, expected, row))


def same_value(expected: Any, value: Any) -> bool:
    if isinstance(expected, float) and isinstance(value, float):
        return math.isclose(expected, value, rel_tol=1e-9, abs_tol=1e-9)
    return bool(expected == value)


def described(missing: list[Row], found: list[Row], columns: list[str], keys: list[int]) -> list[str]:
    """Rows of one grain are told by the cells that differ; the others are shown whole."""
    lines: list[str] = []
    left = list(found)
    for expected in missing:
        row = next((row for row in left if keys and all(same_value(expected[k], row[k]) for k in keys)), None)
        if row is None:
            lines.append(f"  missing     {shown(columns, expected)}")
            continue
        left.remove(row)
        place = shown([columns[k] for k in keys], [expected[k] for k in keys])
        lines += [
            f"  differs     {place}: {column} is {value!s}, expected {wanted!s}"
            for column, wanted, value in zip(columns, expected, row, strict=True)
            if not same_value(wanted, value)
        ]
    return lines + [f"  unexpected  {shown(columns, row)}" for row in left]


def shown(columns: Sequence[str], row: Sequence[Any]) -> str:
    return ", ".join(f"{column}={value!s}" for column, value in zip(columns, row, strict=True))
