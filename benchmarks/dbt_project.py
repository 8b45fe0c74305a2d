"""A dbt-duckdb project made from sql/ and expectations/, for the comparison of `make bench-dbt`.

It has one model for each SQL file that `make refresh` builds, with the same text and comments, and one test for each
expectation of their suites, with the same severity. Table macros and as-of twins are made where their file is. What no
SQL file makes, such as raw.reference_row, is a source that the database has before dbt runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from etl.checks.suite import QUERY, UNEXPECTED_ROWS, Expectation, load_suite
from etl.config import Settings
from etl.daily.due import tables_from_deliveries
from etl.models.file import Model
from etl.models.graph import create_statements, load_models
from etl.models.tree import PARAMETER

PROJECT = {
    "name": "commerce",
    "version": "1.0.0",
    "profile": "commerce",
    "flags": {"send_anonymous_usage_stats": False},
    "models": {"commerce": {"+materialized": "table", "+persist_docs": {"relation": True, "columns": True}}},
}
# A schema is named as it is, and not with that of the target before it.
SCHEMA = "{% macro generate_schema_name(name, node) -%}{{ name or target.schema }}{%- endmacro %}\n"
TABLE_MACRO = f"""{{% materialization table_macro, adapter='duckdb' %}}
{{% call statement('main') -%}}
create or replace macro {{{{ schema }}}}.{{{{ this.identifier }}}}({PARAMETER}) as table {{{{ sql }}}}
{{%- endcall %}}
{{{{ run_hooks(post_hooks) }}}}
{{% do adapter.commit() %}}
{{{{ return({{'relations': []}}) }}}}
{{% endmaterialization %}}
"""


def refreshed(settings: Settings) -> tuple[Model, ...]:
    """The models that `make refresh` builds, each after those that it reads."""
    known = load_models(settings.sql_dir)
    delivered = tables_from_deliveries(known)
    return tuple(model for model in known if model.name not in delivered)


def write_project(settings: Settings, folder: Path, database: Path, sources: Sequence[str]) -> tuple[int, int]:
    """Write the project into an empty folder; returns how many models and how many tests it has.

    `sources` are the tables, as schema.table, that the database has. Raises ValueError for a form of expectation that
    has no SQL here, and MendError for what the readers of models and suites refuse.
    """
    models = refreshed(settings)
    names = {model.name for model in models}
    _write(folder / "dbt_project.yml", yaml.safe_dump({**PROJECT, "on-run-start": _scalar_macros(settings)}))
    _write(folder / "profiles.yml", yaml.safe_dump(_profile(database)))
    _write(folder / "macros" / "schema.sql", SCHEMA)
    _write(folder / "macros" / "table_macro.sql", TABLE_MACRO)
    _write(folder / "models" / "sources.yml", yaml.safe_dump({"version": 2, "sources": list(_sources(sources))}))
    tests = 0
    for model in models:
        _write(folder / "models" / model.schema / f"{_name(model.name)}.sql", _model_text(model, names))
        if model.is_macro:
            continue
        _write(folder / "models" / model.schema / f"{_name(model.name)}.yml", yaml.safe_dump(_described(model)))
        for one in load_suite(settings.suites_dir, model.name, model.question).expectations:
            test = folder / "tests" / model.schema / f"{_name(model.name)}__{one.name}.sql"
            _write(test, _test_text(model, one, names))
            tests += 1
    return len(models), tests


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _name(table: str) -> str:
    return table.replace(".", "__")


def _profile(database: Path) -> Mapping[str, Any]:
    output = {"type": "duckdb", "path": str(database), "schema": "main", "threads": 2}
    return {"commerce": {"target": "dev", "outputs": {"dev": output}}}


def _scalar_macros(settings: Settings) -> list[str]:
    return [_raw(path.read_text(encoding="utf-8")) for path in sorted((settings.sql_dir / "macros").glob("*.sql"))]


def _sources(tables: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    for schema in sorted({table.partition(".")[0] for table in tables}):
        listed = [{"name": table.partition(".")[2]} for table in sorted(tables) if table.startswith(f"{schema}.")]
        yield {"name": schema, "schema": schema, "tables": listed}


def _raw(text: str) -> str:
    """The text as dbt hands it on: nothing in it is Jinja."""
    return "{% raw %}" + text + "{% endraw %}"


def _depends(reads: Sequence[str], names: set[str]) -> str:
    """What dbt has to know of the tables and macros that a text names: which models come before it."""
    known = [read.removesuffix("()") for read in reads if read.removesuffix("()") in names]
    return "".join(f"-- depends_on: {{{{ ref('{_name(read)}') }}}}\n" for read in known)


def _model_text(model: Model, names: set[str]) -> str:
    """The file of a model: its text, and after it the macros that its file makes beside it."""
    beside = [text for text in create_statements(model) if re.search(r"^(create .*|comment on) macro ", text)]
    hooks = beside[2:] if model.is_macro else beside
    config = f"schema='{model.schema}', alias='{model.table}'"
    config += ", materialized='table_macro'" if model.is_macro else ""
    config += f", post_hook=[{', '.join(f'hook{number}' for number in range(len(hooks)))}]"
    said = "".join(f"{{% set hook{number} %}}{_raw(text)}{{% endset %}}\n" for number, text in enumerate(hooks))
    return f"{said}{{{{ config({config}) }}}}\n{_depends(model.reads, names)}{_raw(model.sql)}\n"


def _described(model: Model) -> Mapping[str, Any]:
    columns = [{"name": column.name, "description": _raw(column.comment)} for column in model.columns]
    entry = {"name": _name(model.name), "description": _raw(model.description), "columns": columns}
    return {"version": 2, "models": [entry]}


def _test_text(model: Model, one: Expectation, names: set[str]) -> str:
    severity = "error" if one.severity == "critical" else "warn"
    query = broken_rows(model.name, one)
    reads = {model.name, *re.findall(r"\b(?:core|steps|marts)\.\w+", query)}
    return f"{{{{ config(severity='{severity}') }}}}\n{_depends(sorted(reads), names)}{_raw(query)}\n"


def broken_rows(table: str, one: Expectation) -> str:
    """The query of the rows that break an expectation. Raises ValueError for a form that has no SQL here."""
    if one.type not in FORMS:
        raise ValueError(f"{table}, {one.name}: {one.type} has no query in {Path(__file__).name}; add it to FORMS")
    return FORMS[one.type](table, one.kwargs).rstrip("; \n")


def _literal(value: object) -> str:
    return str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"


def _repeated(table: str, columns: Sequence[str], where: str = "true") -> str:
    key = ", ".join(columns)
    return f"select {key} from {table} where {where} group by {key} having count(*) > 1"


def _outside(value: str, kwargs: Mapping[str, Any]) -> str:
    bounds = (("min_value", "<"), ("max_value", ">"))
    return " or ".join(f"{value} {sign} {kwargs[bound]}" for bound, sign in bounds if kwargs.get(bound) is not None)


# The rows that break an expectation, by its form: what a test of dbt selects.
FORMS: Mapping[str, Callable[[str, Mapping[str, Any]], str]] = {
    UNEXPECTED_ROWS: lambda table, said: said[QUERY].format(batch=table),
    "expect_column_values_to_be_unique": lambda table, said: _repeated(
        table, [said["column"]], f"{said['column']} is not null"
    ),
    "expect_compound_columns_to_be_unique": lambda table, said: _repeated(table, said["column_list"]),
    "expect_column_values_to_not_be_null": lambda table, said: f"select 1 from {table} where {said['column']} is null",
    "expect_column_values_to_be_in_set": lambda table, said: (
        f"select 1 from {table} where {said['column']} not in ({', '.join(map(_literal, said['value_set']))})"
    ),
    "expect_column_values_to_match_regex": lambda table, said: (
        f"select 1 from {table} where not regexp_matches({said['column']}, {_literal(said['regex'])})"
    ),
    "expect_column_values_to_be_between": lambda table, said: (
        f"select 1 from {table} where {_outside(said['column'], said)}"
    ),
    "expect_column_value_lengths_to_be_between": lambda table, said: (
        f"select 1 from {table} where {_outside('length(' + said['column'] + ')', said)}"
    ),
    "expect_column_distinct_values_to_contain_set": lambda table, said: (
        f"select 1 from (select unnest([{', '.join(map(_literal, said['value_set']))}]) as wanted) "
        f"where wanted not in (select {said['column']} from {table})"
    ),
    "expect_table_row_count_to_equal": lambda table, said: (
        f"select 1 from (select count(*) as found from {table}) where found <> {said['value']}"
    ),
    "expect_table_row_count_to_be_between": lambda table, said: (
        f"select 1 from (select count(*) as found from {table}) where {_outside('found', said)}"
    ),
}
