"""Small daily models over the project's contracts, and loads as the inbox brings them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from etl.checks.run import CheckResult
from etl.checks.suite import Suite
from etl.daily.build import DailyResult
from etl.engine import OWN, Engine
from etl.models.file import Model
from etl.models.graph import load_models
from etl.warehouse import Connection, transaction
from tests.support.building import build_all_daily

START = date(2025, 1, 1)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
HEAD = "-- portable: yes\n-- twin: no\n"
SPEND = f"""-- What a platform spent on a day.
-- grain: platform, date
{HEAD}-- daily: date, 0
select
    m.platform::varchar as platform, -- slug
    m.date::date as date, -- day
    cast(sum(m.marketing_spend) as decimal(38,4))::decimal(38,4) as spend -- spent, in currency
from core.platform_metric_daily as m
group by m.platform, m.date
"""
TRAILING = f"""-- What a platform spent in 28 days.
-- grain: platform, date
{HEAD}-- daily: date, 27
select
    s.platform::varchar as platform, -- slug
    s.date::date as date, -- last of the days
    (sum(e.spend))::decimal(38,4) as spend, -- spent in 28 days
    count(*)::bigint as days -- days with a figure
from marts.spend as s
join marts.spend as e on e.platform = s.platform and e.date between s.date - 27 and s.date
group by s.platform, s.date
"""
FIRST = f"""-- The first order of a buyer.
-- grain: buyer_id_hash
{HEAD}-- daily: first_on, key
select
    e.buyer_id_hash::varchar as buyer_id_hash, -- buyer
    e.event_id::varchar as event_id, -- the order
    cast(e.event_time as date)::date as first_on -- day
from core.order_event as e
qualify row_number() over (partition by e.buyer_id_hash order by e.event_time, e.event_id) = 1
"""
NEW = f"""-- New buyers of a day.
-- grain: date
{HEAD}-- daily: date, 0
select
    cast(e.event_time as date)::date as date, -- day
    count(f.event_id)::bigint as new_buyers -- persons
from core.order_event as e
left join core.first_one as f on f.event_id = e.event_id
group by cast(e.event_time as date)
"""
FILES = {
    "marts/days/spend": SPEND,
    "marts/days/trailing": TRAILING,
    "core/first_one": FIRST,
    "marts/days/new_buyer": NEW,
}
Write = Callable[..., tuple[Model, ...]]


def passes(con: Connection, suite: Suite, grain: Sequence[str] = ()) -> list[CheckResult]:
    con.execute(f"select 1 from {suite.table} limit 1")
    return []


def fails(con: Connection, suite: Suite, grain: Sequence[str] = ()) -> list[CheckResult]:
    query = f"select * from {suite.table}"
    return [CheckResult(suite.table, "made_to_fail", "x", "critical", False, "says so", {}, query=query)]


def written(folder: Path, changed: dict[str, str]) -> tuple[Model, ...]:
    """The models with those of `changed` instead of, or beside, the ones above."""
    for name, text in {**FILES, **changed}.items():
        path = folder / f"{name}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return load_models(folder)


def build(con: Connection, models: Sequence[Model], *days: date, engine: Engine = OWN) -> dict[str, DailyResult]:
    suites = {model.name: Suite(model.name, ()) for model in models}
    return build_all_daily(con, models, suites, days=days, check=passes, engine=engine)


def deliver_at_random(con: Connection, rng: random.Random, at: datetime) -> None:
    """A load of some figures and orders, new, restated, late and taken away."""
    for _ in range(rng.randrange(4)):
        deliver(con, at, START + timedelta(rng.randrange(90)), rng.randrange(100), rng.choice("ab"))
    for _ in range(rng.randrange(5)):
        day = START + timedelta(rng.randrange(90)) if rng.random() < 0.8 else None
        order(con, at, f"e{rng.randrange(25)}", f"b{rng.randrange(8)}", day)


def deliver(con: Connection, at: datetime, day: date, spend: int, platform: str = "a") -> None:
    """A row, as a load brings it: what it replaces goes to the history."""
    with transaction(con):
        key = [platform, day]
        con.execute(
            "insert into raw.platform_metric_daily_history by name select m.*, ? as superseded_at "
            "from core.platform_metric_daily as m where m.platform = ? and m.date = ?",
            [at, *key],
        )
        con.execute("delete from core.platform_metric_daily where platform = ? and date = ?", key)
        con.execute(
            "insert into core.platform_metric_daily "
            "(platform, date, channel, partnership_id, marketing_spend, loaded_at) "
            "values (?, ?, '', '', ?, ?)",
            [*key, spend, at],
        )


def order(con: Connection, at: datetime, event: str, buyer: str, day: date | None) -> None:
    """An order as a load brings it; without a day it is only taken away, as a refused file would be."""
    with transaction(con):
        con.execute(
            "insert into raw.order_event_history by name select e.*, ? as superseded_at "
            "from core.order_event as e where e.event_id = ?",
            [at, event],
        )
        con.execute("delete from core.order_event where event_id = ?", [event])
        if day:
            con.execute(
                "insert into core.order_event (event_id, event_time, buyer_id_hash, loaded_at) values (?, ?, ?, ?)",
                [event, day, buyer, at],
            )


def tables(con: Connection, models: Sequence[Model]) -> dict[str, list[Any]]:
    return {m.name: con.execute(f"from {m.name} order by all").fetchall() for m in models}


def whole(con: Connection, models: Sequence[Model]) -> dict[str, list[Any]]:
    return {m.name: con.execute(f"select * from ({m.sql}\n) order by all").fetchall() for m in models}


class Recorded:
    """A connection that keeps the statements it is given."""

    def __init__(self, con: Connection) -> None:
        self._con, self.statements = con, list[str]()

    def execute(self, sql: str, *values: Any) -> Any:
        self.statements.append(sql)
        return self._con.execute(sql, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._con, name)
