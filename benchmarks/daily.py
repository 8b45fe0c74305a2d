"""What one day more costs, after ten days and after a thousand: `python -m benchmarks.daily`.

Made-up deliveries of one platform in a fresh home: a file with the day's metrics and one with its orders are
loaded, the daily tables built and their suites run, and then all of it again with nothing new. Each part is
the median of REPEATS; the short history is measured before and after the long one, and its faster counts.
Then the suite of a delivered table against one hand-written query for the same checks. Seconds are those of
the processor, which a busy machine changes little. Publishing copies what readers see and is not counted.

    python -m benchmarks.daily [ORDERS_A_DAY [SUITE_ROWS]]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta

from etl.checks.run import run as run_suite
from etl.checks.suite import Suite, load_suite
from etl.config import ROOT, Settings, load_settings
from etl.contracts import PLATFORM_METRIC_DAILY
from etl.daily.build import build_daily
from etl.daily.due import create_unbuilt, mark_changed_days
from etl.daily.ingest import ingest
from etl.models.file import Model
from etl.models.graph import create_statements, load_models
from etl.warehouse import Connection, memory, open_build, transaction

LONG, SHORT, REPEATS = 1000, 10, 5
START = date(2023, 1, 1)
GOALS = {"day": 1.2, "suite": 2.0}
REGISTRY = """
    create table core.platform as select 'shop' as platform, 'CNY' as reporting_currency;
    create table core.platform_ever as from core.platform;
    create table core.partnership as select 'deal' as partnership_id, 'social' as traffic_partner,
        'shop' as supply_partner, null::varchar as traffic_platform, null::varchar as supply_platform,
        null::date as effective_on, null::date as ended_on;
"""
METRICS = """
    select 'shop' as platform, day::date as date, if(c = 0, '', 'channel_' || c) as channel,
        '' as partnership_id, '' as account, 'USD' as currency, if(c = 0, 2000, 100) as orders,
        if(c = 0, 200, 10) as new_buyers, if(c = 0, 2000, 100)::decimal(18,4) as gmv,
        if(c = 0, 200, 10)::decimal(18,4) as marketing_spend
    from generate_series(date '{first}', date '{last}', interval 1 day) as d(day), range(21) as r(c)
"""
ORDERS = """
    select strftime(day, '%Y%m%d') || '_' || n as event_id, day + to_seconds(n) as event_time,
        'shop' as platform, 'channel_' || (1 + n % 20) as channel,
        if(n % 20 = 0, 'deal', '') as partnership_id,
        md5((hash(day::date, n) % {buyers})::varchar) as buyer_id_hash, 10::decimal(18,4) as amount,
        'CNY' as currency, 'placed' as status
    from generate_series(date '{first}', date '{last}', interval 1 day) as d(day), range({orders}) as r(n)
"""
RATES = (
    "select 'USD' as currency, 'CNY' as quote_currency, date '2020-01-01' as period_start, "
    "date '2029-12-31' as period_end, 7.2 as rate, 'house' as source"
)
BY_HAND = """
    select count(*) filter (where t.platform is null), count(*) filter (where t.date is null),
        count(*) filter (where t.channel is null), count(*) filter (where t.partnership_id is null),
        count(*) filter (where t.account is null),
        (select count(*) from (select 1 from core.platform_metric_daily as d
            group by d.platform, d.date, d.channel, d.partnership_id, d.account, d.currency having count(*) > 1)),
        (select count(*) from (select 1 from core.platform_metric_daily as d
            group by d.platform, d.date, d.channel, d.partnership_id, d.account
            having count(*) > 1 and count(d.currency) < count(*))),
        (select count(*) from (select 1 from core.platform_metric_daily as d where d.marketing_spend is not null
            group by d.platform, d.date, d.channel, d.partnership_id
            having min(d.account) = '' and max(d.account) <> ''))
    from core.platform_metric_daily as t
"""


def add_a_day(days: int, orders: int) -> dict[str, float]:
    """Seconds of one day more after so many days: load, build, and both again with nothing new."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings({"WAREHOUSE_HOME": folder})
        models = load_models(ROOT / "sql")
        suites = _suites(models)
        with open_build(settings) as con:
            con.execute("set threads = 1")
            _history(con, models, suites, days, orders)
            return _measured(con, settings, models, suites, first=START + timedelta(days), orders=orders)


def _measured(
    con: Connection,
    settings: Settings,
    models: tuple[Model, ...],
    suites: Mapping[str, Suite],
    *,
    first: date,
    orders: int,
) -> dict[str, float]:
    settings.inbox.mkdir(parents=True, exist_ok=True)
    seconds: dict[str, list[float]] = {}

    def timed(part: str, step: Callable[[], object]) -> None:
        started = time.process_time()
        step()
        seconds.setdefault(part, []).append(time.process_time() - started)

    def load() -> None:
        ingest(con, settings, models, suites, "bench", now=datetime.now(UTC), progress=lambda _: None)

    def build() -> None:
        for model in models:
            if model.daily:
                build_daily(con, model, models, suites[model.name], "bench")

    for repeat in range(REPEATS):
        day = first + timedelta(repeat)
        values = {"first": day, "last": day, "orders": orders, "buyers": 50 * orders}
        for name, query in (("metrics", METRICS), ("orders", ORDERS)):
            target = settings.inbox / f"{name}_{day}.csv"
            con.execute(f"copy ({query.format(**values)}) to '{target}' (header)")
        for again in ("", ", again"):
            timed(f"load{again}", load)
            timed(f"build and check{again}", build)
    return {part: statistics.median(found) for part, found in seconds.items()}


def _history(con: Connection, models: tuple[Model, ...], suites: Mapping[str, Suite], days: int, orders: int) -> None:
    """So many days, as if they had been loaded and built before."""
    con.execute(REGISTRY)
    for model in models:
        if not (model.reads or model.is_macro):  # words, and the bounds of a small count
            con.execute(create_statements(model)[0])
    create_unbuilt(con, [model for model in models if model.name not in ("core.platform", "core.partnership")])
    last = START + timedelta(days - 1)
    values = {"first": START, "last": last, "orders": orders, "buyers": 50 * orders}
    for table, query in (("platform_metric_daily", METRICS), ("order_event", ORDERS), ("fx_rate", RATES)):
        con.execute(f"insert into core.{table} by name select *, now() as loaded_at from ({query.format(**values)})")
    with transaction(con):
        mark_changed_days(con, models)
    for model in models:
        if model.daily:
            build_daily(con, model, models, suites[model.name], "history", check=lambda *_: [])


def check_rows(rows: int) -> tuple[float, float]:
    """Seconds of the suite of a delivered table on so many rows, and of one query for the same checks."""
    con = memory()
    con.execute("set threads = 2")
    last = START + timedelta(rows // 21)
    query = METRICS.format(first=START, last=last)
    con.execute(f"insert into {PLATFORM_METRIC_DAILY.table} by name {query} limit {rows}")
    suite = load_suite(ROOT / "expectations", PLATFORM_METRIC_DAILY.table)
    run_suite(memory(), suite)  # imports what it needs
    started = time.process_time()
    results = run_suite(con, suite)
    by_suite = time.process_time() - started
    if not all(result.success for result in results):
        raise RuntimeError("the made-up rows break the suite")
    started = time.process_time()
    con.execute(BY_HAND).fetchall()
    return by_suite, time.process_time() - started


def _tables(models: tuple[Model, ...]) -> list[str]:
    delivered = ["core.platform_metric_daily", "core.partner_target", "core.order_event", "core.fx_rate"]
    return [*delivered, *(model.name for model in models if model.daily)]


def _suites(models: tuple[Model, ...]) -> dict[str, Suite]:
    questions = dict.fromkeys(_tables(models), "") | {model.name: model.question for model in models if model.daily}
    return {table: load_suite(ROOT / "expectations", table, question) for table, question in questions.items()}


def main(arguments: list[str]) -> int:
    """Print what was measured; returns the exit code."""
    orders = int(arguments[0]) if arguments else 2000
    rows = int(arguments[1]) if len(arguments) > 1 else 10_000_000
    before, long, after = (add_a_day(days, orders) for days in (SHORT, LONG, SHORT))
    short = {part: min(before[part], after[part]) for part in before}
    print(f"One day more, {orders:,} orders a day     after {SHORT} days  after {LONG:,} days  ratio")
    for part, seconds in short.items():
        print(f"  {part:<30} {seconds:>10.2f} s {long[part]:>12.2f} s {long[part] / seconds:>9.2f}")
    parts = [sum(v for part, v in found.items() if "again" not in part) for found in (short, long)]
    ratio = f"{parts[1] / parts[0]:>9.2f}  goal {GOALS['day']}"
    print(f"  {'all':<30} {parts[0]:>10.2f} s {parts[1]:>12.2f} s {ratio}")
    suite, by_hand = check_rows(rows)
    print(
        f"Suite on {rows:,} rows: {suite:.2f} s; one query by hand {by_hand:.2f} s; "
        f"ratio {suite / by_hand:.2f}, goal {GOALS['suite']}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
