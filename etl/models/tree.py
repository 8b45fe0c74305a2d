"""One SELECT as a syntax tree: what it reads, which rules it breaks, and the same text reading other tables.

SQLGlot only finds the places in the text. The SQL that runs is always the text of the file, as it was reviewed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import traverse_scope

from etl.errors import MendError
from etl.models.kept import kept

PARAMETER = "as_of_date"
LAYERS = frozenset({"raw", "core", "steps", "marts", "audit", "meta"})
CLOCK_FUNCTIONS = frozenset(
    {
        "now",
        "today",
        "get_current_time",
        "get_current_timestamp",
        "current_localtime",
        "current_localtimestamp",
        "transaction_timestamp",
    }
)
CLOCK_TYPES = (
    exp.CurrentDate,
    exp.CurrentDatetime,
    exp.CurrentTime,
    exp.CurrentTimestamp,
    exp.Localtime,
    exp.Localtimestamp,
)


@dataclass(frozen=True)
class Reference:
    """A table that is read, or a macro that is called, as schema.name in lower case.

    `start` and `end` bound the name of a table in the text; a call has no bounds, because no call is replaced.
    """

    name: str
    is_call: bool
    start: int = -1
    end: int = -1
    alias: str = ""


def parse(sql: str) -> exp.Select:
    """The tree of a text that holds exactly one SELECT. Raises MendError for anything else."""
    try:
        statements = [tree for tree in sqlglot.parse(sql, read="duckdb") if tree is not None]
    except SqlglotError as error:
        raise MendError(f"is not readable SQL: {error}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Select):
        raise MendError("must hold one SELECT and nothing else; put a union into a CTE")
    return statements[0]


def references(tree: exp.Select) -> list[Reference]:
    """Tables read and macros called anywhere in the query, tables first, in the order of the text."""
    tables: list[Reference] = []
    calls: list[Reference] = []
    for node in tree.find_all(exp.Table, exp.Dot):
        if name := called(node):
            calls.append(Reference(name, True))
        elif isinstance(node, exp.Table) and node.db and isinstance(node.this, exp.Identifier):
            start, end = node.args["db"].meta["start"], node.this.meta["end"] + 1
            tables.append(Reference(f"{node.db}.{node.name}".lower(), False, start, end, node.alias))
    return sorted(tables, key=lambda table: table.start) + calls


def called(node: exp.Expr) -> str | None:
    """The macro, as schema.name, that this table or schema.name(...) calls; None for everything else."""
    if isinstance(node, exp.Table) and node.db and not isinstance(node.this, exp.Identifier):
        return f"{node.db}.{node.this.name}".lower()
    if (
        isinstance(node, exp.Dot)
        and isinstance(node.this, exp.Identifier)
        and node.this.name.lower() in LAYERS
        and isinstance(node.expression, exp.Func)
    ):
        return f"{node.this.name}.{node.expression.name}".lower()
    return None


def rows_read(tree: exp.Select, table: str) -> tuple[str, ...]:
    """The rows of a table that the query can use: one of these conditions over its columns; none where it is all rows.

    A condition is what the WHERE over a place where the table is read demands of its columns against constants.
    """
    places = [
        node for node in tree.find_all(exp.Table) if not called(node) and f"{node.db}.{node.name}".lower() == table
    ]
    conditions = [_demanded(node) for node in places]
    return tuple(sorted(set(conditions))) if all(conditions) else ()


def _demanded(node: exp.Table) -> str:
    """What a WHERE demands of the rows of the table in its FROM, where no join brings rows back that it left out."""
    select, where = node.find_ancestor(exp.Select), None
    if (
        select
        and isinstance(node.parent, exp.From)
        and not any(join.side in ("RIGHT", "FULL") for join in select.args.get("joins") or ())
    ):
        where = select.args.get("where")
    parts = where.this.flatten() if where and isinstance(where.this, exp.And) else [where.this] if where else []
    demands = [part.copy() for part in parts if _is_about(part, node.alias_or_name)]
    for column in (column for demand in demands for column in demand.find_all(exp.Column)):
        column.set("table", None)
    return " and ".join(demand.sql("duckdb", comments=False) for demand in demands)


def _is_about(part: exp.Expr, alias: str) -> bool:
    """Whether a condition compares columns of this table, named with it, with constants and does nothing else."""
    columns = list(part.find_all(exp.Column))
    return (
        isinstance(part, exp.EQ | exp.In | exp.Is)
        and all(
            isinstance(node, exp.Literal | exp.Null | exp.Column | exp.Identifier)
            for node in part.walk()
            if node is not part
        )
        and {column.table for column in columns} == {alias}
    )


def row_by_row(sql: str) -> Sequence[tuple[str, frozenset[str]]]:
    """Joins and subqueries that a twin cannot ask about several days, with the tables and CTEs that they read.

    DuckDB 1.5 fails on a FULL JOIN over what was known on the day of an outer row, and answers wrongly where a
    subquery over it refers to the row outside itself: EXISTS finds nothing.
    """
    return kept("row by row", sql, find=lambda: list(_row_by_row(parse(sql))))


def _row_by_row(tree: exp.Select) -> Iterator[tuple[str, frozenset[str]]]:
    for join in tree.find_all(exp.Join):
        if join.side == "FULL":
            yield "FULL JOIN", _sources(join.find_ancestor(exp.Select) or tree)
    for scope in traverse_scope(tree):
        if scope.is_correlated_subquery and not isinstance(
            scope.expression.find_ancestor(exp.Lateral, exp.Select), exp.Lateral
        ):
            yield scope.expression.sql("duckdb", comments=False), _sources(scope.expression)


def _sources(node: exp.Expr) -> frozenset[str]:
    return frozenset(f"{table.db}.{table.name}".lower().removeprefix(".") for table in node.find_all(exp.Table))


def replace_tables(sql: str, replacements: Mapping[str, str]) -> str:
    """The text with each of these tables replaced by another table expression, under the name it had."""
    for reference in reversed(references_of(sql)):
        if reference.is_call or reference.name not in replacements:
            continue
        text = replacements[reference.name]
        if not reference.alias:
            text += f" as {reference.name.rpartition('.')[2]}"
        sql = sql[: reference.start] + text + sql[reference.end :]
    return sql


@lru_cache(maxsize=256)
def references_of(sql: str) -> tuple[Reference, ...]:
    """References of a text, kept because one that is asked in several runs or worlds needs them for each."""
    return kept("references", sql, find=lambda: tuple(references(parse(sql))))


def broken_rules(tree: exp.Select, is_macro: bool) -> Iterator[str]:
    """Every rule that the query breaks, as a sentence with the fix."""
    yield from _unknown_sources(tree)
    yield from _captured_names(tree, is_macro)
    for column in tree.find_all(exp.Column):
        if column.db.lower() in LAYERS:
            yield f"{column.sql('duckdb')}: give the table an alias and write alias.column"
    for node in tree.walk():
        if isinstance(node, CLOCK_TYPES) or (isinstance(node, exp.Anonymous) and node.name.lower() in CLOCK_FUNCTIONS):
            yield f"{node.sql('duckdb')} reads the clock: take the date from the data"
    for select in tree.find_all(exp.Select):
        yield from _qualify_by_alias(select)


def _unknown_sources(tree: exp.Select) -> Iterator[str]:
    named = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        what = table.sql("duckdb", comments=False)
        if table.catalog:
            yield f"{what}: leave out the database name; names resolve in the database that is open"
        elif table.db:
            continue
        elif isinstance(table.this, exp.Identifier):
            if table.name.lower() not in named:
                yield f"{what} is neither a CTE nor schema.table: write the schema"
        elif not isinstance(table.this, exp.GenerateSeries):
            yield f"{what} reads something that is no table of the warehouse: ingest it first"


def _captured_names(tree: exp.Select, is_macro: bool) -> Iterator[str]:
    """Refuse columns named like the macro parameter, which replaces them in the macro and in a mart's twin."""
    for identifier in tree.find_all(exp.Identifier):
        if identifier.name.lower() != PARAMETER:
            continue
        user = identifier.parent
        is_parameter = is_macro and isinstance(user, exp.Column) and not user.table
        is_argument_name = isinstance(user, exp.PropertyEQ) and isinstance(user.parent, exp.Anonymous)
        if not is_parameter and not is_argument_name:
            yield f"{PARAMETER} is the parameter of as-of macros and captures such a column: rename it"


def _qualify_by_alias(select: exp.Select) -> Iterator[str]:
    qualify = select.args.get("qualify")
    if qualify is None:
        return
    windows = {item.alias.lower() for item in select.selects if item.find(exp.Window) is not None and item.alias}
    bare = {
        column.name.lower()
        for column in qualify.find_all(exp.Column)
        if not column.table and column.find_ancestor(exp.Window) is None
    }
    if qualify.find(exp.Window) is None or bare & windows:
        yield "QUALIFY names an alias: write the window there, as in qualify row_number() over (...) = 1"
