"""Building whole sets of models in a test, in order, as the steps of a refresh do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from etl.build import BuildResult, build
from etl.checks.run import SuiteRunner, run
from etl.checks.suite import Suite, load_suite
from etl.config import ROOT
from etl.daily.build import DailyResult, build_daily
from etl.engine import OWN, Engine
from etl.models.file import Model
from etl.models.graph import load_models
from etl.warehouse import Connection
from tests.support.models import models_behind, project_models


def build_all(
    con: Connection,
    sql_dir: Path = ROOT / "sql",
    suites_dir: Path = ROOT / "expectations",
    run_id: str = "run",
    check: SuiteRunner = run,
) -> dict[str, BuildResult]:
    """The result of every model by its name. Raises as build does for the first one that cannot be built."""
    models = load_models(sql_dir)
    suites = {m.name: load_suite(suites_dir, m.name, m.question) for m in models if not m.is_macro}
    return {model.name: build(con, model, suites.get(model.name), run_id, check) for model in models}


def build_all_daily(
    con: Connection,
    models: Sequence[Model],
    suites: Mapping[str, Suite],
    *,
    days: Sequence[date] = (),
    check: SuiteRunner = run,
    engine: Engine = OWN,
) -> dict[str, DailyResult]:
    """The result of every daily model by its name. Raises as build_daily does for the first that cannot be built."""
    return {
        model.name: build_daily(con, model, models, suites[model.name], "run", days=days, check=check, engine=engine)
        for model in models
        if model.daily
    }


def build_needed(con: Connection, *names: str, check: SuiteRunner = run) -> dict[str, BuildResult]:
    """The results of these tables and of all behind them and their suites; delivered tables are there already."""
    models, wanted = project_models(), [*names]
    suites = {m.name: load_suite(ROOT / "expectations", m.name, m.question) for m in models if not m.is_macro}
    needed: set[str] = set()
    while wanted:
        found = models_behind(wanted.pop()).keys() - needed
        needed |= found
        wanted += [read for name in found & suites.keys() for read in suites[name].reads]
    results: dict[str, BuildResult] = {}
    for model in models:
        if model.name in needed:
            suite = suites.get(model.name)
            if model.daily and suite:
                results[model.name] = build_daily(con, model, models, suite, "run", check=check)
            else:
                results[model.name] = build(con, model, suite, "run", check)
    return results
