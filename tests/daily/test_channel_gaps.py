"""Channels whose feeds have gaps, start late and end: built piece by piece they are what one build of everything is."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest

from etl.checks.run import CheckResult
from etl.checks.suite import Suite
from etl.daily.due import mark_changed_days
from etl.models.file import Model
from etl.models.graph import create_statements
from etl.warehouse import Connection
from tests.support.building import build_all_daily
from tests.support.daily_models import NOW
from tests.support.models import build_models

pytestmark = pytest.mark.slow

START = date(2025, 1, 1)
DAYS = 120
FEEDS = (("", ""), ("", "d"), ("ads", ""), ("ads", "d"), ("social", ""), ("seo", ""))
BUILT = ("steps.daily_figure", "steps.channel_day", "steps.channel_period", "steps.count_interval",
         "marts.partnership_day", "marts.channel_cost")  # fmt: skip
FIGURES = ("orders", "new_buyers", "marketing_spend", "gmv")


def unchecked(con: Connection, suite: Suite, grain: Sequence[str] = ()) -> list[CheckResult]:
    return []


def build_due(con: Connection, models: Sequence[Model]) -> None:
    mark_changed_days(con, models)
    build_all_daily(con, models, {m.name: Suite(m.name, ()) for m in models}, check=unchecked)


def deliver(con: Connection, rng: random.Random, at: datetime, rows: int, days: int = DAYS) -> None:
    """Rows of feeds on days by chance, each with some of its figures; a row of a day replaces the one before."""
    for _ in range(rows):
        channel, deal = rng.choice(FEEDS)
        key = [START + timedelta(rng.randrange(days)), channel, deal]
        spend = rng.choice([None, 0, 10, 25]) if channel != "seo" else None
        orders = rng.choice([None, 0, 3, 8])
        con.execute("delete from core.platform_metric_daily where date = ? and channel = ? and partnership_id = ?", key)
        con.execute(
            "insert into core.platform_metric_daily (platform, date, channel, partnership_id, currency, orders, "
            "new_buyers, marketing_spend, clicks, loaded_at) values ('shop', ?, ?, ?, 'CNY', ?, ?, ?, 1, ?)",
            [*key, orders, orders, spend, at],
        )


@pytest.mark.parametrize("seed", range(2))
def test_gaps_built_piece_by_piece(con: Connection, seed: int) -> None:
    rng = random.Random(seed)
    con.execute(
        "insert into raw.reference_row (kind, fields) select 'platform', "
        "map {'platform': 'shop', 'reporting_currency': 'CNY'}"
    )
    deliver(con, rng, NOW, 250)
    models = build_models(con)
    build_due(con, models)
    for late in range(1, 4):
        deliver(con, rng, NOW + timedelta(late), 8)
        build_due(con, models)
    deliver(con, rng, NOW + timedelta(9), 8, days=5)  # of which the year up to the last day has to know
    build_due(con, models)
    for model in models:
        if model.name not in BUILT:
            continue
        con.execute(f"create temp table kept as from {model.name}")
        for statement in create_statements(model):
            con.execute(statement)
        for left, right in (("kept", model.name), (model.name, "kept")):
            astray = con.execute(f"from {left} except all from {right} limit 3").fetchall()
            assert astray == [], f"{model.name}: only in {left}"
        con.execute("drop table kept")
    for figure in FIGURES:
        astray = con.execute(
            f"select date from steps.channel_day group by date "
            f"having sum({figure}) filter (where channel <> '') <> sum({figure}) filter (where channel = '')"
        ).fetchall()
        assert astray == [], figure
    own = con.execute(
        "select count(*), count(*) filter (where c.marketing_spend is distinct from d.marketing_spend) "
        "from core.daily_metric as d join steps.channel_day as c on c.date = d.date and c.channel = '' "
        "where d.channel = '' and d.partnership_id = '' and d.marketing_spend is not null"
    ).fetchone()
    assert own is not None
    assert own[0] > 5, "the platform told some of its spend"
    assert own[1] == 0, "and where it did, that is its spend"
    unknown = con.execute(
        "select count(*) from steps.daily_figure where is_unknown and figure = 'marketing_spend'"
    ).fetchone()
    assert unknown is not None
    assert unknown[0] > 5, "feeds that stopped are among them"
