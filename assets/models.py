"""One asset for each SQL file that makes a table; its key is <schema>/<table>.

A mart is in the folder of the question that it answers, which is its group in the UI. To add a table, add its SQL
file and its suite; nothing here changes. A table with `-- daily:` is an asset by day: a run builds its own days and
all days whose input changed, so that data restated for another day is included. A table macro is no asset: the step
of the last table that it reads creates it, and a table that reads the macro depends on the tables behind it.
"""

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from assets import links
from assets.days import asked_days
from assets.instance import WHOLE
from assets.metadata import column_schema, days_metadata, lineage_metadata
from assets.step import FRESHNESS, Report, step, table_spec
from etl.build import BuildResult, build, create_vocabulary
from etl.checks.suite import Suite
from etl.config import Settings
from etl.daily.build import DailyResult, build_daily
from etl.daily.due import create_unbuilt, dated_inputs
from etl.models.file import Model
from etl.models.graph import tables_behind
from etl.warehouse import Connection

# The runs whose database has every table that a model or suite may name before it is built.
_PREPARED: set[str] = set()


def model_assets(models: Sequence[Model], suites: Mapping[str, Suite], sql_dir: Path) -> list[dg.AssetsDefinition]:
    """The assets of all tables among `models`, whose files are in `sql_dir`; `suites` has one suite a table."""
    return [_model_asset(model, models, suites, sql_dir) for model in models if not model.is_macro]


def _model_asset(
    model: Model, models: Sequence[Model], suites: Mapping[str, Suite], sql_dir: Path
) -> dg.AssetsDefinition:
    suite, macros = suites[model.name], macros_after(model, models)

    @step(_spec(model, models, suite, sql_dir), suites=suites)
    def build_table(context: dg.AssetExecutionContext, con: Connection, settings: Settings) -> Report:
        run_id = context.run.run_id
        built: BuildResult
        if run_id not in _PREPARED:
            create_vocabulary(con, models)
            create_unbuilt(con, models)
            _PREPARED.add(run_id)
        engine = context.resources.warehouse.engine
        if model.daily:
            built = build_daily(con, model, models, suite, run_id, days=asked_days(context), engine=engine)
        else:
            built = build(con, model, suite, run_id, models=models, whole=is_asked_whole(context), engine=engine)
        for macro in macros:
            build(con, macro, None, run_id)
        shown = {**build_metadata(built), **engine.told(), **lineage_metadata(model, models)}
        if not isinstance(built, DailyResult):
            return Report([built], built.checks, {model.name: shown})
        shown["reads by day"] = ", ".join(dated_inputs(model, models))
        return Report([built], built.checks, {model.name: shown}, {model.name: built.days})

    return build_table


def is_asked_whole(context: dg.AssetExecutionContext) -> bool:
    """Whether somebody asked for the table itself in the UI, or for all: it is then made, whatever is the same."""
    return context.run.job_name.startswith("__") or WHOLE in context.run.tags


def build_metadata(built: BuildResult) -> dict[str, Any]:
    """Metadata of a build: whether anything changed and, in a daily table, the days."""
    shown: dict[str, Any] = {"made again": built.made, "changed": built.changed, "seconds": round(built.seconds, 3)}
    if isinstance(built, DailyResult):
        shown |= {
            "everything built": built.whole,
            "rows built": built.rows,
            **days_metadata("days built", built.days),
            **days_metadata("days that changed", built.changed_days),
        }
    return shown


def _spec(model: Model, models: Sequence[Model], suite: Suite, sql_dir: Path) -> dg.AssetSpec:
    """The asset of a table, with its columns, their comments and its SQL file, which the UI shows before a run."""
    with warnings.catch_warnings(action="ignore", category=dg.BetaWarning):
        file = dg.LocalFileCodeReference(file_path=str(model.path.resolve()), line_number=1, label="SQL")
        code = dg.CodeReferencesMetadataValue(code_references=[file])
    table_links = links.table_links(model, sql_dir)
    return table_spec(
        model.name,
        model.group,
        {"sql"},
        sorted(dependencies(model, models, suite)),
        by_day=bool(model.daily),
        grain=model.grain,
        description="\n\n".join(filter(None, (model.description, links.chart(model.name)))),
        links=table_links,
        metadata={
            "dagster/table_name": model.name,
            "dagster/column_schema": column_schema((c.name, c.type, c.comment) for c in model.columns),
            "dagster/code_references": code,
            "links": dg.MetadataValue.md(table_links),
        },
        code_version=hashlib.sha256(model.sql.encode()).hexdigest()[:12],
        freshness_policy=FRESHNESS if model.schema == "marts" else None,
    )


def dependencies(model: Model, models: Sequence[Model], suite: Suite | None = None) -> frozenset[str]:
    """The tables that must exist before the step of the table `model` runs.

    These are the tables that it reads; and the tables that its suite reads, or behind the macros that its twin
    calls or its step creates, unless one of the first is made from them.
    """
    by_name = {other.name: other for other in models}
    read = tables_behind(model, models)
    called = [by_name[name] for _, name in model.as_of if name in by_name]
    looked_up = [by_name[name] for name in (suite.reads if suite else ()) if name in by_name]
    macros = [*called, *macros_after(model, models), *(other for other in looked_up if other.is_macro)]
    needed = {table for macro in macros for table in tables_behind(macro, models)}
    needed |= {other.name for other in looked_up if not other.is_macro}
    there = {model.name, *read}
    ahead = [by_name[table] for table in read if table in by_name]
    while ahead:
        behind = tables_behind(ahead.pop(), models) - there
        there |= behind
        ahead += [by_name[table] for table in behind if table in by_name]
    return read | (needed - there)


def macros_after(model: Model, models: Sequence[Model]) -> tuple[Model, ...]:
    """The macros whose last table, in the order of `models`, is `model`; each after those that it calls."""
    position = {other.name: place for place, other in enumerate(models)}
    return tuple(
        macro
        for macro in models
        if macro.is_macro and max(tables_behind(macro, models), key=lambda table: position.get(table, -1)) == model.name
    )
