"""Partnership and channel marts day by day: after late and corrected days they hold what one build holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest

from etl.checks.run import CheckResult
from etl.checks.suite import Suite
from etl.daily.due import mark_changed_days
from etl.demo import DAYS, day
from etl.models.file import Model
from etl.models.graph import create_statements
from etl.warehouse import Connection, memory
from tests.support.building import build_all_daily
from tests.support.demo_warehouse import LOADED_AT, load_demo
from tests.support.models import build_models

pytestmark = pytest.mark.slow

LATE = day(DAYS - 3)
CORRECTED = day(DAYS - 45)
HELD = "core.platform_metric_daily", "core.order_event"


def unchecked(con: Connection, suite: Suite, grain: Sequence[str] = ()) -> list[CheckResult]:
    return []


def build_due(con: Connection, models: Sequence[Model]) -> None:
    suites = {m.name: Suite(m.name, ()) for m in models}
    mark_changed_days(con, models)
    build_all_daily(con, models, suites, check=unchecked)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Connection, tuple[Model, ...]]]:
    """The demo without its last days, built; then these days come, and one 45 days back is corrected."""
    con = memory()
    load_demo(con, tmp_path_factory.mktemp("demo"))
    for table, column in zip(HELD, ("date", "event_time"), strict=True):
        con.execute(f"create temp table held_{column} as from {table} where {column} >= ?", [LATE])
        con.execute(f"delete from {table} where {column} >= ?", [LATE])
    models = build_models(con)
    build_due(con, models)
    news = LOADED_AT + timedelta(1)
    for table, column in zip(HELD, ("date", "event_time"), strict=True):
        con.execute(f"insert into {table} by name from (select * replace (? as loaded_at) from held_{column})", [news])
    con.execute(
        "update core.platform_metric_daily set refunded_gmv = refunded_gmv + 1, marketing_spend = marketing_spend + 1, "
        "loaded_at = ? "
        "where date = ? and partnership_id = 'sim_stream_mall_store'",
        [news, CORRECTED],
    )
    build_due(con, models)
    yield con, models
    con.close()


def test_late_rows_are_in_every_daily_mart(warehouse: tuple[Connection, tuple[Model, ...]]) -> None:
    con, models = warehouse
    names = ("partnership", "channel", "daily_figure", "count_interval")
    built = [m for m in models if m.daily and m.table.startswith(names)]
    assert len(built) == 11
    for model in built:
        kept = f"kept_{model.table}"
        con.execute(f"create temp table {kept} as from {model.name}")
        for statement in create_statements(model):
            con.execute(statement)
        for left, right in ((kept, model.name), (model.name, kept)):
            ((more,),) = con.execute(f"select count(*) from (from {left} except all from {right})").fetchall()
            assert more == 0, f"{model.name}: {more} rows only in {left}"
        ((late,),) = con.execute(f"select count(*) from {model.name} where date >= ?", [LATE]).fetchall()
        assert late > 0, model.name
