"""The whole path in one process, from a delivered file to the published snapshot, as `refresh` and `daily` go it.

It builds core.daily_metric and all that it is built from, as the project's models say, and leaves out Dagster, the
suites (they write nothing), the page and the marts: a run takes about a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from etl.build import build
from etl.checks.run import CheckResult
from etl.checks.suite import Suite, load_suite
from etl.config import ROOT, Settings, load_settings
from etl.daily.build import build_daily
from etl.daily.due import DELIVERED, create_unbuilt, tables_from_deliveries
from etl.daily.ingest import ingest
from etl.models.file import Model
from etl.models.graph import load_models
from etl.publish import publication
from etl.reference.load import load_reference
from etl.warehouse import Connection, open_build
from tests.support.models import models_behind


def _with_what_is_behind(models: Sequence[Model]) -> tuple[Model, ...]:
    """The table made, those that the inbox asks, and what they are built from, in the order of the project."""
    asked = {(column.known_in or "").rpartition(".")[0] for table in DELIVERED.values() for column in table.columns}
    wanted = {name for table in (MADE, *asked) for name in models_behind(table)}
    return tuple(model for model in models if model.name in wanted)


MADE = "core.daily_metric"
# Read once, by the process that children are forked from.
MODELS = _with_what_is_behind(load_models(ROOT / "sql"))
QUESTIONS = {**dict.fromkeys(DELIVERED, ""), **{model.name: model.question for model in MODELS if model.daily}}
SUITES = {table: load_suite(ROOT / "expectations", table, question) for table, question in QUESTIONS.items()}


def settings_in(home: Path) -> Settings:
    """Settings of a home without any source."""
    return load_settings({"WAREHOUSE_HOME": str(home)})


def no_checks(con: Connection, suite: Suite, grain: Sequence[str] = ()) -> list[CheckResult]:
    """In the place of a suite."""
    return []


def whole_path(home: Path, now: datetime, *, reference: bool = False) -> None:
    """Load what waits, build what is made from it, publish; with `reference` read that and build its tables before."""
    settings, by_delivery = settings_in(home), tables_from_deliveries(MODELS)
    with open_build(settings) as con:
        if reference:
            load_reference(con, settings, now)
        create_unbuilt(con, MODELS)
        if reference:
            for model in MODELS:
                if model.name not in by_delivery:
                    build(con, model, None, "run", no_checks)
        ingest(con, settings, MODELS, SUITES, "run", now=now, progress=lambda _: None, check=no_checks)
        for model in MODELS:
            if model.daily:
                build_daily(con, model, MODELS, SUITES[model.name], "run", check=no_checks)
            elif model.name in by_delivery:
                build(con, model, None, "run", no_checks)
        publication.publish(con, settings, now=now)
