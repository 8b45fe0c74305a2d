"""SQL models in dependency order, the statements that create them, and the sources of their columns.

A file below sql/ makes a table or, in sql/macros/<schema>/, a table macro; etl/models/file.py describes its form. A
step or mart has an as-of twin, made from the same text: a table macro that reads what was known on a day, and reads
it once, however many of the models behind it use it.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from etl.contracts import CONTRACTS, contract_tables
from etl.models.file import AS_OF, ONE, PARTITION, Model, fail, macro_names, read_model
from etl.models.kept import kept
from etl.models.tree import PARAMETER, called, parse, replace_tables, row_by_row
from etl.warehouse import kept_tables

Lineage = Mapping[str, Sequence[tuple[str, str]]]
Columns = Mapping[str, Sequence[tuple[str, str]]]


def column_lineage(model: Model, models: Sequence[Model]) -> Lineage:
    """For each output column, the (schema.table, column) pairs that its value is computed from.

    Columns that only filter or join are left out. A macro is replaced by the tables behind it, a twin by its mart.
    `models` are all models of the project. A query that SQLGlot cannot follow has no lineage, and no error.
    """
    by_name = {other.name: other for other in models}
    read = {name: by_name.get(name) for name in sorted(read.removesuffix("()") for read in model.reads)}
    columns = {
        name: [(c.name, c.type) for c in (other.columns if other else kept_tables()[name][1])]
        for name, other in read.items()
    }
    behind = {name: column_lineage(other, models) for name, other in read.items() if other and other.is_macro}
    return kept("lineage", model.sql, columns, behind, find=lambda: _lineage(model.sql, columns, behind))


def tables_behind(model: Model, models: Sequence[Model]) -> frozenset[str]:
    """The tables that the query of `model` reads, directly or through macros.

    The history of a delivered table is written by the step that fills the table, and counts as it; what Python fills
    for the model is a part of its own step.
    """
    macros = {other.name: other for other in models if other.is_macro}
    histories = {contract.history: contract.table for contract in CONTRACTS}
    found: set[str] = set()
    for name in (read.removesuffix("()") for read in model.reads):
        found |= tables_behind(macros[name], models) if name in macros else {name}
    return frozenset(histories.get(name, name) for name in found - {*model.filled})


def _lineage(sql: str, columns: Columns, behind: Mapping[str, Lineage]) -> Lineage:
    """The lineage of a query over tables with these columns and types, and macros with lineages of their own."""
    schema: dict[str, dict[str, dict[str, str]]] = {}
    for name, listed in columns.items():
        place, _, table = name.partition(".")
        schema.setdefault(place, {})[table] = dict(listed)
    known = MappingSchema(schema, dialect="duckdb")
    tree = parse(sql)
    _calls_as_tables(tree, columns)
    try:
        _align_unions(tree, known)
        nodes = lineage(None, tree, known, dialect="duckdb", trim_selects=False, copy=False)
    except SqlglotError:
        return {}
    found: dict[str, list[tuple[str, str]]] = {}
    for output, root in nodes.items():
        sources: set[tuple[str, str]] = set()
        for node in root.walk():
            if isinstance(node.expression, exp.Table):
                table = f"{node.expression.db}.{node.expression.name}"
                column = node.name.rpartition(".")[2]
                sources.update(behind[table].get(column, ()) if table in behind else [(table, column)])
        found[output] = sorted(sources)
    return found


def _calls_as_tables(tree: exp.Select, by_name: Container[str]) -> None:
    """Replace every macro call by a table with the same columns: SQLGlot cannot look into a call."""
    for node in list(tree.find_all(exp.Table, exp.Lateral)):
        name = called(node.this if isinstance(node, exp.Lateral) else node)
        if name is None:
            continue
        name = name.removesuffix(ONE)
        if name not in by_name:
            name = name.removesuffix(AS_OF)
        schema, _, table = name.partition(".")
        alias = node.args.get("alias")
        node.replace(exp.Table(this=exp.to_identifier(table), db=exp.to_identifier(schema), alias=alias))


def _align_unions(tree: exp.Select, schema: MappingSchema) -> None:
    """List the columns of both sides of each UNION BY NAME in one order: SQLGlot follows them by position."""
    unions = [union for union in tree.find_all(exp.Union) if union.args.get("by_name")]
    if not unions:
        return
    expanded = qualify(tree.copy(), schema=schema, dialect="duckdb", validate_qualify_columns=False)
    by_name = [union for union in expanded.find_all(exp.Union) if union.args.get("by_name")]
    for union, listed in zip(unions, by_name, strict=True):
        for side in ("this", "expression"):
            found = _column_names(listed.args[side])
            columns = [exp.column(name) if name in found else exp.null().as_(name) for name in _column_names(listed)]
            union.set(side, exp.select(*columns).from_(union.args[side].subquery("side", copy=False)))
        union.set("by_name", False)


def _column_names(query: exp.Query) -> list[str]:
    if isinstance(query, exp.Union) and query.args.get("by_name"):
        return list(dict.fromkeys([*_column_names(query.left), *_column_names(query.right)]))
    return list(query.named_selects)


# For DuckDB looks up the names in a macro in the database in use; etl/publish/files.py holds published ones to it.
# A parameter with a type refuses a day in quotes and a bound text (DuckDB 1.4 to 2.0): the text casts it instead.
_DAY = re.compile(rf"\b{PARAMETER}\b")
DAY = f"{PARAMETER}::date"
USE_FIRST = "In an attached snapshot: run USE on it before the call."
LATEST = "_latest"
THE_ONE = f"for_{PARTITION}"
_ALL = re.compile(rf"\b(core\.\w+)\({PARAMETER}\)")
_ONE = re.compile(rf"\b(\w+\.\w+){ONE}\(")
KNOWN = "_known"
# What a model of each schema may read.
MAY_READ = {"core": ("raw", "core"), "steps": ("core", "steps", "marts"), "marts": ("core", "steps", "marts")}
# Queries of people, notifications and modules, and files that etl.warehouse and etl.edgar read.
NO_MODELS = ("examples", "alerts", "queries", "raw", "audit", "meta", "migrations", "staging")


def load_models(sql_dir: Path) -> tuple[Model, ...]:
    """All models under `sql_dir`, each after everything it reads; the order is the same every time.

    Raises MendError, which names the file and the fix.
    """
    models: dict[str, Model] = {}
    macro_names(sql_dir)
    for path in sorted(sql_dir.rglob("*.sql")):
        if path.relative_to(sql_dir).parts[0] in NO_MODELS or path.parent == sql_dir / "macros":
            continue
        model = read_model(path, sql_dir)
        if model.name in models:
            fail(path, f"{model.name} is also made by {models[model.name].path}: rename one")
        models[model.name] = model
    return linked(models)


def linked(models: Mapping[str, Model]) -> tuple[Model, ...]:
    """The models in order and with their twins; `models` are all of them, or a few and those behind them.

    Raises MendError, which names the file and the fix.
    """
    for model in models.values():
        twin = models.get(model.name + AS_OF)
        if model.twin and twin:
            fail(twin.path, f"{twin.name} is the name of the twin of {model.path}: rename it")
    ordered = _in_order({name: _resolve(model, models) for name, model in models.items()})
    return _with_twins(ordered)


def twins_of(models: Sequence[Model]) -> dict[str, str]:
    """The table macro that has each table as of a day: the twin of a step or mart, and by name in core.

    In core, x_known(day) is x as it was on that day, and x_as_of(day) is x_latest.
    """
    tables = {model.name for model in models if not model.is_macro}
    twins = {model.name: model.name + AS_OF for model in models if model.twin}
    for macro in (model.name for model in models if model.is_macro):
        for suffix, table_suffix in ((AS_OF, LATEST), (KNOWN, "")):
            table = macro.removesuffix(suffix) + table_suffix
            if macro.endswith(suffix) and table in tables:
                twins[table] = macro
    return twins


def macros_of(model: Model) -> list[str]:
    """The table macros that a model's file makes: its own or its twin, and the one that asks for one platform."""
    if not model.is_macro and not model.twin:
        return []
    macro = model.name if model.is_macro else model.name + AS_OF
    return [macro, *[macro + ONE] * model.by_platform]


def twin_sql(model: Model) -> str:
    """CREATE OR REPLACE MACRO of the twin: the model's text, reading what was known instead of its tables.

    What was known precedes it as one query for each table, for other marts with their own text: a call of their
    twins would compute the figures of the day again in each, at its cost of time and memory.
    """
    return f"create or replace macro {model.name}{AS_OF}({PARAMETER}) as table\n{_body(model)}"


def _body(model: Model) -> str:
    """The query of the as-of macro of a model."""
    if model.is_macro:
        return model.sql
    known = ",\n".join(f'"{name}" as (\n{sql}\n)' for name, sql in model.known)
    return f"with {known}\nselect * from (\n{_as_of_text(model)}\n)"


def macro_sql(name: str, models: Mapping[str, Model]) -> str | None:
    """The CREATE OR REPLACE MACRO of a table macro by its name; None where no model makes such a macro."""
    whole = name.removesuffix(ONE)
    model = models.get(whole) or models.get(whole.removesuffix(AS_OF))
    if model is None or name not in macros_of(model):
        return None
    if name != whole:
        return one_platform_sql(model)
    return create_statements(model)[0] if model.is_macro else twin_sql(model)


def one_platform_sql(model: Model) -> str:
    """CREATE OR REPLACE MACRO of the as-of macro of a model for one platform: its text over the platform's figures.

    The platform is chosen before anything is computed, which DuckDB does not do with a condition on the result. Work
    and memory then grow with the platforms that are asked for.
    """
    body, calls = _ALL.subn(rf"\1{ONE}({PARAMETER}, {THE_ONE})", _body(model))
    if not calls:  # it chooses the figures: nothing is computed before this condition
        body = f"select figure.* from (\n{body}\n) as figure where figure.{PARTITION} = {THE_ONE}"
    return f"create or replace macro {macros_of(model)[-1]}({PARAMETER}, {THE_ONE}) as table\n{_DAY.sub(DAY, body)}"


def create_statements(model: Model, query: str = "") -> list[str]:
    """The statements that create the table or macro, its twin, and their comments, in this order.

    The comments are part of every creation because CREATE OR REPLACE drops them. `query` gives the rows of a table
    where an engine has computed them.
    """
    text = _literal(model.description)
    if model.is_macro:
        return [
            f"create or replace macro {model.name}({PARAMETER}) as table\n{_DAY.sub(DAY, model.sql)}",
            f"comment on macro table {model.name} is {_literal(f'{model.description} {USE_FIRST}')}",
            *_one_platform(model, model.description),
        ]
    statements = [
        f"create or replace table {model.name} as\n{query or model.sql}",
        f"comment on table {model.name} is {text}",
        *(f'comment on column {model.name}."{column.name}" is {_literal(column.comment)}' for column in model.columns),
    ]
    if model.twin:
        known = _literal(f"{model.description} As known on {PARAMETER}. {USE_FIRST}")
        statements += [
            twin_sql(model),
            f"comment on macro table {model.name}{AS_OF} is {known}",
            *_one_platform(model, f"{model.description} As known on {PARAMETER}."),
        ]
    return statements


def _one_platform(model: Model, words: str) -> list[str]:
    if not model.by_platform:
        return []
    told = _literal(f"{words} Of one platform. {USE_FIRST}")
    return [one_platform_sql(model), f"comment on macro table {macros_of(model)[-1]} is {told}"]


def _resolve(model: Model, models: Mapping[str, Model]) -> Model:
    """The model with its reads checked: only allowed schemas, and a file that makes each of them."""
    layers = MAY_READ[model.schema]
    delivered = contract_tables()
    reads: dict[str, None] = {}
    for name in _ONE.findall(model.sql):
        asked = models.get(name) or models.get(name.removesuffix(AS_OF))
        if asked is None or not asked.by_platform:
            fail(model.path, f"asks {name} for one platform, but its file has no -- partition: {PARTITION}")
    for read in model.reads:
        name, is_call = read.removesuffix("()"), read.endswith("()")
        if name in delivered and not model.portable:
            fail(model.path, f"reads {name}, whose volume another engine may carry: add -- portable: yes")
        mart = models.get(name.removesuffix(AS_OF))
        if name.partition(".")[0] not in layers and name not in model.filled:
            fail(model.path, f"reads {read}, but {model.schema} reads {', '.join(layers)} only")
        if name in models and is_call == models[name].is_macro:
            reads[read] = None
        elif name in models:
            fix = f"is a table: read {name}" if is_call else f"is a macro: call {name}(date)"
            fail(model.path, f"reads {read}, which {fix}")
        elif is_call and mart and mart.twin:
            reads[mart.name] = None
        elif (name.startswith("raw.") or name in delivered) and not is_call:
            reads[read] = None
        else:
            fail(model.path, f"reads {read}, which no file makes: check the name or add its file")
    return replace(model, reads=tuple(reads))


def _in_order(models: Mapping[str, Model]) -> list[Model]:
    sorter = TopologicalSorter(
        {name: [read.removesuffix("()") for read in model.reads] for name, model in models.items()}
    )
    try:
        sorter.prepare()
    except CycleError as error:
        circle = list(reversed(error.args[1]))
        fail(models[circle[0]].path, f"reads itself in a circle: {' reads '.join(circle)}; split one of them")
    ordered: list[Model] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        ordered += [models[name] for name in ready if name in models]
        sorter.done(*ready)
    return ordered


def _with_twins(models: Sequence[Model]) -> tuple[Model, ...]:
    """The models, each with what its twin reads instead of its tables.

    Raises MendError where an as-of macro would read today's figures, through a table without an as-of macro.
    """
    twins = twins_of(models)
    dated = {table for table in twins if table.startswith("core.")}
    dated |= {table.removesuffix(LATEST) for table in dated}
    finished: list[Model] = []
    for model in models:
        if any(read.removesuffix("()") in dated for read in model.reads):
            dated.add(model.name)
        as_of = tuple((read, twins[read]) for read in model.reads if read in twins)
        if model.is_macro and as_of and as_of[0][1] != model.name:
            fail(model.path, f"reads today's {as_of[0][0]}: call {as_of[0][1]}({PARAMETER})")
        if model.twin:
            if not as_of:
                fail(model.path, "reads nothing that changes with the day of knowledge: add -- twin: no")
            if today := [read for read in model.reads if read in dated and read not in twins]:
                fail(
                    model.path,
                    f"its twin would read today's {today[0]}, which has no as-of macro; "
                    "read another table, or add -- twin: no",
                )
            for text, sources in row_by_row(model.sql):
                if any("." not in source or source in twins for source in sources):
                    fail(
                        model.path,
                        f"{text[:80]} goes wrong where its twin is asked about several days (DuckDB 1.5): "
                        "use LEFT JOIN over a key, or add -- twin: no",
                    )
            by_twin = {other.name + AS_OF: other for other in finished if other.twin}
            known = tuple(dict(_known(as_of, by_twin)).items())
            finished.append(replace(model, as_of=as_of, known=known))
        else:
            finished.append(model)
        if model.by_platform:
            _check_partition(finished[-1], {other.name for other in finished if other.by_platform})
    return tuple(finished)


def _check_partition(model: Model, by_platform: Set[str]) -> None:
    """Refuse a model that cannot be asked for one platform, because a macro that it reads cannot."""
    if not macros_of(model):
        fail(model.path, f"-- partition: {PARTITION} goes with a macro or a twin")
    for name in _ALL.findall(_body(model)):
        if name not in by_platform:
            fail(model.path, f"reads {name}, which cannot be asked for one platform: leave out -- partition")


def _known(as_of: Sequence[tuple[str, str]], by_twin: Mapping[str, Model]) -> Iterator[tuple[str, str]]:
    """The macros that a twin needs, each after those behind it, with the query that gives the same rows."""
    for _, macro in as_of:
        if mart := by_twin.get(macro):
            yield from mart.known
            yield macro, _as_of_text(mart)
        else:
            yield macro, f"select * from {macro}({PARAMETER})"


def _as_of_text(model: Model) -> str:
    """The model's text, with queries named like its macros instead of its tables."""
    return replace_tables(model.sql, {table: f'"{macro}"' for table, macro in model.as_of})


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
