"""The text of a portable model for Spark: the same file, transpiled by SQLGlot, with the parts that it gets wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import sqlglot
from sqlglot import exp

PLACE = "_is_chosen"
# Spark computes a named query again wherever it is read, and those within it: one that is read more than once and
# stands for more than so many tables is computed first, and kept. Of the models 2 are cut so, of 1,325 tables and 128.
MOST_TABLES = 8
STAGE = "stage"
PART = "part_is"  # the column by whose values files are written into folders; no file has it


def stages(sql: str) -> Iterator[tuple[str, str]]:
    """The texts for Spark of a DuckDB query, to be run one after the other, each with the table that it makes.

    The last one has the rows, and no name; those before it are named queries, which the later ones read as tables.
    """
    tree = sqlglot.parse_one(sql, read="duckdb")
    named = {cte.alias: cte for cte in tree.ctes}
    tree.set("with_", None)
    read = Counter(table.name for query in (tree, *named.values()) for table in query.find_all(exp.Table))
    stands_for: dict[str, int] = {}
    for name, cte in list(named.items()):
        stands_for[name] = sum(1 if t.db else stands_for.get(t.name, 1) for t in cte.find_all(exp.Table))
        if read[name] > 1 and stands_for[name] > MOST_TABLES:
            yield f"{STAGE}.{name}", spark_sql(_with(cte.this, named))
            stands_for[name] = 1
            del named[name]
            for table in [t for query in (tree, *named.values()) for t in query.find_all(exp.Table)]:
                if table.name == name and not table.db:
                    table.set("alias", exp.TableAlias(this=exp.to_identifier(table.alias or name)))
                    table.set("db", exp.to_identifier(STAGE))
    yield "", spark_sql(_with(tree, named))


def _with(query: exp.Expr, named: Mapping[str, exp.Expr]) -> exp.Expr:
    """A query with those named queries that it reads, directly or through others."""
    needed: set[str] = set()
    ahead = [query]
    while ahead:
        found = {table.name for table in ahead.pop().find_all(exp.Table) if not table.db} & named.keys() - needed
        needed |= found
        ahead += [named[name].this for name in found]
    text = query.copy()
    if needed:
        listed = [named[name].copy() for name in named if name in needed]
        text.set("with_", exp.With(expressions=[*listed, *text.ctes]))
    return text


def spark_sql(query: str | exp.Expr) -> str:
    """A DuckDB query as Spark reads it; a table schema.name becomes the view schema__name of the session."""
    parsed = sqlglot.parse_one(query, read="duckdb") if isinstance(query, str) else query
    tree = exp.Paren(this=parsed)  # so that the outermost SELECT can be replaced, too
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
