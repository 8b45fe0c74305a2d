"""Cases of SQL models: a folder of input and expected CSV files, and what differs when the model is run.

tests/models/<schema>/<table>/<case>/ holds <schema>.<table>.csv for each input with rows, expected.csv,
as_of.txt with a date where the as-of twin is asked, and case.md, which says what the case shows. Input
columns have the types of the model files; a file may give some of them, the rest is NULL. An empty field
is NULL, "" is the empty text; a MAP is written as JSON or as {key=value}. expected.csv compares the columns
that it has, in any order of rows, DOUBLE within 1e-9.

A table that reads nothing, such as core.definition, has its own rows unless the case gives others. A case of
such a table compares the rows that it names only, and one whose input names no definition of an acquisition
cost the definitions that it names: a definition more changes no case.

Only the SQL files behind the model are parsed, each once a session, and only the tables that its query names
are made. They are made in a transaction that is rolled back, so all cases share one warehouse.
"""

import csv
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from etl.models.file import AS_OF, ONE, Model
from etl.models.graph import create_statements, macros_of, one_platform_sql, twin_sql, twins_of
from etl.warehouse import Connection
from tests.support.models import create_empty, model_files, models_behind

Row = tuple[Any, ...]
DEFINITIONS = "core.definition"


def run_case(con: Connection, case: Path, sql_dir: Path) -> list[str]:
    """What differs between expected.csv and what the model makes of the case's input; `con` stays as it was."""
    with made(con, case, sql_dir) as (model, source, named):
        return differences(con, source, case / "expected.csv", model, named)


@contextmanager
def made(con: Connection, case: Path, sql_dir: Path) -> Iterator[tuple[Model, str, Sequence[str]]]:
    """The model of a case, what to select its rows from, and the columns that name rows, while its tables exist."""
    name = f"{case.parent.parent.name}.{case.parent.name}"
    assert name in model_files(sql_dir), f"{case}: there is no model {name}"
    models = models_behind(name, sql_dir)
    day = case / "as_of.txt"
    asked = twin_of(models[name], models) if day.exists() else name
    assert day.exists() or not models[name].is_macro, f"{name} is a macro: say the day in as_of.txt"
    needed = set(names_read(asked, models))
    inputs = {path.stem: path for path in case.glob("*.csv") if path.stem != "expected"}
    unread = sorted(inputs.keys() - needed)
    assert not unread, f"{name} is built from no table {', '.join(unread)}"
    con.execute("begin")
    try:
        for model in models.values():
            make_table(con, model, needed, has_rows=not model.reads and model.name not in inputs)
        for table, path in inputs.items():
            load_csv(con, table, path)
        con.execute(create_statements(models[asked])[0] if asked in models else twin_sql(models[name]))
        source = f"{asked}(date '{day.read_text(encoding='utf-8').strip()}')" if day.exists() else name
        yield models[name], source, named_by_case(models[name], inputs, needed)
    finally:
        con.execute("rollback")


def twin_of(model: Model, models: Mapping[str, Model]) -> str:
    """The macro that tells a table as of a day; a macro tells it itself."""
    if model.is_macro:
        return model.name
    twin = twins_of(list(models.values())).get(model.name)
    assert twin, f"{model.name} has no twin: remove as_of.txt"
    return twin


def names_read(name: str, models: Mapping[str, Model]) -> Iterator[str]:
    """The tables, macros and twins named in the query of a model or twin, and in those of what it calls."""
    is_twin = name not in models
    model = models[name.removesuffix(AS_OF) if is_twin else name]
    macros = dict(model.as_of) if is_twin else {}
    for read in model.reads:
        table = read.removesuffix("()")
        if (twin := table + AS_OF) not in models and re.search(rf"\b{twin}({ONE})?\(", model.sql):
            yield twin
            yield from names_read(twin, models)
        source = macros.get(table, table)
        if source in models or source == table:
            yield source
        if source != table or (source in models and models[source].is_macro):
            yield from names_read(source, models)  # a twin holds the text of the marts behind it


def named_by_case(model: Model, inputs: Mapping[str, Path], needed: set[str]) -> Sequence[str]:
    """The columns by which expected.csv names what the case is about; rows of something else are not compared."""
    if not model.reads:
        return model.grain
    is_open = DEFINITIONS in needed - inputs.keys() and not any(
        "definition" in header(path) for path in inputs.values()
    )
    return ["definition"] if is_open else []


def make_table(con: Connection, model: Model, needed: set[str], *, has_rows: bool) -> None:
    """What is needed of a model: its table with its columns, its twin, or the macro that it is."""
    if model.name in needed and (model.is_macro or has_rows):
        con.execute(create_statements(model)[0])
    elif model.name in needed:
        create_empty(con, model)
    if model.twin and model.name + AS_OF in needed:
        con.execute(twin_sql(model))
    if model.by_platform and not needed.isdisjoint(macros_of(model)):
        con.execute(one_platform_sql(model))


def load_csv(con: Connection, table: str, path: Path) -> None:
    """Append the rows of a CSV file to a table, each text cast to the type of its column."""
    types = {name: kind for name, kind, *_ in con.execute(f"describe from {table}").fetchall()}
    given = header(path)
    unknown = [column for column in given if column not in types]
    assert not unknown, f"{path.name} has no such column in {table}: {', '.join(unknown)}"
    names = ", ".join(f'"{column}"' for column in given)
    con.execute(f"insert into {table} ({names}) {typed(path, {c: types[c] for c in given})}")


def typed(path: Path, types: dict[str, str]) -> str:
    """The SELECT that reads a CSV file as columns of `types`; every column of the file is in `types`."""
    values = ", ".join(
        f'if(json_valid("{name}"), "{name}"::json::{kind}, "{name}"::{kind})'
        if kind.lower().startswith("map")
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


def differences(con: Connection, source: str, path: Path, model: Model, named: Sequence[str] = ()) -> list[str]:
    """Rows of `source` that expected.csv does not have, and the other way round, one line each.

    Rows whose columns `named` hold what no row of expected.csv has in them are left out.
    """
    types = {column.name: column.type for column in model.columns}
    columns = header(path)
    unknown = [column for column in columns if column not in types]
    assert not unknown, f"{path.name} compares columns that {model.name} does not have: {', '.join(unknown)}"
    names = ", ".join(f'"{column}"' for column in columns)
    missing: list[Row] = con.execute(typed(path, {column: types[column] for column in columns})).fetchall()
    subject = [columns.index(column) for column in named if column in columns]
    subjects = {tuple(row[k] for k in subject) for row in missing}
    found: list[Row] = []
    for row in con.execute(f"select {names} from {source}").fetchall():
        if subjects and tuple(row[k] for k in subject) not in subjects:
            continue
        match = next((expected for expected in missing if same(expected, row)), None)
        if match is None:
            found.append(row)
        else:
            missing.remove(match)
    keys = [columns.index(column) for column in model.grain if column in columns]
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
