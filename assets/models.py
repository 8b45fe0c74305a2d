"""One asset for each SQL file that makes a table; its key is <schema>/<table>.

A mart lies in the folder of the question that it answers, which is its group in the UI. Adding a table is
adding its SQL file and its suite; nothing here changes. A table macro is no asset: it
is created by the step of the last table it reads, and whoever reads the macro depends on the tables
behind it.
"""

import hashlib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import dagster as dg

from assets.chart import CHARTS
from assets.checks import blocked, check_results, check_specs
from assets.metadata import asset_key, column_schema, lineage_metadata, table_metadata
from assets.warehouse import Warehouse
from etl.build import build
from etl.checks.run import CriticalFailure
from etl.checks.suite import Suite
from etl.contracts import CONTRACTS
from etl.daily.due import stand_in
from etl.models.file import Model

HISTORY_OF = {contract.history: contract.table for contract in CONTRACTS}
# A mart is refreshed every morning; one missed morning is worth a look, three days are not.
FRESHNESS = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=3), warn_window=timedelta(hours=36))


def model_assets(models: Sequence[Model], suites: Mapping[str, Suite]) -> list[dg.AssetsDefinition]:
    """The assets of all tables among `models`; `suites` has one suite a table."""
    tables = [model for model in models if not model.is_macro and not model.daily]
    return [_model_asset(model, suites[model.name], models) for model in tables]


def dependencies(model: Model, models: Sequence[Model]) -> frozenset[str]:
    """The tables that must stand before the step of the table `model` runs.

    Those that it reads; and those behind the macros that its twin calls and that its step creates, unless
    they stand anyway because something that it reads is made from them.
    """
    by_name = {other.name: other for other in models}
    read = tables_behind(model, models)
    called = [by_name[name] for _, name in model.as_of if name in by_name]
    needed = {table for macro in [*called, *macros_after(model, models)] for table in tables_behind(macro, models)}
    standing = {model.name, *read}
    ahead = [by_name[table] for table in read if table in by_name]
    while ahead:
        behind = tables_behind(ahead.pop(), models) - standing
        standing |= behind
        ahead += [by_name[table] for table in behind if table in by_name]
    return read | (needed - standing)


def tables_behind(model: Model, models: Sequence[Model]) -> frozenset[str]:
    """The tables that the query of `model` reads, straight or through macros.

    The history of a delivered table is written by the step that fills the table, and counts as it.
    """
    macros = {other.name: other for other in models if other.is_macro}
    found: set[str] = set()
    for name in (read.removesuffix("()") for read in model.reads):
        found |= tables_behind(macros[name], models) if name in macros else {HISTORY_OF.get(name, name)}
    return frozenset(found)


def macros_after(model: Model, models: Sequence[Model]) -> tuple[Model, ...]:
    """The macros whose last table, in the order of `models`, is `model`; each after those that it calls."""
    position = {other.name: place for place, other in enumerate(models)}
    return tuple(
        macro
        for macro in models
        if macro.is_macro and max(tables_behind(macro, models), key=lambda table: position.get(table, -1)) == model.name
    )


def sql_asset(
    model: Model, models: Sequence[Model], **more: Any
) -> Callable[[Callable[..., Iterator[Any]]], dg.AssetsDefinition]:
    """The decorator of a step that builds a SQL model: what Dagster is told of every one, and `more`."""
    made: Any = dg.asset(
        key=asset_key(model.name),
        deps=[asset_key(table) for table in sorted(dependencies(model, models))],
        group_name=model.question or model.schema,
        owners=["team:warehouse"],
        kinds={"duckdb", "sql"},
        description=f"{model.description}\n\ngrain: {', '.join(model.grain)}",
        metadata=definition_metadata(model),
        code_version=hashlib.sha256(model.sql.encode()).hexdigest()[:12],
        freshness_policy=FRESHNESS if model.schema == "marts" else None,
        **more,
    )
    return made  # type: ignore[no-any-return]


def _model_asset(model: Model, suite: Suite, models: Sequence[Model]) -> dg.AssetsDefinition:
    key = asset_key(model.name)
    macros = macros_after(model, models)

    @sql_asset(model, models, check_specs=check_specs(key, suite))
    def build_table(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Iterator[Any]:
        try:
            with warehouse.open() as con:
                if any(other.daily and other.name in model.reads for other in models):
                    stand_in(con, models)
                built = build(con, model, suite, context.run.run_id)
                for macro in macros:
                    build(con, macro, None, context.run.run_id)
                chart = CHARTS.get(model.name)
                metadata = {
                    **({"chart": dg.MetadataValue.md(chart(con))} if chart else {}),
                    "changed": built.changed,
                    "seconds": round(built.seconds, 3),
                    **table_metadata(con, model.name),
                    **lineage_metadata(model, models),
                }
        except CriticalFailure as failure:
            yield from check_results(key, failure.results)
            raise blocked(model.name, failure.results) from None
        yield from check_results(key, built.checks)
        yield dg.MaterializeResult(metadata=metadata)

    return build_table


def definition_metadata(model: Model) -> dict[str, Any]:
    """What is known before the first run: columns with their comments, and where the SQL stands."""
    with warnings.catch_warnings(action="ignore", category=dg.BetaWarning):
        file = dg.LocalFileCodeReference(file_path=str(model.path.resolve()), line_number=1, label="SQL")
        links = dg.CodeReferencesMetadataValue(code_references=[file])
    return {
        "dagster/table_name": model.name,
        "dagster/column_schema": column_schema((c.name, c.type, c.comment) for c in model.columns),
        "dagster/code_references": links,
    }
