"""What the partnership marts cost at volume: `python -m benchmarks.partnership [rows]`, else 10 million.

A warehouse of 1,000 days of daily figures (rows / 1,000 a day, of 1,000 partnerships on ten platforms) is
built whole, with the checks; then one more day is delivered and what is due is built. The same day is
delivered to a warehouse of 10 days: what a day costs must not grow with the history. Each step runs in a
process of its own, so that its peak of memory is its own, and both are taken in one run. Every day is told:
the first after a large load shows what a checkpoint has left to do. Order events are not in it: repeat and
cohort marts stay empty. Nothing here is a test: a busy machine is no fault.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.embedded import measure
from etl.build import build
from etl.checks import gathered
from etl.checks.suite import load_suite
from etl.config import load_settings
from etl.daily.build import build_daily
from etl.daily.due import loading_time, mark_changed_days
from etl.models.graph import create_statements, load_models
from etl.warehouse import Connection, open_build

DAYS, FEW_DAYS = 1_000, 10
PLATFORMS, DEALS = 10, 100
MORE = 5  # days delivered one after the other; each is told, the quickest counts
RATIO_GOAL = 1.2
# Tables that are no daily ones, and are built whole from those: a row a target, a filing, or a month.
WHOLE = frozenset(
    {
        *("core.partner_target_version", "steps.buyer_cohort", "marts.partnership_cohort"),
        *("steps.partnership_course", "marts.partnership_pacing", "marts.partnership_expense"),
    }
)
_FIGURES = """
    insert into core.platform_metric_daily by name
    select
        'p' || (n // $deals) % $platforms as platform, date '2020-01-01' + d::integer as date,
        'c' || n // ($deals * $platforms) as channel,
        'p' || (n // $deals) % $platforms || '_d' || n % $deals as partnership_id, '' as account,
        'CNY' as currency,
        100 + hash(n, d) % 50 as orders, 90 as buyers, hash(d, n) % 30 as new_buyers,
        5000 + hash(n, d, 1) % 4000 as gmv, 100 as cancelled_gmv, 300 as refunded_gmv,
        500 + hash(n, d, 2) % 300 as marketing_spend, 20 as subsidies, 200 as commission,
        false as is_simulated, $now::timestamp as loaded_at
    from (select unnest(range($first, $last)) as d), (select unnest(range($a_day)) as n)
    order by date
"""
_TOTALS = """
    insert into core.platform_metric_daily by name
    select
        'p' || p as platform, date '2020-01-01' + d::integer as date, '' as channel, '' as partnership_id,
        '' as account,
        'CNY' as currency, 1000000 as orders, 900000 as buyers, 400000 as new_buyers, 100000000 as gmv,
        1000 as cancelled_gmv, 3000 as refunded_gmv, 10000000 as marketing_spend, 20000 as subsidies,
        200000 as commission, false as is_simulated, $now::timestamp as loaded_at
    from (select unnest(range($first, $last)) as d), (select unnest(range($platforms)) as p)
"""
_REGISTRY = """
    insert into raw.reference_row (kind, fields)
    select 'platform', map {'platform': 'p' || p, 'reporting_currency': 'CNY'}
    from (select unnest(range($platforms)) as p)
    union all
    select 'partnership',
        map {'partnership_id': 'p' || p || '_d' || n, 'traffic_partner': 'p' || p, 'supply_partner': 's' || n}
    from (select unnest(range($platforms)) as p), (select unnest(range($deals)) as n)
"""
_TARGETS = """
    insert into core.partner_target by name
    select
        'p' || p || '_d' || n as partnership_id, 'new_buyers' as metric, date '2020-01-01' as period_start,
        date '2020-12-31' as period_end, 50000 as target, 'linear' as shape, $now::timestamp as loaded_at
    from (select unnest(range($platforms)) as p), (select unnest(range($deals)) as n)
"""


def fill(con: Connection, rows_a_day: int, days: int) -> None:
    """An empty warehouse with who is who, targets and the figures of the first `days` days."""
    sizes = {"platforms": PLATFORMS, "deals": DEALS}
    con.execute(_REGISTRY, sizes)
    for model in load_models(load_settings().sql_dir):
        for statement in create_statements(model):
            con.execute(statement)
    con.execute(_TARGETS, {**sizes, "now": datetime.now(UTC)})
    deliver(con, rows_a_day, 0, days)


def deliver(con: Connection, rows_a_day: int, first: int, last: int) -> None:
    """The figures of the days with these numbers, without the last."""
    now = loading_time(con, datetime.now(UTC))
    span = {"platforms": PLATFORMS, "first": first, "last": last, "now": now}
    con.execute(_FIGURES, {**span, "deals": DEALS, "a_day": rows_a_day})
    con.execute(_TOTALS, span)


def build_due(con: Connection) -> dict[str, float]:
    """Seconds of each table, its checks included: the daily ones as far as they are due, the others whole."""
    settings = load_settings()
    models = load_models(settings.sql_dir)
    started = time.perf_counter()
    mark_changed_days(con, models)
    seconds = {"finding what is due": time.perf_counter() - started}
    for model in models:
        if model.table.startswith("daily_") and model.schema == "marts":
            continue  # watches the deliveries; no partnership mart reads it
        if not model.daily and model.name not in WHOLE:
            continue
        suite = load_suite(settings.suites_dir, model.name, model.question)
        if model.daily:
            seconds[model.name] = build_daily(con, model, models, suite, "benchmark").seconds
        else:
            seconds[model.name] = build(con, model, suite, "benchmark").seconds
    return seconds


def step(name: str, rows_a_day: int, days: int) -> None:
    """One step in this process, on the warehouse in WAREHOUSE_HOME; prints its seconds as JSON."""
    gathered.prepare()  # else the import of Great Expectations would count as the first table's checks

    with open_build(load_settings()) as con:
        if name == "fill":
            fill(con, rows_a_day, days)
            print(json.dumps({}))
        elif name == "build":
            print(json.dumps(build_due(con)))
        else:
            deliver(con, rows_a_day, days, days + 1)
            print(json.dumps(build_due(con)))


def run(home: Path, name: str, rows_a_day: int, days: int) -> tuple[dict[str, float], float]:
    """Seconds by table, and the peak of memory in MB, of one step in a process of its own."""
    cost = measure(["-m", "benchmarks.partnership", name, str(rows_a_day), str(days)], home)
    seconds: dict[str, float] = json.loads(cost.output.splitlines()[-1])
    return seconds, cost.megabytes


def one_day_more(home: Path, rows_a_day: int, days: int, say: Callable[[str], None]) -> tuple[float, float]:
    """Seconds of the quickest of a few days, one after the other: of daily tables, of those built whole."""
    best: dict[str, float] = {}
    peak = 0.0
    for number in range(MORE):
        seconds, megabytes = run(home, "day", rows_a_day, days + number)
        say(f"  day {number + 1} after {days:,}: {sum(seconds.values()):.2f} s, {megabytes:,.0f} MB")
        peak = max(peak, megabytes)
        if not best or sum(seconds.values()) < sum(best.values()):
            best = seconds
    whole = sum(taken for name, taken in best.items() if name in WHOLE)
    daily = sum(best.values()) - whole
    say(f"a day more after {days:,}: {daily:.2f} s daily tables, {whole:.2f} s built whole, {peak:,.0f} MB")
    return daily, whole


def main(rows: int) -> int:
    """The whole comparison, printed as it goes; returns the exit code."""
    rows_a_day = max(rows // DAYS, PLATFORMS * DEALS)
    print(f"{rows_a_day * DAYS:,} rows of daily figures: {DAYS:,} days, {PLATFORMS * DEALS:,} partnerships")
    found = {}
    for days in (FEW_DAYS, DAYS):
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            run(home, "fill", rows_a_day, days)
            seconds, megabytes = run(home, "build", rows_a_day, days)
            marts = {n: s for n, s in seconds.items() if "partner" in n or n.startswith("core.daily")}
            print(f"{days:,} days built whole: {sum(seconds.values()):.1f} s, {megabytes:,.0f} MB")
            for name, taken in sorted(marts.items(), key=lambda item: -item[1])[:8]:
                print(f"  {name:34} {taken:8.2f} s")
            found[days] = one_day_more(home, rows_a_day, days, print)
    daily = found[DAYS][0] / found[FEW_DAYS][0]
    both = sum(found[DAYS]) / sum(found[FEW_DAYS])
    print(f"a day on {DAYS:,} over a day on {FEW_DAYS}: {daily:.2f} for the daily tables (goal {RATIO_GOAL})")
    print(f"  {both:.2f} with those built whole")
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in ("fill", "build", "day"):
        step(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
        sys.exit(0)
    sys.exit(main(int(sys.argv[1].replace("_", "")) if sys.argv[1:] else 10_000_000))
