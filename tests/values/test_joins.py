"""How DuckDB joins: no table or part of the page compares all rows of one side with all of the other needlessly."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import sqlglot
from sqlglot import exp

from etl.config import ROOT
from etl.models.graph import load_models
from etl.page.content import asked_about
from etl.warehouse import SQL, Connection

EQUAL = (exp.EQ, exp.NullSafeEQ)
WILDCARDS = ("core.due_latest",)  # `in (metric, '*')` has no other form; core.discontinued has few rows


def test_no_join_with_an_equality_compares_all_pairs(warehouse: Connection) -> None:
    """Of 2,000 platforms such a join took seven minutes of the page and half of the time of the models."""
    queries = {
        model.name: model.sql
        for model in load_models(ROOT / "sql")
        if not model.is_macro and model.name not in WILDCARDS
    }
    for path in sorted((SQL / "queries").glob("page_*.sql")):
        key = date(2020, 1, 1) if "asof" in path.stem else "deal"
        queries[path.stem] = asked_about(path.read_text(encoding="utf-8"), [key])
    assert len(queries) > 100
    built = {name: sql for name, sql in queries.items() if "meta." not in sql}  # only a snapshot has those tables
    found = {name: joins for name, sql in built.items() if (joins := list(_slow_joins(warehouse, sql)))}
    assert not found, "write each comparison of the ON clause with one table on either side, and none about one alone"


def test_such_a_join_is_found(warehouse: Connection) -> None:
    """What mixes both sides or is about one alone makes a LEFT JOIN a loop; one table on either side does not."""
    tables = "from core.platform as one left join core.platform as two on "
    query = f"{tables}two.platform = one.platform and "
    for condition in ("len(one.name) - len(two.name) <= 7", "len(one.name) > 7"):
        assert len(list(_slow_joins(warehouse, query + condition))) == 1
    assert not list(_slow_joins(warehouse, f"{query}len(one.name) <= len(two.name) + 7"))
    assert not list(_slow_joins(warehouse, f"{tables}one.name < two.name"))


def _slow_joins(con: Connection, sql: str) -> Iterator[str]:
    """The conditions of the joins that compare all pairs although an equality of columns must hold."""
    ((_, plan),) = con.execute(f"explain (format json) {sql}").fetchall()
    for operator in json.loads(plan):
        yield from _conditions(operator)


def _conditions(operator: Mapping[str, Any]) -> Iterator[str]:
    if operator["name"].strip() == "BLOCKWISE_NL_JOIN":
        condition = operator["extra_info"]["Condition"]
        if any(_is_of_columns(part) for part in _parts(sqlglot.parse_one(condition, read="duckdb"))):
            yield condition
    for child in operator["children"]:
        yield from _conditions(child)


def _parts(condition: exp.Expr) -> Iterator[exp.Expr]:
    """What must hold together."""
    inner = condition.unnest()
    if isinstance(inner, exp.And):
        yield from (part for side in (inner.this, inner.expression) for part in _parts(side))
    else:
        yield inner


def _is_of_columns(part: exp.Expr) -> bool:
    return isinstance(part, EQUAL) and isinstance(part.this, exp.Column) and isinstance(part.expression, exp.Column)
