"""A project with one model, by day, so that a home of deliveries is built and published within a second."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from etl.checks.run import CheckResult
from etl.checks.suite import load_suite
from etl.config import ROOT
from etl.contracts import CONTRACTS

MODEL = "core.metric_day"
REGISTRY = """
    create table core.platform as select unnest(['pdd', 'jd'])::varchar as platform;
    create table core.partnership as select 'deal_1'::varchar as partnership_id;
"""
SQL = """\
-- What a platform did on a day.
-- grain: platform, date
-- daily: date, 0
-- portable: yes
-- twin: no
-- group: daily_figures
select
    metric.platform::varchar as platform,  -- platform slug
    metric.date::date as date,  -- the day
    sum(metric.orders)::decimal(38, 0) as orders,  -- orders placed
    sum(metric.gmv)::decimal(38, 4) as gmv  -- value of them, in currency
from core.platform_metric_daily as metric
group by metric.platform, metric.date
"""
SUITES = {contract.table: load_suite(ROOT / "expectations", contract.table) for contract in CONTRACTS}
SUITES[MODEL] = replace(SUITES["core.platform_metric_daily"], table=MODEL)  # no check of it is run


def root_with_a_model(folder: Path) -> Path:
    """A project whose only model is core.metric_day: orders and value of a platform by day."""
    path = folder / "sql" / "core" / "metric_day.sql"
    path.parent.mkdir(parents=True)
    path.write_text(SQL, encoding="utf-8")
    return folder


def no_checks(*_: object) -> list[CheckResult]:
    """In the place of a suite."""
    return []
