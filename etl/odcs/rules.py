"""The suites of expectations/ as quality rules of a contract, and the words that a suite allows in a column.

What the standard has a clause for becomes that clause: a column that is never empty is `required`, words are an
`enum`. Everything else is a rule of type sql that counts the rows at fault in the published snapshot. A check that
reads tables which are not published becomes a text: it held when the table was built.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlglot
from sqlglot import exp

from etl.checks.suite import GREATER, QUERY, UNEXPECTED_ROWS, Expectation, Suite
from etl.warehouse import Connection, literal

VOCABULARY = {"core.term", "core.definition"}
BATCH = "batch_of_suite"
UNIQUE = ("expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique")
Words = Mapping[str, str]  # a word and what it means


@dataclass
class Clauses:
    """What a suite says of a table: clauses of each column, words of each column, rules of the table."""

    columns: dict[str, dict[str, Any]] = field(default_factory=dict)
    words: dict[str, Words] = field(default_factory=dict)
    keys: list[tuple[str, ...]] = field(default_factory=list)
    rules: list[dict[str, Any]] = field(default_factory=list)


def clauses_of(con: Connection, suite: Suite, published: Collection[str], types: Mapping[str, str]) -> Clauses:
    """The clauses of a suite; `con` has the vocabulary, `types` are those of the table's columns."""
    found = Clauses()
    for one in suite.expectations:
        columns = {key: one.kwargs[key] for key in ("column", "column_list") if key in one.kwargs}
        name = columns.get("column", "")
        is_sure = one.severity == "critical"
        if is_sure and one.type == "expect_column_values_to_not_be_null":
            found.columns.setdefault(name, {})["required"] = True
        elif is_sure and one.type in UNIQUE:
            found.keys.append(tuple(columns.get("column_list", [name])))
        elif is_sure and one.type == "expect_column_values_to_be_in_set" and types[name] == "VARCHAR":
            found.words[name] = dict.fromkeys(one.kwargs["value_set"], "")
        else:
            found.rules.append(_rule(suite, one, published))
        if is_sure and one.type == UNEXPECTED_ROWS:
            found.words |= _words(con, one.kwargs[QUERY])
    return found


def _rule(suite: Suite, one: Expectation, published: Collection[str]) -> dict[str, Any]:
    """A rule of the table from any expectation."""
    about = {"id": one.name, "name": one.name, "description": one.why, "severity": one.severity}
    if one.type.startswith("expect_table_row_count"):
        least = {"mustBe": one.kwargs["value"]} if "value" in one.kwargs else {}
        least = least or {"mustBeGreaterOrEqualTo": one.kwargs["min_value"]}
        return {**about, "type": "library", "metric": "rowCount", "unit": "rows", **least}
    query = _broken(suite.table, one)
    unpublished = {name for name in re.findall(r"\b(?:raw|core|steps|marts)\.\w+", query) if _is_table(name, published)}
    if unpublished:
        why = f"{one.why} (checked when the table is built, against {', '.join(sorted(unpublished))}: not published)"
        return {**about, "type": "text", "description": why}
    return {**about, "type": "sql", "query": f"select count(*) from (\n{query}\n) as at_fault\n", "mustBe": 0}


def _is_table(name: str, published: Collection[str]) -> bool:
    """Whether a name of a query is a table that readers do not have; macros are as the snapshot has them."""
    return name not in published and not name.endswith(("_as_of", "_known"))


def _broken(table: str, one: Expectation) -> str:
    """A query for the rows that break an expectation."""
    given = one.kwargs
    if one.type == UNEXPECTED_ROWS:
        return str(given[QUERY]).format(batch=table).rstrip("; \n")
    if one.type == GREATER:
        relation = "<" if given.get("or_equal") else "<="
        return f"select * from {table} where {given['column_A']} {relation} {given['column_B']}"
    if one.type == "expect_column_distinct_values_to_contain_set":
        words = ", ".join(literal(str(word)) for word in given["value_set"])
        held = f"select {given['column']} from {table}"
        return f"select word from (select unnest([{words}]) as word) where word not in ({held})"
    if one.type in UNIQUE:
        names = ", ".join(given.get("column_list", [given.get("column")]))
        return f"select {names} from {table} group by {names} having count(*) > 1"
    return f"select * from {table} where {_fault(given['column'], one)}"


def _fault(column: str, one: Expectation) -> str:
    """The condition under which a value of a column breaks an expectation about it alone."""
    given = one.kwargs
    if one.type == "expect_column_values_to_not_be_null":
        return f"{column} is null"
    if one.type == "expect_column_values_to_match_regex":
        return f"not regexp_matches({column}, {literal(given['regex'])})"
    listed = ", ".join(literal(str(word)) for word in given.get("value_set", ()))
    if one.type == "expect_column_values_to_be_in_set":
        return f"{column}::varchar not in ({listed})"
    if one.type in ("expect_column_values_to_be_between", "expect_column_value_lengths_to_be_between"):
        value = f"len({column})" if "lengths" in one.type else column
        relations = {"min_value": "<=" if given.get("strict_min") else "<", "max_value": ">"}
        return " or ".join(f"{value} {sign} {given[key]}" for key, sign in relations.items() if key in given)
    raise ValueError(f"no rule is known for {one.type}")


def _words(con: Connection, query: str) -> dict[str, Words]:
    """The words of the vocabulary that a query for rows at fault allows in columns of its table."""
    tree = sqlglot.parse_one(query.format(batch=BATCH), read="duckdb")
    where = tree.args.get("where") if isinstance(tree, exp.Select) else None
    if not where:
        return {}
    ours = {table.alias_or_name for table in tree.find_all(exp.Table) if table.name == BATCH}
    faults = list(where.this.flatten()) if isinstance(where.this, exp.Or) else [where.this]
    found = {}
    for fault in faults:
        for column, words in (*_listed(con, fault), *_joined(con, tree, fault)):
            if column.table in ours:
                found[column.name] = words
    return found


def _listed(con: Connection, fault: exp.Expression) -> Iterator[tuple[exp.Column, Words]]:
    """`column not in (words)` and `not list_has_all(words, column)`."""
    test = fault.this if isinstance(fault, exp.Not) else None
    if isinstance(test, exp.In) and isinstance(test.this, exp.Column):
        listed = test.expressions
        if listed and all(isinstance(word, exp.Literal) and word.is_string for word in listed):
            yield test.this, {word.name: "" for word in listed}
        elif query := test.args.get("query"):
            yield from ((test.this, words) for words in _read(con, query.this))
    elif isinstance(test, exp.Anonymous) and test.name.lower() == "list_has_all":
        query, column = test.expressions
        if isinstance(column, exp.Column):
            yield from ((column, words) for words in _read(con, query.this))


def _joined(con: Connection, tree: exp.Select, fault: exp.Expression) -> Iterator[tuple[exp.Column, Words]]:
    """`left join core.term as v on … v.term = column`, where a row without a word differs from what v says."""
    if not isinstance(fault, exp.NullSafeNEQ) or not isinstance(fault.expression, exp.Column):
        return
    for join in tree.args.get("joins", ()):
        if join.side != "LEFT" or join.alias_or_name != fault.expression.table or not join.args.get("on"):
            continue
        sides = [(test.left, test.right) for test in join.args["on"].find_all(exp.EQ)]
        kinds = [right.name for left, right in sides if left.name == "kind" and isinstance(right, exp.Literal)]
        for left, right in sides:
            if left.name == "term" and isinstance(right, exp.Column) and len(kinds) == 1:
                yield right, _meanings(con, kinds)


def _read(con: Connection, query: exp.Expression) -> Iterator[Words]:
    """The words that a query of the vocabulary alone gives, with what they mean."""
    tables = {f"{table.db}.{table.name}" for table in query.find_all(exp.Table)}
    if not tables or tables - VOCABULARY:
        return
    rows = [value for (value,) in con.execute(query.sql("duckdb")).fetchall()]
    words = {word for value in rows for word in (value if isinstance(value, list) else [value])}
    meanings = _meanings(con, [test.right.name for test in query.find_all(exp.EQ) if test.left.name == "kind"])
    if "core.definition" in tables:
        meanings |= dict(con.execute("select definition, words from core.definition").fetchall())
    if words <= meanings.keys():  # other columns of the vocabulary hold no words
        yield {word: meanings[word] for word in sorted(words)}


def _meanings(con: Connection, kinds: list[str]) -> dict[str, str]:
    asked = "select term, meaning from core.term where list_contains($kinds, kind) order by term"
    return dict(con.execute(asked, {"kinds": kinds}).fetchall())
