"""Figures that should be out by now, by the companies' own rhythm, in the reference data."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from etl.checks.run import run
from etl.checks.suite import load_suite
from etl.config import ROOT, load_settings
from etl.models.graph import create_statements
from etl.warehouse import Connection
from tests.support.edgar_warehouse import NOW, REFERENCE, asked, built
from tests.support.models import project_models

pytestmark = pytest.mark.slow

PDD = "select t.period_end::varchar, t.due_on::varchar, t.usual_lag_days, t.rhythm from core.due_as_of({}) as t "
BUYERS = "where t.platform = 'pdd' and t.metric = 'annual_active_buyers' order by 1"


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    settings = {"WAREHOUSE_HOME": str(tmp_path_factory.mktemp("home")), "WAREHOUSE_FIGURES": REFERENCE}
    con = built(load_settings(settings), [])
    yield con
    con.close()


def failed(con: Connection, table: str = "core.due_latest") -> set[str]:
    return {result.name for result in run(con, load_suite(ROOT / "expectations", table)) if not result.success}


def rebuilt(con: Connection) -> None:
    [model] = [model for model in project_models() if model.name == "core.due_latest"]
    con.execute(create_statements(model)[0])


def test_the_buyers_of_pinduoduo_by_hand(con: Connection) -> None:
    # The slowest timely release: 2021 on 21 March 2022, 80 days after its end. The last count is of March 2022, so
    # June is due on 30 June 2022 + 80 days, and not on the day before.
    assert asked(con, PDD.format("date '2022-09-17'") + BUYERS) == []
    assert asked(con, PDD.format("date '2022-09-18'") + BUYERS) == [("2022-06-30", "2022-09-18", 80, "own")]
    assert len(asked(con, PDD.format("date '2026-11-29'") + BUYERS)) == 17  # June 2022 to June 2026


def test_what_is_discontinued_is_never_due(con: Connection) -> None:
    due = asked(con, "select distinct t.platform, t.metric, t.scope from core.due_as_of(date '2099-12-31') as t")
    assert ("alibaba", "annual_active_buyers", "china_ecosystem") in due
    gone = asked(con, "select d.platform, d.metric, d.scope from core.discontinued as d")
    assert len(gone) == 3
    for platform, metric, scope in gone:
        found = [row for row in due if row[0] == platform and metric in (row[1], "*") and scope in (row[2], "*")]
        assert found == []


def test_coverage_shows_what_was_due_on_the_day_of_the_refresh(con: Connection) -> None:
    assert asked(con, "select r.day from raw.refresh_day as r") == [(NOW.date(),)]
    due = "select t.platform, t.metric, t.scope, t.period_end, t.due_on from {} as t {} order by all"
    shown = asked(con, due.format("marts.coverage", "where t.status = 'due'"))
    assert shown == asked(con, due.format("core.due_latest", ""))
    assert shown
    assert max(row[4] for row in shown) <= NOW.date()
    as_of = asked(con, due.format("marts.coverage_as_of(date '2026-11-29')", "where t.status = 'due'"))
    assert as_of == asked(con, due.format("core.due_as_of(date '2026-11-29')", ""))
    assert len(as_of) > len(shown)


def test_several_days_at_once_are_the_days_one_by_one(con: Connection) -> None:
    days = ("2016-06-30", "2021-05-01", "2026-11-29")
    listed = ", ".join(f"(date '{day}')" for day in days)
    together = f"select d.day::varchar, t.* from (values {listed}) as d (day), core.due_as_of(d.day) as t order by all"
    singly = [(day, *row) for day in days for row in asked(con, f"from core.due_as_of(date '{day}') as t order by all")]
    assert sorted(asked(con, together), key=str) == sorted(singly, key=str)


def test_due_figures_pass_the_checks_and_a_fault_does_not(con: Connection) -> None:
    assert failed(con) | failed(con, "raw.refresh_day") == set()
    con.execute("begin")
    con.execute("delete from raw.refresh_day")
    rebuilt(con)
    assert asked(con, "select count(*) from core.due_latest") == [(0,)]
    assert failed(con, "raw.refresh_day") == {"the_day_of_the_refresh_is_known"}
    con.execute("rollback")
    con.execute("begin")
    con.execute("update core.due_latest set due_on = due_on + 4000")
    assert failed(con) == {"due_by_the_day_of_the_refresh"}
    con.execute("rollback")


def test_a_figure_after_the_last_one_warns(con: Connection) -> None:
    con.execute("begin")
    con.execute("update core.discontinued set last_period_end = date '2014-12-31' where platform = 'zulily'")
    assert failed(con) == {"nothing_follows_what_is_discontinued"}
    con.execute("rollback")
