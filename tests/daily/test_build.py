"""Building only the days that new data touches gives what building everything gives, and reads no more."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from etl.checks.run import CriticalFailure
from etl.checks.suite import UNEXPECTED_ROWS, Expectation, Suite
from etl.daily.build import KEYS, build_daily
from etl.daily.due import create_unbuilt, days_of, due_days, loading_time, mark_changed_days, merged
from etl.errors import MendError
from etl.warehouse import Connection, DatabaseError
from tests.support.daily_models import (
    HEAD,
    NOW,
    SPEND,
    START,
    Recorded,
    Write,
    build,
    deliver,
    deliver_at_random,
    fails,
    order,
    passes,
    tables,
    whole,
    written,
)

pytestmark = pytest.mark.slow


@pytest.fixture
def write(tmp_path: Path) -> Write:
    return lambda **changed: written(tmp_path / "sql", changed)


@pytest.mark.parametrize("seed", range(6))
def test_building_day_by_day_equals_building_everything(con: Connection, write: Write, seed: int) -> None:
    models, rng = write(), random.Random(seed)
    for number in range(60):
        deliver(con, NOW, START + timedelta(number), rng.randrange(100), rng.choice("ab"))
    mark_changed_days(con, models)
    build(con, models)
    for step in range(1, 9):
        deliver_at_random(con, rng, NOW + timedelta(hours=step))
        mark_changed_days(con, models)
        results = build(con, models, *([START + timedelta(rng.randrange(90))] if step % 3 == 0 else []))
        assert tables(con, models) == whole(con, models)
        assert not any(result.whole for result in results.values())
        assert con.execute("from raw.daily_due").fetchall() == []


def test_only_touched_days_and_the_days_that_depend_on_them_are_built(con: Connection, write: Write) -> None:
    models = write()
    for number in range(100):
        deliver(con, NOW, START + timedelta(number), 1)
    assert mark_changed_days(con, models) == {"core.platform_metric_daily": days_of([(START, START + timedelta(99))])}
    assert all(result.whole for result in build(con, models).values())
    restated = START + timedelta(50)
    deliver(con, NOW + timedelta(hours=1), restated, 5)
    assert mark_changed_days(con, models) == {"core.platform_metric_daily": (restated,)}
    assert due_days(con, "marts.spend") == {restated}
    results = build(con, models)
    assert results["marts.spend"].days == results["marts.spend"].changed_days == (restated,)
    trailing = results["marts.trailing"]
    assert trailing.days == trailing.changed_days == days_of([(restated, restated + timedelta(27))])
    assert results["marts.new_buyer"].days == ()
    # worked by hand: 27 days of 1 and one of 5
    assert con.execute("select spend from marts.trailing where date = ?", [restated]).fetchall() == [(32,)]


AHEAD = f"""-- Whether a platform spent before and after a day, seven days at most.
-- grain: platform, date
{HEAD}-- daily: date, 7, 7
select
    s.platform::varchar as platform, -- slug
    s.date::date as date, -- day
    count(*)::bigint as days -- days with a figure from seven before to seven after
from marts.spend as s
join marts.spend as e on e.platform = s.platform and e.date between s.date - 7 and s.date + 7
group by s.platform, s.date
"""


def test_a_row_that_looks_ahead_is_built_again_when_a_later_day_comes(con: Connection, write: Write) -> None:
    models = write(**{"marts/days/ahead": AHEAD})
    for number in (0, 3, 20):
        deliver(con, NOW, START + timedelta(number), 1)
    mark_changed_days(con, models)
    build(con, models)
    deliver(con, NOW + timedelta(hours=1), START + timedelta(8), 1)
    mark_changed_days(con, models)
    results = build(con, models)
    changed = (START + timedelta(3), START + timedelta(8))
    assert results["marts.ahead"].changed_days == changed, "the third day has a later neighbour now"
    assert results["marts.ahead"].days == days_of([(START + timedelta(1), START + timedelta(15))])
    assert con.execute("select days from marts.ahead order by date").fetchall() == [(2,), (3,), (2,), (1,)]
    assert tables(con, models) == whole(con, models)


def test_unchanged_figures_rebuild_nothing_downstream(con: Connection, write: Write) -> None:
    models = write()
    deliver(con, NOW, START, 1)
    mark_changed_days(con, models)
    build(con, models)
    deliver(con, NOW + timedelta(hours=1), START, 1)
    mark_changed_days(con, models)
    results = build(con, models)
    assert (results["marts.spend"].days, results["marts.spend"].changed) == ((START,), False)
    assert results["marts.trailing"].days == ()
    assert mark_changed_days(con, models) == {}


def test_a_first_order_that_moves_changes_both_days(con: Connection, write: Write) -> None:
    models, later = write(), START + timedelta(40)
    order(con, NOW, "e1", "ann", START)
    order(con, NOW, "e2", "ann", later)
    mark_changed_days(con, models)
    build(con, models)
    assert con.execute("select new_buyers from marts.new_buyer order by date").fetchall() == [(1,), (0,)]
    order(con, NOW + timedelta(hours=1), "e1", "ann", None)
    mark_changed_days(con, models)
    results = build(con, models)
    assert results["core.first_one"].changed_days == (START, later)
    assert con.execute("from marts.new_buyer").fetchall() == [(later, 1)]


def test_a_changed_query_rebuilds_the_whole_table(con: Connection, write: Write) -> None:
    models = write()
    deliver(con, NOW, START, 1)
    mark_changed_days(con, models)
    build(con, models)
    changed = write(**{"marts/days/spend": SPEND.replace("sum(m.marketing_spend)", "sum(2 * m.marketing_spend)")})
    results = build(con, changed)
    assert results["marts.spend"].whole
    assert results["marts.trailing"].changed_days == (START,)
    assert tables(con, changed) == whole(con, changed)


def test_a_critical_failure_keeps_the_rows_and_the_days_due_days(con: Connection, write: Write) -> None:
    models = write()
    deliver(con, NOW, START, 1)
    mark_changed_days(con, models)
    build(con, models)
    deliver(con, NOW + timedelta(hours=1), START, 7)
    mark_changed_days(con, models)
    (spend,) = (model for model in models if model.name == "marts.spend")
    with pytest.raises(CriticalFailure) as failure:
        build_daily(con, spend, models, Suite(spend.name, ()), "run", check=fails)
    (result,) = failure.value.results
    assert result.table == "marts.spend"
    assert con.execute(result.query or "").fetchall() == [("a", START, 1)]
    assert due_days(con, "marts.spend") == {START}
    assert due_days(con, "marts.trailing") == set()
    assert con.execute("select success from audit.expectation_result").fetchall() == [(False,)]
    build(con, models)
    assert tables(con, models) == whole(con, models)


def test_rows_without_a_day_are_refused(con: Connection, write: Write) -> None:
    models = write(
        **{"marts/days/spend": SPEND.replace("m.date::date as date", "nullif(m.date, m.date)::date as date")}
    )
    deliver(con, NOW, START, 1)
    mark_changed_days(con, models)
    (spend,) = (model for model in models if model.name == "marts.spend")
    with pytest.raises(MendError, match="date is empty"):
        build_daily(con, spend, models, Suite(spend.name, ()), "run", check=passes)
    with pytest.raises(DatabaseError):
        con.execute("from marts.spend")


TOO_MUCH = Expectation(
    "too_much",
    UNEXPECTED_ROWS,
    {"unexpected_rows_query": "select t.* from {batch} as t where t.spend > 5"},
    "warning",
    "says so",
)
NO_RATES = Expectation(
    "no_rates", UNEXPECTED_ROWS, {"unexpected_rows_query": "from core.fx_rate as r"}, "warning", "says so"
)
HIGHEST = Expectation(
    "highest", "expect_column_values_to_be_between", {"column": "spend", "max_value": 5}, "warning", "says so"
)


@pytest.mark.parametrize("too_much", [TOO_MUCH, HIGHEST])
def test_a_check_that_warned_warns_until_its_rows_are_gone(
    con: Connection, write: Write, too_much: Expectation
) -> None:
    models = write()
    (spend,) = (model for model in models if model.name == "marts.spend")
    suite = Suite(spend.name, (too_much,))

    def warned(hour: int, day: date | None = None, amount: int = 0) -> list[bool]:
        if day:
            deliver(con, NOW + timedelta(hours=hour), day, amount)
        mark_changed_days(con, models)
        return [not result.success for result in build_daily(con, spend, models, suite, "run").checks]

    assert warned(0, START, 7) == [True]
    assert warned(1) == [True], "nothing new, and the row is still there"
    assert warned(2, START + timedelta(40), 1) == [True], "other days were built"
    assert warned(3, START, 2) == [False]
    assert warned(4) == [], "nothing to judge"


def test_a_check_on_other_tables_is_judged_without_new_rows(con: Connection, write: Write) -> None:
    models = write()
    (spend,) = (model for model in models if model.name == "marts.spend")
    suite = Suite(spend.name, (TOO_MUCH, NO_RATES))
    for _ in range(2):
        found = build_daily(con, spend, models, suite, "run").checks
    assert [(result.name, result.success) for result in found] == [("no_rates", True)]


def test_a_changed_suite_judges_all_rows_and_not_only_new_ones(con: Connection, write: Write) -> None:
    models = write()
    (spend,) = (model for model in models if model.name == "marts.spend")
    deliver(con, NOW, START, 7)
    mark_changed_days(con, models)
    before = build_daily(con, spend, models, Suite(spend.name, ()), "run")
    assert (before.made, before.checks) == (True, [])
    same = build_daily(con, spend, models, Suite(spend.name, ()), "run")
    assert (same.made, same.days, same.checks) == (False, (), []), "no day is due"
    found = build_daily(con, spend, models, Suite(spend.name, (HIGHEST,)), "run")
    assert (found.made, found.changed) == (False, False)
    assert [(result.name, result.success) for result in found.checks] == [("highest", False)]
    strict = Suite(spend.name, (replace(HIGHEST, severity="critical"),))
    for _ in range(2):
        with pytest.raises(CriticalFailure):
            build_daily(con, spend, models, strict, "run")


def test_a_superseded_row_is_news_for_readers_of_the_history(con: Connection, write: Write) -> None:
    text = SPEND.replace("core.platform_metric_daily", "raw.platform_metric_daily_history")
    models = write(**{"core/replaced": text})
    deliver(con, NOW, START, 1)
    deliver(con, NOW, START + timedelta(1), 1)
    mark_changed_days(con, models)
    build(con, models)
    assert con.execute("from core.replaced").fetchall() == []
    deliver(con, NOW + timedelta(hours=1), START, 5)
    mark_changed_days(con, models)
    result = build(con, models)["core.replaced"]
    assert (result.days, result.whole) == ((START,), False)
    assert con.execute("from core.replaced").fetchall() == [("a", START, 1)]


def test_a_clock_that_is_set_back_hides_no_row(con: Connection, write: Write) -> None:
    models = write()
    deliver(con, NOW, START, 1)
    mark_changed_days(con, models)
    earlier = NOW - timedelta(hours=2)
    at = loading_time(con, earlier)
    assert at > NOW
    deliver(con, at, START + timedelta(1), 1)
    assert mark_changed_days(con, models) == {"core.platform_metric_daily": (START + timedelta(1),)}
    assert loading_time(con, NOW + timedelta(days=1)) == NOW + timedelta(days=1)


def test_a_rate_for_a_month_is_news_for_all_its_days(con: Connection, write: Write) -> None:
    con.execute(
        "insert into core.fx_rate "
        "(currency, quote_currency, period_start, period_end, rate, source, loaded_at) "
        "values ('USD', 'CNY', '2025-01-01', '2025-01-31', 7, 's', ?)",
        [NOW],
    )
    assert len(mark_changed_days(con, write())["core.fx_rate"]) == 31


def test_days_are_merged_into_runs() -> None:
    first, second, third = START, START + timedelta(3), START + timedelta(30)
    assert merged([third, first, second, first]) == [(first, second), (third, third)]
    assert len(days_of([(first, second), (third, third)])) == 5
    assert merged([]) == []


@pytest.mark.parametrize("history", [40, 400])
def test_one_more_day_reads_no_history(con: Connection, write: Write, history: int) -> None:
    """Each time a table with days is read, it is by constants that bound its day, or by the day's keys."""
    models = write()
    for number in range(history):
        deliver(con, NOW, START + timedelta(number), 1)
        order(con, NOW, f"e{number}", f"b{number % 5}", START + timedelta(number))
    mark_changed_days(con, models)
    build(con, models)
    new, at = START + timedelta(history), NOW + timedelta(hours=1)
    deliver(con, at, new, 1)
    order(con, at, "new", "somebody new", new)
    mark_changed_days(con, models)
    recorded = Recorded(con)
    results = build(recorded, models)  # type: ignore[arg-type]
    assert [result.days for result in results.values()] == [
        *([(new,)] * 3),
        days_of([(new, new + timedelta(27))]),
    ]
    assert sum(result.rows for result in results.values()) == 4
    dated = ["core.platform_metric_daily", "core.order_event", *(model.name for model in models)]
    reading = [sql for sql in recorded.statements if any(f"from {table} as" in sql for table in dated)]
    assert len(reading) > 8
    assert [sql for sql in reading if str(new) not in sql and KEYS not in sql] == []
    # the widest look back is the reach: nothing names an earlier day than that
    named = {found for sql in reading for found in re.findall(r"\d{4}-\d\d-\d\d", sql)}
    assert min(named) == str(new - timedelta(27))
    (by_key,) = (sql for sql in recorded.statements if sql.startswith("insert into core.first_one"))
    assert str(new) in by_key, "a buyer who is new has no row on other days"


@pytest.mark.parametrize("reach", ["x", "-1", "keys"])
def test_a_reach_must_be_a_number_of_days(write: Write, reach: str) -> None:
    with pytest.raises(MendError, match="one or two numbers of days, or key"):
        write(**{"marts/days/spend": SPEND.replace("date, 0", f"date, {reach}")})


def test_a_table_that_was_never_built_exists_empty_and_is_then_built_whole(con: Connection, write: Write) -> None:
    models = write()
    create_unbuilt(con, models)
    create_unbuilt(con, models)
    assert con.execute("from marts.trailing").fetchall() == []
    comment = "select comment from duckdb_columns() where table_name = 'spend' and column_name = 'spend'"
    assert con.execute(comment).fetchall() == [("spent, in currency",)]
    deliver(con, NOW, START, 1)
    mark_changed_days(con, models)
    assert all(result.whole for result in build(con, models).values())
    assert con.execute("select spend, days from marts.trailing").fetchall() == [(1, 1)]


def test_a_table_that_moved_to_another_schema_keeps_its_rows_until_it_is_built(con: Connection, write: Write) -> None:
    models = write()
    deliver(con, NOW, START, 1)
    mark_changed_days(con, models)
    build(con, models)
    con.execute("create table core.spend as from marts.spend")
    con.execute("create table core.trailing as select 1 as something_else")
    con.execute("drop table marts.spend")
    con.execute("drop table marts.trailing")
    create_unbuilt(con, models)
    assert con.execute("from marts.spend").fetchall() == con.execute("from core.spend").fetchall() != []
    assert con.execute("from marts.trailing").fetchall() == [], "a table of other columns is another table"
