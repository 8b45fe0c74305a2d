"""The text of a portable model for Spark: the same file, transpiled by SQLGlot, with the parts that it gets wrong."""

from __future__ import annotations

import sqlglot
from sqlglot import exp

PLACE = "_is_chosen"


def spark_sql(sql: str) -> str:
    """A DuckDB query as Spark reads it; a table schema.name becomes the view schema__name of the session."""
    tree = exp.Paren(this=sqlglot.parse_one(sql, read="duckdb"))  # so that the outermost SELECT can be replaced, too
    for select in reversed(
        [one for one in tree.find_all(exp.Select) if one.args.get("qualify")]
    ):  # the inner ones first
        select.replace(_without_qualify(select))
    for table in tree.find_all(exp.Table):
        if table.db:
            table.set("this", exp.to_identifier(view_of(f"{table.db}.{table.name}")))
            table.set("db", None)
    return str(tree.this.sql("spark", comments=False))


def view_of(table: str) -> str:
    """The name of the temporary view that stands for a table: a name with a schema would be seen by every session."""
    return table.replace(".", "__")


def _without_qualify(select: exp.Select) -> exp.Select:
    """The condition of QUALIFY becomes a column of a subquery.

    SQLGlot 30.30 does so with its windows, but takes a column t.a in them for an output column a that is computed from
    others: rows are then numbered by other values, without an error.
    """
    inner = select.copy()
    inner.append("expressions", exp.alias_(exp.Paren(this=select.args["qualify"].this.copy()), PLACE))
    inner.set("qualify", None)
    named = inner.args.get("with_")
    inner.set("with_", None)
    outer = exp.select(exp.Star(except_=[exp.to_identifier(PLACE)])).from_(inner.subquery("placed")).where(PLACE)
    outer.set("with_", named)
    return outer
