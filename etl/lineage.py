"""Which columns of which tables each output column of a model comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import lineage
from sqlglot.schema import MappingSchema

from etl.daily_contract import contract_tables
from etl.sqlfile import AS_OF, Model
from etl.sqltree import called, parse

BOOKKEEPING = Path(__file__).with_name("bookkeeping.sql")

Sources = dict[str, list[tuple[str, str]]]


def column_lineage(model: Model, models: Sequence[Model]) -> Sources:
    """For each output column, the (schema.table, column) pairs that its value is computed from.

    Columns that only filter or join are left out. A macro is looked through to the tables behind it, a
    twin stands for its mart. `models` are all models of the house.
    """
    return {column: list(sources) for column, sources in _lineage(model, tuple(models)).items()}


@lru_cache(maxsize=256)
def _lineage(model: Model, models: tuple[Model, ...]) -> Mapping[str, tuple[tuple[str, str], ...]]:
    by_name = {other.name: other for other in models}
    tree = parse(model.sql)
    _calls_as_tables(tree, by_name)
    try:
        nodes = lineage(None, tree, _schema(models), dialect="duckdb", trim_selects=False, copy=False)
    except SqlglotError:
        return {}  # SQLGlot cannot follow every query (UNION ALL BY NAME): no lineage, not a failed build
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for output, root in nodes.items():
        sources: set[tuple[str, str]] = set()
        for node in root.walk():
            if isinstance(node.expression, exp.Table):
                table = f"{node.expression.db}.{node.expression.name}"
                column = node.name.rpartition(".")[2]
                macro = by_name.get(table)
                if macro is not None and macro.is_macro:
                    sources.update(_lineage(macro, models).get(column, ()))
                else:
                    sources.add((table, column))
        found[output] = tuple(sorted(sources))
    return found


def _calls_as_tables(tree: exp.Select, by_name: Mapping[str, Model]) -> None:
    """Put a table of the same columns in the place of every macro call: SQLGlot cannot look into a call."""
    for node in list(tree.find_all(exp.Table, exp.Lateral)):
        name = called(node.this if isinstance(node, exp.Lateral) else node)
        if name is None:
            continue
        if name not in by_name:
            name = name.removesuffix(AS_OF)
        schema, _, table = name.partition(".")
        alias = node.args.get("alias")
        node.replace(exp.Table(this=exp.to_identifier(table), db=exp.to_identifier(schema), alias=alias))


@lru_cache(maxsize=8)
def _schema(models: tuple[Model, ...]) -> MappingSchema:
    schema: dict[str, dict[str, dict[str, str]]] = {}
    for model in models:
        schema.setdefault(model.schema, {})[model.table] = {c.name: c.type for c in model.columns}
    for statement in sqlglot.parse(BOOKKEEPING.read_text(encoding="utf-8"), read="duckdb"):
        if isinstance(statement, exp.Create):
            table = statement.this.this
            columns = statement.find_all(exp.ColumnDef)
            schema.setdefault(table.db, {})[table.name] = {c.name: c.kind.sql("duckdb") for c in columns}
    for name, (_, delivered) in contract_tables().items():
        place, _, table = name.partition(".")
        schema.setdefault(place, {})[table] = {column.name: column.type for column in delivered}
    return MappingSchema(schema, dialect="duckdb")
