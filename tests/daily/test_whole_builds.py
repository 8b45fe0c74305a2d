"""Everything built in runs of days is what one query over everything says."""

from __future__ import annotations

import random
import re
from bisect import bisect_right
from datetime import date, timedelta
from pathlib import Path

import pytest

from etl.checks.suite import Suite
from etl.daily import build as daily_build
from etl.daily.build import build_daily, cut
from etl.daily.due import mark_changed_days
from etl.errors import MendError
from etl.warehouse import Connection
from tests.support.daily_models import (
    NOW,
    SPEND,
    START,
    Recorded,
    build,
    deliver,
    order,
    passes,
    tables,
    whole,
    written,
)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", range(3))
def test_building_in_runs_of_days_equals_one_query(
    con: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(daily_build, "ROWS_AT_ONCE", 5)
    models, rng = written(tmp_path, {}), random.Random(seed)
    for _ in range(300):  # with gaps between the days
        deliver(con, NOW, START + timedelta(rng.randrange(600)), rng.randrange(100), rng.choice("ab"))
        order(con, NOW, f"e{rng.randrange(200)}", f"b{rng.randrange(30)}", START + timedelta(rng.randrange(600)))
    mark_changed_days(con, models)
    recorded = Recorded(con)
    results = build(recorded, models)  # type: ignore[arg-type]
    assert all(result.whole for result in results.values())
    assert tables(con, models) == whole(con, models)
    for table, least in (("marts.spend", 20), ("marts.trailing", 4)):  # 28 days of reach make longer runs
        runs = [sql for sql in recorded.statements if sql.startswith(f"insert into {table} ")]
        assert len(runs) >= least
        starts = [date.fromisoformat(d) for sql in runs for d in re.findall(r"t.date >= date '(.*?)'", sql)]
        stored = [day for (day,) in con.execute(f"select date from {table}").fetchall()]
        assert stored == sorted(stored), "rows of a day lie side by side, and a run ends with one short block"
        assert len({bisect_right(starts, day) for day in stored}) == len(runs)


def test_rows_without_a_day_are_refused_in_runs_of_days_too(
    con: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daily_build, "ROWS_AT_ONCE", 2)
    lost = f"nullif(m.date, date '{START + timedelta(7)}')::date as date"
    models = written(tmp_path, {"marts/days/spend": SPEND.replace("m.date::date as date", lost)})
    for number in range(10):
        deliver(con, NOW, START + timedelta(number), number)
    mark_changed_days(con, models)
    (spend,) = (model for model in models if model.name == "marts.spend")
    with pytest.raises(MendError, match="date is empty"):
        build_daily(con, spend, models, Suite(spend.name, ()), "run", check=passes)


def test_days_are_cut_into_runs_without_a_gap() -> None:
    days = [(START + timedelta(n), 3) for n in (0, 1, 2, 10, 11, 12, 13)]
    ends = [(first - START).days for run in cut(days, 6, 0) for first in run]
    assert ends == [0, 1, 2, 10, 11, 12, 13, 13]
    assert [(b - a).days for a, b in cut(days, 1, 3)] == [2, 7, 2]
    assert cut([], 1, 1) == []
