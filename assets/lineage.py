"""What Dagster's history says of a run, as the run that etl.lineage tells of; the same for the command line and the UI.

Columns, types, rows and column lineage are the metadata of the materializations, which the UI shows; the results of
checks are those of the asset checks that ran.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import dagster as dg

from assets.failure import failure_of, name_of_step
from etl.config import Settings
from etl.lineage import Assertion, MadeTable, State, TracedRun, send
from etl.models.file import Model
from etl.models.graph import load_models, tables_behind

INPUT = "dagster/input_data_version/"
Type = dg.DagsterEventType
ENDS: Mapping[Type, State] = {
    Type.RUN_SUCCESS: "COMPLETE",
    Type.RUN_FAILURE: "FAIL",
    Type.RUN_CANCELED: "ABORT",
}


def tell_lineage(instance: dg.DagsterInstance, settings: Settings, run_id: str) -> str:
    """Send the events of a run that has ended, if that is on; in one line what went wrong, '' where nothing did."""
    if not settings.lineage_url:
        return ""
    run = instance.get_run_by_id(run_id)
    if run is None:
        return ""
    models = {model.name: model for model in load_models(settings.sql_dir)}
    return send(traced(run.job_name, instance.all_logs(run_id), models, run_id), settings)


def traced(job: str, logs: Iterable[dg.EventLogEntry], models: Mapping[str, Model], run_id: str) -> TracedRun:
    """A run as its log has it. A table that two steps made, or one step twice, counts as it was last."""
    started: dict[str, float] = {}
    tables: dict[str, MadeTable] = {}
    checks: dict[str, dict[str, Assertion]] = {}
    begun = ended = 0.0
    state: State = "COMPLETE"
    failures: list[str] = []
    for entry in logs:
        event, at = entry.dagster_event, entry.timestamp
        begun, ended = begun or at, at
        if event is None:
            continue
        step = name_of_step(event.step_key)
        if event.event_type == Type.STEP_START:
            started[step] = at
        elif event.event_type == Type.ASSET_CHECK_EVALUATION:
            found = event.asset_check_evaluation_data
            if assertion := _assertion(found):
                checks.setdefault(".".join(found.asset_key.path), {})[found.check_name] = assertion
        elif event.is_step_materialization:
            table = _made(event.step_materialization_data.materialization, models, started.get(step, at), at)
            tables[table.name] = table
        elif event.is_step_failure:
            message = failure_of(event)
            failures.append(f"{step}: {message}")
            tables[step] = _failed(step, models, started.get(step, at), at, message)
        elif event.event_type in ENDS:
            state = ENDS[event.event_type]
    whole = [
        table if not checks.get(name) else _checked(table, tuple(checks[name].values()))
        for name, table in tables.items()
    ]
    failure = "; ".join(failures) if state != "COMPLETE" else ""
    return TracedRun(run_id, job, begun, ended, state, failure or ("see the run" if state == "FAIL" else ""), whole)


def _assertion(found: dg.AssetCheckEvaluation) -> Assertion | None:
    """A check that ran; None for one whose table has no new rows."""
    if "rule" not in found.metadata:
        return None
    arguments: Any = found.metadata["rule: arguments"].value
    return Assertion(
        str(found.metadata["rule"].value),
        found.check_name,
        found.description or "",
        found.passed,
        found.severity == dg.AssetCheckSeverity.ERROR,
        str(arguments.get("column", "")),
    )


def _inputs(name: str, models: Mapping[str, Model]) -> tuple[str, ...]:
    return tuple(sorted(tables_behind(models[name], tuple(models.values())))) if name in models else ()


def _made(found: dg.AssetMaterialization, models: Mapping[str, Model], started: float, ended: float) -> MadeTable:
    name, metadata = ".".join(found.asset_key.path), found.metadata
    model = models.get(name)
    shown: Any = {key: value.value for key, value in metadata.items() if key.startswith("dagster/")}
    read = [tag.removeprefix(INPUT).replace("/", ".") for tag in found.tags or {} if tag.startswith(INPUT)]
    schema, lineage = shown.get("dagster/column_schema"), shown.get("dagster/column_lineage")
    return MadeTable(
        name,
        started,
        ended,
        description=model.description if model else "",
        sql=model.sql if model else "",
        inputs=_inputs(name, models) if model else tuple(sorted(read)),
        columns=[(one.name, one.type, one.description or "") for one in schema.columns] if schema else (),
        sources={
            column: [(".".join(one.asset_key.path), one.column_name) for one in sources]
            for column, sources in (lineage.deps_by_column if lineage else {}).items()
        },
        rows=shown.get("dagster/row_count"),
    )


def _failed(name: str, models: Mapping[str, Model], started: float, ended: float, message: str) -> MadeTable:
    model = models.get(name)
    sql = model.sql if model else ""
    return MadeTable(
        name, started, ended, message or "see the run", is_table="." in name, sql=sql, inputs=_inputs(name, models)
    )


def _checked(table: MadeTable, assertions: tuple[Assertion, ...]) -> MadeTable:
    return MadeTable(**{**vars(table), "assertions": assertions})
